"""What a learner's tests are told about themselves, and that they cannot do any harm."""

import contextlib
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from backend_course.check import CheckError, NotAttemptedError, mutants
from backend_course.check.mutants import Suite

RIGHT = """
def half(number):
    if number < 0:
        raise ValueError("number must be 0 or more")
    return number // 2
"""
OTHERWISE = """
def half(number):
    if number >= 0:
        return number >> 1
    raise ValueError("number must be 0 or more")
"""
ROUNDS_UP = RIGHT.replace("number // 2", "(number + 1) // 2")
GOOD = """
    import pytest
    from halves import half

    @pytest.mark.parametrize("number, expected", [(0, 0), (1, 0), (4, 2)])
    def test_half(number, expected):
        assert half(number) == expected
"""


@pytest.fixture(scope="module", autouse=True)
def _runner_ends():
    yield
    mutants.stop()


def suite(tests: str) -> Suite:
    return Suite("halves", f"\n{textwrap.dedent(tests).strip()}\n", RIGHT)


def refusal(check, *arguments) -> str:
    with pytest.raises(CheckError) as refused:
        check(*arguments)
    return str(refused.value)


def right(tests: str, implementation: str = RIGHT) -> str:
    return refusal(suite(tests).demand_right, implementation)


def unnoticed(tests: str, hint: str = "") -> str:
    return refusal(suite(tests).demand_notice, ROUNDS_UP, "An odd number is rounded up", (), hint)


def test_a_good_suite_passes_on_right_ones_and_notices_a_broken_one():
    good = suite(GOOD)
    good.demand_tests()
    good.demand_right(RIGHT)
    good.demand_right(OTHERWISE)
    good.demand_notice(ROUNDS_UP, "An odd number is rounded up")


def test_a_survivor_is_described_by_what_it_does():
    weak = "from halves import half\ndef test_half():\n    assert half(4) == 2"
    assert unnoticed(weak, "Test an odd number.") == (
        "halves: An odd number is rounded up: no test noticed.\n"
        "Expected: a test that fails on this broken implementation and passes on right ones.\n"
        "Test an odd number."
    )


def test_a_test_that_fails_on_the_right_one_is_shown_with_its_line():
    wrong = "from halves import half\n\ndef test_one():\n    assert half(1) == 1"
    assert right(wrong) == (
        "halves: test_one fails on the right implementation.\n"
        "line 5: assert half(1) == 1\n"
        "AssertionError: assert 0 == 1\n"
        " +  where 0 = half(1)\n"
        "Expected: every test passes on it. Until then no test counts. Read the contract again."
    )


def test_a_test_of_the_inside_fails_on_the_other_right_one():
    inside = "from halves import half\ndef test():\n    assert 2 in half.__code__.co_consts"
    suite(inside).demand_right(RIGHT)
    told = right(inside, OTHERWISE)
    assert "test fails on another right implementation, written differently." in told
    assert "asks for more than the contract says" in told


def test_the_suite_sees_no_difference_but_behaviour():
    looks = """
        from pathlib import Path
        import halves

        def test_looks():
            assert Path(halves.__file__).name == "halves.py"
            assert halves.__name__ == "halves" and len(list(Path().iterdir())) == 2
    """
    suite(looks).demand_right(RIGHT)
    assert "no test noticed" in unnoticed(looks)


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        ("import sys\n\ndef test():\n    pass\n\nsys.exit()", "end Python (sys.exit"),
        ("import os\n\ndef test():\n    os._exit(0)", "end Python (sys.exit"),
        ("import pytest\n\ndef test():\n    pytest.exit('now')", "end Python (sys.exit"),
        ("def test():\n    raise KeyboardInterrupt", "end Python (sys.exit"),
        ("import sys\n\ndef test():\n    sys.exit()", "line 5: sys.exit()\nSystemExit"),
        ("def test():\n    while True:\n        pass", "do not come to an end"),
        ("def test(nothing):\n    pass", "There is no fixture of the name nothing."),
        ("from halves import whole\n\ndef test():\n    pass", "line 2: from halves import whole"),
        ("assert False\n\ndef test():\n    pass", "your tests cannot be imported"),
        ("import pytest\n\ndef test():\n    pytest.skip()", "no test runs to its end (1 skipped)"),
        ("class Half:\n    def test(self):\n        pass", "pytest finds no test in your cell"),
        (
            "import pytest\n\n@pytest.mark.xfail(strict=True)\ndef test():\n    pass",
            "test fails on the right",
        ),
    ],
)
def test_what_is_no_passing_suite_is_told_why(tests, told):
    assert told in right(tests)


