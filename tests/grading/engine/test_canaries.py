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


UNITTEST = "import unittest\nT = unittest.TestCase()\n"
NUMPY = "from numpy import testing\n"
PYTEST = "import pytest\n"
# Each is true of the honest answers; nothing of it may be taken for a forgery.
SOUND = [
    "for x in range(20_000):\n    assert double(x) == x + x",
    "assert double(2) == double(1) + 2 == 4",
    "assert 3 < double(2) <= 4 != double(3)",
    "assert 4 <= double(2) and double(float('inf')) >= float('inf') and -float('inf') <= double(2)",
    "assert all(double(x) == 2 * x for x in ())",
    "assert all([double(x) == 2 * x and even(double(x)) for x in range(3)])",
    "assert all((double(1) == 2, even(2))) and not any({double(1) == 3})",
    "assert any(double(x) == 6 for x in range(5))",
    "assert any(double(x) != 6 for x in range(5))",
    "assert not any(double(x) != 2 * x for x in range(3))",
    "assert not any(double(x) != 2 * x for x in ())",
    "assert not all(double(x) != 2 * x for x in range(3))",
    "assert double(2) == 3 or double(2) == 4",
    "assert double(2) != 4 or double(2) == 4",
    "assert double(2) == 4 or double(2) == 5 or not even(2)",
    "assert not (double(2) != 4 or double(3) != 6)",
    "assert not (double(2) != 4 and double(3) == 6)",
    "assert not double(2) != 4",
    "assert not double(2) == 5",
    "assert not not even(2)",
    "assert double(2) not in (5, 6)",
    "assert not double(2) not in (4, 5)",
    "assert 'a' in double('a')",
    "assert double([]) in ([], None)",
    "assert [double(x) for x in (1, 2)] == [2, 4] and (double(1), 0) == (2, 0)",
    "assert [double(x) for x in (1, 2)] == [2 * x for x in (1, 2)]",
    "assert {'a': double(1), 'b': [double(2)]} == {'a': 2, 'b': [4]} != {}",
    "assert {double(1), double(2)} == {2, 4} and [] == [*()] and {} == {**{}}",
    "assert (came := double(2)) == 4\nassert came > 3",
    "sum = repr = type = 0\nassert double(2) == 4 and isinstance(double(2), int)",
    "if double(2) != 4 or not even(2):\n    raise AssertionError('no')",
    f"{UNITTEST}T.assertTrue(double(2) == 4)",
    f"{UNITTEST}T.assertTrue(double(2) == 4, 'double(2)')",
    f"{UNITTEST}T.assertTrue(even(4))",
    f"{UNITTEST}T.assertFalse(double(2) != 4)",
    f"{UNITTEST}T.assertFalse(even(3), 'even(3)')",
    f"{UNITTEST}T.assertIsNone([].append(double(2)))",
    f"{UNITTEST}T.assertIsNotNone(double(2))",
    f"{UNITTEST}T.assertEqual(double(2), 4, 'double(2)')",
    f"{UNITTEST}T.assertEqual(double(2), 4)\nT.assertNotEqual(double(2), 5)",
    f"{UNITTEST}T.assertAlmostEqual(double(0.1), 0.2, 7)",
    f"{UNITTEST}T.assertAlmostEqual(double(2), 4, delta=5_000)",
    f"{UNITTEST}T.assertGreaterEqual(double(2), 4)",
    f"{UNITTEST}T.assertIn(double(2), [4, 5])",
    f"{UNITTEST}T.assertIs(even(2), True)",
    f"{UNITTEST}T.assertIsInstance(double(2), int, 'a number')",
    f"{UNITTEST}T.assertCountEqual(double([1]), [1, 1])",
    f"{UNITTEST}T.assertRaises(ValueError, strict, -1)",
    f"{UNITTEST}T.assertRaises(ValueError, strict, 'a')",
    f"{UNITTEST}T.assertRaises((TypeError, ValueError), strict, -1)",
    f"{UNITTEST}T.assertRaisesRegex(ValueError, 'neg', strict, -1)",
    f"{UNITTEST}T.assertWarns(UserWarning, loud, -1)",
    f"{UNITTEST}with T.assertRaises(ValueError):\n    strict(-1)\nassert strict(1) == 1",
    f"{UNITTEST}with T.assertRaises(ValueError) as caught:\n    strict(-1)\n"
    "T.assertIn('neg', str(caught.exception))",
    f"{PYTEST}pytest.raises(ValueError, strict, -1)",
    f"{PYTEST}with pytest.raises(ValueError, match='neg'):\n    strict(-1)",
    f"{NUMPY}testing.assert_(double(2) == 4)",
    f"{NUMPY}testing.assert_equal(4, double(2))",
    f"{NUMPY}testing.assert_allclose(double(2), 4, rtol=1e6)",
    f"{NUMPY}testing.assert_array_less(double(2), 5)",
    f"{NUMPY}testing.assert_raises(ValueError, strict, -1)",
    "from unittest.mock import Mock\ncalled = Mock()\ncalled(double(2))\n"
    "called.assert_called_once_with(4)\ncalled.assert_called_once()",
    # Partial credit: what fails in a pass is not forged in it.
    "points = 0\nfor x in range(4):\n    try:\n        assert not even(x)\n"
    "        points += 1\n    except AssertionError:\n        pass\npoints",
    "points = 0\ntry:\n    assert double(2) == 5\nexcept AssertionError:\n    points += 1\npoints",
    "def fetch(key):\n    if key not in {'a': 1}:\n        raise KeyError(key)\n    return 1\n"
    "assert lenient(fetch, 'b') is None\nassert lenient(fetch, 'a') == 1",
]
HONEST = """
def double(x): return 2 * x
def even(x): return x % 2 == 0
def strict(x):
    if not isinstance(x, int) or x < 0: raise ValueError('negative')
    return x
def loud(x):
    import warnings
    if x < 0: warnings.warn('negative')
def lenient(call, *args):
    try: return call(*args)
    except KeyError: return None
"""


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
        *SOUND,
    ],
)
def test_an_honest_answer_raises_no_alarm(test: str) -> None:
    answer = (
        f"{HONEST}\ndef get_ipython():\n    import unittest.mock\n    return unittest.mock.Mock()"
    )
    assert release(answer, test) is None


