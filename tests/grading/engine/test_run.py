"""Whole grading runs: marks as stock nbgrader's, resuming, faults, reports."""

import contextlib
import errno
import json
import os
import sqlite3
import sys
import time
import types
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output
from small_course import ASSIGNMENT, RIGHT, SmallCourse

from backend_course.grading import pool
from backend_course.grading.__main__ import main
from backend_course.grading.course import Course, CourseError
from backend_course.grading.ingest import Caps
from backend_course.grading.ledger import environment_key
from backend_course.grading.pool import LocalPool, TaskFailedError
from backend_course.grading.report import table, write
from backend_course.grading.run import Plan, Summary, grade_assignment

ROWS = """
    select a.student_id, c.name, g.auto_score, g.needs_manual_grade from grade g
    join submitted_notebook n on g.notebook_id = n.id
    join submitted_assignment a on n.assignment_id = a.id
    join base_cell c on g.cell_id = c.id order by 1, 2
"""


def rows(course: SmallCourse) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        return database.execute(ROWS).fetchall()


def grade(course: SmallCourse, **plan: object) -> Summary:
    trusting = {"WalledProvisioner": {"trust_students": True}}
    plan = {"workers": 2, "settings": trusting} | plan
    return grade_assignment(Course(course.root), Plan(ASSIGNMENT, **plan))


@pytest.mark.filterwarnings("ignore")  # stock nbgrader's own, of SQLAlchemy and of unclosed files
def test_marks_are_those_of_stock_nbgrader(course: SmallCourse) -> None:
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    course.hand_in("right")
    course.hand_in("blank", None)
    course.hand_in("wrong", "def double(x):\n    return x", words="Because.")
    course.hand_in("stderr", f"{RIGHT}\nimport sys\nprint('x', file=sys.stderr)")
    course.hand_in("crash", "1 / 0")
    course.hand_in("awaits", f"import asyncio\nawait asyncio.sleep(0)\nprint(1)\n{RIGHT}")
    summary = grade(course)
    assert (summary.graded, summary.failed) == (6, 0)
    ours = rows(course)
    (course.root / "gradebook.db").unlink()
    api = NbGraderAPI(CourseDirectory(root=str(course.root)))
    assert api.generate_assignment(ASSIGNMENT, force=True)["success"]
    for student in summary.entries:
        assert api.autograde(ASSIGNMENT, student, force=True)["success"]
    assert ours == rows(course)


def test_what_has_not_changed_is_skipped(course: SmallCourse) -> None:
    course.hand_in("ada")
    course.hand_in("bo", None)
    assert grade(course).graded == 2
    course.hand_in("bo")
    again = grade(course)
    assert (again.graded, again.skipped) == (1, 1)
    assert again.entries["bo"]["score"] == 4.5
    assert grade(course, again=True).graded == 2


def test_what_the_gradebook_does_not_have_is_graded(course: SmallCourse) -> None:
    course.hand_in("ada")
    grade(course)
    with contextlib.closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        for table_name in ("submitted_assignment", "submitted_notebook", "grade", "comment"):
            database.execute(f"delete from {table_name}")
        database.commit()
    assert grade(course).graded == 1
    assert rows(course)


def test_another_time_of_receipt_counts(course: SmallCourse, tmp_path: Path) -> None:
    course.hand_in("ada")
    grade(course)
    (tmp_path / "receipts.csv").write_text("student,received\nada,2026-11-22 18:30:00 UTC\n")
    late = Course(course.root)
    late.read_receipts(tmp_path / "receipts.csv")
    plan = Plan(ASSIGNMENT, workers=1, settings={"WalledProvisioner": {"trust_students": True}})
    assert grade_assignment(late, plan).graded == 1
    assert grade_assignment(late, plan).skipped == 1
    stored = "select timestamp from submitted_assignment"
    with contextlib.closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        assert database.execute(stored).fetchone()[0].startswith("2026-11-22 18:30:00")


def test_a_package_that_is_worked_on_is_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "worked_on").mkdir()
    (tmp_path / "worked_on" / "checks.py").write_text("LIMIT = 1")
    (tmp_path / "alone.py").write_text("LIMIT = 1")
    monkeypatch.syspath_prepend(tmp_path)
    before = environment_key(["worked_on", "alone", "not_there"])
    assert environment_key(["alone", "not_there", "worked_on"]) == before
    for name in ("worked_on/checks.py", "alone.py"):
        (tmp_path / name).write_text("LIMIT = 2")
        after = environment_key(["worked_on", "alone", "not_there"])
        assert after != before
        before = after
    assert "worked_on" not in sys.modules


