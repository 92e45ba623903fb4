"""The command line: bad input is one line and a status; a run that is stopped leaves nothing."""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from small_course import ASSIGNMENT, RIGHT, SmallCourse
from traitlets.config.loader import PyFileConfigLoader

from backend_course.grading import report, submission
from backend_course.grading.__main__ import main
from backend_course.grading.course import Course, CourseError
from backend_course.grading.files import write_whole
from backend_course.grading.gradebook import GradebookError, open_gradebook
from backend_course.grading.ingest import Caps, RefusedError
from backend_course.grading.lines import in_one_line
from backend_course.grading.run import Plan, Summary, grade_assignment

TRUSTING = {"WalledProvisioner": {"trust_students": True}}


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """A command's status and its one line on stderr."""
    status = main(list(words))
    (line,) = capsys.readouterr().err.splitlines()
    return status, line


def configure(course: SmallCourse, line: str) -> None:
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"{line}\n")


def change_reference(course: SmallCourse, cell: int, source: str) -> None:
    path = course.root / "source" / ASSIGNMENT / "task.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[cell].source = source
    nbformat.write(notebook, path)
    api = NbGraderAPI(CourseDirectory(root=str(course.root)))
    assert api.generate_assignment(ASSIGNMENT, force=True)["success"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("c.x = (", "line 2: SyntaxError: '(' was never closed. "),
        ("1 / 0", "line 2: ZeroDivisionError: division by zero. "),
        ("import no_such", "line 2: ModuleNotFoundError: No module named 'no_such'. "),
        ("c.CourseDirectory.db_url = 3", "The 'db_url' trait"),
        ("c.WalledExecute.canary_timeout = 'x'", "The 'canary_timeout' trait"),
        (
            "c.WalledProvisioner.limits = {'memry': 1}",
            "limits knows no 'memry', but memory, processes, file, disk, open_files, cpu. ",
        ),
        (
            "c.WalledProvisioner.limits = {'memory': '1 GB'}",
            "must be an int, but a value of '1 GB'",
        ),
    ],
)
def test_an_error_in_the_settings_is_one_line(course: SmallCourse, line: str, words: str) -> None:
    configure(course, line)
    with pytest.raises(CourseError) as refusal:
        Course(course.root)
    assert str(refusal.value).startswith("nbgrader_config.py")
    assert words in str(refusal.value)
    assert str(refusal.value).endswith("Mend that, and run the same command again.")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///{root}/nbgrader_config.py", "file is not a database"),
        ("sqlite:////no/such/folder/gradebook.db", "unable to open database file"),
        ("gradebook.db", "c.CourseDirectory.db_url"),
        ("nosuch://grader:secret@db/gradebook", "sqlalchemy.dialects:nosuch"),
        ("postgresql+psycopg2://grader:secret@db/gradebook", "No module named 'psycopg2'"),
    ],
)
def test_a_gradebook_that_is_none_is_one_line(course: SmallCourse, url: str, words: str) -> None:
    with (
        pytest.raises(GradebookError) as refusal,
        open_gradebook(url.format(root=course.root), "course"),
    ):
        pass
    assert words in str(refusal.value)
    assert "secret" not in str(refusal.value)
    assert "nbgrader_config.py" in str(refusal.value)


