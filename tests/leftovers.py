"""See at the end of a test session whether anything is left: processes, their ports, folders.

Whatever the tests start inherits a mark in its environment and a temporary folder of the session's
own. PostgreSQL overwrites its environment, but works in its data folder below that one. A
conftest.py imports ``nothing_is_left``, and each session then checks itself.
"""

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

MARK = "BACKEND_COURSE_TEST_SESSION"
# Python's own helpers of multiprocessing live as long as the interpreter that started them.
_PYTHONS_OWN = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


def find(mark: str, folder: Path) -> list[psutil.Process]:
    """Return the processes that carry ``mark`` or work below ``folder``, without this one."""
    return [
        process
        for process in psutil.process_iter()
        if process.pid != os.getpid() and _belongs(process, mark, folder)
    ]


def _belongs(process: psutil.Process, mark: str, folder: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if any(name in part for part in process.cmdline() for name in _PYTHONS_OWN):
            return False
        return process.environ().get(MARK) == mark or folder in Path(process.cwd()).parents
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # gone, or another user's
        return False


def wait_until_gone(mark: str, folder: Path, seconds: float = 10.0) -> list[psutil.Process]:
    """Wait until ``find`` finds nothing more; return what is still there after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        left = find(mark, folder)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def describe(process: psutil.Process) -> str:
    """Return one line on a process: number, command, ports."""
    try:
        ports = sorted(
            connection.laddr.port
            for connection in process.net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN
        )
        listening = f", listens on {', '.join(map(str, ports))}" if ports else ""
        return f"process {process.pid}: {' '.join(process.cmdline())}{listening}"
    except psutil.Error:
        return f"process {process.pid}"


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail at the end of the session if a process or a server's folder is left; remove both."""
    tmp_path_factory.getbasetemp()  # made first, so that pytest's own folder stays where it was
    mark = uuid.uuid4().hex
    folder = Path(tempfile.mkdtemp(prefix="backend-course-tests-"))
    folder.chmod(0o755)  # root's PostgreSQL runs under another account
    patch = pytest.MonkeyPatch()
    patch.setenv(MARK, mark)
    patch.setenv("TMPDIR", str(folder))
    patch.setattr(tempfile, "tempdir", str(folder))
    yield
    patch.undo()
    left = wait_until_gone(mark, folder)
    lines = [describe(process) for process in left]
    lines += [f"folder {path}" for path in sorted(folder.glob("backend-course-*"))]
    for process in left:
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)
    if lines:
        pytest.fail("The tests have left behind:\n" + "\n".join(lines), pytrace=False)
