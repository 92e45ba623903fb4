"""The kernel that runs in a fork of the warm process: ipykernel without what grading never uses.

A kernel in JupyterLab has to answer several clients while a cell runs. So ipykernel hands requests
from thread to thread, wakes another thread for each piece of output, beats a heart and saves what
was typed: most of what a short cell costs. Here is one client, which sends a cell when the one
before is done, through a `Channel`. And what a kernel makes when it starts, the shell with all its
magics, is made once, in the warm process (`prepare`), before there is a thread or a socket.
"""

import ast
import base64
import codecs
import contextlib
import contextvars
import inspect
import io
import os
import random
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ipykernel.compiler import XCachingCompiler, get_tmp_directory
from ipykernel.iostream import BackgroundSocket, IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.jsonutil import json_clean
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.profiledir import ProfileDir
from jupyter_client.session import Session, extract_header
from traitlets import default

from .channel import Channel, ChannelError
from .files import new_files, regular_files
from .helpers import Helpers

_ARGUMENTS = [
    "--InteractiveShell.colors=nocolor",
    "--IPKernelApp.log_level=CRITICAL",
    "--HistoryManager.hist_file=:memory:",  # %history works; nothing is written, by no thread
]
_DELAY = 0.2  # seconds that output may wait while a cell runs, as in ipykernel
_CHUNK = 1 << 16  # bytes, what a pipe holds
_CHUNKS = 16  # at a flush: a program may write without end
_WARM_UP = [
    "%pinfo print",
    "async def f(): await f()",
    "def f(): 1 / 0\nf()",
    "assert f == 1",
    "del f",
]
_NOT_SENT = {"status", "execute_input"}  # the client knows what it asked, and when it is done


