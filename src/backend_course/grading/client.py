"""How nbclient drives a walled kernel: one `Channel`, seen as the two channels of Jupyter's."""

import asyncio
import base64
import binascii
import collections
import contextlib
import secrets
from queue import Empty
from typing import Any, Protocol

from .channel import Channel, ChannelError

_PACKETS = 16  # that are read in one go, before what they say is looked at
_WITH_DATA = {"display_data", "execute_result", "update_display_data"}
_PATIENCE = 10  # seconds in which a kernel must take a cell, or say which files it has written


class Manager(Protocol):
    """The client's kernel, as jupyter_client's manager knows it."""

    async def is_alive(self) -> bool:
        """Whether the kernel runs."""


class Inbox:
    """Messages that came and were not looked at yet, as a channel of jupyter_client's."""

    def __init__(self) -> None:
        self._messages: collections.deque[dict] = collections.deque()
        self._ended = False
        self._waiting: asyncio.Future | None = None

    def put(self, message: dict) -> None:
        """Add a message."""
        self._messages.append(message)
        self._wake()

    def end(self) -> None:
        """Let nobody wait for more than is there."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    async def get_msg(self, timeout: float | None = None) -> dict:
        """The next message. Raises queue.Empty if none came in `timeout` seconds, or will come."""
        while not self._messages:
            if self._ended:
                raise Empty
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait_for(self._waiting, timeout)
            except TimeoutError:
                raise Empty from None
        return self._messages.popleft()


class ChannelClient:
    """What nbclient asks of a kernel's client (`jupyter_client.KernelClient`), and no more.

    `broken` says why nothing more can come from a kernel, if so. `doubtful` are the sources of
    cells that were answered more than once, and None for an answer to what was not asked: an honest
    kernel does neither, but one in whose place a student's code has answered.
    """

    allow_stdin = False
    broken: str | None = None

    def __init__(self, manager: Manager, channel: Channel) -> None:
        self._manager, self._channel = manager, channel
        self.shell_channel, self.iopub_channel = Inbox(), Inbox()
        self._ready, self._traces = Inbox(), Inbox()
        self._asked_for_traces = 0
        self._about: dict[str, Any] = {}
        self._asked: dict[str, str] = {}
        self._answered: set[str] = set()
        self.doubtful: set[str | None] = set()

    def start_channels(self) -> None:
        """Listen."""
        self._channel.socket.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._channel.socket, self._read)

    def stop_channels(self) -> None:
        """Listen no more."""
        self._loop.remove_reader(self._channel.socket)
        self._channel.close()

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel has said that it is ready; RuntimeError if it died or is late."""
        try:
            self._about = (await self._ready.get_msg(timeout))["content"]
        except Empty:
            late = f"Kernel didn't respond in {timeout} seconds"
            raise RuntimeError(self.broken or late) from None

    async def is_alive(self) -> bool:
        """Whether the kernel runs and can be understood."""
        return self.broken is None and await self._manager.is_alive()

    def kernel_info(self) -> str:
        """Answer at once with what the kernel said when it was ready; the request's id."""
        request = secrets.token_hex(8)
        self.shell_channel.put(_message("kernel_info_reply", request, self._about))
        return request

    def execute(self, code: str, **kwargs: Any) -> str:
        """Have a cell run; the request's id. `kwargs` are those of jupyter_client, none is used."""
        # No id that code in the kernel could foresee, and answer before it was asked.
        request = secrets.token_hex(8)
        self._asked[request] = code
        # What a kernel does not take is missed when the answer does not come.
        with contextlib.suppress(OSError):
            self._channel.socket.settimeout(_PATIENCE)
            self._channel.send({"id": request, "code": code})
        self._channel.socket.setblocking(False)
        return request

    async def traces(self, most: int) -> tuple[dict[str, bytes], list[str]]:
        """What the kernel says a notebook has left: files in its folder, and changed helpers.

        `most` is how many bytes of files are wanted. Nothing of it is checked. Raises queue.Empty
        if the kernel does not answer, ChannelError if that is no answer.
        """
        self._asked_for_traces += 1
        with contextlib.suppress(OSError):
            self._channel.send({"files": most})
        content = (await self._traces.get_msg(_PATIENCE))["content"]
        files, changed = content.get("files"), content.get("changed")
        if not (isinstance(files, dict) and isinstance(changed, list)):
            raise ChannelError("no files or no helpers")
        return dict(zip(files, _decoded(files.values()), strict=True)), [*map(str, changed)]

    def _read(self) -> None:
        try:
            for _ in range(_PACKETS):
                if (message := self._channel.receive()) is not None:
                    self._take(message)
        except BlockingIOError:
            return
        except (EOFError, OSError):
            self._end("died")
        except ChannelError as error:
            self._end(f"sent {error}")

    def _end(self, reason: str) -> None:
        self.broken = reason
        self._loop.remove_reader(self._channel.socket)
        for inbox in (self._ready, self._traces, self.shell_channel):
            inbox.end()

    def _take(self, received: dict) -> None:
        kind, request, content = (received.get(name) for name in ("type", "parent", "content"))
        if not (isinstance(kind, str) and isinstance(content, dict) and _is_id(request)):
            raise ChannelError("a message without a type, parent or content")
        if not isinstance(content.get("execution_count"), int | None):
            raise ChannelError("a count of cells that is no number")
        message = _message(kind, request, content, received.get("metadata"))
        if kind == "execute_reply":
            if not _is_answer(content):
                raise ChannelError("an answer that says neither ok nor what went wrong")
            if request in self._answered or request not in self._asked:
                self.doubtful.add(self._asked.get(request))
            self._answered.add(request)
            idle = {"execution_state": "idle", "execution_count": content.get("execution_count")}
            self.iopub_channel.put(_message("status", request, idle))
            self.shell_channel.put(message)
        elif kind == "kernel_info_reply":
            self._ready.put(message)
        elif kind == "traces_reply":
            if self._asked_for_traces < 1:
                self.doubtful.add(None)
            self._asked_for_traces -= 1
            self._traces.put(message)
        else:
            message["buffers"] = _decoded(received.get("buffers") or ())
            _join_lines(kind, content)
            self.iopub_channel.put(message)


def _is_id(request: Any) -> bool:
    return request is None or isinstance(request, str)


def _is_answer(content: dict) -> bool:
    if content.get("status") != "error":
        return content.get("status") in {"ok", "aborted"}
    traceback = content.get("traceback")
    return isinstance(traceback, list) and all(
        isinstance(text, str) for text in (content.get("ename"), content.get("evalue"), *traceback)
    )


def _message(kind: str, request: Any, content: dict, metadata: Any = None) -> dict[str, Any]:
    """A message as jupyter_client hands it to nbclient."""
    return {
        "header": {"msg_type": kind},
        "msg_type": kind,
        "parent_header": {"msg_id": request},
        "metadata": metadata if isinstance(metadata, dict) else {},
        "content": content,
        "buffers": [],
    }


def _join_lines(kind: str, content: dict) -> None:
    """Make text of a list of lines, which nbformat allows and nbgrader does not expect."""
    try:
        if kind == "stream":
            content["text"] = "".join(content["text"])
        elif kind in _WITH_DATA:
            for mime, value in content["data"].items():
                if not mime.endswith("json"):
                    content["data"][mime] = "".join(value)
    except (AttributeError, KeyError, TypeError):
        raise ChannelError(f"output ({kind}) that is no text") from None


def _decoded(encoded: Any) -> list[bytes]:
    try:
        return [base64.b64decode(each) for each in encoded]
    except (TypeError, ValueError, binascii.Error):
        raise ChannelError("bytes that are not base64") from None