def test_one_that_cannot_be_stored_leaves_the_others_alone(
    course: SmallCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.hand_in("ada")
    course.hand_in("bo")
    write = Course.write_autograded

    def stumbles(self: Course, assignment: str, student: str, *rest: object) -> Path:
        new = write(self, assignment, student, *rest)
        if student == "bo":
            raise RuntimeError("who knows")
        return new

    monkeypatch.setattr(Course, "write_autograded", stumbles)
    summary = grade(course)
    assert summary.entries["ada"]["score"] == 4.5
    assert summary.entries["bo"]["failed"] == "could not be stored (RuntimeError: who knows)"


@pytest.mark.parametrize("folder", ["data.txt", "timestamp.txt"])
def test_a_folder_where_the_instructor_has_a_file_is_left_out(
    course: SmallCourse, folder: str
) -> None:
    mine = course.hand_in("ada") / folder
    mine.mkdir()
    (mine / "mine.txt").write_text("mine")
    (course.root / "source" / ASSIGNMENT / "more").mkdir()
    (course.root / "source" / ASSIGNMENT / "more" / "words.txt").write_text("the instructor's")
    (mine.parent / "more").write_text("a file where the instructor has a folder")
    files, left_out = Course(course.root).files(ASSIGNMENT, "ada", Caps())
    assert sorted(files) == ["data.txt", "more/words.txt", "task.ipynb"]
    assert {line.partition(":")[0] for line in left_out} == {f"{folder}/mine.txt", "more"}


@pytest.mark.parametrize(
    ("names", "flag"),
    [
        (["task.ipynb"], []),
        (["Task (1).ipynb"], [("not handed in", "no task.ipynb; there is: Task (1).ipynb")]),
        ([], [("not handed in", "no task.ipynb")]),
        (["task.ipynb", "more.ipynb"], [("other notebook", "not graded: more.ipynb")]),
    ],
)
def test_what_a_notebook_is_called_is_told(
    course: SmallCourse, names: list[str], flag: list[tuple[str, str]]
) -> None:
    folder = course.hand_in("ada")
    content = (folder / "task.ipynb").read_bytes()
    (folder / "task.ipynb").unlink()
    for name in names:
        (folder / name).write_bytes(content)
    flags = grade(course).entries["ada"]["flags"]
    assert [(each["kind"], each["text"]) for each in flags] == flag


@pytest.mark.filterwarnings("ignore")  # stock nbgrader's own, of SQLAlchemy and of unclosed files
def test_alembic_need_not_be_on_the_path(
    course: SmallCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    (course.root / "gradebook.db").unlink()
    course.hand_in("ada")
    with pytest.raises(CourseError, match="--force first"):
        grade(course)
    with contextlib.closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        assert database.execute("select version_num from alembic_version").fetchone()


def test_too_much_partial_credit_is_none(course: SmallCourse) -> None:
    greedy = "class Yes(int):\n    __eq__ = lambda *a: Yes(99)\ndouble = lambda x: Yes(4)"
    course.hand_in("cy", f"{greedy}\nYes.__mul__ = lambda *a: 99")
    summary = grade(course)
    assert summary.failed == 0
    assert summary.entries["cy"]["grades"]["task"]["part-test"] == 0


def test_manual_marks_survive_and_ask_for_a_look(course: SmallCourse) -> None:
    course.hand_in("ada")
    grade(course)
    with sqlite3.connect(course.root / "gradebook.db") as database:
        database.execute("update grade set manual_score = 1, needs_manual_grade = 0")
    grade(course, again=True)
    with contextlib.closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        kept = database.execute("select manual_score, needs_manual_grade from grade").fetchall()
    assert set(kept) == {(1.0, 1)}


def test_a_hopeless_submission_leaves_the_others_alone(course: SmallCourse) -> None:
    course.hand_in("ada")
    (course.hand_in("bad") / "task.ipynb").write_text("no notebook")
    linked = course.hand_in("linked")
    (linked / "task.ipynb").unlink()
    (linked / "task.ipynb").symlink_to(course.root / "source" / ASSIGNMENT / "task.ipynb")
    summary = grade(course)
    scores = {name: entry["score"] for name, entry in summary.entries.items()}
    assert scores == {"ada": 4.5, "bad": 0, "linked": 0}


def test_a_read_only_folder_is_one_clear_line(course: SmallCourse) -> None:
    course.hand_in("ada")
    course.hand_in("bo")
    (course.root / "autograded").mkdir()
    (course.root / "autograded" / "bo").write_text("in the way")
    summary = grade(course)
    assert summary.entries["ada"]["score"] == 4.5
    assert "autograded/bo" in summary.entries["bo"]["failed"]
    assert "FAILED bo" in table(summary)


def test_a_full_disk_is_one_clear_line(
    course: SmallCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.hand_in("ada")
    course.hand_in("bo")
    write = Course.write_autograded

    def full(self: Course, assignment: str, student: str, *rest: object) -> Path:
        if student == "bo":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "autograded/bo")
        return write(self, assignment, student, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Course, "write_autograded", full)
        summary = grade(course)
    assert summary.entries["ada"]["score"] == 4.5
    told = summary.entries["bo"]["failed"]
    assert told.startswith("No space left on device: autograded/bo. ")
    assert "run the same command again" in told
    assert grade(course).entries["bo"]["score"] == 4.5


def test_a_locked_gradebook_is_one_clear_line(course: SmallCourse) -> None:
    course.hand_in("ada")
    course_now = Course(course.root)
    course_now.folder.db_url += "?timeout=0.1"
    with contextlib.closing(sqlite3.connect(course.root / "gradebook.db")) as other:
        other.execute("begin exclusive")
        trusting = {"WalledProvisioner": {"trust_students": True}}
        with pytest.raises(Exception, match="locked"):
            grade_assignment(course_now, Plan(ASSIGNMENT, settings=trusting))
    assert grade(course).graded == 1


def test_the_errors_of_the_command_line_say_what_to_do(course: SmallCourse) -> None:
    course.hand_in("ada")
    with pytest.raises(CourseError, match="Collect them"):
        grade_assignment(Course(course.root), Plan("other"))
    with pytest.raises(CourseError, match="No submission of 'small' by eve"):
        grade(course, students=["eve"])
    with pytest.raises(CourseError, match="No engine"):
        grade(course, engine="moon://1")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("WalledExecute.notebok_timeout = 3", "is no setting. Did you mean notebook_timeout?"),
        ("WalledProvisioner.helpers = ['no.such']", "helpers names 'no.such'"),
        ("WalledProvisioner.helpers = ['json.no_such:changed']", "helpers names 'json.no_such'"),
        ("WalledProvisioner.modules = ['no_such']", "modules names 'no_such'"),
        ("WalledProvisioner.warm_up = {'no.such:thing': [1]}", "warm_up names 'no.such'"),
        ("WalledProvisioner.helpers = ['json.tool', 'sys', 'numpy', 'wsgiref.util:f']", None),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused(
    course: SmallCourse, setting: str, said: str | None
) -> None:
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f"c.{setting}\n")
    if said is None:
        assert Course(course.root)
        return
    with pytest.raises(CourseError) as refusal:
        Course(course.root)
    assert said in str(refusal.value)
    assert str(refusal.value).startswith(f"c.{setting.partition(' ')[0]}")


def test_a_setting_may_be_added_to(course: SmallCourse) -> None:
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write("c.WalledProvisioner.modules.append('numpy')\n")
        config.write("c.WalledExecute.expectations.update({'Case': ['2']})\n")
    settings = Course(course.root).settings({})["config"]
    assert settings["WalledProvisioner"]["modules"] == ["numpy"]
    assert settings["WalledExecute"]["expectations"] == {"Case": ["2"]}


def test_the_receipt_time_is_not_the_students_to_write(course: SmallCourse, tmp_path: Path) -> None:
    folder = course.hand_in("ada")
    (folder / "timestamp.txt").write_text("2031-01-01 00:00:00 UTC")
    graded = Course(course.root)
    assert graded.received(ASSIGNMENT, "ada")[0] is None
    (tmp_path / "receipts.csv").write_text("student,received\nada,2026-11-22 18:30:00 UTC\n")
    graded.read_receipts(tmp_path / "receipts.csv")
    assert str(graded.received(ASSIGNMENT, "ada")[0]) == "2026-11-22 18:30:00"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-22 18:30:00 UTC", "2026-11-22 18:30:00"),
        ("2026-11-22 18:30:00.250000 UTC", "2026-11-22 18:30:00.250000"),
        ("2026-11-22T18:30:00+02:00", "2026-11-22 16:30:00"),
        ("22/11/2026 18:30", "2026-11-22 18:30:00"),
        ("2026-01-01 00:00:00 ../../../../etc/passwd", None),
        ("2026-01-01 00:00:00 /etc/passwd", None),
        ("2026-01-01 00:00:00 etc/passwd", None),
        ("soon", None),
        ("\ud800", None),
    ],
)
def test_a_timestamp_is_a_time_or_nothing(
    course: SmallCourse, written: str, read: str | None
) -> None:
    file = course.hand_in("ada") / "timestamp.txt"
    file.write_bytes(written.encode("utf-8", "surrogatepass"))
    time_received, doubt = Course(course.root).received(ASSIGNMENT, "ada")
    assert (str(time_received) if time_received else None) == read
    assert doubt == (None if read else "timestamp.txt does not hold a time")


