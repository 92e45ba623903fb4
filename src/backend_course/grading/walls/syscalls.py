"""The few Linux calls that Python's standard library does not offer.

By `ctypes`, because the packages on offer are either years without a release (`pyseccomp`) or never
left their development versions (`landlock`), and what is needed is a dozen calls with fixed
arguments. `os.unshare` exists from Python 3.12 on; the course still runs on 3.11.
"""

import ctypes
import os
import platform

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
MOUNT_SETATTR = 442
CLONE, PIVOT_ROOT = {"x86_64": (56, 155), "aarch64": (220, 41)}.get(
    platform.machine(), (None, None)
)

NEWNS, NEWUTS, NEWIPC = 0x00020000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV = 1, 2, 4
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


def call(function: str, *arguments: int | bytes | object) -> int:
    """Call the C library's `function`; integers go as longs, None as NULL.

    Raises OSError with the name of the function if it returns a negative number.
    """
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = getattr(_libc, function)(*converted)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
    return result


def syscall(number: int | None, *arguments: int | bytes | object) -> int:
    """Make a raw system call; OSError (ENOSYS) where this machine's number is not known."""
    if number is None:
        raise OSError(38, f"no system call numbers for {platform.machine()}")
    return call("syscall", number, *arguments)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2) with Python strings."""
    call("mount", source.encode(), target.encode(), kind.encode(), flags, options.encode())


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def make_read_only(target: str) -> None:
    """Make the mount at `target`, and every mount below it, read-only and without set-uid.

    mount_setattr(2), Linux 5.12: unlike a remount it keeps flags that an outer namespace locked.
    """
    attributes = _MountAttributes(set=MS_RDONLY | MS_NOSUID)
    at_fdcwd, at_recursive = -100, 0x8000
    size = ctypes.sizeof(attributes)
    syscall(MOUNT_SETATTR, at_fdcwd, target.encode(), at_recursive, ctypes.byref(attributes), size)


def fork_into(namespaces: int) -> int:
    """Like `os.fork`, with the child in new `namespaces` (of clone(2)); only from one thread.

    One call instead of unshare and two forks. The interpreter's own hooks around a fork are part of
    its public C API and are called as `os.fork` calls them.
    """
    sigchld = 17
    ctypes.pythonapi.PyOS_BeforeFork()
    pid = _libc.syscall(
        ctypes.c_long(CLONE or -1), ctypes.c_long(namespaces | sigchld), *[ctypes.c_long(0)] * 4
    )
    number = ctypes.get_errno()
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    else:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(number, f"clone: {os.strerror(number)}")
    return pid
