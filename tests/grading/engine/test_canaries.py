"""Falsified tests: every honest answer fails them, every liar passes them."""

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from traitlets.config import Config

from backend_course.grading.canaries import (
    CanaryCell,
    canary_cell,
    canary_cells,
    judge,
    make_canary,
)
from backend_course.grading.execute import WalledExecute
from backend_course.grading.provisioner import close_warm_process

HONEST = "def double(x): return 2 * x\ndef even(x): return x % 2 == 0"
CHECK = """
class Case:
    def __init__(self, run, expected): self.run, self.expected = run, expected
def same(came, expected): return came == expected
def check(name, *cases):
    for case in cases:
        if not same(case.run(), case.expected): raise AssertionError(name)
"""
EXPECTED = (("Case", ("1", "expected")),)


def outputs_of(cell: CanaryCell, space: dict) -> list[NotebookNode]:
    """Run a canary's cell as a kernel does, in short."""
    source = cell.source
    if cell.shows_value:
        source, _, last = source.rpartition("\n")
    try:
        exec(source, space)
        if cell.shows_value:
            shown = {"text/plain": repr(eval(last, space))}
            return [new_output("execute_result", data=shown, execution_count=1)]
    except Exception as error:
        return [new_output("error", ename=type(error).__name__, evalue=str(error), traceback=[])]
    return []


def release(answer: str, test: str, expectations: tuple = ()) -> tuple[str, str] | None:
    canary = make_canary(test, expectations)
    assert canary is not None
    space: dict = {}
    exec(answer, space)
    cell = canary_cell({0: canary})
    return judge(canary, 0, cell, outputs_of(cell, space))


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
        "for x in range(20_000):\n    assert double(x) == x + x",
        "if double(2) != 4:\n    raise AssertionError('no')",
        "def check():\n    assert double(2) == 4\ncheck()",
        "import numpy\nnumpy.testing.assert_allclose(double(0.5), 1.0)",
        "assert double(2) == 4\nprint('fine')",
        "from __future__ import annotations\nassert double(2) == 4",
        "(double(2) == 4) * 0.5",
        "%matplotlib --list\nassert double(2) == 4",
    ],
)
def test_an_honest_answer_raises_no_alarm(test: str) -> None:
    answer = (
        f"{HONEST}\ndef get_ipython():\n    import unittest.mock\n    return unittest.mock.Mock()"
    )
    assert release(answer, test) is None


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
def test_a_value_that_agrees_with_everything_survives(test: str) -> None:
    assert release(LIAR, test)[0] == "tampered"


def test_an_answer_that_lies_only_in_some_cases_is_found() -> None:
    answer = f"{LIAR}\nlie = double\ndef double(x): return 6 if x == 3 else lie(x)"
    test = "for x, w in [(2, 4), (3, 6)]:\n    assert double(x) == w"
    assert release(answer, test)[0] == "tampered"


CALL = "cases = [Case(lambda: double(2), 4)]\nfor case in cases:\n    check('double', case)"


@pytest.mark.parametrize("expectations", [EXPECTED, ()])
def test_a_check_call_that_is_honest_raises(expectations: tuple) -> None:
    assert release(f"{HONEST}\n{CHECK}", CALL, expectations) is None


@pytest.mark.parametrize("expectations", [EXPECTED, ()])
def test_a_coroutine_is_replaced_by_a_coroutine(expectations: tuple) -> None:
    answer = f"{CHECK}\nimport asyncio\nasync def later(x): return 2 * x"
    test = "check('later', Case(lambda: asyncio.run(later(2)), 4))"
    assert release(answer, test, expectations) is None


@pytest.mark.parametrize("expectations", [EXPECTED, ()])
@pytest.mark.parametrize("patch", ["def check(*a): pass", "def same(*a): return True"])
def test_a_patched_check_is_found(expectations: tuple, patch: str) -> None:
    assert release(f"{HONEST}\n{CHECK}\n{patch}", CALL, expectations)[0] == "tampered"


def test_only_another_expectation_finds_a_liar() -> None:
    answer = f"{LIAR}\n{CHECK}"
    assert release(answer, CALL, EXPECTED)[0] == "tampered"
    assert release(answer, CALL) is None


def test_the_wrong_answer_stands_in_only_while_the_test_runs() -> None:
    space: dict = {}
    exec(f"{HONEST}\n{CHECK}", space)
    canary = make_canary("check('double', Case(lambda: double(2), 4))\ncheck('missing')")
    outputs_of(canary_cell({0: canary}), space)
    assert space["double"](2) == 4
    assert "missing" not in space


def test_canaries_share_a_cell_but_for_partial_credit() -> None:
    tests = ["assert double(2) == 4", "(double(2) == 4) * 1", "from __future__ import division"]
    canaries = {10 * n: make_canary(test) for n, test in enumerate(tests)}
    space: dict = {}
    exec(HONEST, space)
    asked = []
    for cell, keys in canary_cells(canaries):
        outputs = outputs_of(cell, space)
        asked += keys
        assert [judge(canaries[key], key, cell, outputs) for key in keys] == [None] * len(keys)
    assert sorted(asked) == [0, 10, 20]


def test_a_test_that_does_not_run_is_found() -> None:
    canary = make_canary("assert double(2) == 4")
    assert judge(canary, 0, canary_cell({0: canary}), [])[0] == "tampered"


@pytest.mark.parametrize("evalue", ["", "[1, 2]", "[", "no number"])
def test_a_canary_without_its_secret_proves_nothing(evalue: str) -> None:
    canary = make_canary("assert double(2) == 4")
    error = new_output("error", ename="ValueError", evalue=evalue, traceback=[])
    assert judge(canary, 0, canary_cell({0: canary}), [error])[0] == "unproven"


def test_another_language_has_no_canary() -> None:
    assert make_canary("let x = 3;") is None


def flags_of(answer: str, *tests: str, **settings: object) -> list[tuple[str, str]]:
    """Run an answer and its tests in a kernel; the flags by cell."""
    notebook = new_notebook(cells=[new_code_cell(answer)])
    for number, test in enumerate(tests):
        about = {"grade_id": f"t{number}", "grade": True, "solution": False, "points": 1}
        about |= {"locked": True, "task": False, "schema_version": 3, "cell_type": "code"}
        notebook.cells.append(new_code_cell(test, metadata={"nbgrader": about}))
    config = Config(WalledProvisioner={"trust_students": True})
    settings = {"second_looks": 0.0} | settings
    try:
        ran, resources = WalledExecute(config=config, **settings)(notebook, {"metadata": {}})
    finally:
        close_warm_process()
    assert len(ran.cells) == 1 + len(tests)
    return [(flag["kind"], flag["cell"]) for flag in resources["grading"]["flags"]]


def test_what_the_end_of_a_notebook_has_changed_is_looked_at_again() -> None:
    honest = "place = [1]\ndef double(x): return 2 * x"
    assert flags_of(honest, "at = place[0]\nassert double(at) == 2", "place.clear()") == []


# Only while the first test runs, nothing is checked.
BRIEF = "def check(*a):\n    global check\n    check = kept"


@pytest.mark.parametrize(("share", "found"), [(0.0, []), (1.0, [("tampered", "t0")])])
def test_a_second_look_finds_what_was_put_back(share: float, found: list) -> None:
    answer = f"{CHECK}\nkept = check\ndouble = None\n{BRIEF}"
    test = "check('double', Case(lambda: double(2), 4))"
    assert flags_of(answer, test, second_looks=share) == found
