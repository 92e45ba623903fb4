"""Functions that tests call: whoever changes one of them is flagged, and nobody else."""

import json
from collections.abc import Iterator, Set

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from small_course import ASSIGNMENT, SmallCourse
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from backend_course.grading.course import Course
from backend_course.grading.execute import WalledExecute
from backend_course.grading.provisioner import close_warm_process
from backend_course.grading.run import Plan, grade_assignment
from backend_course.lab.course import ROOT

HELPERS = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
HELPERS = HELPERS.WalledProvisioner.helpers
TAMPERED = frozenset({"tampered"})
SETUP = """
from backend_course import check
from backend_course.check import query, rows, errors
from backend_course.lab import data, sql
db = sql.connect()
data.load(db)
answer = "SELECT 7 AS city"
"""
ONE_COLUMN = 'check.query_rows("answer", "SELECT DISTINCT city FROM sites")'


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    yield
    close_warm_process()


def flags_of(
    answer: str,
    test: str = ONE_COLUMN,
    kinds: Set[str] = TAMPERED,
    after: str = "",
    **settings: object,
) -> tuple[int, list[str]]:
    """Run an answer, a test of it and a cell after; the points, and the flags of no cell."""
    about = {"grade_id": "test", "grade": True, "solution": False, "points": 1, "locked": True}
    about |= {"task": False, "schema_version": 3, "cell_type": "code"}
    cells = [new_code_cell(SETUP + answer), new_code_cell(test, metadata={"nbgrader": about})]
    cells.append(new_code_cell(after))
    ready = {"modules": ["backend_course.check.query"], "helpers": HELPERS}
    config = Config(WalledProvisioner={"trust_students": True} | ready)
    settings = {"second_looks": 0.0} | settings
    execute = WalledExecute(config=config, **settings)
    ran, resources = execute(new_notebook(cells=cells), {"metadata": {}})
    failed = any(output.output_type == "error" for output in ran.cells[1].outputs)
    flags = [flag for flag in resources["grading"]["flags"] if flag["cell"] is None]
    assert {flag["kind"] for flag in flags} <= kinds
    return int(not failed), [flag["text"] for flag in flags]


@pytest.mark.parametrize(
    ("points", "answer"),
    [
        (1, 'answer = "SELECT DISTINCT city FROM sites"'),
        (0, ""),
        (0, "check.compare_rows = query = rows = None"),
        (0, "import copy\ncopy.copy(check.Case('f', [1], 2))"),
        (0, "import typing\ntyping.get_type_hints(check.CheckError)"),
        (0, "%%sql answer <<\nSELECT 8 AS city"),
        (0, "check.mine = check.query_show\ncheck.query_show('answer')"),
    ],
)
def test_an_honest_notebook_changes_nothing(points: int, answer: str) -> None:
    if "%%" in answer:
        answer = f"get_ipython().run_cell({answer!r})"
    assert flags_of(answer) == (points, [])


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("query.compare_rows = lambda *a: ''", "check.query.compare_rows"),
        ("rows.compare_rows.__code__ = (lambda *a: '').__code__", "compare_rows.__code__"),
        ("query.sql.run = lambda *a, **b: (['city'], [])", "lab.sql.run"),
        ("rows.Counter = lambda rows: 0", "check.rows.Counter"),
        ("del query.TIME_LIMIT\nquery.compare_rows = str", "check.query.TIME_LIMIT"),
        ("query._loaded = query._loaded.__wrapped__", "check.query._loaded"),
        ("errors.CheckError.__init__ = lambda *a: 1 / 0", "CheckError.__init__"),
    ],
)
def test_a_changed_helper_is_named(answer: str, named: str) -> None:
    _, flags = flags_of(answer)
    assert len(flags) == 1
    assert flags[0].startswith("changed backend_course.")
    assert flags[0].endswith(", which tests use")
    assert named in flags[0]


def test_points_for_a_comparison_that_was_patched_come_with_a_flag() -> None:
    """No canary sees it: a wrong answer in the place of this one has other columns, and fails."""
    agree = "query.same_rows = lambda *a: True\nquery.compare_rows = lambda *a: ''"
    points, flags = flags_of(agree)
    assert points == 1
    changed = "backend_course.check.query.compare_rows and 1 more"
    assert flags == [f"changed {changed}, which tests use"]


