"""Many inputs, and of those that fail the simplest, in the words of a check."""

import os
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.configuration import storage_directory

from backend_course.check import Case, CheckError, NotAttemptedError
from backend_course.check.properties import for_all, get_ready

HOURS = st.integers(0, 1000)


def judged(fee, *inputs, wanted=lambda hours: hours // 24, **options):
    def case(hours):
        return Case(f"fee({hours})", lambda: fee(hours), wanted(hours), hint="Look at day 3.")

    for_all("fee", case, *(inputs or [HOURS]), **options)


def message_of(fee, *inputs, **options):
    with pytest.raises(CheckError) as caught:
        judged(fee, *inputs, **options)
    return str(caught.value)


def test_what_always_holds_passes():
    judged(lambda hours: hours // 24)


def test_the_simplest_failing_call_is_shown_in_our_words_and_nothing_else(capfd):
    text = message_of(lambda hours: hours // 24 if hours < 72 else 99)
    assert text == (
        "fee: fee(72) gave 99, expected 3.\n"
        "Look at day 3.\n"
        "This is the simplest call found that comes out otherwise; there may be more."
    )
    assert capfd.readouterr() == ("", "")


def test_the_traceback_of_hypothesis_is_not_shown():
    with pytest.raises(CheckError) as caught:
        judged(lambda hours: 99)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_several_inputs():
    def case(amount, parts):
        return Case(f"{amount} / {parts}", lambda: amount + parts, expected=amount)

    for_all("split", case, st.integers(1, 5), st.just(0))
    with pytest.raises(CheckError, match=r"^split: 1 / 1 gave 2, expected 1\."):
        for_all("split", case, st.integers(1, 5), st.integers(0, 3))


def test_an_error_is_shown_with_the_call_that_raised_it():
    def fee(hours):
        return 24 // (hours - 30) and hours // 24

    lines = message_of(fee, st.integers(30, 40)).splitlines()
    assert lines[0].startswith("fee: fee(30) raised ZeroDivisionError: ")
    assert lines[1] == "Expected: 1."


def test_an_error_that_is_asked_for():
    def case(hours):
        return Case(f"fee({hours})", lambda: int("x"), raises=ValueError)

    for_all("fee", case, HOURS)


def test_a_blank_is_told_apart():
    def blank(hours):
        raise NotImplementedError("Write your code here")

    with pytest.raises(NotAttemptedError, match="not attempted yet"):
        judged(blank)


def test_what_the_function_prints_is_shown_for_the_simplest_call_alone(capsys):
    def fee(hours):
        print("hours are", hours)
        return hours

    message_of(fee)
    assert capsys.readouterr().out == "hours are 1\n"


def test_a_function_that_remembers_is_told_so():
    seen = set()

    def fee(hours):
        first = hours not in seen
        seen.add(hours)
        return hours // 24 + first

    text = message_of(fee)
    assert "expected" in text
    assert "The same call came out otherwise when it was made again." in text


def test_the_same_inputs_are_tried_each_time_and_no_more_than_asked_for():
    tried = []

    def fee(hours):
        tried.append(hours)
        return hours // 24

    judged(fee, examples=30)
    first = tried[:]
    tried.clear()
    judged(fee, examples=30)
    assert tried == first
    assert 20 <= len(tried) <= 30
    assert len(set(tried)) > 10


PROGRAM = """
from hypothesis import strategies as st
from backend_course.check import Case, CheckError
from backend_course.check.properties import for_all, get_ready

for_all("f", lambda n: Case(f"f({n})", lambda: n, n), st.integers(0, 1000))
try:
    for_all("f", lambda n: Case(f"f({n})", lambda: n < 7, True), st.integers(0, 1000))
except CheckError as error:
    print(error)
"""


@pytest.mark.parametrize("continuous_integration", [{}, {"CI": "true"}], ids=["here", "CI"])
def test_no_folder_is_left_and_nothing_goes_to_stderr(tmp_path, continuous_integration):
    """A test cell in nbgrader gets nothing if anything is written to stderr."""
    environment = {"TMPDIR": str(tmp_path / "tmp"), **continuous_integration}
    (tmp_path / "tmp").mkdir()
    (tmp_path / "work").mkdir()
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path / "work",
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    assert ran.stdout.startswith("f: f(7) gave False, expected True.\n")
    assert list((tmp_path / "work").iterdir()) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_folder_of_other_tests_is_as_it_was():
    before = storage_directory(intent_to_write=False).home_directory
    judged(lambda hours: hours // 24)
    assert storage_directory(intent_to_write=False).home_directory == before


def test_money_is_compared_as_money():
    def case(cents):
        amount = Decimal(cents) / 100
        return Case(f"parse('{amount}')", lambda: float(amount), amount)

    with pytest.raises(CheckError, match=r"gave 0\.0, expected Decimal\('0'\)"):
        for_all("parse", case, st.integers(0, 100))


def test_what_hypothesis_needs_for_text_is_there_when_ready(monkeypatch):
    from hypothesis.internal import charmap

    monkeypatch.setattr(charmap, "_charmap", None)
    get_ready()
    assert charmap._charmap is not None
