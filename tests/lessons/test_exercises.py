"""Each lesson's printed solutions pass the lesson's own checks: no exercise asks the impossible."""

import re

import nbformat
import pytest
from nbclient import NotebookClient

from backend_course import syllabus
from backend_course.kernels import without_ports
from backend_course.lab.course import ROOT
from backend_course.lab.standing import of_lesson

LESSONS = sorted(
    path for path in (ROOT / "course").glob("*/*.ipynb") if ".ipynb_checkpoints" not in path.parts
)
SOLUTION = re.compile(
    r"<summary>Solution</summary>.*?```(?P<language>sql|python)\n(?P<code>.*?)```", re.S
)


def solved(notebook):
    """Put each solution into the cell above it that is left for it; return how many there are."""
    cells = {cell.id: cell for cell in notebook.cells}
    count = 0
    for cell in notebook.cells:
        if match := SOLUTION.search(cell.source):
            answer = cells[cell.id.replace("-help", "-answer")]
            if match["language"] == "sql":
                answer.source = answer.source.splitlines()[0] + "\n" + match["code"]
            else:  # the starter may hold more than what is to be written
                answer.source += "\n\n" + match["code"]
            count += 1
    return count


def verdicts(notebook):
    """Return the lines that checks have printed."""
    return [
        line
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for line in output.get("text", "").splitlines()
        if line.startswith(("✓", "✗", "○"))
    ]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_printed_solutions_pass(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    count = solved(notebook)
    assert count >= 3
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
        config=without_ports(),
    ).execute()
    said = verdicts(notebook)
    assert len(said) >= count
    assert [line for line in said if not line.startswith("✓")] == []
    assert_progress_counts_all(notebook, path, tmp_path)


def assert_progress_counts_all(notebook, path, folder):
    """Hold `make progress` to a lesson that is wholly solved."""
    lesson = syllabus.load(ROOT).row_of(path.relative_to(ROOT))
    (folder / lesson.path).parent.mkdir(parents=True)
    nbformat.write(notebook, folder / lesson.path)
    standing = of_lesson(lesson, folder)
    assert standing.solved == standing.exercises >= 3
