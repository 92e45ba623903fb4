"""The kernel that runs in a fork of the warm process: ipykernel without what grading never uses.

A kernel in JupyterLab has to answer several clients while a cell runs. So ipykernel hands requests
from thread to thread, wakes another thread for each piece of output, beats a heart and saves what
was typed: most of what a short cell costs. Here is one client, which sends a cell when the one
before is done, and reads its output then.
"""

import codecs
import inspect
import os
import random
import select
import sys
import threading
from collections.abc import Callable
from typing import Any

import zmq
from ipykernel.compiler import XCachingCompiler
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell

_ARGUMENTS = [
    "--InteractiveShell.colors=nocolor",
    "--IPKernelApp.log_level=CRITICAL",
    "--HistoryManager.hist_file=:memory:",  # %history works; nothing is written, by no thread
]
_DELAY = 0.2  # seconds that output may wait while a cell runs, as in ipykernel
_CHUNK = 1 << 16  # bytes, what a pipe holds
_CHUNKS = 16  # at a flush: a program may write without end


class Publisher(IOPubThread):
    """The thread that publishes; woken when a cell is done, and not for each message."""

    streams: tuple["Output", ...] = ()

    def _thread_main(self) -> None:
        self.io_loop.add_callback(self._publish_now_and_then)
        super()._thread_main()

    def _publish_now_and_then(self) -> None:
        for stream in self.streams:
            stream.flush()
        self._handle_event(None)
        self.io_loop.call_later(_DELAY, self._publish_now_and_then)

    def schedule(self, f: Callable[[], Any]) -> None:
        """Have the thread call `f` after all that it was asked before, within `_DELAY`."""
        if self.thread.is_alive():
            self._events.append(f)
        else:  # in a fork of the kernel
            f()

    def wake(self) -> None:
        """Publish what waits."""
        if self.thread.is_alive():
            self._event_pipe.send(b"")


class Output(OutStream):
    """Standard output or error: what was written becomes a message in the thread that flushes."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        """Take what ipykernel's own stream takes."""
        self._one_at_a_time = threading.RLock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        super().__init__(*arguments, **more)

    def _watch_pipe_fd(self) -> None:
        while self._should_watch:
            select.select([self._fid], [], [])
            self._take_from_descriptor()

    def _take_from_descriptor(self) -> None:
        """Take what programs wrote to the file descriptor, of which ipykernel may lose the last."""
        with self._one_at_a_time:
            for _ in range(_CHUNKS):
                if self._fid is None or not select.select([self._fid], [], [], 0)[0]:
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
            self._take_from_descriptor()
            self._flush()


class Compiler(XCachingCompiler):
    """Tells `inspect` that no module was read from a cell.

    Or a traceback has it look through all modules several times for each frame in a cell, which
    takes 10 to 40 ms, and find nothing.
    """

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        """Return the name of a cell's file, which need not exist."""
        name = super().get_code_name(raw_code, code, number)
        inspect.modulesbyfile[name] = "no module"  # by this name; `inspect.getmodule` finds None
        return name


class Shell(ZMQInteractiveShell):
    """Transforms each cell once; the kernel asks for it twice, first to see whether it awaits."""

    _transformed = ("", "")

    def transform_cell(self, raw_cell: str) -> str:
        """Return a cell as Python, without magics."""
        known, transformed = self._transformed
        if raw_cell == known:
            self._transformed = ("", "")
            return transformed
        transformed = super().transform_cell(raw_cell)
        self._transformed = (raw_cell, transformed)
        return transformed


class NoShellChannel:
    """Stands where ipykernel has the thread that serves subshells: it is not there.

    None would do, but for a cell with a top-level await (`IPythonKernel.do_execute`).
    """

    parent_thread = threading.main_thread()

    def __bool__(self) -> bool:
        return False


class Kernel(IPythonKernel):
    """Has its messages published when a request is done, and carries one out after the other."""

    shell_class = Shell
    compiler_class = Compiler
    _supports_kernel_subshells = False

    def _publish_status(self, status: str, *arguments: Any, **more: Any) -> None:
        super()._publish_status(status, *arguments, **more)
        if status != "busy":
            self.iopub_thread.wake()


class KernelApp(IPKernelApp):
    """ipykernel's program around a kernel, with the parts above, without subshells and heart."""

    kernel_class = Kernel
    outstream_class = f"{__name__}.{Output.__name__}"

    def init_control(self, context: zmq.Context) -> None:
        """Take requests in the thread that carries them out; another one serves subshells."""
        super().init_control(context)
        self.shell_channel_thread = NoShellChannel()

    def init_iopub(self, context: zmq.Context) -> None:
        """Publish through a `Publisher`."""
        socket = context.socket(zmq.XPUB)
        socket.linger = 1000  # milliseconds, as in ipykernel
        self.iopub_port = self._bind_socket(socket, self.iopub_port)
        self.configure_tornado_logger()
        self.iopub_thread = Publisher(socket, pipe=True, session=self.session)
        self.iopub_thread.start()
        self.iopub_socket = self.iopub_thread.background_socket

    def init_io(self) -> None:
        """Redirect standard output and error."""
        super().init_io()
        self.iopub_thread.streams = (sys.stdout, sys.stderr)

    def init_heartbeat(self) -> None:
        """Beat no heart: the warm process knows whether the kernel lives."""


def run(arguments: list[str]) -> None:
    """Be a kernel until killed. `arguments` are those of ``python -m ipykernel_launcher``."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # forks would all draw the same numbers
    sys.argv = ["ipykernel_launcher", *arguments]
    app = KernelApp.instance()
    app.initialize([*_ARGUMENTS, *arguments])
    if sys.modules.get("debugpy", True) is None:
        del sys.modules["debugpy"]
    app.start()