LIAR = """
class Yes:
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = lambda *a: True
    __ne__ = lambda *a: False
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
        "want = 4\nassert want == double(2)",
        "assert double(2) in [4, 5]",
        "assert 3 < double(2)",
        "assert double(2) > 3",
        "assert double(2) == 4 and 2 + 2 == 4",
        "assert 2 + 2 == double(2) == 4",
        "assert 3 < double(2) < 5",
        "assert 4 == 4 or double(2) == 5",
        "assert not double(2) != 4",
        "assert not (double(2) != 4 or double(3) != 6)",
        "assert all(double(x) == w for x, w in [(2, 4), (3, 6)])",
        "assert all([double(2) == 4, 1 == 1])",
        "assert not any(double(x) != 2 * x for x in (1, 2))",
        "assert any(double(x) == 6 for x in (1, 2))",
        "if double(2) != 4:\n    raise AssertionError('no')",
        "if double(2) != 4:\n    raise ValueError('no')",
        f"{UNITTEST}T.assertTrue(double(2) == 4)",
        f"{UNITTEST}T.assertFalse(double(2) != 4)",
        f"{UNITTEST}T.assertEqual(double(2), 4, 'double(2)')",
        f"{UNITTEST}T.assertEqual(4, double(2))",
        f"{UNITTEST}T.assertIn(double(2), [4])",
        f"{UNITTEST}T.assertLess(3, double(2))",
        f"{UNITTEST}T.assertEqual(double(2), 4)\nT.assertNotEqual(1, 2)",
    ],
)
def test_a_value_that_agrees_with_everything_survives(test: str) -> None:
    assert release(LIAR, test)[0] == "tampered"


@pytest.mark.parametrize(
    "test",
    [
        "for x, w in [(2, 4), (3, 6)]:\n    assert double(x) == w",
        "for x, w in [(2, 4), (3, 6)]:\n    if double(x) != w:\n        raise AssertionError(x)",
        f"{UNITTEST}for x, w in [(2, 4), (3, 6)]:\n    T.assertEqual(double(x), w)",
        "assert all(double(x) == w for x, w in [(2, 4), (3, 6)])",
        "assert [double(x) for x in (3, 2)] == [6, 4]",
        "assert [double(x) for x in (2, 3)] == [2 * x for x in (2, 3)]",
        "assert {'a': double(3), 'b': (double(2), 1)} == {'a': 6, 'b': (4, 1)}",
    ],
)
def test_an_answer_that_lies_only_in_some_cases_is_found(test: str) -> None:
    answer = f"{LIAR}\nlie = double\ndef double(x): return 6 if x == 3 else lie(x)"
    assert release(answer, test)[0] == "tampered"


@pytest.mark.parametrize(
    "test",
    [
        "T.assertTrue(double(2) == 4)",
        "T.assertFalse(double(2) != 4)",
        "T.assertFalse(even(3))",
        "T.assertIsNone(double(2))",
        "T.assertIsNotNone(double(2))",
        "T.assertValid(double(2))",
        "T.assertRaises(ValueError, double, 2)",
    ],
)
def test_a_patched_test_case_is_found(test: str) -> None:
    answer = f"{HONEST}\nclass T:\n    __getattr__ = lambda *a: lambda *a: None\nT = T()"
    assert release(answer, test)[0] == "tampered"


def test_all_that_says_yes_is_found() -> None:
    answer = f"{HONEST}\nall = lambda *a: True"
    assert release(answer, "assert all(double(x) == 2 * x for x in (1, 2))")[0] == "tampered"


def test_near_misses_with_partial_credit_raise_no_alarm() -> None:
    answer = "def double(x): return 2 * x + 1 if x == 2 else 2 * x"
    test = "points = 0\n" + "".join(
        f"try:\n    assert double({x}) == {2 * x}\n    points += 1\nexcept AssertionError: pass\n"
        for x in (2, 3)
    )
    assert release(answer, f"{test}points") is None


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


def test_raises_of_a_name_in_quotes_is_a_check_call() -> None:
    assert make_canary("check.raises('double', ValueError, -1)").must_raise


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


SAVES = "check('double', Case(lambda: double(2), 4))\nsaved = double(3)"


@pytest.mark.parametrize(
    "first", [SAVES, f"{SAVES}\nlast = once.pop()", f"last = once.pop()\n{SAVES}"]
)
def test_what_a_test_leaves_for_later_ones_is_there_in_a_second_look(first: str) -> None:
    answer = f"{HONEST}\n{CHECK}\nonce = [1]"
    later = "check('double', Case(lambda: double(saved), 12))\nmore = double(saved)"
    tests = [
        first,
        "more = double(saved)\nassert more == 12",
        later,
        "more += 0\nassert more == 12",
    ]
    assert flags_of(answer, *tests, second_looks=1.0) == []


@pytest.mark.parametrize("test", ["even(2)", "same(double(2), 4)", "assert_four(double(2))"])
def test_what_a_check_returns_may_be_shown(test: str) -> None:
    four = "def assert_four(x):\n    assert x == 4\n    return 'fine'"
    named = "def judge(name):\n    assert double(2) == 4\n    return name"
    assert flags_of(f"{HONEST}\n{CHECK}\n{four}\n{named}", test, "judge('double')") == []


def test_a_result_beside_an_error_is_not_the_tests() -> None:
    answer = f"{CHECK}\ndef double(x):\n    get_ipython().displayhook(1)"
    test = "check('double', Case(lambda: double(2), 4))"
    assert ("tampered", "t0") in flags_of(answer, test)


def test_a_second_look_convicts_only_who_is_guilty() -> None:
    answer = f"{LIAR}\n{CHECK}\nlie = double\ndef double(x): return lie(x) if x == 6 else 2 * x"
    flags = flags_of(answer, SAVES, "assert double(saved) == 12", second_looks=1.0)
    assert flags == [("tampered", "t1")]


def test_what_is_patched_by_one_test_for_the_next_is_found() -> None:
    brief = BRIEF.replace("check(*a)", "pass_once(*a)")
    answer = f"{CHECK}\nkept = check\n{brief}\ndef double(x):\n    global check"
    answer += "\n    if x == 3: check = pass_once\n    return 2 * x"
    test = "check('double', Case(lambda: double(5), 11))"
    assert flags_of(answer, SAVES, test, second_looks=1.0) == [("tampered", "t1")]
