"""The warm process that imports while the grader itself still starts."""

import json
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from small_course import ASSIGNMENT, SmallCourse
from traitlets.config import Config

from backend_course.grading.course import Course
from backend_course.grading.execute import WalledExecute
from backend_course.grading.imports import kept_rehearsal, likely_modules
from backend_course.grading.provisioner import Wanted, close_warm_process, use_warm_process
from backend_course.grading.run import Plan, grade_assignment
from backend_course.grading.warm import Warm, WarmError

SOURCE = '''%%time
import json
import os.path as place
from xml import (
    dom, sax,
)
from collections import abc, Counter as Tally
from own import thing
import debugpy
text = """
imported from here
"""
place.join("a", sax.handler, dom.x.sax)
'''


def write_notebook(root: Path, source: object) -> None:
    folder = root / "source" / "one"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own.py").write_text("")
    cells = [{"cell_type": "markdown", "source": "import antigravity"}]
    cells.append({"cell_type": "code", "source": source})
    (folder / "one.ipynb").write_text(json.dumps({"cells": cells}))


@pytest.mark.parametrize("source", [SOURCE, SOURCE.splitlines(keepends=True)])
def test_what_notebooks_name_is_likely(tmp_path: Path, source: object) -> None:
    write_notebook(tmp_path, source)
    likely = set(likely_modules(tmp_path, "one"))
    assert likely >= {"json", "os.path", "xml.dom", "xml.sax", "collections.abc"}
    assert likely >= {"collections.Counter", "xml.sax.handler", "os.path.join"}
    assert not likely & {"own", "own.thing", "debugpy", "antigravity", "imported", "xml.dom.sax"}


def test_what_the_last_rehearsal_found_is_likelier(tmp_path: Path) -> None:
    write_notebook(tmp_path, SOURCE)
    kept_rehearsal(tmp_path, "one").parent.mkdir()
    kept_rehearsal(tmp_path, "one").write_text(json.dumps({"modules": ["csv"]}))
    assert likely_modules(tmp_path, "one") == ["csv"]


@pytest.mark.parametrize("kept", ["", "[]", "{}", '{"modules": 3}', "\udcff"])
def test_a_guess_is_never_an_error(tmp_path: Path, kept: str) -> None:
    assert likely_modules(tmp_path / "nowhere", "one") == []
    write_notebook(tmp_path, None)
    (tmp_path / "source" / "one" / "torn.ipynb").write_text('{"cells": [')
    kept_rehearsal(tmp_path, "one").parent.mkdir()
    kept_rehearsal(tmp_path, "one").write_text(kept, errors="surrogateescape")
    assert likely_modules(tmp_path, "one") == []


def test_a_wrong_guess_does_no_harm() -> None:
    with Warm.coming(["no_such_module", "csv"]) as warm:
        warm.preload(["threading"], {"csv:no_such_function": []})
        warm.finish(["json", "nowhere"], {"json:loads": ["1"]})
        assert warm.left_out.keys() == {"nowhere"}


def test_a_guess_that_starts_a_thread_is_dropped(tmp_path: Path) -> None:
    calls = {"faulthandler:dump_traceback_later": [1000]}
    with Warm.coming(["csv"]) as warm:
        warm.preload([], calls)
        warm.finish(["json"], {"json:loads": ["1"]})
        assert warm.left_out == {}
        assert warm.alive


