"""A warm process and the kernels forked from it, seen from the process that grades."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .lines import GradingError
from .walls import namespaces


class WarmError(GradingError, RuntimeError):
    """The warm process refused or is gone."""


class LostKernelError(WarmError):
    """A kernel was lost by no fault of its notebook, which can be run again."""


class Borrowed:
    """A warm process of another process's, through a socket of its own (`Warm.lend`).

    `standing` and `missing` say which walls its kernels have.
    """

    def __init__(
        self, line: socket.socket, folder: Path, standing: list[str], missing: dict[str, str]
    ) -> None:
        self._line, self.folder = line, folder
        self.standing, self.missing = standing, missing
        self._answers = line.makefile("r", encoding="utf-8")
        self._count = 0

    def ask(self, do: str, give: socket.socket | None = None, **request) -> dict:
        """Send one request (see zygote.py), with a socket or none, and return the answer.

        Raises WarmError.
        """
        with self._telling():
            self._send(do, give, **request)
            return self._receive(do)

    def _send(self, do: str, give: socket.socket | None = None, **request) -> None:
        text = json.dumps({"do": do, **request}).encode() + b"\n"
        if give is not None:
            socket.send_fds(self._line, [text], [give.fileno()])
        else:
            self._line.sendall(text)

    def _receive(self, do: str) -> dict:
        if not (line := self._answers.readline()):
            raise WarmError("the warm process is gone; it will be started anew")
        answer = json.loads(line)
        if not answer["ok"]:
            raise WarmError(f"the warm process could not {do}: {answer['error']}")
        return answer

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise WarmError(
                f"the warm process is gone ({error}); it will be started anew"
            ) from error

    @property
    def alive(self) -> bool:
        """Whether the warm process still runs."""
        try:
            return bool(self._line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def new_folder(self) -> Path:
        """A folder for one kernel, with an empty `work` for the files that it will find."""
        self._count += 1
        folder = self.folder / f"{os.getpid()}-{self._count}"
        (folder / "work").mkdir(parents=True)
        if "namespaces" in self.standing and os.getuid() == 0:
            os.chown(folder, namespaces.NOBODY, namespaces.NOBODY)
        return folder

    def close(self) -> None:
        """Give the warm process back, which ends the kernels that were asked for here."""
        self._answers.close()
        self._line.close()


class Warm(Borrowed):
    """A warm process with `modules` imported; a context manager that ends it and all its kernels.

    `calls` are functions ("module:function") to be called there once, with their arguments, where
    the module is imported. `helpers` are packages whose functions the kernels watch (helpers.py).
    `left_out` says which modules and calls failed. Raises WarmError if it cannot be used.
    """

    process: subprocess.Popen | None = None

    def __init__(
        self,
        modules: Iterable[str] = (),
        calls: Mapping[str, list[Any]] | None = None,
        helpers: Iterable[str] = (),
    ) -> None:
        self._make_folder()
        self._start()
        self.finish(modules, calls, helpers)

    @classmethod
    def coming(cls, modules: Iterable[str]) -> "Warm":
        """Return one that is still importing `modules`, which need not be those that it will need.

        `preload` more while there is something else to do, and `finish` it.
        """
        warm = cls.__new__(cls)
        warm._make_folder()
        warm._start()
        warm.preload(modules)
        return warm

    def branch(self) -> "Warm":
        """A fork of this one, to be finished by itself while this one goes on importing.

        Raises WarmError.
        """
        self._hear_of_preloads()
        if self._threaded:
            raise WarmError(f"importing {self._threaded} starts a thread; nothing can be forked")
        other = Warm.__new__(Warm)
        other._make_folder()
        ours, theirs = socket.socketpair()
        Borrowed.__init__(other, ours, other.folder, [], {})
        with theirs:
            other._pid = self.ask("branch", give=theirs, folder=str(other.folder))["pid"]
        return other

    def _make_folder(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="grading-"))
        self.folder.chmod(0o711)
        for name in ("root", "home"):
            (self.folder / name).mkdir()
        self._guessed: set[str] = set()
        self._under_way, self._threaded = 0, ""
        self._failed: dict[str, str] = {}

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        self._under_way, self._threaded = 0, ""
        super().__init__(ours, self.folder, [], {})
        given = [str(theirs.fileno()), str(self.folder), _home()]
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.zygote", *given],
                pass_fds=[theirs.fileno()],
                env=_environment(self.folder / "home"),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._pid = self.process.pid

    def preload(
        self, modules: Iterable[str] = (), calls: Mapping[str, list[Any]] | None = None
    ) -> None:
        """Have it import and call more, without waiting for it."""
        modules, calls = list(modules), dict(calls or {})
        self._guessed |= {*modules, *calls}
        with contextlib.suppress(OSError):  # that it is gone, is met when it is finished
            self._send("preload", modules=modules, calls=calls)
        self._under_way += 1

    def finish(
        self,
        modules: Iterable[str] = (),
        calls: Mapping[str, list[Any]] | None = None,
        helpers: Iterable[str] = (),
    ) -> None:
        """Have it import and call all that it will need, and close it off. Raises WarmError."""
        wanted, calls = list(modules), dict(calls or {})
        self.left_out: dict[str, str] = {}
        guessed = self._guessed
        try:
            self.preload(wanted, calls)
            self._hear_of_preloads()
            while threaded := self._threaded:
                self._stop()
                if threaded not in {*wanted, *calls, *guessed}:
                    raise WarmError(f"importing {threaded} starts a thread; nothing can be forked")
                guessed = set()
                if threaded in {*wanted, *calls}:
                    self.left_out[threaded] = "starts a thread"
                if calls.pop(threaded, None) is None:
                    # With all that it brings: the next one of the package would start it again.
                    package = threaded.partition(".")[0]
                    wanted = [m for m in wanted if m.partition(".")[0] != package]
                self._start()
                self.preload(wanted, calls)
                self._hear_of_preloads()
            if self.ask("enclose", helpers=list(helpers))["namespaces"]:
                namespaces.map_users(self._pid)
            walls = self.ask("finish")
        except BaseException:
            self.close()
            raise
        asked_for = self._failed.keys() & {*wanted, *calls}
        self.left_out |= {name: self._failed[name] for name in asked_for}
        self.standing, self.missing = walls["standing"], walls["missing"]

    def _hear_of_preloads(self) -> None:
        with self._telling():
            while self._under_way:
                self._under_way -= 1
                answer = self._receive("preload")
                self._threaded = self._threaded or answer.get("threaded", "")
                self._failed |= answer.get("left_out", {})

    def _stop(self) -> None:
        super().close()
        if self.process is None:  # a branch, which ends by itself now
            return
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def lend(self) -> Borrowed:
        """Return the means to have kernels forked by a process that is about to be forked itself.

        Close it here then.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            self.ask("serve", give=theirs)
        return Borrowed(ours, self.folder, self.standing, self.missing)

    def close(self) -> None:
        """End the warm process and its kernels, and remove their folders."""
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Warm":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def of_the_system() -> dict[str, str]:
    """The grader's variables that say what system this is; the others may be secrets."""
    names = ("PATH", "LANG", "LC_ALL", "TZ")
    return {name: os.environ[name] for name in names if name in os.environ}


def _home() -> str:
    return os.path.expanduser("~")  # noqa: PTH111 - Path's own raises where nobody has a home


def _environment(home: Path) -> dict[str, str]:
    """What the warm process needs; none of the secrets that the grader's environment may hold.

    Its home is empty, so that what is imported reads no settings of whoever grades. Its cache is
    the grader's: matplotlib, for one, looks at each font of the machine where there is none.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or f"{_home()}/.cache"
    kept = of_the_system() | {"HOME": str(home), "XDG_CACHE_HOME": cache}
    # One thread each: a process with threads cannot be forked safely.
    single = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    return kept | single | {"PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": ""}
