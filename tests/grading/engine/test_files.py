"""Files that notebooks write: what comes out from behind the walls, and what does not."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from small_course import ASSIGNMENT, RIGHT, SmallCourse
from traitlets.config import Config

from backend_course.grading.course import Course
from backend_course.grading.execute import WalledExecute
from backend_course.grading.files import new_files, put_beside
from backend_course.grading.provisioner import close_warm_process
from backend_course.grading.run import Plan, grade_assignment

WRITES = """
import os
from pathlib import Path
Path("new.txt").write_text("new")
Path("there.txt").write_text("changed")
Path("folder").mkdir()
Path("folder/table.csv").write_bytes(b"\\0\\1")
Path(".hidden").write_text("")
Path("other.ipynb").write_text("{}")
os.symlink("/etc/passwd", "link")
os.mkfifo("pipe")
"""


@pytest.fixture(autouse=True)
def warm() -> Iterator[None]:
    yield
    close_warm_process()


def ran(folder: Path, *sources: str, **settings: object) -> nbformat.NotebookNode:
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    config = Config({"WalledProvisioner": {"trust_students": True}})
    resources = {"metadata": {"path": str(folder)}}
    notebook, _ = WalledExecute(config=config, **settings)(notebook, resources)
    return notebook


def contents(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_new_regular_files_come_out_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("as it was")
    notebook = ran(tmp_path, WRITES)
    assert notebook.cells[0].outputs == []
    assert contents(tmp_path) == {
        "there.txt": b"as it was",
        "new.txt": b"new",
        "folder/table.csv": b"\0\1",
    }


def test_the_next_notebook_finds_them(tmp_path: Path) -> None:
    ran(tmp_path, WRITES)
    notebook = ran(tmp_path, "print(open('new.txt').read())")
    assert notebook.cells[0].outputs[0].text == "new\n"


def test_no_more_comes_out_than_may(tmp_path: Path) -> None:
    ran(tmp_path, "for name in 'abc': open(name, 'w').write('x' * 400)", largest_files=1000)
    assert set(contents(tmp_path)) == {"a", "b"}
    ran(tmp_path, "open('d', 'w')", largest_files=0)
    assert set(contents(tmp_path)) == {"a", "b"}


def test_a_kernel_that_says_nothing_of_its_files_is_graded_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend_course.grading.client._PATIENCE", 0.5)
    notebook = new_notebook(cells=[new_code_cell("del get_ipython().kernel.files_at_start")])
    config = Config({"WalledProvisioner": {"trust_students": True}})
    resources = {"metadata": {"path": str(tmp_path)}}
    _, resources = WalledExecute(config=config)(notebook, resources)
    assert [flag["kind"] for flag in resources["grading"]["flags"]] == ["files"]


@pytest.mark.parametrize(
    "name",
    [
        "../out",
        "/out",
        "in/../../out",
        "in/../out",
        "link/out",
        "there",
        "there/below",
        "there.ipynb",
        ".hidden",
        "in/.hidden/file",
        "__pycache__/helper.pyc",
        "back\\slash",
        "line\nbreak",
        "half \ud800 a character",
        "",
        ".",
        "x" * 300,
        "x/" * 9 + "x",
    ],
)
def test_what_a_forged_answer_names_is_not_written(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "course" / "folder"
    folder.mkdir(parents=True)
    (folder / "there").write_text("as it was")
    (folder / "link").symlink_to(tmp_path)
    put_beside(folder, {name: b"forged", "good": b"good"}, 100)
    assert contents(tmp_path) == {
        "course/folder/there": b"as it was",
        "course/folder/good": b"good",
    }


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "b").write_text("b")
    (tmp_path / "a").write_text("a")
    assert new_files(tmp_path, {"a"}, 100) == {"b": b"b"}


def test_what_may_not_come_out_takes_no_room(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("x" * 200)
    (tmp_path / "a.ipynb").write_text("x" * 200)
    (tmp_path / "b").write_text("b")
    assert new_files(tmp_path, set(), 100) == {"b": b"b"}


def test_they_are_in_the_folder_of_what_was_graded(course: SmallCourse) -> None:
    course.hand_in("ada", f"{WRITES.replace('there.txt', 'data.txt')}\n{RIGHT}")
    trusting = {"WalledProvisioner": {"trust_students": True}}
    summary = grade_assignment(Course(course.root), Plan(ASSIGNMENT, settings=trusting))
    assert summary.entries["ada"]["score"] == 4.5
    found = contents(course.root / "autograded" / "ada" / ASSIGNMENT)
    assert found.pop("task.ipynb")
    assert found == {
        "data.txt": b"the instructor's",
        "new.txt": b"new",
        "folder/table.csv": b"\0\1",
    }
    assert set(contents(course.root / "source" / ASSIGNMENT)) == {"task.ipynb", "data.txt"}
    assert "written" not in json.loads((course.root / ".grading/small.jsonl").read_text())
