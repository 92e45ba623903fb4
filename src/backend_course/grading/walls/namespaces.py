"""A file system, processes and a network of one's own, without root (Linux namespaces).

The warm process enters its own user, mount, network and IPC namespaces once and turns its root into
a small read-only tree: the system's libraries, Python, nothing of anybody's home or course. Every
kernel forked from it gets a process, mount, IPC and network namespace more, a `tmpfs` of limited
size to write in, and a loopback device that is up: a server of the notebook's own is reachable,
nothing else is. Last it enters a user namespace of its own, for its processes to be counted apart.
When the first process of a kernel's namespace goes, the system kills all others in it.
"""

import fcntl
import os
import shutil
import socket
import struct
import sys
from pathlib import Path

from . import syscalls
from .syscalls import MS_BIND, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT, mount

STUDENT = 1000  # user and group id that a notebook sees; never root, so that servers agree to run
NOBODY = 65534
HOME = "/home/student"
PER_KERNEL = syscalls.NEWPID | syscalls.NEWNS | syscalls.NEWIPC | syscalls.NEWNET
SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"]
_SETTINGS = ["alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime"]
_SETTINGS += ["mime.types", "pki", "ssl", "timezone"]
_COURSE = ["nbgrader_config.py", "gradebook.db"]
_PARTS = ["bin", "etc", "include", "lib", "lib64", "libexec", "pyvenv.cfg", "share"]
DEVICES = ["null", "zero", "full", "random", "urandom"]


def python_folders(home: Path = Path("/")) -> list[Path]:
    """Where Python itself is read from: its prefixes and the folders of modules on `sys.path`.

    An entry of `sys.path` that is a course's folder, or that `home` or a prefix lies in, is no
    folder of modules. Of a prefix that is a course's folder, or that `home` lies in, only what
    belongs to a Python is named.
    """
    prefixes = {Path(sys.prefix), Path(sys.base_prefix)}
    above_prefixes = [prefix.resolve().parent for prefix in prefixes]
    wanted = set()
    for path in (Path(entry) for entry in sys.path if entry):
        if path.is_dir() and not _shows_more(path, [home, *above_prefixes]):
            wanted.add(path)
    for prefix in prefixes:
        parts = {prefix / name for name in _PARTS}
        wanted |= parts if _shows_more(prefix, [home]) else {prefix}
    wanted |= {path.resolve() for path in wanted}
    return sorted(filter(Path.exists, wanted), key=lambda path: len(path.parts))


def _shows_more(path: Path, private: list[Path]) -> bool:
    """Whether `path` is a course's folder, or one of the `private` folders lies in it."""
    path = path.resolve()
    if any(folder.resolve().is_relative_to(path) for folder in private):
        return True
    return any((path / name).exists() for name in _COURSE)


def enter_user_namespace() -> None:
    """Leave the host's users, mounts, network and IPC. `map_users` must follow before all else.

    Raises OSError where the host refuses (a container without user namespaces, AppArmor).
    """
    syscalls.call(
        "unshare",
        syscalls.NEWUSER | syscalls.NEWNS | syscalls.NEWNET | syscalls.NEWIPC | syscalls.NEWUTS,
    )


def map_users(pid: int) -> None:
    """From outside, say who the user `student` in the namespace of process `pid` is on the host.

    The caller itself; or, if the caller is root, `nobody`: then file permissions hold a notebook
    too, and so does the limit on processes, which the system does not apply to root.
    """
    proc, uid, gid = Path("/proc", str(pid)), os.getuid(), os.getgid()
    if uid == 0:
        (proc / "uid_map").write_text(f"0 0 1\n{STUDENT} {NOBODY} 1\n")
        (proc / "gid_map").write_text(f"0 0 1\n{STUDENT} {NOBODY} 1\n")
    else:
        (proc / "setgroups").write_text("deny")
        (proc / "uid_map").write_text(f"{STUDENT} {uid} 1\n")
        (proc / "gid_map").write_text(f"{STUDENT} {gid} 1\n")


def become_student() -> None:
    """Give up being the namespace's root, where the grader's host user is root.

    It stays "dumpable" (prctl(2)): else its /proc/self would be root's, and a notebook could not
    look at itself as it can elsewhere. What is not its own it cannot reach either way.
    """
    if os.getuid() != STUDENT:
        os.setgroups([])
        os.setresgid(STUDENT, STUDENT, STUDENT)
        os.setresuid(STUDENT, STUDENT, STUDENT)
        syscalls.call("prctl", syscalls.PR_SET_DUMPABLE, 1, 0, 0, 0)


