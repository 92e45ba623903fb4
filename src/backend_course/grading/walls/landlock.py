"""Landlock: which folders a process may read and write, whatever its user (Linux 5.13).

The constants and structures are those of linux/landlock.h. Where namespaces are refused this is the
wall that keeps a notebook from the course folder; where they hold it stands behind them.
"""

import ctypes
import os
from pathlib import Path

from . import syscalls

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many file rights each ABI knows
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2  # from ABI 6


class _Ruleset(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("files", "network", "scoped")]


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """The Landlock ABI of the running system; 0 where there is none."""
    try:
        return syscalls.syscall(syscalls.LANDLOCK_CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def restrict(readable: list[Path], writable: list[Path]) -> None:
    """Allow this process and all it starts to read `readable` and to change `writable`, no more.

    Paths that do not exist are left out. Raises OSError where Landlock is off.
    """
    abi = version()
    rights = (1 << _RIGHTS_BY_ABI.get(abi, 16)) - 1
    scoped = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if abi >= 6 else 0
    ruleset = _Ruleset(files=rights, network=0, scoped=scoped)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    handle = syscalls.syscall(syscalls.LANDLOCK_CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    try:
        for paths, allowed in ((readable, _READ), (writable, rights)):
            for path in paths:
                _allow(handle, path, allowed & rights)
        syscalls.syscall(syscalls.LANDLOCK_RESTRICT_SELF, handle, 0)
    finally:
        os.close(handle)


def _allow(handle: int, path: Path, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rights if path.is_dir() else rights & _FILE
        rule = _PathRule(allowed=allowed, parent=parent)
        path_beneath = 1
        syscalls.syscall(syscalls.LANDLOCK_ADD_RULE, handle, path_beneath, ctypes.byref(rule), 0)
    finally:
        os.close(parent)
