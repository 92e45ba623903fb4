"""A link that is bad on demand: it passes bytes on, and loses what it was told to."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

Loses = Literal["request", "reply"]
_PIECE = 65_536  # bytes


@dataclass(frozen=True)
class _Cut:
    loses: Loses
    containing: bytes
    first: Callable[[], object]


class Relay(socketserver.ThreadingTCPServer):
    """Stand between clients and a server, and pass on what each says to the other.

    It knows nothing of HTTP: whatever speaks TCP can be sent through it. It runs in
    threads of this process, on a free loopback port, and takes no new links after
    ``close``.
    """

    daemon_threads = True
    # Twenty clients may knock at once on a busy machine; socketserver lets five wait.
    request_queue_size = 128

    def __init__(self, host: str, port: int) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.port: int = self.server_address[1]
        self._target = (host, port)
        self._cut: _Cut | None = None
        self._lock = threading.Lock()
        options = {"poll_interval": 0.05}  # seconds that ``close`` waits at most
        threading.Thread(target=self.serve_forever, kwargs=options, daemon=True).start()

    @property
    def url(self) -> str:
        """The address for an HTTP client."""
        return f"http://127.0.0.1:{self.port}"

    def cut(
        self,
        loses: Loses,
        containing: bytes = b"",
        first: Callable[[], object] = lambda: None,
    ) -> None:
        """Lose the next request or reply that has ``containing`` in it, once.

        ``first`` is called as soon as it is there. Then it is thrown away, and the link
        hangs up on both sides, so that nobody has to wait for a time-out. A marker that
        arrives in two pieces is not seen.
        """
        with self._lock:
            self._cut = _Cut(loses, containing, first)

    def close(self) -> None:
        """Take no more links; those that stand end with their clients."""
        self.shutdown()
        self.server_close()

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    def finish_request(self, request: socket.socket, client_address: object) -> None:
        """Pass on what a client and the server say, until both have hung up."""
        try:
            server = socket.create_connection(self._target)
        except OSError:  # nobody there: hang up, as that server's system would
            return
        with server:
            ways = (request, server, "request"), (server, request, "reply")
            pumps = [threading.Thread(target=self._pump, args=way) for way in ways]
            for pump in pumps:
                pump.daemon = True
                pump.start()
            for pump in pumps:
                pump.join()

    def _pump(self, source: socket.socket, sink: socket.socket, kind: Loses) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                if cut := self._hit(kind, piece):
                    cut.first()
                    _hang_up(sink)
                    _hang_up(source)
                    # To close on unread bytes resets a connection, and then the two
                    # losses would look different to the client.
                    while source.recv(_PIECE):
                        pass
                    return
                sink.sendall(piece)
        _hang_up(sink)

    def _hit(self, kind: Loses, piece: bytes) -> _Cut | None:
        with self._lock:
            cut = self._cut
            if cut is None or cut.loses != kind or cut.containing not in piece:
                return None
            self._cut = None
            return cut


def _hang_up(link: socket.socket) -> None:
    """Say that nothing more comes; what the other side still sends can be read."""
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_WR)
