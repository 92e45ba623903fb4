"""What comes through the door of a grading run."""

import errno
import json
import os
from pathlib import Path

import pytest

from backend_course.grading.hidden import marks, split
from backend_course.grading.ingest import Caps, RefusedError, make_true, parse_notebook, read_folder
from backend_course.grading.spec import CellSpec, NotebookSpec

MARKS = marks({})


def cell_spec(name: str, **more: object) -> CellSpec:
    usual = {"cell_type": "code", "source": "assert f() == 1", "checksum": "a" * 32, "locked": True}
    flags = {"grade": True, "solution": False, "task": False, "points": 2.0}
    return CellSpec(**({"name": name} | usual | flags | more))


ANSWER = cell_spec("f", source="", locked=False, grade=False, solution=True, points=None)
SPEC = NotebookSpec("task", None, (ANSWER, cell_spec("f-test")))


def notebook(*cells: dict) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def code(source: object, grade_id: str | None = None, **more: object) -> dict:
    metadata = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
    return {"cell_type": "code", "source": source, "metadata": metadata} | more


def test_only_regular_files_of_the_folder_are_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    folder = tmp_path / "submission"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "data.txt").write_text("mine")
    (folder / "link").symlink_to(secret)
    (folder / "folder-link").symlink_to(tmp_path)
    os.link(secret, folder / "hard-link")
    os.mkfifo(folder / "pipe")
    files, left_out = read_folder(folder, [])
    assert files == {"sub/data.txt": b"mine"}
    assert len(left_out) == 4


@pytest.mark.parametrize("caps", [Caps(files=1), Caps(total_bytes=3)])
def test_too_much_is_refused(tmp_path: Path, caps: Caps) -> None:
    for name in "ab":
        (tmp_path / name).write_text("two bytes")
    with pytest.raises(RefusedError, match=r"over|too large"):
        read_folder(tmp_path, [], caps)


def test_lists_of_lines_and_a_byte_order_mark_are_read() -> None:
    parsed = parse_notebook(b"\xef\xbb\xbf" + notebook(code(["a = 1\n", "b = 2"])))
    assert parsed.cells[0].source == "a = 1\nb = 2"


def test_nothing_but_cells_tags_and_ids_comes_through() -> None:
    hostile = code("1", metadata={"tags": ["x"], "trusted": True}, outputs=[{"x": 1}], other=2)
    parsed = parse_notebook(notebook(hostile))
    assert set(parsed.cells[0]) == {
        "cell_type",
        "source",
        "metadata",
        "execution_count",
        "outputs",
        "id",
    }
    assert parsed.cells[0].metadata == {"tags": ["x"]}
    assert parsed.cells[0].outputs == []


HALF = "\ud800"  # one half of a surrogate pair: JSON may hold it, no file can


def test_all_that_is_kept_of_a_notebook_can_be_written() -> None:
    cell = code("1", metadata={"tags": [HALF], "nbgrader": {"grade_id": HALF}})
    picture = {"attachments": {HALF: {"image/png": HALF, "text/html": "x"}}}
    text = {"cell_type": "markdown", "source": "", "metadata": {}} | picture
    raw = json.loads(notebook(cell, text))
    raw["metadata"]["kernelspec"] = {"name": HALF, "language": HALF, "display_name": HALF}
    parsed = parse_notebook(json.dumps(raw).encode())
    assert parsed.cells[0].metadata == {"tags": ["?"], "nbgrader": {"grade_id": "?"}}
    assert parsed.cells[1].attachments == {"?": {"image/png": "?"}}
    assert json.dumps(parsed, ensure_ascii=False).encode()


def test_no_student_chooses_the_kernel() -> None:
    raw = json.loads(notebook(code("f = 1", "f")))
    raw["metadata"]["kernelspec"] = {"name": "python3", "language": "no-such-language"}
    parsed = parse_notebook(json.dumps(raw).encode())
    make_true(parsed, SPEC, MARKS)
    assert parsed.metadata == {}


