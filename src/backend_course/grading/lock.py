"""One grading run of an assignment at a time."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from .course import CourseError

try:
    import fcntl
except ImportError:  # Windows: nobody looks there whether another run is under way
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def only_run(root: Path, assignment: str) -> Iterator[None]:
    """Hold the lock `.grading/ASSIGNMENT.lock` of the course in `root`.

    The system lets go of it when this process ends, however that happens; the file stays. Raises
    CourseError if another process has the lock, OSError if there cannot be one.
    """
    path = root / ".grading" / f"{assignment}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        if fcntl:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                file.seek(0)
                process = file.read(20).strip()
                who = f" (process {process})" if process else ""
                raise CourseError(
                    f"{assignment!r} is being graded already{who}. Wait for that run or stop it, "
                    "then run the same command again."
                ) from None
        with contextlib.suppress(OSError):  # a full disk: then nobody is told who it is
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield
