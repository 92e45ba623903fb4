"""What a kernel and its grader say to each other: JSON messages over one socket.

Jupyter's own protocol takes five ZeroMQ sockets, four threads in the kernel and six signed messages
for a cell that prints nothing. Between two processes that were made for each other, each of them a
child of the same grader, that is most of what a short cell costs.

A message is cut into packets. Each says from which process it comes, so that what forks of a kernel
write at the same time is not mixed up.
"""

import json
import os
import re
import socket
import struct
import threading
from typing import Any

from jupyter_client.jsonutil import json_default

LARGEST_MESSAGE = 64 << 20  # bytes; a kernel that sends more is cut off
_HEAD = struct.Struct("=I?")  # the sender's process id, whether its message begins here
_PIECE = 1 << 16  # bytes of a message in a packet
_HALF_A_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")  # of a pair, or alone


class ChannelError(RuntimeError):
    """What came is no message, or too large; the text says which."""


class Channel:
    """One end of a socket that keeps packets apart; `pair` makes both."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self._parts: dict[int, bytearray] = {}
        self.renew()

    @staticmethod
    def pair() -> tuple[socket.socket, socket.socket]:
        """Two connected sockets, for a `Channel` at each end."""
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def renew(self) -> None:
        """Be usable in a fork, whatever another thread was doing when it was made."""
        self._one_at_a_time = threading.RLock()
        self._sender = os.getpid()

    def send(self, message: dict[str, Any]) -> None:
        """Send a message; waits while the other end does not read."""
        text = json.dumps(message, default=json_default, ensure_ascii=False)
        content = memoryview(text.encode("utf-8", "replace"))
        with self._one_at_a_time:
            # A shorter piece than its packet could hold is the last: no message ends on a full one.
            for start in range(0, len(content) + 1, _PIECE):
                head = _HEAD.pack(self._sender, start == 0)
                self.socket.sendmsg([head, content[start : start + _PIECE]])

    def receive(self) -> dict[str, Any] | None:
        """The message that the next packet completes, None if it does not complete one.

        Raises EOFError when the other end is closed, ChannelError for what is no message,
        BlockingIOError where the socket does not block and nothing is there.
        """
        packet = self.socket.recv(_HEAD.size + _PIECE)
        if not packet:
            raise EOFError("the other end is closed")
        if len(packet) < _HEAD.size:
            raise ChannelError("a packet without a head")
        sender, begins = _HEAD.unpack_from(packet)
        parts = self._parts.pop(sender, bytearray())
        if begins:  # what came before was broken off
            parts = bytearray()
        parts += memoryview(packet)[_HEAD.size :]
        if len(packet) < _HEAD.size + _PIECE:
            return parse(bytes(parts))
        self._parts[sender] = parts
        if sum(map(len, self._parts.values())) > LARGEST_MESSAGE:
            raise ChannelError(f"a message above {LARGEST_MESSAGE >> 20} MB")
        return None

    def close(self) -> None:
        """Close this end; the other one reads EOFError."""
        self.socket.close()


def parse(text: bytes) -> dict[str, Any]:
    """Read one message. Raises ChannelError.

    Half a character (a lone surrogate), which no file can hold, becomes a question mark.
    """
    try:
        if _HALF_A_CHARACTER.search(text):
            whole = json.dumps(json.loads(text), ensure_ascii=False)
            text = whole.encode("utf-8", "replace")
        message = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ChannelError(f"a message that is not JSON ({error})") from None
    if not isinstance(message, dict):
        raise ChannelError("a message that is no object")
    return message


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