def test_the_report_escapes_and_counts(course: SmallCourse, tmp_path: Path) -> None:
    course.hand_in("ada")
    course.hand_in("<b>bo", "def double(x):\n    return x")
    page, sheet = write(grade(course), tmp_path)
    assert "<b>bo" not in page.read_text()
    assert sheet.read_text().splitlines()[1].startswith("<b>bo,0")


# The second cell is the one that has the hidden test.
QUOTING = [
    "print(In[2])",
    "raise ValueError(In[2])",
    "In[2]",
    "raise type(In[2], (Exception,), {})",
    "print('still here')",
]


def append(course: SmallCourse, student: str, *sources: str) -> None:
    """Put cells of the student's own behind all others."""
    path = course.root / "submitted" / student / ASSIGNMENT / "task.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [new_code_cell(source) for source in sources]
    nbformat.write(notebook, path)


def test_feedback_hides_tests_and_scripts(course: SmallCourse) -> None:
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from backend_course.grading import configure

    course.hand_in("ada", "def double(x):\n    return 4", words="<script>alert(1)</script>")
    course.hand_in("bo")
    append(course, "bo", *QUOTING)
    grade(course)
    config = Config()
    configure(config)
    folder = CourseDirectory(root=str(course.root))
    folder.update_config(config)
    api = NbGraderAPI(folder, config=config)
    assert api.generate_feedback(ASSIGNMENT, "ada")["success"]
    page = (course.root / "feedback" / "ada" / ASSIGNMENT / "task.html").read_text()
    assert "a hidden" not in page
    assert "HIDDEN TESTS" not in page
    assert "<script>alert(1)" not in page
    assert api.generate_feedback(ASSIGNMENT, "bo")["success"]
    page = (course.root / "feedback" / "bo" / ASSIGNMENT / "task.html").read_text()
    assert "double(21)" not in page
    assert page.count("it quotes a hidden test") >= len(QUOTING) - 1
    assert "still here" in page


