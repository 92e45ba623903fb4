"""The lessons themselves run under ``pytest --nbval course``; here: would that notice a lie?

The first cells of a real lesson are copied, altered, and given to nbval as `make test` gives it the
lessons.
"""

import subprocess
import sys

import nbformat
import pytest

from backend_course.authoring import norm
from backend_course.lab.course import ROOT

LESSON = ROOT / "course" / "03-databases-and-sql" / "02-select-where-null.ipynb"
CELLS = 3


def first_cells():
    """Return the lesson cut off after its first code cells, outputs kept."""
    notebook = nbformat.read(LESSON, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"][:CELLS]
    return notebook


def nbval(notebook, folder):
    """Run nbval on a notebook and return pytest's exit status and report."""
    path = folder / "course" / "lesson.ipynb"
    path.parent.mkdir()
    nbformat.write(notebook, path)
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", str(path)]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout


def test_an_unaltered_copy_passes(tmp_path):
    status, report = nbval(first_cells(), tmp_path)
    assert status == 0, report
    assert f"{CELLS} passed" in report


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_an_altered_output_fails(tmp_path, kind):
    notebook = first_cells()
    shown = notebook.cells[1].outputs[0].data
    assert "Ghent" in shown[kind]
    shown[kind] = shown[kind].replace("Ghent", "Bruges")
    status, report = nbval(notebook, tmp_path)
    assert status == 1
    assert "Bruges" in report


def test_a_missing_output_fails(tmp_path):
    notebook = first_cells()
    notebook.cells[1].outputs = []
    status, report = nbval(notebook, tmp_path)
    assert status == 1, report


def test_a_cell_that_was_not_run_is_not_canonical(tmp_path):
    """Nbval lets a cell without count and output pass unread: the canonical form refuses it."""
    notebook = first_cells()
    notebook.cells[1].execution_count = None
    notebook.cells[1].outputs = []
    status, report = nbval(notebook, tmp_path)
    assert status == 0, report
    (problem,) = norm.check(tmp_path, [tmp_path / "course" / "lesson.ipynb"])
    assert "not canonical (cell first-look" in problem
