"""Rights that a kernel gives up for good: capabilities, set-uid programs."""

import ctypes

from . import syscalls

_LAST_CAPABILITY = 63


def forbid_new() -> None:
    """No program started from here on gains rights (set-uid, file capabilities)."""
    syscalls.call("prctl", syscalls.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def forget_capabilities() -> None:
    """Empty the set from which a set-uid program could regain capabilities."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            syscalls.call("prctl", syscalls.PR_CAPBSET_DROP, capability, 0, 0, 0)
        except OSError:  # EINVAL: past the last one of this system
            break


def drop_capabilities() -> None:
    """Drop all capabilities of this process."""
    version_3 = (ctypes.c_uint32 * 2)(0x20080522, 0)
    none = (ctypes.c_uint32 * 6)()
    syscalls.call("capset", ctypes.byref(version_3), ctypes.byref(none))


def die_with_parent() -> None:
    """Be killed when the thread that forked this process ends."""
    sigkill = 9
    syscalls.call("prctl", syscalls.PR_SET_PDEATHSIG, sigkill, 0, 0, 0)