@pytest.mark.filterwarnings("ignore")  # stock nbgrader's own, of SQLAlchemy and of unclosed files
def test_an_instructor_may_believe_the_outputs_that_came(course: SmallCourse) -> None:
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from backend_course.grading import configure

    path = course.hand_in("ada", "1 / 0") / "task.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].outputs = [new_output("execute_result", {"text/plain": "1.5"})]
    nbformat.write(notebook, path)
    no_execute = {"Execute": {"enabled": False}, "ClearOutput": {"enabled": False}}
    config = Config(no_execute | {"CourseDirectory": {"root": str(course.root)}})
    configure(config)
    assert NbGraderAPI(CourseDirectory(config=config), config=config).autograde(ASSIGNMENT, "ada")[
        "success"
    ]
    assert [row[2] for row in rows(course) if row[1] == "part-test"] == [1.5]


@pytest.mark.parametrize("name", ["small.html", "small.csv"])
def test_a_report_that_cannot_be_written_is_one_clear_line(
    course: SmallCourse, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    course.hand_in("ada")
    (course.root / ".grading" / name).mkdir(parents=True)
    command = ["grade", ASSIGNMENT, "--course", str(course.root), "--trust-students"]
    assert main(command) == 1
    told = capsys.readouterr()
    assert "1 graded" in told.out
    (line,) = told.err.splitlines()
    assert line.startswith("No report.")
    assert name in line
    assert "run the same command again" in line
    assert not list((course.root / ".grading").glob(".*"))


JUDGED = """
def same(called, expected):
    return called == expected or 1 / 0
def judged(board, number):
    same(double(number), 2 * number)
judged("museum", 2)
"""


@pytest.mark.filterwarnings("ignore")  # stock nbgrader's own, of SQLAlchemy and of unclosed files
def test_a_test_that_another_cells_helper_judges_is_not_called_watched(course: SmallCourse) -> None:
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    path = course.root / "source" / ASSIGNMENT / "task.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source = JUDGED
    notebook.cells[2].source = 'judged("station", 3)'
    nbformat.write(notebook, path)
    api = NbGraderAPI(CourseDirectory(root=str(course.root)))
    assert api.generate_assignment(ASSIGNMENT, force=True)["success"]
    course.hand_in("ada", "def double(x):\n    return {2: 5, 3: 6}[x]")
    expectations = {"WalledExecute": {"expectations": {"same": ["1"]}}}
    trusting = {"WalledProvisioner": {"trust_students": True}}
    summary = grade(course, settings=trusting | expectations)
    told = json.loads((course.root / ".grading" / f"{ASSIGNMENT}.rehearsal.json").read_text())
    assert told["unwatched"] == ["part-test"]
    assert summary.entries["ada"]["grades"]["task"] == {
        "double-test": 0,
        "part-test": 2,
        "words": 0,
    }
    assert summary.entries["ada"]["flags"] == []


def test_a_test_is_watched_by_the_one_name_that_is_an_answers(course: SmallCourse) -> None:
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    path = course.root / "source" / ASSIGNMENT / "task.ipynb"
    notebook = nbformat.read(path, as_version=4)
    helper = "def by_name(name, wanted):\n    {True: 0}[globals()[name](2) == wanted]"
    notebook.cells[2].source = f'{helper}\nstr("station")\nby_name("double", 4)'
    nbformat.write(notebook, path)
    api = NbGraderAPI(CourseDirectory(root=str(course.root)))
    assert api.generate_assignment(ASSIGNMENT, force=True)["success"]
    course.hand_in("ada", RIGHT)
    grade(course)
    told = json.loads((course.root / ".grading" / f"{ASSIGNMENT}.rehearsal.json").read_text())
    assert told["unwatched"] == []


def double_or_die(task: bytes) -> bytes:
    name, _, folder = task.decode().partition(" ")
    tries = Path(folder, name)
    tries.write_text(tries.read_text() + "." if tries.exists() else ".")
    if name == "dies-five-times" and len(tries.read_text()) <= 5:
        os.kill(os.getpid(), 9)
    if name == "dies-always":
        os.kill(os.getpid(), 9)
    if name == "raises":
        raise ValueError("no")
    return name.encode() * 2


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_worker_loses_nothing_and_repeats_nothing(tmp_path: Path, workers: int) -> None:
    names = ["a", "dies-five-times", "raises", "dies-always", "b"]
    with LocalPool(double_or_die, workers) as local:
        results = dict(local.run((name, f"{name} {tmp_path}".encode()) for name in names))
    assert sorted(results) == sorted(names)
    if workers == 1:  # who ends its worker, waits until all others had their turn
        assert list(results) == ["a", "raises", "b", "dies-five-times", "dies-always"]
    assert results["a"] == b"aa"
    assert results["b"] == b"bb"
    assert results["dies-five-times"] == b"dies-five-times" * 2
    assert isinstance(results["raises"], TaskFailedError)
    assert "10 workers died" in str(results["dies-always"])
    assert (tmp_path / "a").read_text() == "."


def wait_and_say_who(task: bytes) -> bytes:
    time.sleep(0.3)
    return str(os.getpid()).encode()


@pytest.mark.parametrize(("idle", "workers"), [(70.0, 4), (30.0, 2)])
def test_there_are_more_workers_while_cpus_are_idle(
    idle: float, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_LOOK_EVERY", 0.1)
    told = types.SimpleNamespace(idle=idle)
    monkeypatch.setattr(pool.psutil, "cpu_times_percent", lambda: told)
    with LocalPool(wait_and_say_who, 2, 4) as local:
        seen = dict(local.run((str(number), b"") for number in range(20)))
    assert len(set(seen.values())) == workers


def test_a_log_that_was_cut_off_is_read(course: SmallCourse) -> None:
    course.hand_in("ada")
    grade(course)
    log = course.root / ".grading" / f"{ASSIGNMENT}.jsonl"
    log.write_text(log.read_text() + '{"student": "ada", "key": "x')
    assert grade(course).skipped == 1
    assert [json.loads(line)["student"] for line in log.read_text().splitlines()[:1]] == ["ada"]