def enter_own_users() -> None:
    """In a kernel, as the student: a user namespace more, in which it is the student still.

    Since Linux 5.14 the limit on processes counts those of a user in one user namespace, so that
    one notebook cannot use up what another needs. The limit must be set afterwards: the one at this
    moment would hold for all kernels together. Capabilities in the new namespace must be dropped.

    Raises OSError where the host refuses.
    """
    syscalls.call("unshare", syscalls.NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{STUDENT} {STUDENT} 1\n")
    Path("/proc/self/gid_map").write_text(f"{STUDENT} {STUDENT} 1\n")


def build_root(at: Path, kernels: Path, python: list[Path]) -> None:
    """Build the read-only root under the empty folder `at` and make it this process's root.

    `kernels`, the folder in which each kernel has a folder of files, becomes `/run/kernels`;
    `python` is where Python is read from.
    Raises OSError where mounting is refused.
    """
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    mount("grading", str(at), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m,nr_inodes=2k")
    for folder in map(Path, SYSTEM):
        if folder.is_symlink():
            (at / folder.relative_to("/")).symlink_to(folder.readlink())
        elif folder.is_dir():
            _show(folder, at / folder.relative_to("/"))
    for folder in python:
        inside = at / folder.relative_to("/")
        if not inside.exists():
            _show(folder, inside)
    _write_settings(at)
    for name in DEVICES:
        _show(Path("/dev", name), at / "dev" / name, read_only=False)
    for name, target in {"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}.items():
        (at / "dev" / name).symlink_to(f"/proc/self/{target}")
    for name in ("proc", "tmp", "run/kernels", "dev/shm", HOME[1:]):
        (at / name).mkdir(parents=True, exist_ok=True)
    mount(str(kernels), str(at / "run/kernels"), "", MS_BIND)
    # A namespace may mount a proc of its own only where a whole one is in sight; each kernel's
    # covers this one.
    mount("/proc", str(at / "proc"), "", MS_BIND | MS_REC)
    socket.sethostname("grading")
    mount("none", str(at), "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    os.chdir(at)
    syscalls.syscall(syscalls.PIVOT_ROOT, b".", b".")
    syscalls.call("umount2", b".", syscalls.MNT_DETACH)
    os.chdir("/")


def _show(path: Path, target: Path, read_only: bool = True) -> None:
    if path.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(str(path), str(target), "", MS_BIND | MS_REC)
    if read_only:
        syscalls.make_read_only(str(target))


def _write_settings(root: Path) -> None:
    etc = root / "etc"
    etc.mkdir()
    for name in _SETTINGS:
        if Path("/etc", name).exists():
            _show(Path("/etc", name), etc / name)
    (etc / "passwd").write_text(f"student:x:{STUDENT}:{STUDENT}::{HOME}:/bin/sh\n")
    (etc / "group").write_text(f"student:x:{STUDENT}:\n")
    (etc / "hosts").write_text("127.0.0.1 localhost grading\n::1 localhost\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")


def _keep_python(python: list[Path], covered: str, by: Path) -> None:
    """Show in `by` what of Python lies below `covered`, which `by` is going to cover."""
    for folder in python:
        if folder.is_relative_to(covered):
            _show(folder, by / folder.relative_to(covered))


def furnish(kernel: str, disk_bytes: int, python: list[Path]) -> None:
    """In a kernel's first process: proc, loopback, and one `tmpfs` for home, /tmp and /dev/shm.

    `kernel` names its folder under /run/kernels; the files in `work` there are copied home.
    `python` is where Python is read from.
    """
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    options = f"mode=0755,size={disk_bytes},nr_inodes=20k,uid={STUDENT},gid={STUDENT}"
    mount("home", HOME, "tmpfs", MS_NOSUID | MS_NODEV, options)
    for name, target in (("tmp", "/tmp"), ("shm", "/dev/shm")):
        folder = Path(HOME, f".{name}")
        folder.mkdir()
        os.chown(folder, STUDENT, STUDENT)
        _keep_python(python, target, folder)
        mount(str(folder), target, "", MS_BIND | MS_REC)
    work = Path(HOME, "work")
    shutil.copytree(f"/run/kernels/{kernel}/work", work)
    mount("hidden", "/run/kernels", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k")
    for path in (work, *work.rglob("*")):
        os.chown(path, STUDENT, STUDENT)
    raise_loopback()


def raise_loopback() -> None:
    """Bring `lo` up in this network namespace (SIOCSIFFLAGS of netdevice(7))."""
    siocgifflags, siocsifflags, iff_up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, siocgifflags, request))[1]
        fcntl.ioctl(control, siocsifflags, struct.pack("16sh14x", b"lo", flags | iff_up))
