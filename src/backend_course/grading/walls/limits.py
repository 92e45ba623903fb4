"""What one kernel may use up; the defaults suit an assignment with servers."""

import contextlib
import dataclasses
import resource


@dataclasses.dataclass(frozen=True)
class Limits:
    """Bytes, seconds and counts that a kernel and what it starts may use."""

    memory: int = 4 << 30  # bytes of address space of each process
    processes: int = 256  # processes and threads together
    file: int = 256 << 20  # bytes of one file
    disk: int = 512 << 20  # bytes of all files together (needs the mount wall)
    open_files: int = 1024
    cpu: int = 600  # seconds of each process

    def apply(self) -> None:
        """Set them for this process and all it starts; a lower limit of the host stays."""
        for which, wanted in (
            (resource.RLIMIT_AS, self.memory),
            (resource.RLIMIT_NPROC, self.processes),
            (resource.RLIMIT_FSIZE, self.file),
            (resource.RLIMIT_NOFILE, self.open_files),
            (resource.RLIMIT_CPU, self.cpu),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(which)[1]
            value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
                resource.setrlimit(which, (value, value))
