"""Mutated tests: every honest answer fails them, every liar passes them."""

import builtins

import pytest

from backend_course.grading.canaries import judge, make_canary

HONEST = "def double(x): return 2 * x\ndef even(x): return x % 2 == 0"


def release(answer: str, test: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str] | None:
    """Run a test's canary as the kernel does, in short."""
    canary = make_canary(test)
    assert canary is not None
    record: list = []
    monkeypatch.setattr(builtins, "__canary__", record, raising=False)
    space: dict = {}
    exec(answer, space)
    report = {"record": record, "results": [], "status": "ok"}
    try:
        exec(canary.source, space)
        if canary.shows_value:
            report["results"] = [canary.source.strip().splitlines()[-1]]
    except Exception as error:
        report |= {"status": "error", "error": type(error).__name__, "message": str(error)}
    return judge(canary, report)


@pytest.mark.parametrize(
    "test",
    [
        "assert double(2) == 4",
        "assert 4 == double(2)",
        "assert double(2) == 4 and double(3) == 6",
        "assert double(2) == 4 or double(2) == 5",
        "assert double('a') == 'aa'",
        "assert double([1]) == [1, 1]",
        "assert abs(double(0.1) - 0.2) < 1e-9",
        "assert double(2) != 5",
        "assert not even(3)",
        "assert even(4)",
        "assert double(2) in {4, 5}",
        "assert double(2) > 3",
        "assert 3 < double(2) < 5",
        "assert isinstance(double(2), int)",
        "assert double(None or 1) is not None",
        "assert all(even(x) for x in (2, 4))",
        "for x in (1, 2):\n    assert double(x) == x + x, f'double({x})'",
        "if double(2) != 4:\n    raise AssertionError('no')",
        "def check():\n    assert double(2) == 4\ncheck()",
        "import numpy\nnumpy.testing.assert_allclose(double(0.5), 1.0)",
        "assert double(2) == 4\nprint('fine')",
        "from __future__ import annotations\nassert double(2) == 4",
        "(double(2) == 4) * 0.5",
        "%matplotlib --list\nassert double(2) == 4",
    ],
)
def test_an_honest_answer_raises_no_alarm(test: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = (
        f"{HONEST}\ndef get_ipython():\n    import unittest.mock\n    return unittest.mock.Mock()"
    )
    assert release(answer, test, monkeypatch) is None


LIAR = """
class Yes:
    __eq__ = __lt__ = __gt__ = lambda *a: True
    __hash__ = object.__hash__
    __sub__ = __abs__ = lambda self, *a: self
    __contains__ = lambda *a: True
def double(x): return Yes()
def assert_same(a, b): pass
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert double(2) == 4",
        "assert 4 == double(2)",
        "assert abs(double(2) - 4) < 1e-9",
        "assert 4 in double(2)",
        "assert_same(double(2), 4)",
    ],
)
def test_a_value_that_agrees_with_everything_survives(
    test: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert release(LIAR, test, monkeypatch)[0] == "tampered"


def test_a_test_that_does_not_run_is_found() -> None:
    canary = make_canary("assert double(2) == 4")
    assert judge(canary, {"record": [], "results": [], "status": "ok"})[0] == "tampered"


def test_a_canary_without_an_answer_proves_nothing() -> None:
    canary = make_canary("assert double(2) == 4")
    assert judge(canary, {"error": "Timeout"})[0] == "unproven"
    assert judge(canary, {})[0] == "unproven"


def test_another_language_has_no_canary() -> None:
    assert make_canary("let x = 3;") is None
