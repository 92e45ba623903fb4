"""The wire between a caller and PostgreSQL, on which the caller dies at a chosen moment.

PostgreSQL sees what it sees when a client is killed: the connection is gone, so it rolls back what
is open. The caller sees nothing: its call stands still, and neither ``except`` nor ``finally``
runs, as in a process that is killed. :meth:`Wire.close` lets it go.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Self

_LOOPBACK = "127.0.0.1"
_WITH_TEXT = b"PQ"  # Parse and Query: the text of a statement is in them
_NO_STATEMENTS = b"pX"  # the client says its password, or takes its leave
_ENDS = b"CEI"  # CommandComplete, ErrorResponse, EmptyQueryResponse: a statement is over


class Wire:
    """Pass on what one client and a PostgreSQL say to each other, up to the client's death.

    Messages are told apart as PostgreSQL's manual has it ("Frontend/Backend Protocol", chapter
    "Message Formats"): one byte for the kind, four for the length. Only the client's first message
    has no kind. So the client must not ask for encryption before it.

    Args:
        port: where PostgreSQL listens on loopback.
        statement: at which of its statements the client dies, from 1. BEGIN and COMMIT are some.
        answered: whether PostgreSQL has done this statement, and only the answer is lost, or never
            hears of it.
    """

    def __init__(self, port: int, statement: int, *, answered: bool) -> None:
        self._fatal = statement
        self._answered = answered
        self._now = 1  # the statement that is on its way, or will be the next one
        self.dead = False
        """Whether the client has died."""
        self.over = threading.Event()
        """Set when the client has died; whoever makes the call sets it when that has ended."""
        self.statement = ""
        """What the client has told PostgreSQL last."""
        self._listener = socket.create_server((_LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._server = socket.create_connection((_LOOPBACK, port))
        self._client: socket.socket | None = None
        threading.Thread(target=self._carry, daemon=True).start()

    def close(self) -> None:
        """Hang up on both sides."""
        for link in filter(None, (self._listener, self._server, self._client)):
            _hang_up(link)
            link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _carry(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed meanwhile
            self._client, _ = self._listener.accept()
            for link in (self._client, self._server):
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            threading.Thread(target=self._carry_answers, daemon=True).start()
            self._carry_requests()

    def _carry_requests(self) -> None:
        for kind, message in _messages(self._client, first_without_kind=True):
            if kind and kind in _WITH_TEXT:
                self.statement = _text(kind, message)
            fatal = self._now == self._fatal and not self._answered
            if fatal and kind and kind not in _NO_STATEMENTS:
                self._die()
                return
            self._server.sendall(message)
        if not self.dead:
            _hang_up(self._server)

    def _carry_answers(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for kind, message in _messages(self._server):
                if kind in _ENDS:
                    if self._now == self._fatal and self._answered:
                        self._die()
                        return
                    self._now += 1
                self._client.sendall(message)
            if not self.dead:
                _hang_up(self._client)

    def _die(self) -> None:
        self.dead = True
        _hang_up(self._server)
        self.over.set()


def _messages(link: socket.socket, first_without_kind: bool = False) -> Iterator:
    """Give each message that comes over a link: its kind, and all of its bytes."""
    with link.makefile("rb") as stream:
        kind = b"" if first_without_kind else stream.read(1)
        while len(length := stream.read(4)) == 4:
            # The length counts itself.
            yield kind, kind + length + stream.read(int.from_bytes(length) - 4)
            kind = stream.read(1)


def _text(kind: bytes, message: bytes) -> str:
    texts = message[5:].split(b"\0")
    text = texts[0] if kind == b"Q" else texts[1]  # Parse names the statement first
    return text.decode(errors="replace")


def _hang_up(link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
