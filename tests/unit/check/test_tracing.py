"""Trace tables: the first wrong value, and what happens there."""

import pytest

from backend_course.check import CheckError, NotAttemptedError, practice
from backend_course.check.tracing import trace_table
from backend_course.lab.stepper import Program

WEEK = Program("week", "total = 0\nfor day in range(1, 4):\n    total = total + day\nprint(total)")
LETTERS = Program(
    "letters", "for letter in 'L7':\n    last = letter\n    if letter == '7':\n        x = 1"
)
HEADER = "step | day | total\n"
RIGHT = HEADER + "1 | 1 | 1\n2 | 2 | 3\n3 | 3 | 6\n"


def judged(table):
    trace_table("table", table, WEEK, after=3, columns=["day", "total"])


def problem(table):
    with pytest.raises(CheckError) as caught:
        judged(table)
    return str(caught.value)


@pytest.mark.parametrize(
    "table",
    [
        RIGHT,
        "\n" + RIGHT.replace(" | ", "|") + "\n",
        HEADER + "-----+-----+------\n" + RIGHT.removeprefix(HEADER),
        "| step | total | day |\n|---|---|---|\n| 1 | 1 | 1 |\n| 2 | 3 | 2 |\n| 3 | 6 | 3 |",
        "step | day | total\n   | 1 | 1\n | 2 | 3\n | 3 | 6",
    ],
)
def test_a_right_table_however_it_is_drawn(table):
    judged(table)


def test_the_first_wrong_value_and_what_happens_there():
    assert problem(RIGHT.replace("2 | 3\n", "2 | 2\n").replace("3 | 6", "3 | 5")) == (
        "table: row 2: total does not hold 2.\n"
        "Before it, day is 1 and total is 1.\n"
        "Then these lines are run:\n"
        "  line 2: for day in range(1, 4):   (next value)\n"
        "  line 3: total = total + day"
    )


def test_the_first_step_begins_with_nothing():
    told = problem(HEADER + "1 | 0 | 1")
    assert "row 1: day does not hold 0.\nBefore it, none of them has a value." in told
    assert "  line 1: total = 0\n" in told


@pytest.mark.parametrize("wrong", ["'3'", "3.0", "x", "-", "True", ""])
def test_a_number_is_a_number(wrong):
    assert "row 3: day " in problem(RIGHT.replace("3 | 3 | 6", f"3 | {wrong} | 6"))


def test_a_row_too_many_and_a_row_too_few():
    assert "row 4 is one too many. Line 3 is not run again after row 3." in problem(
        RIGHT + "4 | 4 | 10"
    )
    assert "right up to row 2, but line 3 is run once more" in problem(
        RIGHT[: RIGHT.index("3 | 3")]
    )


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (HEADER + "1 | ? | ?\n2 | ? | ?", "table: not attempted yet"),
        (HEADER + "1 | 1 | 1\n2 | ? | ?", "table: right up to row 1. Now fill in row 2."),
        (HEADER + "1 | 1 | ?\n", "table: Now fill in row 1."),
    ],
)
def test_blanks_are_not_wrong(table, told):
    with pytest.raises(NotAttemptedError) as caught:
        judged(table)
    assert str(caught.value).startswith(told)


def test_a_wrong_value_beside_a_blank_is_told():
    assert "row 1: day does not hold 5." in problem(HEADER + "1 | 5 | ?")


def test_a_damaged_table_is_told():
    assert "has no column total. Write it as it was: turn | day | total" in problem("step | day")
    assert "row 1 has 2 cells, the first line has 3" in problem(HEADER + "1 | 1")
    assert "table is 6. It is to be a text" in problem(6)


@pytest.mark.parametrize(("first", "second"), [("'L'", "'7'"), ("L", "7"), ('"L"', '"7"')])
@pytest.mark.parametrize("nothing", ["-", ""])
def test_texts_with_or_without_quotes_and_names_without_a_value(first, second, nothing):
    table = f"step | last | x\n1 | {first} | {nothing}\n2 | {second} | {nothing}"
    trace_table("table", table, LETTERS, after=2, columns=["last", "x"])


def test_a_value_where_there_is_none_and_none_where_there_is_one():
    with pytest.raises(CheckError, match="row 1: x has no value yet"):
        trace_table("table", "step | x\n1 | 0", LETTERS, after=2, columns=["x"])
    assert "row 1: total has a value by then." in problem(HEADER + "1 | 1 | -")


def test_a_minus_sign_as_it_is_printed_in_prose():
    down = Program("down", "for n in [-2]:\n    m = n")
    trace_table("table", "step | m\n1 | \N{MINUS SIGN}2", down, after=2, columns=["m"])


def test_a_line_that_is_never_run():
    never = Program("never", "for day in range(0):\n    total = day")
    with pytest.raises(CheckError, match="Line 2 is never run"):
        trace_table("table", "step | day\n1 | 0", never, after=2, columns=["day"])


def test_in_a_lesson_it_is_printed(capsys):
    practice.trace_table("table", RIGHT, WEEK, after=3, columns=["day", "total"])
    assert capsys.readouterr().out == "✓ table: right.\n"
