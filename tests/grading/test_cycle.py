"""An instructor's whole cycle by nbgrader's own commands, with a class of eight.

Seven submissions came as files (zip_collect), one through the exchange: perfect, blank, partly
right, with a crashing cell, with a test deleted, with an answer copied, and one that looks for the
gradebook.
"""

import copy
import csv
import getpass
import os
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbgrader.utils import is_grade, is_solution

from backend_course.lab.course import ROOT

ASSIGNMENT = "03-1-first-queries"
NOTEBOOK = "first-queries.ipynb"
ANSWERED = 4
"""How many questions the partly right submission answers."""


def nbgrader(folder, *words, quiet=()):
    """Run an nbgrader command in a folder; it must succeed. Return what it said."""
    command = [sys.executable, "-m", "nbgrader", *words]
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder / ".jupyter")}
    ran = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment
    )
    assert ran.returncode == 0, f"{' '.join(words)}:\n{ran.stderr}"
    return ran.stderr


def answered(released, source, count=None):
    """Return the released notebook with the reference's answers to the first questions."""
    answers = {cell.id: cell.source for cell in source.cells}
    notebook = copy.deepcopy(released)
    for cell in [cell for cell in notebook.cells if is_solution(cell)][:count]:
        lines = answers[cell.id].splitlines()
        cell.source = "\n".join(line for line in lines if "SOLUTION" not in line)
    return notebook


def submissions(released, source, gradebook):
    """Return the notebooks of the class by student; one of them looks for a gradebook."""
    crashing = answered(released, source)
    cells = [cell for cell in crashing.cells if is_solution(cell)]
    cells[1].source = "raise RuntimeError('my own mistake')"
    deleted = answered(released, source)
    tests = [index for index, cell in enumerate(deleted.cells) if is_grade(cell)]
    del deleted.cells[tests[1]]
    copied = answered(released, source)
    place = next(index for index, cell in enumerate(copied.cells) if is_solution(cell))
    copied.cells.insert(place, copy.deepcopy(copied.cells[place]))
    copied.cells[place].id = "a-copy"
    curious = answered(released, source)
    look = f"import os\nprint('there' if os.path.exists({str(gradebook)!r}) else 'not there')"
    curious.cells.append(nbformat.v4.new_code_cell(look, id="a-look"))
    return {
        "perfect": answered(released, source),
        "blank": released,
        "partly": answered(released, source, ANSWERED),
        "crashing": crashing,
        "deleted": deleted,
        "copied": copied,
        "curious": curious,
    }


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder in which the whole cycle was gone through once."""
    folder = tmp_path_factory.mktemp("instructor")
    shutil.copytree(ROOT / "source" / ASSIGNMENT, folder / "source" / ASSIGNMENT)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    nbgrader(folder, "generate_assignment", ASSIGNMENT)
    nbgrader(folder, "release_assignment", ASSIGNMENT)
    through_the_exchange(folder, tmp_path_factory.mktemp("student"))
    archive = folder / "downloaded" / ASSIGNMENT / "archive"
    archive.mkdir(parents=True)
    released = nbformat.read(folder / "release" / ASSIGNMENT / NOTEBOOK, as_version=4)
    source = nbformat.read(folder / "source" / ASSIGNMENT / NOTEBOOK, as_version=4)
    with zipfile.ZipFile(archive / "class.zip", "w") as zipped:
        for student, notebook in submissions(released, source, folder / "gradebook.db").items():
            zipped.writestr(f"{student}_{NOTEBOOK}", nbformat.writes(notebook))
    nbgrader(folder, "zip_collect", ASSIGNMENT)
    nbgrader(folder, "autograde", ASSIGNMENT)
    nbgrader(folder, "generate_feedback", ASSIGNMENT)
    nbgrader(folder, "export")
    return folder


def through_the_exchange(folder, student_folder):
    """Fetch, and hand in again as it came, as a student on the same machine does."""
    exchange = ["--course", "backend", f"--Exchange.root={folder / 'exchange'}"]
    nbgrader(student_folder, "fetch_assignment", ASSIGNMENT, *exchange)
    nbgrader(student_folder, "submit", ASSIGNMENT, *exchange)
    nbgrader(folder, "collect", ASSIGNMENT)


@pytest.fixture(scope="module")
def scores(course):
    with (course / "grades.csv").open(newline="") as table:
        return {row["student_id"]: row for row in csv.DictReader(table)}


def test_everybody_has_a_grade(scores):
    assert set(scores) == {
        *("perfect", "blank", "partly", "crashing", "deleted", "copied", "curious"),
        getpass.getuser(),
    }


@pytest.mark.parametrize("student", ["perfect", "deleted", "copied", "curious"])
def test_full_marks(scores, student):
    assert scores[student]["score"] == scores[student]["max_score"]


def test_nothing_for_nothing(scores):
    assert float(scores["blank"]["score"]) == 0
    assert float(scores[getpass.getuser()]["score"]) == 0


def question_points(course):
    """Return the points of each question of the assignment, in order."""
    notebook = nbformat.read(course / "release" / ASSIGNMENT / NOTEBOOK, as_version=4)
    points = {}
    for cell in notebook.cells:
        if is_grade(cell):
            question = cell.metadata.nbgrader.grade_id.split("-")[1]
            points[question] = points.get(question, 0) + cell.metadata.nbgrader.points
    return list(points.values())


def test_a_part_of_the_points_for_a_part_of_the_answers(course, scores):
    assert float(scores["partly"]["score"]) == sum(question_points(course)[:ANSWERED])


def test_a_crashing_cell_costs_its_own_question_alone(course, scores):
    lost = float(scores["crashing"]["max_score"]) - float(scores["crashing"]["score"])
    assert lost == question_points(course)[1]


@pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
def test_no_submission_sees_the_gradebook(course):
    assert (course / "gradebook.db").is_file()
    graded = nbformat.read(course / "autograded" / "curious" / ASSIGNMENT / NOTEBOOK, as_version=4)
    look = next(cell for cell in graded.cells if cell.id == "a-look")
    assert look.outputs[0].text == "not there\n"


def test_feedback_is_there_and_shows_no_hidden_reference(course):
    for student in ("perfect", "blank", "partly", "crashing", "deleted", "copied"):
        page = course / "feedback" / student / ASSIGNMENT / NOTEBOOK.replace(".ipynb", ".html")
        assert page.is_file(), student
    blank = (course / "feedback" / "blank" / ASSIGNMENT / "first-queries.html").read_text()
    assert "not attempted yet" in blank
    perfect = (course / "feedback" / "perfect" / ASSIGNMENT / "first-queries.html").read_text()
    assert '<th style="text-align: left;">' in perfect  # rows that a query gave, as a table
    assert "&lt;th" not in perfect
