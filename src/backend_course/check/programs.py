"""Judge a program that a learner wrote as lines, before functions are known, by running it.

The program is run once for each :class:`Run`, with other values given each time, and is stopped if
it does not end. So what counts is what it does, however it is written.
"""

from dataclasses import dataclass, field
from typing import Any

from backend_course.check.errors import CheckError, NotAttemptedError, message
from backend_course.lab.stepper import NotPythonError, Program, Trace, describe

LIMIT = 2_000
"""Steps after which a program that is judged counts as one that does not end."""


@dataclass(frozen=True)
class Run:
    """One time that a program is run.

    * ``given``: names that have a value before it begins.
    * ``expected``: names and what they are to hold at its end, of the same type.
    * ``hint``: where to look when it comes out otherwise.
    """

    given: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)
    hint: str = ""


def program(name: str, written: Program | NotPythonError, *runs: Run) -> None:
    """Check a program in the order of the runs, up to the first that comes out otherwise.

    Args:
        name: what it is called, for the messages.
        written: the program, or why it is none. It is blank while it is empty or one of its
            values is ``...``.
        runs: what to give it, and what is to come out.

    Raises:
        NotAttemptedError: it is blank.
        CheckError: a run came out otherwise.
    """
    if isinstance(written, NotPythonError):
        raise CheckError(f"{written}\nMend that line, run its cell again, then this check.")
    if not isinstance(written, Program):
        raise CheckError(
            f"{name} is no program any more, but {written!r}. Run its cell again, with "
            f"`%%program {name}` as the first line."
        )
    if written.empty:
        raise _blank(name)
    for run in runs:
        trace = written.run(run.given, LIMIT)
        if any(trace.values.get(wanted) is ... for wanted in run.expected):
            raise _blank(name)
        if problem := difference(written, trace, run.expected):
            own = sorted(written.assigned & run.given.keys() - run.expected.keys())
            advice = (
                f"Your program gives {own[0]} a value. Is that on purpose? The check gives it one."
                if own
                else ""
            )
            raise CheckError(
                message(f"{name}, {giving(run.given)}: {problem}", advice, hint(run, trace))
            )


def giving(given: dict[str, Any]) -> str:
    """Return for a message what a run begins with: ``with hours = 73``."""
    if not given:
        return "run once"
    return "with " + ", ".join(f"{name} = {value!r}" for name, value in given.items())


def hint(run: Run, trace: Trace) -> str:
    """Return where to look; to a program that stopped early, what stopped it says it better."""
    return "" if trace.stopped_at else run.hint


def difference(ran: Program, trace: Trace, expected: dict[str, Any]) -> str:
    """Return in what a run came out otherwise than expected; an empty text if in nothing."""
    if trace.error:
        line = ran.lines[trace.stopped_at - 1].strip()
        return f"line {trace.stopped_at}, `{line}`, stopped with {describe(trace.error)}"
    if trace.stopped_at:
        return f"it was still running after {LIMIT} steps. What ends the loop?"
    for name, value in expected.items():
        if name not in trace.values:
            return f"there is no name {name} at its end. Give {name} a value."
        came = trace.values[name]
        if type(came) is not type(value):
            return f"{name} is {came!r}, {_kind(came)}. Expected {_kind(value)}, {value!r}."
        if came != value:
            return f"{name} is {came!r}, expected {value!r}."
    return ""


def _kind(value: Any) -> str:
    kind = type(value).__name__
    words = {"str": "a text (str)", "int": "a whole number (int)"}
    return words.get(kind, f"a {kind}")


def _blank(name: str) -> NotAttemptedError:
    return NotAttemptedError(
        f"{name}: not attempted yet. Write your lines into its cell, run it, then this check."
    )
