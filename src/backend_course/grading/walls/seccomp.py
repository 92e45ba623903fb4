"""seccomp: system calls that no notebook needs and most escapes begin with are refused (EPERM).

libseccomp knows the numbers on every machine; it is reached by `ctypes` because its Python bindings
are either not on the package index or have had no release since 2021. The filter is compiled once
in the warm process and loaded in each kernel.
"""

import ctypes
import errno
import os
import tempfile

from . import syscalls

REFUSED = """
    acct add_key bpf chroot clock_adjtime clock_settime create_module delete_module
    fanotify_init finit_module fsconfig fsmount fsopen fspick get_kernel_syms init_module
    io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load
    kexec_load keyctl lookup_dcookie mbind migrate_pages mount mount_setattr move_mount
    move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open
    personality pidfd_getfd pivot_root process_vm_readv process_vm_writev ptrace quotactl
    quotactl_fd reboot request_key setdomainname sethostname setns settimeofday swapoff swapon
    sysfs syslog umount umount2 unshare uselib userfaultfd vhangup
"""

_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_NO_SYSCALL = 0x00050000 | errno.ENOSYS
_MASKED_EQUAL = 7


class _Comparison(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("mask", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def compile_filter() -> bytes:
    """The filter as instructions for the system. Raises OSError without libseccomp."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ALLOW)))
    try:
        for name in REFUSED.split():
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number >= 0:
                library.seccomp_rule_add(context, ctypes.c_uint32(_REFUSE), number, 0)
        _refuse_new_users(library, context)
        with tempfile.TemporaryFile() as file:
            library.seccomp_export_bpf(context, file.fileno())
            return os.pread(file.fileno(), 1 << 20, 0)
    finally:
        library.seccomp_release(context)


def _refuse_new_users(library: ctypes.CDLL, context: ctypes.c_void_p) -> None:
    """A user namespace inside the walls would give back the rights that were dropped."""
    flag = ctypes.c_uint64(syscalls.NEWUSER)
    new_user = _Comparison(0, _MASKED_EQUAL, flag, flag)
    number = library.seccomp_syscall_resolve_name(b"clone")
    rule = library.seccomp_rule_add_array
    rule(context, ctypes.c_uint32(_REFUSE), number, 1, ctypes.byref(new_user))
    # clone3 keeps its flags in memory, where a filter cannot look; ENOSYS makes the C library
    # fall back to clone.
    number = library.seccomp_syscall_resolve_name(b"clone3")
    library.seccomp_rule_add(context, ctypes.c_uint32(_NO_SYSCALL), number, 0)


def load(instructions: bytes) -> None:
    """Put this process, and all it starts, under the filter. Needs no-new-privs."""
    program = _Program(len(instructions) // 8, instructions)
    mode_filter = 2
    syscalls.call("prctl", syscalls.PR_SET_SECCOMP, mode_filter, ctypes.byref(program), 0, 0)
