"""Grade a class's submissions of one assignment."""

import argparse
import contextlib
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .lines import in_one_line, one_line

if TYPE_CHECKING:
    from .walls import Walls
    from .warm import Warm

# As in __main__.py, for callers that come here directly.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `grade`."""
    parser.add_argument("assignment", help="the assignment's name, e.g. ps1")
    parser.add_argument(
        "--course", type=Path, default=Path(), help="the course's folder (default: here)"
    )
    parser.add_argument(
        "--student", action="append", default=[], help="only this one; may be repeated"
    )
    parser.add_argument(
        "--workers", type=_count, help="processes (default: CPUs + 1, and more while CPUs are idle)"
    )
    parser.add_argument(
        "--engine", default="local", help="local, dask://HOST:PORT or dask+tls://HOST:PORT"
    )
    parser.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="skip what has not changed since it was graded (default); --no-resume: all again",
    )
    parser.add_argument("--timeout", type=int, help="seconds for one cell (default: the course's)")
    parser.add_argument("--receipts", type=Path, help="CSV of student,received: when work came in")
    parser.add_argument("--report", type=Path, help="folder for the report (default: .grading)")
    parser.add_argument("--no-canaries", action="store_true", help="do not look for forged results")
    parser.add_argument(
        "--trust-students",
        action="store_true",
        help="grade although the host has no walls for files",
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, and {text!r} is not")
    return int(text)


@in_one_line("Stopped. What was graded stays graded; the same command goes on.")
def run(arguments: argparse.Namespace) -> int:
    """Grade and report. 0: every submission was graded, 1: some failed, 2: nothing could be."""
    from . import walls
    from .imports import likely_modules
    from .warm import Warm

    standing = walls.probe()
    with contextlib.ExitStack() as started:
        coming = None
        if sys.platform == "linux" and arguments.engine == "local":
            likely = likely_modules(arguments.course, arguments.assignment)
            with contextlib.suppress(OSError):  # who needs it next says why it cannot be had
                coming = started.enter_context(Warm.coming(likely))
        return _grade(arguments, standing, coming)


def _grade(arguments: argparse.Namespace, standing: "Walls", coming: "Warm | None") -> int:
    # While the warm process imports what kernels need, this one imports what it needs itself.
    gc.disable()  # none of it is garbage
    from . import report
    from .course import Course
    from .files import in_words
    from .provisioner import NO_WALLS, keeps_files
    from .run import Plan, grade_assignment

    gc.freeze()
    gc.enable()
    for name, reason in standing.missing.items():
        print(f"Missing wall: {name} ({reason})", file=sys.stderr)
    if not keeps_files(standing.standing) and not arguments.trust_students:
        print(NO_WALLS, file=sys.stderr)
        return 2
    settings: dict[str, dict] = {
        "WalledExecute": {"canaries": not arguments.no_canaries},
        "WalledProvisioner": {"trust_students": arguments.trust_students},
    }
    if arguments.timeout:
        settings["WalledExecute"]["timeout"] = arguments.timeout
    plan = Plan(
        assignment=arguments.assignment,
        students=arguments.student,
        workers=arguments.workers,
        engine=arguments.engine,
        again=not arguments.resume,
        settings=settings,
    )
    course = Course(arguments.course)
    if arguments.receipts:
        course.read_receipts(arguments.receipts)
    summary = grade_assignment(course, plan, report.Progress(), coming)
    folder = arguments.report or course.root / ".grading"
    try:
        written = report.write(summary, folder)
    except OSError as error:
        print(one_line(f"No report. {in_words(error, folder)}"), file=sys.stderr)
        written = []
    lines = [report.table(summary), *(f"Written: {path}" for path in written)]
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:  # who reads them, need not read all; nor does Python when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1 if summary.failed or not written else 0