def test_a_suite_that_only_ends_on_right_ones_has_not_noticed():
    ends = """
        import os
        from halves import half

        def test():
            if half(1):
                os._exit(1)
    """
    assert "An odd number is rounded up: your tests end Python." in unnoticed(ends)


def test_chance_is_no_test():
    told = []
    for _ in range(16):
        by_chance = suite("import random\n\ndef test():\n    assert random.random() < 0.5")
        try:
            by_chance.demand_notice(ROUNDS_UP, "An odd number is rounded up")
        except CheckError as refused:
            told.append(str(refused))
    assert any("Expected: the same each time" in each for each in told)


def test_who_knows_that_it_is_graded_does_not_know_what_is_right():
    peeks = """
        import sys
        from pathlib import Path

        def test():
            frame = sys._getframe()
            while "explain" not in frame.f_locals:
                frame = frame.f_back
            assert frame.f_locals["explain"] or "//" in Path("halves.py").read_text()
    """
    suite(peeks).demand_right(OTHERWISE)
    broken = OTHERWISE.replace("number >> 1", "number")
    told = refusal(suite(peeks).demand_notice, broken, "Not halved", [OTHERWISE])
    assert "Expected: the same each time" in told


def test_a_text_that_python_warns_of_says_nothing():
    suite("def test():\n    assert '\\d'").demand_tests()


def test_hypothesis_and_fixtures_are_there():
    suite(
        """
        import pytest
        from halves import half
        from hypothesis import given, strategies as st

        @pytest.fixture
        def four():
            return 4

        @given(st.integers(0, 1000))
        def test_twice(number):
            assert number - half(number) * 2 in (0, 1)

        def test_four(four, tmp_path, capsys, monkeypatch):
            print(half(four))
            assert capsys.readouterr().out == "2\\n"
        """
    ).demand_right(RIGHT)


def test_hypothesis_gives_the_smallest_example():
    told = right(
        """
        from halves import half
        from hypothesis import given, strategies as st

        @given(st.integers(0, 1000))
        def test_small(number):
            assert half(number) < 100
        """
    )
    assert "number=200," in told


def test_what_a_run_leaves_behind_is_gone(tmp_path):
    pids = tmp_path / "pid"
    suite(
        f"""
        import os, subprocess, sys
        from pathlib import Path

        def test():
            sleep = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path({str(pids)!r}).write_text(f"{{sleep.pid}} {{os.getcwd()}}")
        """
    ).demand_right(RIGHT)
    pid, folder = pids.read_text().split()
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(pid)).wait(timeout=20)
    assert not Path(folder).exists()


def test_a_run_that_leaves_its_group_is_ended_all_the_same():
    leaves = """
        import os

        def test():
            os.setpgid(0, os.getpgid(os.getppid()))
            while True:
                pass
    """
    assert suite(leaves).run(RIGHT).ending == "endless"