def test_a_gradebook_that_is_damaged_inside_is_one_line(
    course: SmallCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    course.hand_in("ada")
    (course.root / "gradebook.db").write_bytes(b"no database" * 1000)
    status, line = told(
        capsys, "grade", ASSIGNMENT, "--course", str(course.root), "--trust-students"
    )
    assert status == 2
    assert "gradebook.db" in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        ("a folder", "Is a directory"),
        (b"student,received\nad\xe9,2026-11-22 18:30:00 UTC\n", "is not UTF-8"),
        (b"", "holds no receipts"),
        (b"student;received\nada;2026-11-22\n", "line 2: no student and time"),
        (b"student,received\nada,9999999999999999999999 UTC\n", "line 2: no student and time"),
    ],
)
def test_receipts_that_cannot_be_read_are_one_line(
    course: SmallCourse, tmp_path: Path, content: bytes | str | None, words: str
) -> None:
    path = tmp_path / "times.csv"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()
    with pytest.raises(CourseError) as refusal:
        Course(course.root).read_receipts(path)
    assert words in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_missing_receipts_are_one_line_and_a_status(
    course: SmallCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    course.hand_in("ada")
    words = ["grade", ASSIGNMENT, "--course", str(course.root), "--trust-students"]
    status, line = told(capsys, *words, "--receipts", "missing.csv")
    assert status == 2
    assert "missing.csv" in line
    assert not (course.root / "autograded").exists()


def test_the_doctor_knows_what_there_is(
    course: SmallCourse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    for where, name in ((course.root, "nosuch"), (nowhere, ASSIGNMENT)):
        status, line = told(capsys, "doctor", name, "--course", str(where))
        assert status == 2
        assert f"No reference of {name!r} at {where}" in line
    assert not [*nowhere.iterdir()]  # no gradebook either
    (course.root / "source" / "new").mkdir()
    status, line = told(capsys, "doctor", "new", "--course", str(course.root))
    assert status == 2
    assert "nbgrader generate_assignment new" in line


def test_the_doctor_tells_of_a_reference_that_fails_its_tests(
    course: SmallCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["doctor", ASSIGNMENT, "--course", str(course.root)]
    assert main(words) == 1
    shown = capsys.readouterr().out
    assert shown.count("4.5 of 5 points") == shown.count(
        "task/part-test: the reference gets 1.5 of 2"
    )
    assert "Both lanes give the same scores." in shown
    change_reference(course, 2, "(double(1) == 2) * 2")
    assert main(words) == 0
    assert capsys.readouterr().out.count("5 of 5 points") == 2


def test_a_reference_whose_thread_prints_is_rehearsed(course: SmallCourse) -> None:
    talks = (
        f"{RIGHT}\nimport threading, time\n"
        "def talk():\n    while True:\n        print('[1]', end=' ')\n        time.sleep(0.001)\n"
        "threading.Thread(target=talk, daemon=True).start()"
    )
    change_reference(course, 0, f"### BEGIN SOLUTION\n{talks}\n### END SOLUTION")
    course.hand_in("ada")
    summary = grade_assignment(Course(course.root), Plan(ASSIGNMENT, settings=TRUSTING))
    assert summary.entries["ada"]["score"] == 4.5
    kept = json.loads((course.root / ".grading" / f"{ASSIGNMENT}.rehearsal.json").read_text())
    assert "threading" in kept["modules"]


COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs this may have it ignored
from backend_course.grading.__main__ import main
sys.exit(main())
"""


@contextlib.contextmanager
def running(course: SmallCourse, temporary: Path) -> Iterator[subprocess.Popen]:
    """A run in a process group of its own, as a shell starts one."""
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "grade", ASSIGNMENT, "--trust-students", "--workers", "2"],
        cwd=course.root,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(what: Path, pattern: str, count: int = 1) -> None:
    until = time.monotonic() + 30
    while len([*what.glob(pattern)]) < count:
        assert time.monotonic() < until, [*what.rglob("*")]
        time.sleep(0.02)


KERNELS = "grading-*/*/work"
SLEEPS = "import time\ntime.sleep(60)"


@pytest.mark.parametrize("slow", ["notebooks", "the reference"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_nothing(
    course: SmallCourse, tmp_path: Path, slow: str, number: signal.Signals
) -> None:
    course.hand_in("ada")
    log = course.root / ".grading" / f"{ASSIGNMENT}.jsonl"
    if slow == "notebooks":
        for student in ("bo", "cy", "di"):
            course.hand_in(student, SLEEPS)
    else:
        change_reference(course, 0, f"### BEGIN SOLUTION\n{SLEEPS}\n### END SOLUTION")
    with running(course, tmp_path / "temporary") as process:
        if slow == "notebooks":
            wait_for(log.parent, log.name)
        wait_for(tmp_path / "temporary", KERNELS, 2 if slow == "notebooks" else 1)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        _, error = process.communicate(timeout=30)
    assert error == "Stopped. What was graded stays graded; the same command goes on.\n"
    assert process.returncode == 128 + number
    assert not [*(tmp_path / "temporary").iterdir()]
    assert not [*course.root.rglob(".*.new")]
    assert log.exists() == (slow == "notebooks")


def test_one_run_of_an_assignment_at_a_time(
    course: SmallCourse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course.hand_in("ada", SLEEPS)
    words = ["grade", ASSIGNMENT, "--course", str(course.root), "--trust-students"]
    with running(course, tmp_path / "temporary") as process:
        wait_for(tmp_path / "temporary", KERNELS)
        status, line = told(capsys, *words)
        assert status == 2
        assert f"process {process.pid}" in line
        process.kill()
        process.wait()
        course.hand_in("ada")
        assert main(words) == 0  # nobody has to remove anything
    assert not [*course.root.rglob(".*.new")]


def summary_of(entries: dict[str, dict], **more: dict) -> Summary:
    gradebook = ({}, {})  # has nothing of them
    return Summary(ASSIGNMENT, entries, entries | more, *gradebook, {}, len(entries), 0, 0, 1.0)


FORGED = "x\rada\x1b]0;title\x07\x1b[2K\n0 failed\x9b1A\u202edesrever\u2066\u2028 caf\xe9 \ud800"


def test_nobody_forges_a_line_on_the_terminal() -> None:
    flag = {"kind": "tampered", "cell": FORGED, "notebook": FORGED, "text": FORGED}
    shown = report.table(summary_of({FORGED: {"failed": FORGED, "flags": [flag]}}))
    assert len(shown.splitlines()) == 3
    assert all(letter.isprintable() or letter == "\n" for letter in shown)
    assert "café" in shown
    shown.encode()


def test_the_text_of_an_error_forges_no_line_either(capsys: pytest.CaptureFixture[str]) -> None:
    @in_one_line("Stopped.")
    def run(arguments: argparse.Namespace) -> int:
        raise CourseError(FORGED)

    assert run(argparse.Namespace()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()


@pytest.mark.filterwarnings("ignore")  # stock nbgrader's own, of SQLAlchemy and of unclosed files
def test_nobody_forges_a_line_of_nbgraders_own_command(course: SmallCourse) -> None:
    configure(course, "from backend_course.grading import configure; configure(c)")
    path = course.hand_in("ada") / "task.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["metadata"]["nbgrader"]["grade_id"] = FORGED
    path.write_text(json.dumps(notebook))
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    api = NbGraderAPI(CourseDirectory(root=str(course.root)), config=config)
    told = api.autograde(ASSIGNMENT, "ada")
    assert told["success"]
    assert "\\x1b]0;title" in told["log"]
    assert "\x1b" not in told["log"]


def test_nobody_forges_a_line_of_the_doctors(
    course: SmallCourse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = [{"kind": "ended", "cell": FORGED, "text": FORGED}]
    result = {"notebooks": {FORGED: {"grades": {}, "flags": flags}}, "seconds": 1.0}
    monkeypatch.setattr(submission, "grade", lambda task: json.dumps(result).encode())
    main(["doctor", ASSIGNMENT, "--course", str(course.root)])
    shown = capsys.readouterr().out
    assert len([line for line in shown.splitlines() if "ended, " in line]) == 2
    assert all(letter.isprintable() or letter == "\n" for letter in shown)


def test_what_no_file_can_hold_is_replaced_in_the_report(tmp_path: Path) -> None:
    entry = {"score": 1.0, "max_score": 2.0, "flags": [], "slow": {FORGED: 3.0}}
    page, sheet = report.write(summary_of({"\udcff": entry, "bo": {"failed": FORGED}}), tmp_path)
    assert "\\udcff,,,,,," in sheet.read_text(encoding="utf-8")
    assert "\\ud800" in page.read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {page.name, sheet.name}


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "page.html", "\ud800")
    assert not [*tmp_path.iterdir()]


def test_a_name_that_is_not_utf_8_costs_only_that_submission(course: SmallCourse) -> None:
    with pytest.raises(RefusedError, match="not UTF-8"):
        Course(course.root).files(ASSIGNMENT, "\udcff", Caps())


def test_the_terminal_is_told_what_needs_a_look_and_how_many_flags_there_are_besides() -> None:
    kinds = ["unwalled", "left out", "time"]
    flags = [{"kind": kind, "cell": None, "notebook": None, "text": kind} for kind in kinds]
    many = {f"student{number}": {"flags": flags} for number in range(23)}
    lines = report.table(summary_of(many)).splitlines()
    assert lines[1] == "unwalled student0: unwalled"
    assert len(lines) == 22
    assert lines[-1] == "More flags, in the report: 23 left out, 23 time, 3 unwalled"


def test_the_report_is_the_classs_also_after_a_run_for_one(course: SmallCourse) -> None:
    course.hand_in("ada")
    course.hand_in("bo", "def double(x):\n    return x")
    course.hand_in("gone")
    graded = Course(course.root)
    grade_assignment(graded, Plan(ASSIGNMENT, settings=TRUSTING))
    (course.root / "submitted" / "gone").rename(course.root / "elsewhere")
    summary = grade_assignment(graded, Plan(ASSIGNMENT, ["ada"], settings=TRUSTING))
    page, sheet = report.write(summary, course.root)
    assert [row.split(",")[0] for row in sheet.read_text().splitlines()] == ["student", "ada", "bo"]
    assert "Submissions: 2. The last run was of small: 0 graded, 1 unchanged" in page.read_text()
    assert "Scores: median 4.5, from 4.5 to 4.5, of 10" in report.table(summary)
