"""Walls around a student's kernel. `raise_shared` in the warm process, `raise_own` in each kernel.

Every wall that the host refuses is named with the reason; none is assumed.
"""

import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path

from .limits import Limits

ALL = ("namespaces", "root", "landlock", "seccomp", "privileges", "limits")


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
        walls.missing |= {"namespaces": str(error), "root": "needs namespaces"}
    return walls


def raise_root(walls: Walls, folder: Path) -> None:
    """Give the warm process its read-only root; `folder` has `root` and the kernels' folders.

    Where that is refused the host's files stay in sight, and Landlock has to do.
    """
    from . import namespaces

    try:
        namespaces.build_root(folder / "root", folder, walls.python)
    except OSError as error:
        walls.missing["root"] = str(error)


def probe() -> Walls:
    """Raise the shared walls in a throw-away process and say which ones stood."""
    if sys.platform != "linux":
        return raise_shared()
    from . import namespaces

    asks, answers = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(prefix="grading-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "root").mkdir()
        pid = os.fork()
        if pid == 0:
            try:
                walls = raise_shared()
                if "namespaces" not in walls.missing:
                    os.write(answers[1], b"?")
                    os.read(asks[0], 1)
                    raise_root(walls, folder)
                os.write(answers[1], json.dumps(walls.missing).encode())
            finally:
                os._exit(0)
        os.close(answers[1])
        with os.fdopen(answers[0], "rb", buffering=0) as told:
            said = told.read(1 << 16)
            if said == b"?":
                namespaces.map_users(pid)
                os.write(asks[1], b"!")
                said = told.read(1 << 16)
        os.waitpid(pid, 0)
    for end in asks:
        os.close(end)
    return Walls(json.loads(said or "{}"))


def raise_own(walls: Walls, limits: Limits, folder: Path) -> None:
    """In a kernel's own process, last thing before it runs: what cannot be taken back.

    `folder` is the kernel's folder; without the root wall it is all that can be written.
    """
    limits.apply()
    if sys.platform != "linux":
        return
    from . import landlock, namespaces, privileges, seccomp

    privileges.forget_capabilities()
    if "namespaces" not in walls.missing:
        namespaces.become_student()
    privileges.drop_capabilities()
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
