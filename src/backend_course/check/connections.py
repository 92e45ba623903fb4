"""The other end of a line on which a function that a learner wrote reads bytes and answers.

What comes over a network comes in pieces of any size. Here a check chooses the pieces, and it
notices a function that waits for bytes which will not come, long before a time limit.

>>> def serve(connection):
...     connection.recv(1000)
...     connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nyes")
>>> answer_to_bytes(serve, b"GET / HTTP/1.1\\r\\n\\r\\n")
Answer(status=200, headers={'content-length': '3'}, body=b'yes')
"""

import contextlib
import re
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TIME_LIMIT = 3.0
"""Seconds in which an answer must have come."""

_QUIET = 0.3  # seconds after which nothing more comes of what was sent on this machine
_ALL_AT_ONCE = 65_536  # bytes
_TOO_MUCH = 10_000_000  # bytes of an answer
_LOOPBACK = "127.0.0.1"
_REPEATS = 20  # calls after the end that are still no endless loop
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [^\x00-\x08\x0a-\x1f\x7f]*")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")


@dataclass(frozen=True)
class Fault:
    """What came in the place of an answer. It reads well in a message, after *gave*."""

    reason: str

    def __repr__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Answer:
    """An answer in its parts.

    * ``headers``: by their names in small letters. What came twice is joined with a comma.
    * ``body``: all that came after the empty line, whatever ``Content-Length`` says.
    """

    status: int
    headers: dict[str, str]
    body: bytes


def read_answer(raw: Any) -> Any:
    """Take the bytes of an HTTP/1.1 answer apart, strictly (RFC 9112, sections 4 and 5).

    Args:
        raw: the bytes. Anything else is given back as it is.

    Returns:
        The :class:`Answer`, or a :class:`Fault` where the bytes are none.
    """
    if not isinstance(raw, bytes | bytearray):
        return raw
    head, empty_line, body = bytes(raw).partition(b"\r\n\r\n")
    if not empty_line:
        return Fault(f"{_short(raw)}, without an empty line after the headers")
    status_line, *lines = head.split(b"\r\n")
    status = _STATUS_LINE.fullmatch(status_line)
    if not status:
        return Fault(f"an answer whose status line is {_short(status_line)}")
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if not header:
            return Fault(f"an answer with the line {_short(line)}, which is no header")
        name, value = header[1].decode().lower(), header[2].decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Answer(int(status[1]), headers, body)


class Pieces:
    """What a function is given to get bytes from: each call returns the next piece.

    Args:
        pieces: what comes, in its order.
        hangs_up: whether the other side then hangs up, so that a call returns ``b""``. If not, it
            keeps the line open and waits.
    """

    def __init__(self, *pieces: bytes, hangs_up: bool = False) -> None:
        self._left = deque(pieces)
        self._length = sum(map(len, pieces))
        self._ends = _REPEATS if hangs_up else 0
        self._hangs_up = hangs_up
        self.fault: Fault | None = None
        """What was wrong with the way in which it was called."""

    @property
    def left(self) -> bytes:
        """What has not been asked for."""
        return b"".join(self._left)

    def __call__(self) -> bytes:
        """Return the next piece.

        Raises:
            TimeoutError: there is none, and a real call would wait for ever.
        """
        if self._left:
            return self._left.popleft()
        if self._ends:
            self._ends -= 1
            return b""
        self.fault = Fault(
            'no end: it goes on asking after b"" has said that no more comes'
            if self._hangs_up
            else f"no end: it has all {self._length:,} bytes that come, and asks for more"
        )
        raise TimeoutError("no more bytes come")


def answer_to_bytes(
    serve: Callable[[socket.socket], Any],
    *pieces: bytes,
    hangs_up: bool = False,
    at_a_time: int = _ALL_AT_ONCE,
    pause: float = 0.0,
) -> Answer | Fault:
    """Connect, send bytes, and read until the function has returned.

    Args:
        serve: a function that gets the connection of one client. It need not close it.
        pieces: what is sent, each by itself.
        hangs_up: whether the client then says that it sends no more.
        at_a_time: how many bytes a call of ``recv`` gets at most.
        pause: seconds between two pieces.

    Returns:
        The answer, or what came in its place.

    Raises:
        Exception: what the function raises.
    """

    def client(serving: _Serving) -> Answer | Fault:
        with socket.create_connection((_LOOPBACK, serving.port), TIME_LIMIT) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            with contextlib.suppress(ConnectionError):  # who reads no more may still answer
                for number, piece in enumerate(pieces):
                    time.sleep(pause if number else 0.0)
                    link.sendall(piece)
                if hangs_up:
                    link.shutdown(socket.SHUT_WR)
            serving.all_sent.set()
            came = bytearray()
            with contextlib.suppress(ConnectionError):
                while len(came) < _TOO_MUCH and (piece := link.recv(_ALL_AT_ONCE)):
                    came += piece
        return read_answer(came) if came else Fault("no answer: it returned and has sent nothing")

    return _outcome(serve, client, at_a_time)


