"""The warm process: everything imported, one thread, walls up; each kernel is a fork of it.

Run as ``python -m backend_course.grading.zygote SOCKET_FD FOLDER`` by warm.py.
It speaks JSON lines over the socket, one request and one answer at a time:

    {"do": "preload", "modules": [...]}  -> {"ok": true, "left_out": {...}, "namespaces": true},
                                            or {"ok": true, "threaded": "the module that did it"}
    {"do": "finish"}                     -> {"ok": true, "standing": [...], "missing": {...}}
    {"do": "fork", "kernel": "7", ...}   -> {"ok": true, "pid": 4711}
    {"do": "poll" | "interrupt" | "terminate" | "kill", "pid": 4711} -> {"ok": true, …}

It is own code and not the standard library's forkserver because that one unpickles what it is sent,
listens on a named socket that a student's code could reach, and imports the caller's main module.
When the socket closes, it kills its kernels and goes.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import threading
import warnings
from pathlib import Path

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
    """Serve one client until it goes."""
    client = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(client.fileno(), False)
    zygote = Zygote(Path(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started the grading
    lines = client.makefile("rw", encoding="utf-8")
    try:
        for line in lines:
            request = json.loads(line)
            try:
                answer = {"ok": True} | getattr(zygote, "do_" + request.pop("do"))(**request)
            except Exception as error:
                answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
            lines.write(json.dumps(answer) + "\n")
            lines.flush()
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        zygote.kill_all()


class Zygote:
    """The warm process's state: its walls and the kernels that it has forked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.walls = walls.Walls()
        self.kernels: dict[int, int | None] = {}  # process id -> exit status, None while it runs

    def do_preload(self, modules: list[str]) -> dict:
        """Import what the kernels will need, then leave the host."""
        # debugpy is half of a kernel's start; a notebook may still import it (see kernel.py).
        sys.modules["debugpy"] = None  # type: ignore[assignment]
        left_out = {}
        for module in [*ALWAYS.split(), *modules]:
            if module in sys.modules:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    importlib.import_module(module)
                except Exception as error:  # whatever a library raises when it is imported
                    left_out[module] = f"{type(error).__name__}: {error}"
            if threading.active_count() > 1 or _system_threads() > 1:
                return {"threaded": module}  # a process with threads cannot be forked safely
        gc.collect()
        gc.freeze()  # keeps the collector from touching, and so copying, every page in each fork
        self.walls = walls.raise_shared()
        return {"left_out": left_out, "namespaces": "namespaces" not in self.walls.missing}

    def do_finish(self) -> dict:
        """Take the read-only root, now that the client has mapped the users."""
        if "namespaces" not in self.walls.missing:
            walls.raise_root(self.walls, self.folder)
        return {"standing": self.walls.standing, "missing": self.walls.missing}

    def do_fork(self, kernel: str, arguments: list[str], environment: dict, limits: dict) -> dict:
        """Fork a kernel that listens on the sockets in its folder."""
        isolated = not self.walls.missing.keys() & {"namespaces", "root"}
        if "namespaces" in self.walls.missing:
            pid = os.fork()
        else:
            from .walls import namespaces, syscalls

            pid = syscalls.fork_into(namespaces.PER_KERNEL)
        if pid == 0:
            _end_with(
                lambda: self._guard(kernel, arguments, environment, Limits(**limits), isolated)
            )
        self.kernels[pid] = None
        return {"pid": pid}

    def _guard(
        self, kernel: str, arguments: list[str], environment: dict, limits: Limits, isolated: bool
    ) -> None:
        """The first process of a kernel's world: furnishes it, forks the kernel, reaps."""
        if sys.platform == "linux":
            from .walls import privileges

            privileges.die_with_parent()
        folder = self.folder / kernel
        if isolated:
            from .walls import namespaces

            namespaces.furnish(kernel, limits.disk)
            folder, home = Path("/run/kernel"), Path(namespaces.HOME)
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
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):  # a terminal takes orders from what is printed on it
                os.dup2(nowhere, stream)
            walls.raise_own(self.walls, limits, folder)
            from . import kernel as kernel_module

            kernel_module.run(["-f", str(folder / "kernel.json"), *arguments])
            return
        signal.signal(signal.SIGINT, lambda *_: _signal_group(child, signal.SIGINT))
        signal.signal(signal.SIGTERM, lambda *_: _signal_group(child, signal.SIGTERM))
        while True:
            pid, status = os.waitpid(-1, 0)
            if pid == child:
                _signal_group(child, signal.SIGKILL)
                os._exit(abs(os.waitstatus_to_exitcode(status)) & 0x7F)

    def do_poll(self, pid: int) -> dict:
        """Report a kernel's exit status; null while it runs."""
        if self.kernels.get(pid, 0) is None:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self.kernels[pid] = os.waitstatus_to_exitcode(status)
        return {"status": self.kernels.get(pid, 0)}

    def do_interrupt(self, pid: int) -> dict:
        """Send SIGINT, as a notebook's stop button does."""
        return self._send(pid, signal.SIGINT)

    def do_terminate(self, pid: int) -> dict:
        """Send SIGTERM to the kernel's process group."""
        return self._send(pid, signal.SIGTERM)

    def _send(self, pid: int, number: int) -> dict:
        if self.do_poll(pid)["status"] is None:
            os.kill(pid, number)
        return {}

    def do_kill(self, pid: int) -> dict:
        """Kill a kernel with all that it started, and wait until it is gone."""
        if self.do_poll(pid)["status"] is None:
            if "namespaces" in self.walls.missing:
                self._send(pid, signal.SIGTERM)
                _kill_descendants(pid)
            os.kill(pid, signal.SIGKILL)
            self.kernels[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return {"status": self.kernels.pop(pid, 0)}

    def kill_all(self) -> None:
        """Kill every kernel that still runs."""
        for pid in list(self.kernels):
            self.do_kill(pid)


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
