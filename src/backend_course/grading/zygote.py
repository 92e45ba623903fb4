"""The warm process: everything imported, one thread, walls up; each kernel is a fork of it.

Run as ``python -m backend_course.grading.zygote SOCKET_FD FOLDER HOME`` by warm.py; HOME is the
grader's, which no kernel is to see.
It speaks JSON lines over sockets, on each of them one request and one answer at a time:

    {"do": "preload", "modules": [...], "calls": {"module:function": [arguments], ...}}
                                         -> {"ok": true, "left_out": {...}},
                                            or {"ok": true, "threaded": "what started a thread"}
    {"do": "branch", "folder": "..."} and a file descriptor
                                         -> {"ok": true, "pid": 4711}; a fork serves that socket
    {"do": "enclose", "helpers": [...]}  -> {"ok": true, "namespaces": true}
    {"do": "finish"}                     -> {"ok": true, "standing": [...], "missing": {...}}
    {"do": "serve"} and a file descriptor -> {"ok": true}; it serves that socket, too
    {"do": "fork", "kernel": "7", ...} and a file descriptor, the kernel's end of a `Channel`
                                         -> {"ok": true, "pid": 4711}
    {"do": "poll" | "interrupt" | "terminate" | "kill", "pid": 4711} -> {"ok": true, …}

It is own code and not the standard library's forkserver because that one unpickles what it is sent,
listens on a named socket that a student's code could reach, and imports the caller's main module.
When a socket closes, it kills the kernels that were asked for there; with the first one it goes.
"""

import contextlib
import dataclasses
import functools
import gc
import inspect
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from . import walls
from .walls.limits import Limits

# What a kernel imports when it starts, shows a traceback or draws: once here, not in every fork.
ALWAYS = """
    backend_course.grading.kernel faulthandler fractions pdb pexpect resource sqlite3 stack_data
    timeit unicodedata IPython.core.completerlib IPython.core.debugger IPython.core.logger
    IPython.core.magics IPython.core.magics.ast_mod IPython.core.magics.execution
    IPython.core.oinspect IPython.core.pylabtools IPython.extensions.storemagic
    IPython.utils.module_paths IPython.utils.wildcard ipykernel.debugger
    pygments.formatters.terminal256 pygments.styles tornado.locks tornado.platform.asyncio
    tornado.queues
"""