def test_what_cannot_be_read_is_no_students_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "task.ipynb").write_bytes(notebook())

    def broken(path: Path, flags: int) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr(os, "open", broken)
    with pytest.raises(OSError, match=r"task\.ipynb"):
        read_folder(tmp_path, [])


def test_known_cells_are_what_the_gradebook_says() -> None:
    test = code("pass", "f-test")
    test["metadata"]["nbgrader"] |= {"points": 100, "solution": True, "locked": False}
    test["metadata"]["tags"] = ["skip-execution"]
    parsed = parse_notebook(notebook(code("f = 1", "f"), test))
    flags = make_true(parsed, SPEC, MARKS)
    assert parsed.cells[0].source == "f = 1"
    assert parsed.cells[1].source == "assert f() == 1"
    assert parsed.cells[1].metadata == {"nbgrader": SPEC.cells[1].metadata()}
    assert [flag["kind"] for flag in flags] == ["changed"]


def test_of_copies_the_last_counts_and_unknown_cells_count_nothing() -> None:
    parsed = parse_notebook(
        notebook(code("1", "f"), code("2", "f"), code("", "f-test"), code("", "bonus"))
    )
    flags = make_true(parsed, SPEC, MARKS)
    known = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in parsed.cells]
    assert known == [None, "f", "f-test", None]
    assert {flag["kind"] for flag in flags} == {"copied", "unknown", "changed"}


def test_a_notebook_of_another_assignment_is_two_flags() -> None:
    spec = NotebookSpec("task", None, tuple(cell_spec(f"test-{n}") for n in range(20)))
    parsed = parse_notebook(notebook(*(code("1", f"other-{n}") for n in range(30))))
    flags = make_true(parsed, spec, MARKS)
    assert [(flag["kind"], flag["cell"]) for flag in flags] == [
        ("missing", None),
        ("unknown", None),
    ]
    assert flags[0]["text"] == "20 cells: deleted (test-0, test-1, test-2 …)"


def test_a_missing_test_is_reported_and_put_back_on_request() -> None:
    parsed = parse_notebook(notebook(code("f = 1", "f")))
    flags = make_true(parsed, SPEC, MARKS)
    assert [(flag["kind"], flag["cell"]) for flag in flags] == [("missing", "f-test")]
    assert len(parsed.cells) == 1
    make_true(parse := parse_notebook(notebook(code("f = 1", "f"))), SPEC, MARKS, add_missing=True)
    assert [cell.source for cell in parse.cells] == ["f = 1", "assert f() == 1"]


def test_a_reference_is_not_told_that_it_was_edited() -> None:
    hidden = "assert f()\n### BEGIN HIDDEN TESTS\nassert g()\n### END HIDDEN TESTS"
    spec = NotebookSpec("task", None, (cell_spec("f-test", source=hidden),))
    assert make_true(parse_notebook(notebook(code(hidden, "f-test"))), spec, MARKS) == []


def test_hidden_tests_are_no_edit_of_the_student() -> None:
    source = "assert f() == 1\n### BEGIN HIDDEN TESTS\nassert f(2)\n### END HIDDEN TESTS"
    assert split(source, MARKS) == ("assert f() == 1", ["assert f(2)"])
    spec = NotebookSpec("task", None, (cell_spec("f-test", source=source),))
    parsed = parse_notebook(notebook(code("assert f() == 1", "f-test")))
    assert make_true(parsed, spec, MARKS) == []
    assert parsed.cells[0].source == source


def test_ids_are_the_same_each_time_and_no_two_alike() -> None:
    cells = (code("a"), code("b", id="cell-1"), code("c", id="cell-1"), code("d", id="no id!"))
    first, second = parse_notebook(notebook(*cells)), parse_notebook(notebook(*cells))
    for each in (first, second):
        make_true(each, SPEC, MARKS, add_missing=True)
    ids = [cell["id"] for cell in first.cells]
    assert ids == [cell["id"] for cell in second.cells]
    assert len(set(ids)) == len(ids) == 5
    assert ids.count("cell-1") == 1
