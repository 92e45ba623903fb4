"""Judge tests that a learner wrote, by the broken implementations (mutants) that they notice.

``%load_ext backend_course.check.mutants`` makes two cell magics known. ``%%unit fees`` keeps a cell
as the right implementation of a module ``fees``, which can be imported from then on. ``%%tests
fees`` keeps a cell as a pytest suite for it. The suite is never run in the kernel: the program
:mod:`backend_course.check.suite_runner` runs it on one implementation after the other, each time in
a process of its own.

All implementations look the same from a suite: a module of the same name in an empty folder. In a
hidden test there is a second right one, written differently, and mutants are made of both. So a
suite passes by behaviour alone.
"""

import ast
import atexit
import dataclasses
import functools
import json
import linecache
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import types
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from backend_course.check.errors import CheckError, NotAttemptedError, message

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_RUNNER = Path(__file__).with_name("suite_runner.py")
_PATIENCE = 45  # seconds; the runner itself ends a suite sooner


@dataclasses.dataclass(frozen=True)
class Failure:
    """One test that failed: its name, the line of the cell (0: unknown), and what pytest says."""

    test: str
    line: int
    message: str


@dataclasses.dataclass(frozen=True)
class Report:
    """What came of one run of a suite.

    ``ending`` is one of ``ran``, ``unreadable`` (it cannot be imported), ``left`` (it ended
    Python), ``endless`` (it did not come to an end).
    """

    ending: str
    passed: int
    skipped: int
    failures: tuple[Failure, ...]

    @property
    def all_pass(self) -> bool:
        """Whether some tests ran and none failed."""
        return self.ending == "ran" and self.passed > 0 and not self.failures

    @property
    def noticed(self) -> bool:
        """Whether a test failed, or could not even be imported."""
        return bool(self.failures) and self.ending in ("ran", "unreadable")


