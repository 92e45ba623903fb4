"""What a check of Python says: called, came back, expected, where to look."""

from decimal import Decimal

import pytest

from backend_course.check import Case, CheckError, NotAttemptedError, practice, values


def case(came, **asked):
    return Case("fee(73)", lambda: came, **asked)


def failing(error, **asked):
    def run():
        raise error

    return Case("fee(73)", run, **asked)


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        *[(1, 1), (1.0, 1), (None, None), ([1, True], [1, True]), ({"a": 1}, {"a": 1})],
        (Decimal("1.5"), Decimal("1.50")),
    ],
)
def test_equal_passes(came, expected):
    values("fee", case(came, expected=expected))


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        *[(1, True), (False, 0), ((1, 2), [1, 2]), ([1], [1, 2]), ([1], [True]), ("1", 1)],
        *[(None, 0), (1.5, Decimal("1.5")), (0, Decimal(0)), (Decimal(2), 2)],
    ],
)
def test_other_values_fail(came, expected):
    with pytest.raises(CheckError):
        values("fee", case(came, expected=expected))


def test_the_message_says_call_answer_expectation_and_where_to_look():
    with pytest.raises(CheckError) as caught:
        values("fee", case(3, expected=1.5, hint="Count started days."))
    assert str(caught.value) == "fee: fee(73) gave 3, expected 1.5.\nCount started days."


def test_of_two_dictionaries_the_first_difference_is_named():
    expected = {"rows": 2, "kept": True}
    with pytest.raises(CheckError) as caught:
        values("fee", case({"rows": 2, "kept": 1}, expected=expected))
    assert str(caught.value) == "fee: fee(73) gave 1 for 'kept', expected True."
    with pytest.raises(CheckError, match=r"expected \{'rows': 2, 'kept': True\}"):
        values("fee", case({"rows": 2}, expected=expected))


def test_a_forgotten_return():
    with pytest.raises(CheckError, match="Did you forget a return"):
        values("fee", case(None, expected=1.5))


def test_an_error_is_shown_in_one_line():
    with pytest.raises(CheckError) as caught:
        values("fee", failing(TypeError("no\nmore"), expected=2, hint="Look."))
    assert str(caught.value) == "fee: fee(73) raised TypeError: no\nExpected: 2.\nLook."


def test_an_error_that_is_asked_for():
    values("fee", failing(ValueError("x"), raises=ValueError))
    with pytest.raises(CheckError, match="gave 3, expected ValueError to be raised"):
        values("fee", case(3, raises=ValueError))
    with pytest.raises(CheckError, match="raised TypeError: x\nExpected: ValueError to be"):
        values("fee", failing(TypeError("x"), raises=ValueError))


@pytest.mark.parametrize("came", [..., (True, ...), {"a": [...]}])
def test_a_blank_is_not_attempted(came):
    with pytest.raises(NotAttemptedError, match="not attempted yet"):
        values("fee", case(came, expected=1))


def test_a_stub_that_raises_is_not_attempted():
    with pytest.raises(NotAttemptedError):
        values("fee", failing(NotImplementedError(), expected=1))


def test_cases_stop_at_the_first_that_fails():
    def never():
        pytest.fail("it was run")

    with pytest.raises(CheckError):
        values("fee", case(1, expected=2), Case("fee(1)", never))


@pytest.mark.parametrize(
    ("came", "printed"),
    [
        (1, "✓ fee: right.\n"),
        (..., "○ fee: not attempted yet. Write your code in the place of ... and run its cell.\n"),
        (2, "✗ fee: fee(73) gave 2, expected 1.\n"),
    ],
)
def test_in_a_lesson_it_is_printed(came, printed, capsys):
    practice.values("fee", case(came, expected=1))
    assert capsys.readouterr().out == printed