class ChannelSession(Session):
    """Sends what ipykernel and IPython publish through one channel, whatever socket they name."""

    channel: Channel | None = None

    def send(  # type: ignore[override]  # the message that jupyter_client returns, nobody reads
        self,
        stream: Any,
        msg_or_type: str | dict[str, Any],
        content: dict[str, Any] | None = None,
        parent: dict[str, Any] | None = None,
        ident: Any = None,
        buffers: list[Any] | None = None,
        track: bool = False,
        header: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Send a message; the arguments are those of jupyter_client's session."""
        kind: Any = msg_or_type
        if isinstance(msg_or_type, dict):
            kind, content = msg_or_type["header"]["msg_type"], msg_or_type["content"]
            parent, metadata = msg_or_type["parent_header"], msg_or_type["metadata"]
        if kind in _NOT_SENT or self.channel is None:
            return
        message = {"type": kind, "parent": extract_header(parent).get("msg_id"), "content": content}
        if metadata:
            message["metadata"] = metadata
        if buffers:
            message["buffers"] = [base64.b64encode(each).decode() for each in buffers]
        self.channel.send(message)


class Publisher(IOPubThread):
    """The thread that publishes output while a cell runs."""

    def __init__(self) -> None:
        self.socket = None
        self.io_loop = None
        self.background_socket = BackgroundSocket(self)
        self.thread = threading.Thread(target=self._publish_now_and_then, daemon=True, name="IOPub")

    def schedule(self, f: Callable[[], Any]) -> None:
        """Call `f`: sending takes no thread of its own."""
        f()

    def start(self) -> None:
        """Publish what is written to the two streams, which stand now."""
        self._streams: tuple[Output, Output] = (sys.stdout, sys.stderr)  # type: ignore[assignment]  # made by init_io
        self.thread.start()

    def _publish_now_and_then(self) -> None:
        while True:
            due = time.monotonic() + _DELAY
            while (left := due - time.monotonic()) > 0:
                select.select([stream.descriptor for stream in self._streams], [], [], left)
                for stream in self._streams:
                    stream.take_from_descriptor()
            for stream in self._streams:
                stream.flush()


class Output(OutStream):
    """Standard output or error: what was written becomes a message when it is flushed."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        """Take what ipykernel's own stream takes."""
        self._one_at_a_time = threading.RLock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        super().__init__(*arguments, **more)

    @property
    def descriptor(self) -> int:
        """Where that comes out what programs write to standard output or error."""
        return self._fid

    def _watch_pipe_fd(self) -> None:
        """Do nothing: the publisher watches."""

    def take_from_descriptor(self) -> None:
        """Take what programs wrote to the file descriptor, of which ipykernel may lose the last."""
        with self._one_at_a_time:
            for _ in range(_CHUNKS):
                if not select.select([self._fid], [], [], 0)[0]:
                    return
                self.write(self._decoder.decode(os.read(self._fid, _CHUNK)))

    def _schedule_flush(self) -> None:
        """Do nothing: the publisher looks now and then, the kernel at the end of a cell."""

    def flush(self) -> None:
        """Make a message of what was written until now."""
        if not self._is_master_process():  # in a fork, which may have copied a lock that is held
            self._flush()
            return
        with self._one_at_a_time:
            self.take_from_descriptor()
            self._flush()


class Compiler(XCachingCompiler):
    """Names cells quickly, and tells `inspect` that no module was read from one.

    ipykernel's own checksum is computed in Python. And without being told, `inspect` looks through
    all modules several times for each frame of a traceback, 10 to 40 ms, and finds nothing.
    """

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        """Return the name of a cell's file, which need not exist."""
        checksum = zlib.crc32(raw_code.encode("utf-8", "replace"))
        name = str(Path(get_tmp_directory(), f"{checksum}.py"))
        inspect.modulesbyfile[name] = "no module"  # by this name; `inspect.getmodule` finds None
        return name


class Transformers(TransformerManager):
    """Looks for magics only in what is not Python.

    IPython looks for ``%``, ``!`` and ``?`` between the tokens of every cell, with a tokenizer that
    is written in Python. Where one of its transformers finds something, the cell is no Python yet.
    """

    _own = TransformerManager().token_transformers

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        """Return the lines of a cell with its magics as calls."""
        if self.token_transformers == self._own and _is_python("".join(lines)):
            return lines
        return super().do_token_transforms(lines)


def _is_python(source: str) -> bool:
    try:
        compile(source, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


class Shell(ZMQInteractiveShell):
    """Transforms each cell once; the kernel asks for it twice, first to see whether it awaits."""

    _transformed = ("", "")

    @default("input_transformer_manager")
    def _quick_transformers(self) -> Transformers:
        return Transformers()

    def transform_cell(self, raw_cell: str) -> str:
        """Return a cell as Python, without magics."""
        known, transformed = self._transformed
        if raw_cell == known:
            self._transformed = ("", "")
            return transformed
        transformed = super().transform_cell(raw_cell)
        self._transformed = (raw_cell, transformed)
        return transformed

    def should_run_async(
        self, raw_cell: str, *, transformed_cell: str | None = None, **more: Any
    ) -> bool:
        """Whether a cell awaits; IPython compiles it twice to see that."""
        source = transformed_cell or raw_cell
        return ("await" in source or "async" in source) and super().should_run_async(
            raw_cell, transformed_cell=transformed_cell, **more
        )


class NoShellChannel:
    """Stands where ipykernel has the thread that serves subshells: it is not there.

    None would do, but for a cell with a top-level await (`IPythonKernel.do_execute`).
    """

    parent_thread = threading.main_thread()

    def __bool__(self) -> bool:
        return False


class Kernel(IPythonKernel):
    """Carries out one cell after the other, and answers when all its output was sent."""

    shell_class = Shell
    compiler_class = Compiler
    shell_channel_thread = NoShellChannel()
    folder: Path
    files_at_start: set[str]
    helpers: Helpers
    _supports_kernel_subshells = False

    def start(self) -> None:
        """Take requests from the session's channel, in the event loop that runs next."""
        super().start()
        self._channel = self.session.channel
        self._loop = self.io_loop.asyncio_loop
        # What a cell leaves in its context, the next one finds, as in ipykernel.
        self._context = contextvars.copy_context()
        self._loop.add_reader(self._channel.socket, self._take_request)
        # Or an interrupt that another thread is given does not wake an await in this one.
        self._woken, self._wakes = socket.socketpair()
        for end in (self._woken, self._wakes):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        self._loop.add_reader(self._woken, self._woken.recv, _CHUNK)
        self.session.send(None, "kernel_info_reply", {"language_info": self.language_info})

    def _take_request(self) -> None:
        try:
            request = self._channel.receive()
        except (EOFError, OSError, ChannelError):  # nobody is there any more
            os._exit(0)
        if request is not None and "files" in request:
            found = new_files(self.folder, self.files_at_start, request["files"])
            files = {name: base64.b64encode(each).decode() for name, each in found.items()}
            content = {"files": files, "changed": self.helpers.changed()}
            self.session.send(None, "traces_reply", content)
        elif request is not None:
            self._task = self._loop.create_task(self._carry_out(request), context=self._context)

    async def _carry_out(self, request: dict[str, Any]) -> None:
        here = os.getpid()
        parent = {"header": {"msg_id": request["id"], "msg_type": "execute_request"}}
        self.set_parent([], parent)
        self.pre_handler_hook()
        try:
            self.helpers.look()  # what the cells before have changed
            reply = await self.do_execute(request["code"], silent=False)
        except BaseException as error:  # an interrupt that met an await, or IPython itself
            reply = {"status": "error", "ename": type(error).__name__, "evalue": str(error)}
            reply |= {"traceback": [], "execution_count": self.execution_count}
        finally:
            self.post_handler_hook()
        sys.stdout.flush()
        sys.stderr.flush()
        if os.getpid() != here:  # a fork that a cell made and let run on; its parent answers
            os._exit(0)
        self.session.send(None, "execute_reply", json_clean(reply), parent)


class KernelApp(IPKernelApp):
    """ipykernel's program around a kernel, with the parts above, in two halves.

    `initialize` is for the warm process: it opens no socket, starts no thread and reads no settings
    of whoever grades. `settle` is for a fork.
    """

    kernel_class = Kernel
    outstream_class = f"{__name__}.{Output.__name__}"

    def load_config_file(self, suppress_errors: bool | None = None) -> None:
        """Read none."""

    def init_connection_file(self) -> None:
        """Need none."""

    def init_sockets(self) -> None:
        """Open none, but have what output goes through."""
        self.session = ChannelSession(parent=self, key=b"")
        self.iopub_thread = Publisher()
        self.iopub_socket = self.iopub_thread.background_socket

    def init_heartbeat(self) -> None:
        """Beat no heart: the warm process knows whether the kernel lives."""

    def write_connection_file(self, **more: Any) -> None:
        """Write none."""

    def log_connection_info(self) -> None:
        """Have nothing to log."""

    def init_io(self) -> None:
        """Redirect nothing yet."""

    def init_kernel(self) -> None:
        """Make the kernel and its shell."""
        self.kernel = self.kernel_class.instance(
            parent=self,
            session=self.session,
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )

    def init_gui_pylab(self) -> None:
        """Choose matplotlib's backend, as ipykernel does; in the warm process, it is looked for."""
        super().init_gui_pylab()
        if "matplotlib" in sys.modules:  # which read this variable when it was imported
            sys.modules["matplotlib"].rcParams["backend"] = os.environ["MPLBACKEND"]

    def settle(self, channel: Channel, arguments: list[str]) -> None:
        """Be at home in a fork: with its folders, its output, its channel."""
        os.register_at_fork(after_in_child=channel.renew)
        channel.renew()
        self.session.channel = channel
        self.kernel.folder = Path.cwd()
        self.kernel.files_at_start = regular_files(self.kernel.folder)
        self.ipython_dir = str(Path.home() / ".ipython")
        self.shell.ipython_dir = self.ipython_dir
        profile = ProfileDir.create_profile_dir_by_name(self.ipython_dir, self.profile)
        self.profile_dir = self.kernel.profile_dir = self.shell.profile_dir = profile
        super().init_io()
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count
        self.iopub_thread.start()
        if more := [each for each in arguments if each not in _ARGUMENTS]:
            self.parse_command_line(more)
            self.init_extensions()
            self.init_code()
        self.init_gui_pylab()


def prepare(helpers: Iterable[str]) -> None:
    """In the warm process: make the kernel that all its forks are, and that watches `helpers`."""
    with tempfile.TemporaryDirectory(prefix="grading-") as nobodys_home:
        os.environ["IPYTHONDIR"] = nobodys_home
        app = KernelApp.instance()
        app.initialize(_ARGUMENTS)
        del os.environ["IPYTHONDIR"]
    # What is made when it is first needed, is made here: expressions, lexers, formatters.
    with contextlib.redirect_stdout(io.StringIO()):
        for source in _WARM_UP:
            app.shell.run_cell(source, store_history=False)
    for name in ("type", "value", "traceback", "exc"):
        vars(sys).pop(f"last_{name}", None)
    app.kernel.helpers = Helpers(helpers)


def run(end: socket.socket, arguments: list[str]) -> None:
    """In a fork: be a kernel until killed.

    Args:
        end: a socket of `Channel.pair`.
        arguments: those of ``python -m ipykernel_launcher``.
    """
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # forks would all draw the same numbers
    sys.argv = ["ipykernel_launcher", *arguments]
    app = KernelApp.instance()
    app.settle(Channel(end), arguments)
    if sys.modules.get("debugpy", True) is None:
        del sys.modules["debugpy"]
    app.start()