def test_a_fork_in_a_test_tells_nothing_twice():
    forks = "import os\n\ndef test():\n    os.fork()"
    assert suite(forks).run(RIGHT).all_pass


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        ("half(3)", "Your tests call, but compare nothing"),
        ("assert True", "Line 5: this assert holds on every implementation."),
        ("assert (half(3) == 1, 'one')", "Line 5: this assert holds on every implementation."),
        ("assert half(3) == half(3)", "Line 5: this assert holds on every implementation."),
        (
            "try:\n        assert half(3) == 1\n    except Exception:\n        pass",
            "Line 7: this except also takes the AssertionError",
        ),
        ("with pytest.raises(ValueError):\n        half(-1)", "the hint"),
        (
            "try:\n        half(-1)\n    except ValueError:\n        pass\n    assert half(2) == 1",
            "the hint",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:assertion is always true:SyntaxWarning")
def test_a_weakness_is_named(tests, told):
    text = f"import pytest\nfrom halves import half\ndef test_half():\n    {tests}\n"
    assert unnoticed(text, "the hint").splitlines()[-1].startswith(told)


@pytest.mark.parametrize("tests", ["", "# nothing yet", "from halves import half", "x = 3"])
def test_no_test_function_is_not_attempted(tests):
    with pytest.raises(NotAttemptedError, match="halves: not attempted yet"):
        suite(tests).demand_tests()


def test_a_function_without_the_right_name_is_pointed_out():
    with pytest.raises(NotAttemptedError, match="check_half is no test"):
        suite("def check_half():\n    assert True").demand_tests()


def test_what_is_no_python_is_shown_with_its_line():
    told = refusal(suite("def test_half()\n    pass").demand_tests)
    assert told.startswith("halves: line 2 of your cell is not Python: expected ':'")


def test_a_cell_is_kept_and_a_unit_can_be_imported(capsys, monkeypatch):
    for each in ("_implementations", "_suites"):
        monkeypatch.setattr(mutants, each, {})
    monkeypatch.setitem(sys.modules, "halves", None)
    mutants.show("halves")
    mutants._unit_magic("halves", RIGHT)
    from halves import half

    assert half(5) == 2
    mutants.show("halves")
    mutants._tests_magic("halves", textwrap.dedent(GOOD))
    mutants.show("halves")
    mutants._tests_magic(
        "halves", "from halves import half\ndef test_5():\n    assert half(5) == 3"
    )
    mutants.show("halves")
    assert [line[:40] for line in capsys.readouterr().out.splitlines()] == [
        "✗ halves: there is no such module yet. R",
        "○ halves: not attempted yet. Write funct",
        "3 tests pass on the right implementation",
        "On the right implementation test_5 fails",
        "line 4: assert half(5) == 3",
        "AssertionError: assert 2 == 3",
        " +  where 2 = half(5)",
    ]


def test_caught_makes_the_broken_one_of_the_one_that_has_the_piece(monkeypatch):
    monkeypatch.setattr(mutants, "_implementations", {"halves": RIGHT})
    monkeypatch.setattr(mutants, "_suites", {"halves": textwrap.dedent(GOOD)})
    mutants.caught("halves", "Rounded up", ("number // 2", "(number + 1) // 2"))
    mutants.caught("halves", "Not halved", ("number >> 1", "number"), other=OTHERWISE)
    with pytest.raises(CheckError, match="No error for -1: no test noticed"):
        mutants.caught("halves", "No error for -1", ("number < 0", "False"), other=OTHERWISE)
    with pytest.raises(ValueError, match="occurs 2 times"):
        mutants.caught("halves", "Ambiguous", ("ValueError", "KeyError"), other=OTHERWISE)


def test_stop_ends_the_program_and_the_next_run_starts_another():
    assert suite(GOOD).run(RIGHT).all_pass
    first = mutants._runner().process
    mutants.stop()
    assert first.returncode == 0
    assert suite(GOOD).run(RIGHT).all_pass
    assert mutants._runner().process.pid != first.pid


def test_a_program_that_was_killed_is_replaced():
    assert suite(GOOD).run(RIGHT).all_pass
    first = mutants._runner().process
    first.kill()
    first.wait()
    suite(GOOD).demand_notice(ROUNDS_UP, "An odd number is rounded up")
    assert mutants._runner().process is not first


def test_two_runs_at_once_share_the_program_that_the_first_one_starts(monkeypatch):
    started, popen = [], subprocess.Popen

    def noted(*arguments, **options):
        started.append(popen(*arguments, **options))
        return started[-1]

    mutants.stop()
    monkeypatch.setattr(subprocess, "Popen", noted)
    suite(GOOD).demand_notice(ROUNDS_UP, "An odd number is rounded up")
    assert len(started) == 1


def test_a_client_without_the_token_gets_nothing():
    assert suite(GOOD).run(RIGHT).all_pass
    stranger = mutants._Runner(mutants._runner().process, mutants._runner().port, "guessed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mutants, "_runner", lambda: stranger)
        assert "does not answer" in refusal(suite(GOOD).run, RIGHT)
