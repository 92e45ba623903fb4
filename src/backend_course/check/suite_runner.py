"""Run a pytest suite on an implementation, each time in a process of its own.

A program, started by :mod:`backend_course.check.mutants` and ended by the end of its stdin. It
begins one session of pytest, and each run is a fork that goes on with it: 20 ms instead of half a
second. It needs nothing of this package, whose import would take longer than all runs together.

It writes its port to stdout. A connection to it carries one job and its report, as a line of JSON
each. A job has the keys ``token``, ``unit`` (the name of the module that the tests import),
``implementation``, ``tests`` (the text of both; the first line of the tests is empty),
``first_only`` (stop at the first failure) and ``explain`` (find out the values in an assert and
hypothesis's smallest example, which takes time). A report has the keys

* ``ending``: ``ran``; ``unreadable`` where the tests cannot be imported; ``left`` where they ended
  Python; ``endless`` where they did not come to an end;
* ``passed`` and ``skipped``: numbers of tests;
* ``failures``: for each its ``test``, ``line`` (in the text; 0 where unknown) and ``message``.

A run may use CPU_SECONDS of processor time, however busy the machine, and WALL_SECONDS by the
clock. What it leaves behind is killed: processes by their group, files with their folder.
"""

import contextlib
import gc
import hmac
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest

CPU_SECONDS = 3
WALL_SECONDS = 20
MEMORY = 2 << 30  # bytes of address space
PLAIN = '"""PYTEST_DONT_REWRITE"""'  # in a module's docstring, pytest's word for plain asserts
IDLE = ["", "Use -v to get more diff"]  # lines that a message can do without
LINES, LINE = 6, 200  # of a message, and characters of each
UNNEEDED = ["cacheprovider", "faulthandler", "unraisableexception", "threadexception", "pastebin"]


