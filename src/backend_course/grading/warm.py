"""A warm process and the kernels forked from it, seen from the process that grades."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .walls import namespaces


class WarmError(RuntimeError):
    """The warm process refused or is gone."""


class Warm:
    """A warm process with `modules` imported; a context manager that ends it and all its kernels.

    `standing` and `missing` say which walls its kernels have, `left_out` which modules could not be
    imported. Raises WarmError if it cannot be used.
    """

    def __init__(self, modules: Iterable[str] = ()) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="grading-"))
        self.folder.chmod(0o711)
        (self.folder / "root").mkdir()
        self._count = 0
        wanted, self.left_out = list(modules), {}
        try:
            loaded = self._start(wanted)
            while threaded := loaded.get("threaded"):
                self._stop()
                if threaded not in wanted:
                    raise WarmError(f"importing {threaded} starts a thread; nothing can be forked")
                self.left_out[threaded] = "starts a thread when it is imported"
                # With all that it brings: the next one of the package would start it again.
                package = threaded.partition(".")[0]
                wanted = [m for m in wanted if m.partition(".")[0] != package]
                loaded = self._start(wanted)
            if loaded["namespaces"]:
                namespaces.map_users(self.process.pid)
            walls = self.ask("finish")
        except BaseException:
            self.close()
            raise
        self.left_out |= loaded["left_out"]
        self.standing: list[str] = walls["standing"]
        self.missing: dict[str, str] = walls["missing"]

    def _start(self, modules: list[str]) -> dict:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "backend_course.grading.zygote"]
        with ours, theirs:
            self.process = subprocess.Popen(
                [*command, str(theirs.fileno()), str(self.folder)],
                pass_fds=[theirs.fileno()],
                env=_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            self._lines = ours.makefile("rw", encoding="utf-8")
        return self.ask("preload", modules=modules)

    def _stop(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._lines.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, do: str, **request) -> dict:
        """Send one request (see zygote.py) and return the answer; raises WarmError."""
        try:
            self._lines.write(json.dumps({"do": do, **request}) + "\n")
            self._lines.flush()
            line = self._lines.readline()
        except (OSError, ValueError) as error:
            raise WarmError(
                f"the warm process is gone ({error}); it will be started anew"
            ) from error
        if not line:
            raise WarmError("the warm process is gone; it will be started anew")
        answer = json.loads(line)
        if not answer["ok"]:
            raise WarmError(f"the warm process could not {do}: {answer['error']}")
        return answer

    @property
    def alive(self) -> bool:
        """Whether the warm process still runs."""
        return self.process.poll() is None

    def new_folder(self) -> Path:
        """A folder for one kernel, with an empty `work` for the files that it will find."""
        self._count += 1
        folder = self.folder / str(self._count)
        (folder / "work").mkdir(parents=True)
        if "namespaces" in self.standing and os.getuid() == 0:
            os.chown(folder, namespaces.NOBODY, namespaces.NOBODY)
        return folder

    def close(self) -> None:
        """End the warm process and its kernels, and remove their folders."""
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Warm":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def _environment() -> dict[str, str]:
    """What the warm process needs; none of the secrets that the grader's environment may hold."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ
    }
    # One thread each: a process with threads cannot be forked safely.
    single = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    return kept | single | {"PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": ""}
