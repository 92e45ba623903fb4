"""Programs that are judged by running them."""

import pytest

from backend_course.check import CheckError, NotAttemptedError, Run, practice
from backend_course.check.programs import program
from backend_course.lab.stepper import NotPythonError, Program

DOUBLE = Run({"hours": 3}, {"twice": 6}, hint="Look at *.")


def judged(source, *runs):
    program("double", Program("double", source), *(runs or [DOUBLE]))


@pytest.mark.parametrize(
    "source", ["twice = hours * 2", "twice = 0\nfor n in [1, 2]:\n    twice = twice + hours"]
)
def test_what_it_does_counts(source):
    judged(source, DOUBLE, Run({"hours": 0}, {"twice": 0}))


@pytest.mark.parametrize("source", ["", "# write", "twice = ..."])
def test_blank(source):
    with pytest.raises(NotAttemptedError, match="double: not attempted yet"):
        judged(source)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("twice = hours", "double, with hours = 3: twice is 3, expected 6.\nLook at *."),
        ("twice = hours * 2.0", "twice is 6.0, a float. Expected a whole number (int), 6."),
        ("twice = str(hours)", "twice is '3', a text (str). Expected a whole number (int), 6."),
        ("two = hours * 2", "there is no name twice at its end. Give twice a value."),
        ("twice = hour * 2", "line 1, `twice = hour * 2`, stopped with NameError"),
        ("while True:\n    twice = 6", "it was still running after 2000 steps"),
        ("hours = 4\ntwice = hours * 2", "Your program gives hours a value."),
    ],
)
def test_what_came_out_otherwise(source, told):
    with pytest.raises(CheckError) as caught:
        judged(source)
    assert told in str(caught.value)


def test_the_hint_is_for_a_program_that_came_to_its_end():
    with pytest.raises(CheckError) as caught:
        judged("twice = hour * 2")
    assert "Look at *." not in str(caught.value)


def test_true_is_no_number():
    with pytest.raises(CheckError, match="twice is True, a bool"):
        judged("twice = hours == 3", Run({"hours": 3}, {"twice": 1}))


def test_a_name_that_is_no_program_any_more():
    with pytest.raises(CheckError, match=r"double is no program any more, but 6\. Run its cell"):
        program("double", 6, DOUBLE)


def test_in_a_lesson_it_is_printed(capsys):
    practice.program("double", Program("double", "twice = 2 * hours"), DOUBLE)
    assert capsys.readouterr().out == "✓ double: right.\n"


def test_a_text_that_is_no_python_is_named_and_not_judged():
    with pytest.raises(NotPythonError) as caught:
        Program("double", "twice = = 6")
    with pytest.raises(CheckError, match=r"double is no Python. Line 1: .*\n.*\nMend that line"):
        program("double", caught.value, DOUBLE)