@dataclasses.dataclass(frozen=True)
class Suite:
    """A learner's tests of one unit, and the right implementation that the page shows.

    Args:
        unit: the name of the module under test, such as ``fees``.
        tests: the text of the suite, with an empty line in the place of the magic.
        implementation: the text of the right implementation.
    """

    unit: str
    tests: str
    implementation: str

    def demand_tests(self) -> None:
        """See that there is something to run.

        Raises:
            NotAttemptedError: there is no test function.
            CheckError: the text is not Python.
        """
        functions = [node for node in self._nodes() if isinstance(node, _DEFINITIONS)]
        if any(node.name.startswith(("test", "Test")) for node in functions):
            return
        found = f" {functions[0].name} is no test: its name is not like that." if functions else ""
        raise NotAttemptedError(
            f"{self.unit}: not attempted yet. Write functions whose names begin with test_ in the "
            f"cell that opens with %%tests {self.unit}, and run it.{found}"
        )

    def run(self, implementation: str, first_only: bool = True, explain: bool = True) -> Report:
        """Run the tests on an implementation of the unit.

        Args:
            implementation: its text.
            first_only: stop at the first failure.
            explain: find out the values in an assert that fails and hypothesis's smallest example,
                which takes time.

        Raises:
            CheckError: the program that runs them does not answer.
        """
        job = {"unit": self.unit, "implementation": implementation, "tests": self.tests}
        answer = _ask(job | {"first_only": first_only, "explain": explain})
        failures = tuple(Failure(**failure) for failure in answer.pop("failures"))
        return Report(**answer, failures=failures)

    def demand_right(self, implementation: str) -> None:
        """See that the tests pass on a right implementation. The first answer is remembered.

        Raises:
            CheckError: they do not.
        """
        report = _first_run(self, implementation)
        if report.all_pass:
            return
        if implementation == self.implementation:
            which, where = "the right implementation", "Read the contract again."
        else:
            which = "another right implementation, written differently"
            where = "This test asks for more than the contract says."
        raise CheckError(
            message(
                f"{self.unit}: {self._story(report)} on {which}.",
                *self._details(report),
                f"Expected: every test passes on it. Until then no test counts. {where}",
            )
        )

    def demand_notice(
        self, broken: str, behaviour: str, rights: Sequence[str] = (), hint: str = ""
    ) -> None:
        """See that a test fails on a broken implementation, and none by chance on a right one.

        Both are run now, side by side: what a test has left behind tells it nothing.

        Args:
            broken: the text of the broken implementation.
            behaviour: what it does, as words before ": no test noticed".
            rights: right implementations, on one of which the tests pass once more; by default the
                one shown.
            hint: where to look.

        Raises:
            CheckError: no test notices, or the same tests pass once and fail once.
        """
        right = random.choice(rights or [self.implementation])
        runs = random.sample([broken, right], 2)
        quickly = functools.partial(self.run, explain=False)
        with ThreadPoolExecutor(len(runs)) as side_by_side:
            reports = dict(zip(runs, side_by_side.map(quickly, runs), strict=True))
        if not reports[right].all_pass:
            raise CheckError(
                f"{self.unit}: your tests pass on a right implementation once, and "
                f"{self._story(reports[right])} on it the next time.\n"
                "Expected: the same each time, whatever the order, the clock and chance."
            )
        if reports[broken].noticed:
            return
        came = {"endless": "your tests do not come to an end", "left": "your tests end Python"}
        raise CheckError(
            message(
                f"{self.unit}: {behaviour}: {came.get(reports[broken].ending, 'no test noticed')}.",
                "Expected: a test that fails on this broken implementation and passes on right "
                "ones.",
                next(self.weaknesses(), hint),
            )
        )

    def weaknesses(self) -> Iterator[str]:
        """Give the reasons why no broken implementation can fail tests like these, as sentences."""
        checks = [node for node in self._nodes() if _checks(node)]
        if not checks:
            yield "Your tests call, but compare nothing: write what has to come back after assert."
        for node in self._nodes():
            if isinstance(node, ast.Try) and any(map(_swallows, node.handlers)):
                line = next(each for each in node.handlers if _swallows(each)).lineno
                yield (
                    f"Line {line}: this except also takes the AssertionError of a failed assert, "
                    "so the test cannot fail. Use pytest.raises."
                )
        for node in checks:
            if isinstance(node, ast.Assert) and _always_true(node.test):
                yield f"Line {node.lineno}: this assert holds on every implementation."

    def show(self) -> str:
        """Return in a few lines what the tests do on the right implementation."""
        report = _first_run(self, self.implementation)
        if report.all_pass:
            skipped = f" ({report.skipped} skipped)" if report.skipped else ""
            return f"{_tests(report.passed)} on the right implementation{skipped}."
        report = self.run(self.implementation, first_only=False)
        lines = [f"On the right implementation {self._story(report)}:"]
        for number in range(len(report.failures)):
            lines += self._details(report, number)
        return "\n".join(lines)

    def _nodes(self) -> Iterator[ast.AST]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a graded cell has to be quiet
                return ast.walk(ast.parse(self.tests))
        except SyntaxError as error:
            lines = self.tests.splitlines()
            raise CheckError(
                f"{self.unit}: line {error.lineno} of your cell is not Python: {error.msg}.\n"
                f"line {error.lineno}: {_line(lines, error.lineno or 0)}"
            ) from None

    def _story(self, report: Report) -> str:
        if report.ending == "endless":
            return "your tests do not come to an end in time"
        if report.ending == "left":
            return "your tests end Python (sys.exit, os._exit or the like) before they are done"
        if report.ending == "unreadable":
            return "your tests cannot be imported"
        if report.failures:
            return f"{report.failures[0].test} fails"
        if report.skipped:
            return f"no test runs to its end ({report.skipped} skipped)"
        return "pytest finds no test in your cell"

    def _details(self, report: Report, number: int = 0) -> list[str]:
        if number >= len(report.failures):
            return []
        failure = report.failures[number]
        place = f"line {failure.line}: {_line(self.tests.splitlines(), failure.line)}"
        return [place, failure.message] if failure.line else [failure.message]


def caught(
    unit: str, behaviour: str, breaks: tuple[str, str], *, other: str = "", hint: str = ""
) -> None:
    """Check that the learner's tests pass on right implementations and notice a broken one.

    Args:
        unit: the name behind ``%%unit`` and ``%%tests``.
        behaviour: what the broken one does, as words before ": no test noticed".
        breaks: a piece of a right implementation, and what stands in its place in the broken one.
            The piece occurs once, in the one shown or in ``other``.
        other: a right implementation that is written differently.
        hint: where to look.

    Raises:
        NotAttemptedError: there are no tests.
        CheckError: a test fails on a right implementation, or none fails on the broken one.
        ValueError: ``breaks`` does not name one piece.
    """
    suite = _suite(unit)
    rights = [suite.implementation, *([other] if other else [])]
    broken = _broken(rights, *breaks)
    suite.demand_tests()
    for right in rights:
        suite.demand_right(right)
    suite.demand_notice(broken, behaviour, rights, hint)


