"""The grader is graded: each right answer gets full marks, each wrong one its points and words."""

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .harness import Assignment, Mark, Trial, assignments, grade

ASSIGNMENTS = {name: Assignment(name) for name in assignments()}


@pytest.fixture(scope="session")
def graded(tmp_path_factory) -> Callable[[str], dict[str, Mark] | RuntimeError]:
    """Give a function that grades all submissions of an assignment, once, even if that fails."""

    @functools.cache
    def outcome(name: str) -> dict[str, Mark] | RuntimeError:
        with pytest.MonkeyPatch.context() as patch:
            # nbgrader calls the program `alembic` of its own environment by its bare name.
            patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
            try:
                return grade(ASSIGNMENTS[name], tmp_path_factory.mktemp(name))
            except RuntimeError as error:
                return error

    return outcome


@pytest.fixture
def marks(assignment, graded) -> dict[str, Mark]:
    outcome = graded(assignment.name)
    if isinstance(outcome, RuntimeError):
        raise outcome
    return outcome


def per_assignment():
    return pytest.mark.parametrize("assignment", _cases(lambda assignment: [()]))


def per_question():
    return pytest.mark.parametrize(
        ("assignment", "question"),
        _cases(lambda assignment: [(question,) for question in assignment.solutions]),
    )


def per_trial(kind: str):
    return pytest.mark.parametrize(
        ("assignment", "trial"),
        _cases(lambda assignment: [(trial,) for trial in getattr(assignment, kind)]),
    )


def per_test_cell():
    return pytest.mark.parametrize(
        ("assignment", "test"),
        _cases(lambda assignment: [(test,) for test in assignment.tests]),
    )


def _cases(rest):
    return [
        pytest.param(assignment, *values, id="-".join([name, *map(_label, values)]))
        for name, assignment in ASSIGNMENTS.items()
        for values in rest(assignment)
    ]


def _label(value: Trial | str) -> str:
    return f"{value.question}: {value.name}" if isinstance(value, Trial) else value


def points_of(mark: Mark, assignment: Assignment, question: str) -> float:
    return sum(mark.points[test] for test in assignment.tests_of(question))


def messages_of(mark: Mark, assignment: Assignment, question: str) -> str:
    return "\n\n".join(
        mark.failures[test] for test in assignment.tests_of(question) if test in mark.failures
    )


@per_assignment()
def test_reference_gets_full_marks(assignment, marks):
    assert marks["reference"].failures == {}
    assert marks["reference"].points == assignment.tests


@per_assignment()
def test_each_test_cell_belongs_to_one_question(assignment):
    for test in assignment.tests:
        assert len([q for q in assignment.solutions if assignment.is_of(test, q)]) == 1, test


@per_question()
def test_blank_gets_nothing_and_is_told_so(assignment, marks, question):
    assert points_of(marks["blank"], assignment, question) == 0
    for test in assignment.tests_of(question):
        assert "not attempted" in marks["blank"].failures[test]


@per_question()
def test_question_stands_alone(assignment, marks, question):
    full = sum(assignment.tests_of(question).values())
    for mixture, answered in assignment.mixtures().items():
        expected = full if question in answered else 0
        shown = messages_of(marks[mixture], assignment, question)
        assert points_of(marks[mixture], assignment, question) == expected, shown


@per_question()
def test_question_has_answers_to_try(assignment, question):
    assert [trial for trial in assignment.right if trial.question == question]
    assert len([trial for trial in assignment.wrong if trial.question == question]) >= 3


@per_trial("right")
def test_right_answer_gets_full_marks(assignment, marks, trial):
    mark = marks[trial.submission]
    assert messages_of(mark, assignment, trial.question) == ""
    full = sum(assignment.tests_of(trial.question).values())
    assert points_of(mark, assignment, trial.question) == full


@per_trial("wrong")
def test_wrong_answer_gets_its_points_and_words(assignment, marks, trial):
    mark = marks[trial.submission]
    shown = messages_of(mark, assignment, trial.question)
    assert trial.message in shown
    assert points_of(mark, assignment, trial.question) == trial.points, shown


@per_test_cell()
def test_each_test_is_failed_by_a_wrong_answer(assignment, marks, test):
    wrong = [trial for trial in assignment.wrong if assignment.is_of(test, trial.question)]
    assert any(test in marks[trial.submission].failures for trial in wrong)
