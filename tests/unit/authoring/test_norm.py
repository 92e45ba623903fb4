"""The canonical form: written by running, checked without running, never half-written."""

import json

import nbformat
import pytest

from backend_course.authoring import canonical, norm
from backend_course.authoring import notebook as notebooks
from backend_course.authoring.files import AuthoringError, write_whole


def change(path, edit):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    edit(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def cell(notebook, cell_id):
    return next(each for each in notebook["cells"] if each["id"] == cell_id)


def first_code(notebook):
    return next(each for each in notebook["cells"] if each["cell_type"] == "code")


def only_code(*sources):
    """Return an edit that keeps nothing but code cells with these sources."""

    def edit(notebook):
        notebook["cells"] = [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-number-{number}",
                "metadata": {},
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(sources, start=1)
        ]

    return edit


def test_the_fresh_course_is_canonical(root):
    assert norm.check(root, norm.all_notebooks(root)) == []


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (lambda nb: cell(nb, "setup").update(execution_count=None), "cell setup: execution_count"),
        (lambda nb: cell(nb, "setup").update(execution_count=7), "cell setup: execution_count"),
        (lambda nb: cell(nb, "setup").update(source=""), "cell setup: an empty code cell"),
        (
            lambda nb: cell(nb, "setup")["metadata"].update(
                execution={"iopub.status.idle": "2026"}
            ),
            "cell setup: metadata",
        ),
        (
            lambda nb: nb["metadata"].update(language_info={"name": "python"}),
            "the notebook's metadata",
        ),
        (lambda nb: None, "the layout of the file"),
        (
            lambda nb: cell(nb, "setup")["outputs"].append(
                {"name": "stderr", "output_type": "stream", "text": "one\ntwo\n"}
            ),
            "cell setup: wrote to stderr: two",
        ),
        (
            lambda nb: cell(nb, "failure-mixed")["metadata"].update(tags=[]),
            "cell failure-mixed: TypeError: unsupported operand",
        ),
    ],
)
def test_check_says_what_differs_and_how_to_mend_it(edit, what, root, lesson):
    change(lesson, edit)
    before = lesson.read_bytes()
    (line,) = norm.check(root, [lesson])
    name = "course/01-lockers/01-fees.ipynb"
    assert line.startswith(f"{name}: not canonical ({what}")
    assert line.endswith(f"Run: make norm NOTEBOOK={name}")
    assert lesson.read_bytes() == before


def test_a_lesson_is_run_in_its_folder_from_top_to_bottom(root, lesson):
    change(lesson, only_code("from pathlib import Path", "print(Path.cwd().name)", "6 * 7"))
    assert norm.normalise(root, lesson, execute=True, even_if_run=False)
    _, notebook = notebooks.read(lesson, root)
    assert [each.execution_count for each in notebook.cells] == [1, 2, 3]
    assert notebook.cells[1].outputs[0].text == "01-lockers\n"
    assert notebook.cells[2].outputs[0].data["text/plain"] == "42"
    assert norm.check(root, [lesson]) == []
    assert not norm.normalise(root, lesson, execute=True, even_if_run=True)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (
            "1 / 0",
            "ZeroDivisionError: division by zero. Mend the cell, or tag it raises-exception.",
        ),
        ("import sys; print('x', file=sys.stderr)", "wrote to stderr: x."),
        (" ", "is empty. Write something, or delete it."),
        ("import os; os._exit(1)", "the kernel died"),
    ],
)
def test_a_lesson_that_goes_wrong_is_left_as_it_was(source, what, root, lesson):
    change(lesson, only_code("1", source))
    before = lesson.read_bytes()
    with pytest.raises(AuthoringError) as caught:
        norm.normalise(root, lesson, execute=True, even_if_run=True)
    assert what in str(caught.value)
    assert "cell-number-2" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert lesson.read_bytes() == before


def test_an_assignment_has_no_outputs_and_no_counts(root, assignment):
    change(
        assignment,
        lambda nb: first_code(nb).update(
            execution_count=3, outputs=[{"name": "stdout", "output_type": "stream", "text": "x"}]
        ),
    )
    assert "execution_count, outputs" in norm.check(root, [assignment])[0]
    assert norm.normalise(root, assignment, execute=True, even_if_run=True)
    assert norm.check(root, [assignment]) == []


def test_pieces_of_one_stream_are_joined():
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("a", "b")]
    pieces.append(nbformat.v4.new_output("stream", name="stderr", text="c"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=pieces)])
    (cell,) = canonical.canonical(notebook, keep_outputs=True).cells
    assert [(output.name, output.text) for output in cell.outputs] == [
        ("stdout", "ab"),
        ("stderr", "c"),
    ]


def test_the_text_is_sorted_indented_by_one_and_ends_in_a_newline(lesson):
    text = lesson.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert "·" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"cells": [', "is not a notebook (line 1 column 12: Expecting value)"),
        ("[]", "is not a notebook (no nbformat 4 in it)"),
        ('{"nbformat": 3, "cells": []}', "is not a notebook (no nbformat 4 in it)"),
        (
            '{"nbformat": 4, "nbformat_minor": 5, "cells": [{"id": "a"}], "metadata": {}}',
            "not a notebook",
        ),
        ('{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "cell 1 has no id"),
        ('{"nbformat": 4, "cells": [{"id": "a"}, {"id": "a"}]}', "two cells have the id a"),
    ],
)
def test_a_file_that_is_no_notebook_is_one_line(text, message, root, lesson):
    lesson.write_text(text)
    (line,) = norm.check(root, [lesson])
    assert line.startswith("course/01-lockers/01-fees.ipynb")
    assert message in line
    assert "\n" not in line


def test_a_notebook_from_elsewhere_is_refused(root, lesson):
    elsewhere = root / "work" / "mine.ipynb"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(lesson.read_bytes())
    with pytest.raises(AuthoringError, match="neither in course/ nor in source/"):
        norm.normalise(root, elsewhere, execute=False, even_if_run=False)
    assert elsewhere.read_bytes() == lesson.read_bytes()


def test_files_are_written_all_or_none(tmp_path):
    old = tmp_path / "old.txt"
    old.write_text("old")
    (tmp_path / "blocked").write_text("a file where a folder is wanted")
    with pytest.raises(FileExistsError):
        write_whole({old: "new", tmp_path / "blocked" / "inner.txt": "new"})
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blocked", "old.txt"]