KEEPS = "kept = query.compare_rows\n"
ONCE = """
def once(*a):
    query.compare_rows = kept
    return ""
query.compare_rows = once
"""


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        ("query.compare_rows = lambda *a: ''", "query.compare_rows = kept"),
        (ONCE, ""),
    ],
)
def test_what_is_put_back_after_the_test_is_named_too(answer: str, after: str) -> None:
    points, flags = flags_of(KEEPS + answer, after=after)
    assert points == 1
    assert flags == ["changed backend_course.check.query.compare_rows, which tests use"]


CLAIMS = """
import json, os, socket, struct, threading, time
query.compare_rows = lambda *a: ''
channel = get_ipython().kernel.session.channel.socket
claim = dict(type="traces_reply", parent=None, content=dict(files=dict(), changed=[]))
channel.send(struct.pack("=I?", os.getpid(), True) + json.dumps(claim).encode())
"""


def test_who_says_it_in_the_kernels_place_is_flagged() -> None:
    points, flags = flags_of(CLAIMS)
    assert points == 1
    assert flags == ["answered by something else than the kernel"]


SILENT = "query.compare_rows = lambda *a: ''\nget_ipython().kernel.helpers.changed = None"


def test_a_kernel_that_does_not_say_what_was_changed_proves_nothing() -> None:
    points, flags = flags_of(SILENT, kinds={"files", "unproven"})
    assert points == 1
    assert "the kernel did not say what the notebook has changed" in flags


def test_without_canaries_nobody_looks() -> None:
    points, flags = flags_of("query.compare_rows = lambda *a: ''", canaries=False)
    assert (points, flags) == (1, [])


@pytest.mark.filterwarnings("ignore")  # stock nbgrader's own, of SQLAlchemy and of unclosed files
def test_what_the_reference_changes_itself_is_not_watched(course: SmallCourse) -> None:
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    path = course.root / "source" / ASSIGNMENT / "task.ipynb"
    notebook = nbformat.read(path, as_version=4)
    change = "import textwrap, string\ntextwrap.dedent = str\n"
    notebook.cells[1].source = change + notebook.cells[1].source
    nbformat.write(notebook, path)
    api = NbGraderAPI(CourseDirectory(root=str(course.root)))
    assert api.generate_assignment(ASSIGNMENT, force=True)["success"]
    course.hand_in("ada")
    course.hand_in("bob", "import string\nstring.capwords = str\ndef double(x): return 2 * x")
    ready = {"trust_students": True}
    unwatched = Plan(ASSIGNMENT, ["ada"], workers=1, settings={"WalledProvisioner": {**ready}})
    grade_assignment(Course(course.root), unwatched)
    ready["helpers"] = ["textwrap", "string"]  # so what a rehearsal without them told is outdated
    plan = Plan(ASSIGNMENT, workers=2, settings={"WalledProvisioner": ready})
    summary = grade_assignment(Course(course.root), plan)
    told = json.loads((course.root / ".grading" / f"{ASSIGNMENT}.rehearsal.json").read_text())
    assert "textwrap.dedent" in told["changing"]
    assert told["unwatched"] == []
    flags = {name: entry["flags"] for name, entry in summary.entries.items()}
    assert flags["ada"] == []
    assert [flag["text"] for flag in flags["bob"]] == ["changed string.capwords, which tests use"]


EMPTIES = "query._loaded(11).execute('DELETE FROM events')\nanswer = 'SELECT kind FROM events'"
EMPTY = 'check.query_rows("answer", "SELECT kind FROM events WHERE kind = {}", seed=11)'


@pytest.mark.parametrize(
    ("answer", "seeds"),
    [
        (EMPTIES, [11]),
        (f"{EMPTIES}\nquery._loaded(2026).execute('DROP TABLE events')", [11]),
        (f"{EMPTIES}\nquery._loaded(7).execute('DELETE FROM events')", [11]),
        (f"{EMPTIES}\nquery.changed_data = lambda: []", None),
        (f"{EMPTIES}\nquery._contents_when_loaded = None", None),
    ],
)
def test_data_without_rows_makes_every_query_right_and_a_flag(
    answer: str, seeds: list[int] | None
) -> None:
    points, flags = flags_of(answer, EMPTY.format("'deposited'"))
    assert points == 1
    assert len(flags) == 1
    if seeds:
        more = f" and {len(seeds) - 1} more" if len(seeds) > 1 else ""
        assert flags == [f"changed the data of seed {seeds[0]}{more}, which tests use"]


def test_data_that_a_check_has_changed_itself_is_as_before() -> None:
    test = EMPTY.format("''").replace("seed=11", "seed=11, setup='DELETE FROM events'")
    assert flags_of("answer = 'SELECT kind FROM events'", test) == (1, [])
    assert flags_of("answer = 'SELECT device_id FROM events'", test) == (0, [])
