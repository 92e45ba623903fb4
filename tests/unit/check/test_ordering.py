"""Lines that are put in order: judged by running them."""

import pytest

from backend_course.check import CheckError, NotAttemptedError, Run, practice
from backend_course.check.ordering import order

PUZZLE = """
A      total = total + day
B  total = total + day
C  for day in days:
D  total = 0
E  count = 0
F      while True:
G          total = total
"""
RUNS = Run({"days": [1, 2]}, {"total": 3}), Run({"days": []}, {"total": 0}, hint="No days at all.")


def judged(answer):
    order("sum_order", answer, PUZZLE, *RUNS)


@pytest.mark.parametrize("answer", ["D C A", "dca", "D, C, A", " D\nC\nA ", "D > C > A", "E D C A"])
def test_every_order_that_works_is_right(answer):
    judged(answer)


@pytest.mark.parametrize("answer", [..., "", "...", " ? "])
def test_blank(answer):
    with pytest.raises(NotAttemptedError, match="not attempted yet"):
        judged(answer)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("C D A", "Line 2: expected an indented block after 'for' statement on line 1\n    total"),
        ("C A D", "line 2, `total = total + day`, stopped with NameError"),
        ("D A", "Line 2: unexpected indent"),
        ("D C A B", "with days = [1, 2]: total is 5, expected 3.\nThese lines were run:\n1  total"),
        ("D C F G", "it was still running after"),
        ("D C Z", "there is no line Z. The lines are A, B, C, D, E, F, G."),
        ("D C A A", "line A stands there twice"),
        (["D", "C"], "Write the letters as a text"),
    ],
)
def test_other_orders(answer, told):
    with pytest.raises(CheckError) as caught:
        judged(answer)
    assert told in str(caught.value)


def test_a_hint_belongs_to_its_run():
    puzzle = "A  total = 3"
    with pytest.raises(CheckError, match=r"with days = \[\]: .* expected 0\.\nNo days"):
        order("sum_order", "A", puzzle, *RUNS)


def test_in_a_lesson_it_is_printed(capsys):
    practice.order("sum_order", "DCA", PUZZLE, *RUNS)
    assert capsys.readouterr().out == "✓ sum_order: right.\n"