def main() -> None:
    """Serve the first client, and all that it brings, until it goes."""
    # Python has put its current folder there: the whole host. Not -P, because with that IPython
    # would not look into the notebook's folder for modules either.
    del sys.path[0]
    zygote = Zygote(Path(sys.argv[2]), Path(sys.argv[3]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started the grading
    zygote.serve(socket.socket(fileno=int(sys.argv[1])))


@dataclasses.dataclass(eq=False)
class Client:
    """A socket with a grading process at its other end, and that one's kernels."""

    socket: socket.socket
    heard: bytes = b""
    kernels: dict[int, int | None] = dataclasses.field(default_factory=dict)
    """Process id -> exit status, None while it runs."""


class Zygote:
    """The warm process's state: its walls, and its clients with their kernels."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home
        self.walls = walls.Walls()
        self.selector = selectors.DefaultSelector()
        self.clients: list[Client] = []
        self.called: set[str] = set()

    def serve(self, first: socket.socket) -> None:
        """Serve until the first client goes, and end the process."""
        self.do_serve(first)
        try:
            while self.clients:
                for key, _ in self.selector.select():
                    self.hear(key.data)
        finally:
            for client in list(self.clients):
                self.part_with(client)
            os._exit(0)  # nothing here is worth the time of taking all modules apart

    def hear(self, client: Client) -> None:
        """Do what a client asks, or let it go. Only the first one may end the process."""
        try:
            text, given, _, _ = socket.recv_fds(client.socket, 1 << 16, 1)
            client.heard += text
            *lines, client.heard = client.heard.split(b"\n")
            for line in lines:
                client.socket.sendall(
                    json.dumps(self._answer(client, line, given)).encode() + b"\n"
                )
        except (BrokenPipeError, ConnectionResetError):
            text = b""
        if not text:
            going = self.clients if client is self.clients[0] else [client]
            for each in list(going):
                self.part_with(each)

    def _answer(self, client: Client, line: bytes, given: list[int]) -> dict:
        request = json.loads(line)
        do = request.pop("do")
        if do in {"fork", "poll", "interrupt", "terminate", "kill"}:
            request["client"] = client
        try:
            if do in {"serve", "branch", "fork"}:
                request["end"] = socket.socket(fileno=given.pop())
            return {"ok": True} | getattr(self, "do_" + do)(**request)
        except Exception as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    def part_with(self, client: Client) -> None:
        """Kill a client's kernels and close its socket."""
        for pid in list(client.kernels):
            self.do_kill(pid, client)
        self.selector.unregister(client.socket)
        client.socket.close()
        self.clients.remove(client)

    def do_serve(self, end: socket.socket) -> dict:
        """Take requests from another socket, too."""
        client = Client(end)
        end.set_inheritable(False)
        self.clients.append(client)
        self.selector.register(client.socket, selectors.EVENT_READ, client)
        return {}

    def do_preload(self, modules: list[str], calls: dict[str, list]) -> dict:
        """Import and compute what the kernels will need; what was there before, stays as it is."""
        # debugpy is half of a kernel's start; a notebook may still import it (see kernel.py).
        sys.modules["debugpy"] = None  # type: ignore[assignment]
        gc.disable()  # what is imported is no garbage
        left_out = {}
        for name, step in self._steps([*ALWAYS.split(), *modules], calls):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    step()
                except Exception as error:  # whatever a library raises when it is imported
                    left_out[name] = f"{type(error).__name__}: {error}"
            if threading.active_count() > 1 or _system_threads() > 1:
                return {"threaded": name}  # a process with threads cannot be forked safely
        return {"left_out": left_out}

    def _steps(
        self, modules: list[str], calls: dict[str, list]
    ) -> Iterator[tuple[str, Callable[[], object]]]:
        for module in modules:
            if module not in sys.modules:
                yield module, functools.partial(pkgutil.resolve_name, module)
        for name, arguments in calls.items():
            module, _, function = name.partition(":")
            # What the assignment does not need, it need not wait for.
            if module in sys.modules and name not in self.called:
                self.called.add(name)
                yield name, functools.partial(_call, sys.modules[module], function, arguments)

    def do_branch(self, end: socket.socket, folder: str) -> dict:
        """Fork a warm process that can be closed off while this one goes on importing."""
        pid = os.fork()
        if pid == 0:
            for client in self.clients:
                client.socket.close()
            self.selector.close()
            other = Zygote(Path(folder), self.home)
            other.called = self.called
            _end_with(lambda: other.serve(end))
        end.close()
        return {"pid": pid}

    def do_enclose(self, helpers: list[str]) -> dict:
        """Make the kernel that all others are forks of, and leave the host."""
        from . import kernel

        with contextlib.suppress(ChildProcessError):  # branches that have ended
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        # Looks at every module and remembers its file: else the first traceback of each fork does.
        inspect.getmodule(compile("", "<none>", "exec"))
        kernel.prepare(helpers)
        # Keep the collector from touching, and so copying, every page in each fork.
        gc.collect()
        gc.freeze()
        gc.enable()
        self.walls = walls.raise_shared(self.home)
        return {"namespaces": "namespaces" not in self.walls.missing}

    def do_finish(self) -> dict:
        """Take the read-only root, now that the client has mapped the users."""
        if "namespaces" not in self.walls.missing:
            walls.raise_root(self.walls, self.folder)
        return {"standing": self.walls.standing, "missing": self.walls.missing}

    def do_fork(
        self,
        client: Client,
        end: socket.socket,
        kernel: str,
        arguments: list[str],
        environment: dict,
        limits: dict,
    ) -> dict:
        """Fork a kernel that takes its requests from the socket `end`."""
        isolated = not self.walls.missing.keys() & {"namespaces", "root"}
        if "namespaces" in self.walls.missing:
            pid = os.fork()
        else:
            from .walls import namespaces, syscalls

            pid = syscalls.fork_into(namespaces.PER_KERNEL)
        if pid == 0:
            for each in self.clients:  # what a student's code writes there, a grader would believe
                each.socket.close()
            self.selector.close()
            _end_with(
                lambda: self._guard(end, kernel, arguments, environment, Limits(**limits), isolated)
            )
        end.close()
        client.kernels[pid] = None
        return {"pid": pid}

    def _guard(
        self,
        end: socket.socket,
        kernel: str,
        arguments: list[str],
        environment: dict,
        limits: Limits,
        isolated: bool,
    ) -> None:
        """The first process of a kernel's world: furnishes it, forks the kernel, reaps."""
        if sys.platform == "linux":
            from .walls import privileges

            privileges.die_with_parent()
        folder = self.folder / kernel
        if isolated:
            from .walls import namespaces

            namespaces.furnish(kernel, limits.disk, self.walls.python)
            home = Path(namespaces.HOME)
        else:
            if "namespaces" not in self.walls.missing:
                from .walls import namespaces

                namespaces.raise_loopback()
            home = folder
        child = os.fork()
        if child == 0:
            os.setsid()
            os.chdir(home / "work")
            os.environ.clear()
            os.environ.update(
                environment | {"HOME": str(home), "TMPDIR": _temporary(home, isolated)}
            )
            tempfile.tempdir = None  # what it was here, may be out of the kernel's reach
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):  # a terminal takes orders from what is printed on it
                os.dup2(nowhere, stream)
            walls.raise_own(self.walls, limits, home)
            from . import kernel as kernel_module

            kernel_module.run(end, arguments)
            return
        end.close()
        signal.signal(signal.SIGINT, lambda *_: _signal_group(child, signal.SIGINT))
        signal.signal(signal.SIGTERM, lambda *_: _signal_group(child, signal.SIGTERM))
        while True:
            pid, status = os.waitpid(-1, 0)
            if pid == child:
                _signal_group(child, signal.SIGKILL)
                os._exit(abs(os.waitstatus_to_exitcode(status)) & 0x7F)

    def do_poll(self, pid: int, client: Client) -> dict:
        """Report a kernel's exit status; null while it runs."""
        if client.kernels.get(pid, 0) is None:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                client.kernels[pid] = os.waitstatus_to_exitcode(status)
        return {"status": client.kernels.get(pid, 0)}

    def do_interrupt(self, pid: int, client: Client) -> dict:
        """Send SIGINT, as a notebook's stop button does."""
        return self._send(pid, client, signal.SIGINT)

    def do_terminate(self, pid: int, client: Client) -> dict:
        """Send SIGTERM to the kernel's process group."""
        return self._send(pid, client, signal.SIGTERM)

    def _send(self, pid: int, client: Client, number: int) -> dict:
        if self.do_poll(pid, client)["status"] is None:
            os.kill(pid, number)
        return {}

    def do_kill(self, pid: int, client: Client) -> dict:
        """Kill a kernel with all that it started, and wait until it is gone."""
        if self.do_poll(pid, client)["status"] is None:
            if "namespaces" in self.walls.missing:
                self._send(pid, client, signal.SIGTERM)
                _kill_descendants(pid)
            os.kill(pid, signal.SIGKILL)
            client.kernels[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return {"status": client.kernels.pop(pid, 0)}


def _call(module: ModuleType, function: str, arguments: list) -> None:
    getattr(module, function)(*arguments)


def _end_with(work) -> None:
    """Run `work` in a fork and end the fork, whatever happens, without the parent's clean-up."""
    try:
        work()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def _temporary(home: Path, isolated: bool) -> str:
    if isolated:
        return "/tmp"
    (home / "tmp").mkdir(exist_ok=True)
    return str(home / "tmp")


def _signal_group(leader: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _kill_descendants(pid: int) -> None:
    """Without a process namespace: kill what can be found below `pid`."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                process.kill()


def _system_threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - two calls cheaper than Path
    except OSError:
        return 1


if __name__ == "__main__":
    main()
