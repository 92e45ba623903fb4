"""``make grade``: the learner's own work, graded as a class is, and told by question."""

import re
import shutil

import nbformat
import pytest
from nbgrader.utils import is_solution

from backend_course import syllabus
from backend_course.lab import own_grade
from backend_course.lab.course import ROOT
from backend_course.lab.standing import of_assignment

ASSIGNMENT = "03-1-first-queries"
NOTEBOOK = "first-queries.ipynb"
WRONG = "%%sql first_q2 <<\nSELECT nonsense FROM parcels"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder with the learner's copy: question 1 right, 2 wrong, the others blank."""
    root = tmp_path_factory.mktemp("learner")
    for name in ("source", "release"):
        shutil.copytree(ROOT / name / ASSIGNMENT, root / name / ASSIGNMENT)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copytree(root / "release" / ASSIGNMENT, root / "work" / ASSIGNMENT)
    notebook = nbformat.read(root / "work" / ASSIGNMENT / NOTEBOOK, as_version=4)
    source = nbformat.read(root / "source" / ASSIGNMENT / NOTEBOOK, as_version=4)
    first, second, *_ = (cell for cell in notebook.cells if is_solution(cell))
    reference = next(cell for cell in source.cells if cell.id == first.id).source.splitlines()
    first.source = "\n".join(line for line in reference if "SOLUTION" not in line)
    second.source = WRONG
    nbformat.write(notebook, root / "work" / ASSIGNMENT / NOTEBOOK)
    return root


@pytest.fixture(scope="module")
def report(course):
    return own_grade.grade(ASSIGNMENT, course)


def test_marks_by_question(report):
    assert [question.mark for question in report.questions[:3]] == ["✓", "✗", "○"]
    assert report.points == report.questions[0].points == report.questions[0].out_of > 0
    assert all(question.name for question in report.questions)


def test_the_message_is_the_check_s_own(report):
    second, third = report.questions[1:3]
    assert 'Referenced column "nonsense" not found' in second.messages[0]
    assert "not attempted yet" in third.messages[0]


def test_the_table_shows_all_of_it(report):
    text = own_grade.as_text(report)
    assert f"{ASSIGNMENT}: {report.points:g} of {report.out_of:g} points" in text
    assert "Referenced column" in text
    assert str(report.feedback) in text


def test_the_feedback_page_is_there_and_the_work_as_it_was(course, report):
    assert report.feedback.is_file()
    cells = nbformat.read(course / "work" / ASSIGNMENT / NOTEBOOK, as_version=4).cells
    assert WRONG in [cell.source for cell in cells]
    assert not (course / "gradebook.db").exists()
    assert not (course / "autograded").exists()


def test_the_feedback_page_fetches_nothing_and_shows_no_hidden_test(report):
    page = report.feedback.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)
    assert "Grade cell" in page
    assert "HIDDEN TESTS" not in page


def test_the_marks_are_kept_for_make_progress(course, report):
    assignment = next(each for each in syllabus.load(ROOT).assignments if each.folder == ASSIGNMENT)
    standing = of_assignment(assignment, course)
    assert (standing.points, standing.out_of) == (report.points, report.out_of)
    assert not standing.stale


def test_an_unknown_assignment_is_named_with_the_known_ones(course):
    with pytest.raises(own_grade.GradeError, match=f"no assignment 09-9.*{ASSIGNMENT}"):
        own_grade.grade("09-9", course)


@pytest.fixture
def broken(course, tmp_path):
    """A second course folder whose work a test may spoil."""
    root = tmp_path / "broken"
    shutil.copytree(course, root)
    return root


def test_a_missing_notebook_says_how_to_get_a_fresh_copy(broken):
    (broken / "work" / ASSIGNMENT / NOTEBOOK).unlink()
    with pytest.raises(
        own_grade.GradeError, match=r"is not there. `make lab` puts a fresh copy there"
    ):
        own_grade.grade(ASSIGNMENT, broken)


@pytest.mark.parametrize("text", ["", "{ not json", "[1, 2]", '{"cells": 3}'])
def test_a_file_that_is_no_notebook_is_one_clear_line(broken, text):
    (broken / "work" / ASSIGNMENT / NOTEBOOK).write_text(text)
    with pytest.raises(own_grade.GradeError, match="is not a notebook any more") as refused:
        own_grade.grade(ASSIGNMENT, broken)
    assert "\n" not in str(refused.value)