def show(unit: str) -> None:
    """Print what the learner's tests do on the right implementation."""
    try:
        suite = _suite(unit)
        suite.demand_tests()
        print(suite.show())
    except NotAttemptedError as blank:
        print(f"○ {blank}")
    except CheckError as wrong:
        print(f"✗ {wrong}")


_implementations: dict[str, str] = {}
_suites: dict[str, str] = {}


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Make ``%%unit`` and ``%%tests`` known (IPython calls this for ``%load_ext``)."""
    shell.register_magic_function(_unit_magic, "cell", "unit")
    shell.register_magic_function(_tests_magic, "cell", "tests")


def _unit_magic(line: str, cell: str) -> None:
    name = line.strip()
    _implementations[name] = cell
    module = types.ModuleType(name)
    module.__file__ = f"<{name}.py>"
    linecache.cache[module.__file__] = (len(cell), None, cell.splitlines(True), module.__file__)
    exec(compile(cell, module.__file__, "exec"), module.__dict__)
    sys.modules[name] = module


def _tests_magic(line: str, cell: str) -> None:
    _suites[line.strip()] = f"\n{cell}"  # the first line is the magic's, so lines count as seen


def _suite(unit: str) -> Suite:
    if unit not in _implementations:
        raise CheckError(f"{unit}: there is no such module yet. Run the cell with %%unit {unit}.")
    return Suite(unit, _suites.get(unit, ""), _implementations[unit])


def _broken(rights: list[str], old: str, new: str) -> str:
    places = [right for right in rights for _ in range(right.count(old))]
    if len(places) != 1:
        raise ValueError(f"{old!r} occurs {len(places)} times in the right implementations, not 1")
    return places[0].replace(old, new)


@functools.cache
def _first_run(suite: Suite, implementation: str) -> Report:
    return suite.run(implementation)


def _line(lines: list[str], number: int) -> str:
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def _tests(count: int) -> str:
    return "1 test passes" if count == 1 else f"{count} tests pass"


def _checks(node: ast.AST) -> bool:
    """Tell whether a node can make a test fail: an assert, or a call like pytest.raises."""
    words = ("raise", "assert", "fail", "approx")
    called = ast.unparse(node.func).lower() if isinstance(node, ast.Call) else ""
    return isinstance(node, ast.Assert | ast.Raise) or any(word in called for word in words)


def _swallows(handler: ast.ExceptHandler) -> bool:
    taken = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {getattr(each, "id", "") for each in taken}
    takes = handler.type is None or names & {"AssertionError", "Exception", "BaseException"}
    return bool(takes) and not any(map(_checks, ast.walk(handler)))


def _always_true(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant | ast.Tuple):
        return bool(getattr(test, "value", getattr(test, "elts", None)))
    same = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.Is)
    return same and ast.dump(test.left) == ast.dump(test.comparators[0])


@dataclasses.dataclass
class _Runner:
    """The program that runs suites, and how to reach it."""

    process: subprocess.Popen
    port: int
    token: str


_starting = threading.Lock()


@functools.cache
def _runner() -> _Runner:
    if not hasattr(os, "fork"):
        raise CheckError("Tests are run by os.fork here, which Windows lacks. Use WSL.")
    token = secrets.token_hex()
    process = subprocess.Popen(
        [sys.executable, "-P", str(_RUNNER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        process_group=0,  # what interrupts the kernel is not meant for it
    )
    atexit.register(stop)
    process.stdin.write(f"{token}\n")
    process.stdin.flush()
    return _Runner(process, int(process.stdout.readline() or 0), token)


def stop() -> None:
    """End the program that runs suites; the next suite starts another one."""
    if not _runner.cache_info().currsize:
        return
    process = _runner().process
    _runner.cache_clear()
    process.communicate()


def _ask(job: dict[str, Any]) -> dict[str, Any]:
    with _starting:
        runner = _runner()
    try:
        try:
            return _exchange(runner, job)
        except ConnectionRefusedError:  # it has been killed
            with _starting:
                if _runner() is runner:
                    stop()
                runner = _runner()
            return _exchange(runner, job)
    except (OSError, ValueError) as error:
        raise CheckError(
            f"The program that runs tests does not answer ({error}). Run this cell again."
        ) from None


def _exchange(runner: _Runner, job: dict[str, Any]) -> dict[str, Any]:
    with (
        socket.create_connection(("127.0.0.1", runner.port), _PATIENCE) as connection,
        connection.makefile("rw", encoding="utf-8") as lines,
    ):
        lines.write(json.dumps(job | {"token": runner.token}) + "\n")
        lines.flush()
        return json.loads(lines.readline())