def answer_to_client(
    serve: Callable[[socket.socket], Any],
    ask: Callable[[str], Any],
    at_a_time: int = _ALL_AT_ONCE,
) -> Any:
    """Have the one connection of a real client served.

    Args:
        serve: as in :func:`answer_to_bytes`.
        ask: gets the service's URL, without a slash at its end, and makes one request of it, with
            :data:`TIME_LIMIT` as its own limit.
        at_a_time: how many bytes a call of ``recv`` gets at most.

    Returns:
        What ``ask`` returns, or what came in its place.

    Raises:
        Exception: what the function raises.
    """
    return _outcome(serve, lambda serving: ask(f"http://{_LOOPBACK}:{serving.port}"), at_a_time)


def _outcome(serve: Callable, client: Callable, at_a_time: int) -> Any:
    serving = _Serving(serve, at_a_time)
    began = time.monotonic()
    try:
        came = client(serving)
    except OSError as error:  # those of requests, too
        came = Fault(f"nothing that the client can read ({type(error).__name__})")
    left = TIME_LIMIT - (time.monotonic() - began)
    return serving.end(patience=min(2 * _QUIET, max(0.0, left))) or came


class _Connection(socket.socket):
    """A real connection that hands out few bytes at a time, and notices a wait in vain."""

    def __init__(self, accepted: socket.socket, at_a_time: int, all_sent: threading.Event) -> None:
        super().__init__(fileno=accepted.detach())
        self._at_a_time = at_a_time
        self._all_sent = all_sent
        self.waits = False
        """Whether it has been waiting for bytes for a while, or has given up."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if flags:
            return super().recv(size, flags)
        self._wait()
        return super().recv(min(size, self._at_a_time))

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        if flags:
            return super().recv_into(buffer, size, flags)
        self._wait()
        return super().recv_into(buffer, min(size or len(buffer), self._at_a_time))

    def _wait(self) -> None:
        """Wait as ``recv`` does, but not for bytes that were never sent."""
        if self.gettimeout() is not None:
            return  # the learner has a limit of their own
        while True:
            nothing_will_follow = self._all_sent.is_set()
            if select.select([self], [], [], _QUIET)[0]:
                self.waits = False
                return
            self.waits = True
            if nothing_will_follow:
                raise TimeoutError("no more bytes come")

    def cut(self) -> None:
        """Close it under a function that still uses it, so that the function comes to an end."""
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)
        if self.fileno() >= 0:
            socket.close(self.detach())


class _Serving:
    """One call of a learner's function, in a thread of its own, with the first who connects."""

    def __init__(self, serve: Callable[[socket.socket], Any], at_a_time: int) -> None:
        self._serve = serve
        self._at_a_time = at_a_time
        self._door = socket.create_server((_LOOPBACK, 0))
        self._door.settimeout(TIME_LIMIT)
        self.port: int = self._door.getsockname()[1]
        self.all_sent = threading.Event()
        """Set by a client that sends no more."""
        self._connection: _Connection | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            accepted, _ = self._door.accept()
            self._connection = _Connection(accepted, self._at_a_time, self.all_sent)
            self._serve(self._connection)
        except BaseException as error:  # a thread would write it to the standard error
            self._error = error
        finally:
            if self._connection is not None:
                with contextlib.suppress(OSError):
                    self._connection.shutdown(socket.SHUT_WR)

    def end(self, patience: float) -> Fault | None:
        """Close all of it; return what was wrong beside the answer, and raise what was raised.

        The function has ``patience`` seconds to return after the client is done.
        """
        self.all_sent.set()
        self._thread.join(patience)
        runs = self._thread.is_alive()
        waits = self._connection is not None and self._connection.waits
        if self._connection is not None:
            self._connection.cut()
        self._door.close()
        if waits:
            return Fault("no end: it waits for more bytes, and the client has sent all")
        if runs:
            return Fault(f"no end: it is still running after {TIME_LIMIT:g} s")
        if isinstance(self._error, Exception):
            raise self._error
        return Fault(f"{type(self._error).__name__}") if self._error else None


def _short(raw: bytes | bytearray) -> str:
    if len(raw) <= 80:
        return repr(bytes(raw))
    return f"{bytes(raw[:60])!r}… ({len(raw):,} bytes)"