class Notes:
    """A pytest plugin that notes what came of each test of one file.

    ``path`` is the file; of a traceback, the last line in it is noted.
    """

    def __init__(self) -> None:
        self.path = Path()
        self.passed = 0
        self.skipped = 0
        self.failures: list[dict[str, Any]] = []
        self.unreadable = False
        self._reasons: dict[str, BaseException] = {}

    def pytest_exception_interact(self, call: Any, report: Any) -> None:
        """Keep the reason why the file cannot be imported."""
        self._reasons[report.nodeid] = call.excinfo.value

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        """Keep the exception behind a report that is about to come."""
        if call.excinfo:
            self._reasons[item.nodeid] = call.excinfo.value
        return (yield)

    def pytest_collectreport(self, report: Any) -> None:
        """Note that the file cannot be imported."""
        if report.failed:
            self.unreadable = True
            self._note(report, "")

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Count a test, or note its failure, be it in a fixture or in itself."""
        if report.failed:
            self._note(report, report.nodeid.partition("::")[2])
        elif report.skipped:
            self.skipped += 1
        elif report.when == "call":
            self.passed += 1

    def counts(self) -> dict[str, Any]:
        """Return what a report says of the tests."""
        return {"passed": self.passed, "skipped": self.skipped, "failures": self.failures}

    def _note(self, report: Any, test: str) -> None:
        reason = self._reasons.get(report.nodeid)
        line, message = self._described(reason) if reason else (0, str(report.longrepr))
        lines = [each[:LINE] for each in message.splitlines() if each.strip() not in IDLE]
        message = "\n".join(lines[:LINES])
        self.failures.append({"test": test, "line": line, "message": message})

    def _described(self, reason: BaseException) -> tuple[int, str]:
        reason = reason.__cause__ if isinstance(reason, pytest.Collector.CollectError) else reason
        frames = traceback.extract_tb(reason.__traceback__)
        lines = [frame.lineno or 0 for frame in frames if frame.filename == str(self.path)]
        notes = "".join(f"\n{note}" for note in getattr(reason, "__notes__", []))
        words = f"{type(reason).__name__}: {reason}{notes}"
        if isinstance(reason, pytest.FixtureLookupError):
            words = f"There is no fixture of the name {reason.argname}."
        return (lines or [0])[-1], words.replace(f"{self.path.parent}{os.sep}", "")


class Server:
    """A pytest plugin that takes jobs before anything is collected; each goes on in a fork.

    Args:
        notes: the plugin that notes what came of the tests.
        token: what a client has to know.
        announce: the descriptor to which the port is written.
    """

    def __init__(self, notes: Notes, token: str, announce: int) -> None:
        self.notes = notes
        self.token = token
        self.announce = announce

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionstart(self, session: pytest.Session) -> Generator[None, None, None]:
        """Serve when all other plugins have started, until stdin ends; then end the session."""
        yield
        gc.freeze()  # a collection in a fork does not look at, and so not copy, what is here by now
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for who serves a job
        with socket.create_server(("127.0.0.1", 0)) as door:
            os.write(self.announce, f"{door.getsockname()[1]}\n".encode())
            while sys.stdin not in select.select([door, sys.stdin], [], [])[0]:
                connection, _ = door.accept()
                with connection:
                    if os.fork() == 0:
                        door.close()
                        _exit_after(self._answer, connection, session)
        pytest.exit("nobody is there any more")

    def _answer(self, connection: socket.socket, session: pytest.Session) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with connection.makefile("rw", encoding="utf-8") as lines:
            job = json.loads(lines.readline())
            if not hmac.compare_digest(job.pop("token"), self.token):
                return
            with tempfile.TemporaryDirectory(
                prefix="run-", dir=session.path, ignore_cleanup_errors=True
            ) as folder:
                report = self._run_apart(Path(folder), job, connection, session)
            lines.write(json.dumps(report) + "\n")

    def _run_apart(
        self, folder: Path, job: dict[str, Any], client: socket.socket, session: pytest.Session
    ) -> dict[str, Any]:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _exit_after(self._run_and_tell, folder, job, writing, session)
        os.close(writing)
        told = _read_line(reading, client)
        for kill in (os.kill, os.killpg):  # it may have left its group, and not be in it yet
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(reading)
        if told:
            return json.loads(told)
        out_of_time = told is None or os.waitstatus_to_exitcode(status) == -signal.SIGXCPU
        nothing = {"passed": 0, "skipped": 0, "failures": []}
        return {"ending": "endless" if out_of_time else "left", **nothing}

    def _run_and_tell(
        self, folder: Path, job: dict[str, Any], writing: int, session: pytest.Session
    ) -> None:
        os.setpgid(0, 0)
        me = os.getpid()
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(writing, 3)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        _limit()
        os.chdir(folder)
        os.environ.update(HOME=str(folder), TMPDIR=str(folder), PYTEST_DEBUG_TEMPROOT=str(folder))
        tempfile.tempdir = None
        report = self._run(folder, session, **job)
        if os.getpid() == me:  # and not a process that a test has forked
            os.write(3, json.dumps(report).encode() + b"\n")

    def _run(
        self,
        folder: Path,
        session: pytest.Session,
        unit: str,
        implementation: str,
        tests: str,
        first_only: bool,
        explain: bool,
    ) -> dict[str, Any]:
        """Go on with the session on one implementation; return the report."""
        (folder / f"{unit}.py").write_text(implementation, encoding="utf-8")
        self.notes.path = folder / f"test_{unit}.py"
        text = tests if explain else f"{PLAIN}{tests}"
        self.notes.path.write_text(text, encoding="utf-8")
        config, left = session.config, False
        config.args = [str(self.notes.path)]
        config.option.maxfail = int(first_only)
        hypothesis.settings.load_profile("explained" if explain else "quick")
        try:
            config.hook.pytest_collection(session=session)
            config.hook.pytest_runtestloop(session=session)
        except (pytest.Session.Failed, pytest.Session.Interrupted):
            pass  # as the notes say
        except (SystemExit, KeyboardInterrupt, pytest.exit.Exception):
            left = True
        ending = "unreadable" if self.notes.unreadable else "left" if left else "ran"
        return {"ending": ending, **self.notes.counts()}


def _exit_after(work: Any, *arguments: Any) -> NoReturn:
    """Do the work of a fork; on no account come back as a second server."""
    try:
        work(*arguments)
    finally:
        os._exit(0)


def _read_line(reading: int, client: socket.socket) -> bytes | None:
    """Return the line; nothing if the run ends without one; None if time is up or nobody waits."""
    line, end = b"", time.monotonic() + WALL_SECONDS
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([reading, client], [], [], max(0, end - time.monotonic()))
        if reading not in ready:
            return None
        if not (part := os.read(reading, 1 << 16)):
            return b""
        line += part
    return line


def _limit() -> None:
    import resource

    wanted = {"RLIMIT_CPU": CPU_SECONDS, "RLIMIT_AS": MEMORY, "RLIMIT_CORE": 0}
    for name, soft in wanted.items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
            resource.setrlimit(which, (soft, hard))


def _register_profiles() -> None:
    """Make hypothesis repeat itself exactly, whatever the machine, and keep nothing."""
    quick = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    profiles = {"quick": quick, "explained": [*quick, hypothesis.Phase.shrink]}
    for name, phases in profiles.items():
        hypothesis.settings.register_profile(
            name,
            phases=phases,
            database=None,
            deadline=None,
            derandomize=True,
            report_multiple_bugs=False,
            suppress_health_check=list(hypothesis.HealthCheck),
        )


def main() -> None:
    """Serve whoever writes the token to stdin."""
    token, announce = sys.stdin.readline().strip(), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ.pop("PYTEST_PLUGINS", None)
    sys.dont_write_bytecode = True
    _register_profiles()
    notes = Notes()
    with tempfile.TemporaryDirectory(prefix="suites-") as folder:
        folder = str(Path(folder).resolve())
        without = [option for name in UNNEEDED for option in ("-p", f"no:{name}")]
        where = ["-c", os.devnull, "--rootdir", folder, "--confcutdir", folder]
        plugins = [notes, Server(notes, token, announce)]
        # A native traceback is the cheapest; what is wanted of it is in the notes.
        pytest.main(["--capture=no", "--tb=native", *without, *where, folder], plugins=plugins)


if __name__ == "__main__":
    main()