def test_calls_are_made_once_however_often_they_are_asked_for(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    calls = {"os:mkdir": [str(marks)]}  # which fails the second time
    with Warm.coming(["os"]) as warm:
        warm.preload([], calls)
        warm.preload([], calls)
        warm.finish([], calls)
        assert warm.left_out == {}
    assert marks.is_dir()


def test_a_branch_is_closed_off_while_the_trunk_goes_on_importing(tmp_path: Path) -> None:
    calls = {"os:mkdir": [str(tmp_path / "once")]}
    with Warm.coming(["csv"]) as trunk:
        trunk.preload(["colorsys"], calls)
        with trunk.branch() as branch:
            branch.finish(["quopri"], calls)
            assert branch.left_out == {}
            assert set(branch.standing) | set(branch.missing)
            folder = branch.folder
            trunk.preload(["wave"])
            ran = Config(WalledProvisioner={"trust_students": True})
            use_warm_process(branch, Wanted())
            cell = new_code_cell("import sys\nprint(*{*NAMES} & {*sys.modules})")
            cell.source = cell.source.replace("NAMES", "['csv', 'colorsys', 'wave', 'quopri']")
            notebook, _ = WalledExecute(config=ran)(new_notebook(cells=[cell]), {"metadata": {}})
            assert {*notebook.cells[0].outputs[0].text.split()} == {"csv", "colorsys", "quopri"}
        assert not folder.exists()
        trunk.finish(["csv", "nowhere"])
        assert trunk.left_out.keys() == {"nowhere"}
        assert trunk.alive


def test_from_what_has_a_thread_nothing_branches() -> None:
    with Warm.coming(["faulthandler"]) as trunk:
        trunk.preload([], {"faulthandler:dump_traceback_later": [1000]})
        with pytest.raises(WarmError, match="starts a thread"):
            trunk.branch()
        trunk.finish(["csv"])
        assert trunk.alive


def test_one_that_is_gone_is_said_to_be() -> None:
    with Warm.coming([]) as warm:
        warm.process.kill()
        warm.process.wait()
        warm.preload(["csv"])
        with pytest.raises(WarmError, match="the warm process is gone"):
            warm.finish(["csv"])
        assert not warm.folder.exists()


def test_grading_goes_on_without_the_one_that_was_coming(course: SmallCourse) -> None:
    course.hand_in("ada")
    plan = Plan(ASSIGNMENT, workers=1, settings={"WalledProvisioner": {"trust_students": True}})
    with Warm.coming([]) as warm:
        warm.process.kill()
        summary = grade_assignment(Course(course.root), plan, coming=warm)
    assert summary.entries["ada"]["score"] == 4.5
    with Warm.coming(["csv"]) as warm:
        plan.again = True
        pid = warm.process.pid
        summary = grade_assignment(Course(course.root), plan, coming=warm)
        assert warm.process.pid == pid
        assert warm.process.returncode is not None
    assert summary.entries["ada"]["score"] == 4.5
    close_warm_process()


def test_modules_that_the_course_lists_are_ready_beside_those_of_the_reference(
    course: SmallCourse,
) -> None:
    course.hand_in("ada", "import sys\ndef double(x): return 2 * x * ('colorsys' in sys.modules)")
    ready: dict[str, object] = {"trust_students": True}
    plan = Plan(ASSIGNMENT, workers=1, settings={"WalledProvisioner": ready})
    assert grade_assignment(Course(course.root), plan).entries["ada"]["score"] == 0
    ready["modules"] = ["colorsys"]  # the kept rehearsal does not know it
    assert grade_assignment(Course(course.root), plan).entries["ada"]["score"] == 4.5


@pytest.mark.parametrize("change", ["more", "less", "torn"])
def test_what_another_version_has_kept_is_found_out_anew(course: SmallCourse, change: str) -> None:
    course.hand_in("ada")
    plan = Plan(ASSIGNMENT, workers=1, settings={"WalledProvisioner": {"trust_students": True}})
    grade_assignment(Course(course.root), plan)
    kept = kept_rehearsal(course.root, ASSIGNMENT)
    found = json.loads(kept.read_text())
    other = found | {"more": []} if change == "more" else {k: found[k] for k in ("key", "written")}
    kept.write_text("{" if change == "torn" else json.dumps(other))
    plan.again = True
    assert grade_assignment(Course(course.root), plan).entries["ada"]["score"] == 4.5
    assert json.loads(kept.read_text()) == found
