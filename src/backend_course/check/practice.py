"""The checks of a lesson's own exercises: the same words, printed, so that reading can go on."""

from collections.abc import Callable
from typing import Any

from backend_course import check as _check
from backend_course.check.errors import CheckError, NotAttemptedError
from backend_course.check.http import Exchange
from backend_course.check.http import exchanges as _exchanges
from backend_course.check.ordering import order as _order
from backend_course.check.programs import Run
from backend_course.check.programs import program as _program
from backend_course.check.tracing import trace_table as _trace_table
from backend_course.check.values import Case
from backend_course.check.values import values as _values
from backend_course.lab.stepper import Program


def query_form(name: str, *arguments: Any, **options: Any) -> None:
    """Print the verdict of :func:`backend_course.check.query_form`."""
    _report(_check.query_form, name, *arguments, **options)


def query_rows(name: str, *arguments: Any, **options: Any) -> None:
    """Print the verdict of :func:`backend_course.check.query_rows`."""
    _report(_check.query_rows, name, *arguments, **options)


def values(name: str, *cases: Case) -> None:
    """Print the verdict of :func:`backend_course.check.values`."""
    _report(_values, name, *cases)


def exchanges(name: str, target: Any, *wanted: Exchange) -> None:
    """Print the verdict of :func:`backend_course.check.exchanges`."""
    _report(_exchanges, name, target, *wanted)


def program(name: str, written: Program, *runs: Run) -> None:
    """Print the verdict of :func:`backend_course.check.programs.program`."""
    _report(_program, name, written, *runs)


def order(name: str, answer: str, puzzle: str, *runs: Run) -> None:
    """Print the verdict of :func:`backend_course.check.ordering.order`."""
    _report(_order, name, answer, puzzle, *runs)


def trace_table(name: str, table: str, program: Program, **options: Any) -> None:
    """Print the verdict of :func:`backend_course.check.tracing.trace_table`."""
    _report(_trace_table, name, table, program, **options)


def _report(check: Callable[..., None], name: str, *arguments: Any, **options: Any) -> None:
    try:
        check(name, *arguments, **options)
    except NotAttemptedError as blank:
        print(f"○ {blank}")
    except CheckError as wrong:
        print(f"✗ {wrong}")
    else:
        print(f"✓ {name}: right.")
