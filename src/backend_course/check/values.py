"""Judge Python that a learner wrote by what its calls return or raise."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from backend_course.check.errors import CheckError, NotAttemptedError, message


@dataclass(frozen=True)
class Case:
    """One thing to try, and what is to come of it.

    * ``called``: the call as a learner reads it, such as ``fee(73)``, or the story of several.
    * ``run``: does it, and returns what came back.
    * ``expected``: the value that is to come back.
    * ``raises``: the exception that is to be raised instead.
    * ``hint``: where to look when it comes out otherwise.
    """

    called: str
    run: Callable[[], Any]
    expected: Any = None
    raises: type[Exception] | None = None
    hint: str = ""


def values(name: str, *cases: Case) -> None:
    """Check cases in their order, up to the first that comes out otherwise.

    Equal is what ``==`` calls equal and what is of the same kind: ``1`` is not ``True``, and
    ``1.5`` is not ``Decimal("1.5")``. A blank is ``...``, alone or inside of what came back, and
    NotImplementedError.

    Args:
        name: what the learner wrote, for the messages.
        cases: what to try.

    Raises:
        NotAttemptedError: the answer is blank.
        CheckError: a case came out otherwise.
    """
    for case in cases:
        if difference := _difference(name, case):
            raise CheckError(message(f"{name}: {case.called} {difference}", case.hint))


def _difference(name: str, case: Case) -> str:
    expected = f"{case.raises.__name__} to be raised" if case.raises else repr(case.expected)
    try:
        came = case.run()
    except NotImplementedError:
        raise _blank(name) from None
    except Exception as error:
        if case.raises and isinstance(error, case.raises):
            return ""
        first_line = (str(error).splitlines() or [""])[0]
        return f"raised {type(error).__name__}: {first_line}\nExpected: {expected}."
    if _holds_blank(came):
        raise _blank(name)
    if not case.raises and _alike(came, case.expected):
        return ""
    if not case.raises and _same_keys(came, case.expected):
        key = next(key for key in came if not _alike(came[key], case.expected[key]))
        return f"gave {came[key]!r} for {key!r}, expected {case.expected[key]!r}."
    forgotten = "\nDid you forget a return?" if came is None else ""
    return f"gave {came!r}, expected {expected}.{forgotten}"


def _blank(name: str) -> NotAttemptedError:
    return NotAttemptedError(
        f"{name}: not attempted yet. Write your code in the place of ... and run its cell."
    )


def _holds_blank(came: Any) -> bool:
    if isinstance(came, dict):
        return any(map(_holds_blank, came.values()))
    if isinstance(came, list | tuple):
        return any(map(_holds_blank, came))
    return came is ...


def _alike(came: Any, expected: Any) -> bool:
    if _same_keys(came, expected):
        return all(_alike(came[key], expected[key]) for key in expected)
    if isinstance(expected, list | tuple) and type(came) is type(expected):
        same_length = len(came) == len(expected)
        return same_length and all(map(_alike, came, expected))
    if any(isinstance(came, kind) is not isinstance(expected, kind) for kind in (bool, Decimal)):
        return False
    return bool(came == expected)


def _same_keys(came: Any, expected: Any) -> bool:
    both = isinstance(came, dict) and isinstance(expected, dict)
    return both and came.keys() == expected.keys()
