"""Walls around a student's kernel. `raise_shared` in the warm process, `raise_own` in each kernel.

Every wall that the host refuses is named with the reason; none is assumed.
"""

import contextlib
import dataclasses
import errno
import json
import os
import socket
import sys
import tempfile
from pathlib import Path

from .limits import Limits

ALL = ("namespaces", "root", "users", "landlock", "seccomp", "privileges", "limits")


@dataclasses.dataclass
class Walls:
    """Which walls stand in this warm process, and why the others do not."""

    missing: dict[str, str] = dataclasses.field(default_factory=dict)
    filter: bytes = b""
    python: list[Path] = dataclasses.field(default_factory=list)
    """Where Python is read from; kernels see it."""

    @property
    def standing(self) -> list[str]:
        """The walls that hold, in the order of `ALL`."""
        return [name for name in ALL if name not in self.missing]


def raise_shared(home: Path = Path("/")) -> Walls:
    """Raise in the warm process what needs nothing of the outside; say what the host refuses.

    `home` is that of whoever grades, which no kernel is to see.
    If the walls have namespaces, the caller's side must `map_users`; then `raise_root` follows.
    """
    if sys.platform != "linux":
        return Walls({name: f"not on {sys.platform}" for name in ALL if name != "limits"})
    from . import landlock, namespaces, privileges, seccomp

    walls = Walls(python=namespaces.python_folders(home))
    privileges.forbid_new()
    try:
        walls.filter = seccomp.compile_filter()
    except OSError as error:
        walls.missing["seccomp"] = str(error)
    if not landlock.version():
        walls.missing["landlock"] = "the system was built or booted without it"
    try:
        namespaces.enter_user_namespace()
    except OSError as error:
        needs = "needs namespaces"
        walls.missing |= {"namespaces": str(error), "root": needs, "users": needs}
    return walls


def raise_root(walls: Walls, folder: Path) -> None:
    """Give the warm process its read-only root; `folder` has `root` and the kernels' folders.

    Where that is refused the host's files stay in sight, and Landlock has to do. Also find out
    whether each kernel can have users of its own; if not, all share one count of processes.
    """
    from . import namespaces

    try:
        namespaces.build_root(folder / "root", folder, walls.python)
    except OSError as error:
        walls.missing["root"] = str(error)
    pid = os.fork()
    if pid == 0:
        refused = errno.EPERM
        try:
            namespaces.become_student()
            namespaces.enter_own_users()
            refused = 0
        except OSError as error:
            refused = error.errno or refused
        finally:
            os._exit(refused)
    if refused := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        walls.missing["users"] = os.strerror(refused)


def probe() -> Walls:
    """Raise the shared walls in a throw-away process and say which ones stood.

    None did, if that process could not say so.
    """
    if sys.platform != "linux":
        return raise_shared()
    from . import namespaces

    with tempfile.TemporaryDirectory(prefix="grading-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "root").mkdir()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            _try_all(folder, theirs)
        theirs.close()
        why = ""
        with ours:
            try:
                while (said := ours.recv(1 << 16)) == b"?":
                    namespaces.map_users(pid)
                    ours.sendall(b"!")
            except Exception as error:
                said, why = b"", f"{type(error).__name__}: {error}"
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if said:
        return Walls(json.loads(said))
    how = f"by signal {-ended}" if ended < 0 else f"with status {ended}"
    why = why or f"the process that tried it ended without an answer, {how}"
    return Walls(dict.fromkeys(ALL, why))


def _try_all(folder: Path, told: socket.socket) -> None:
    """In a throw-away process: raise the shared walls, tell which are missing, and end."""
    try:
        try:
            walls = raise_shared()
            if "namespaces" not in walls.missing:
                told.sendall(b"?")
                if not told.recv(1):
                    return
                raise_root(walls, folder)
            missing = walls.missing
        except Exception as error:
            missing = dict.fromkeys(ALL, f"{type(error).__name__}: {error}")
        told.sendall(json.dumps(missing).encode())
    finally:
        os._exit(0)


def raise_own(walls: Walls, limits: Limits, folder: Path) -> None:
    """In a kernel's own process, last thing before it runs: what cannot be taken back.

    `folder` is the kernel's folder; without the root wall it is all that can be written.
    """
    if sys.platform != "linux":
        limits.apply()
        return
    from . import landlock, namespaces, privileges, seccomp

    privileges.forget_capabilities()
    if "namespaces" not in walls.missing:
        namespaces.become_student()
        if "users" not in walls.missing:
            with contextlib.suppress(OSError):  # there are too many; then it is counted with others
                namespaces.enter_own_users()
                privileges.forget_capabilities()
    privileges.drop_capabilities()
    limits.apply()
    if "landlock" not in walls.missing:
        if "root" in walls.missing:
            system = [Path(path) for path in (*namespaces.SYSTEM, "/etc/ssl", "/proc/self")]
            readable = [*system, *walls.python]
            writable = [folder, *(Path("/dev", name) for name in namespaces.DEVICES)]
        else:
            readable = [Path("/")]
            writable = [Path(p) for p in (namespaces.HOME, "/tmp", "/dev", "/proc")]
        landlock.restrict(readable, writable)
    if walls.filter:
        seccomp.load(walls.filter)
    os.umask(0o022)
