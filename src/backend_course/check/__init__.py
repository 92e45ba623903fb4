"""Compare a learner's answer with what was asked, and say what to do next. Holds no answer.

In an assignment's test cell a check raises :class:`CheckError`, whose message IPython shows without
a traceback. In a lesson :mod:`backend_course.check.practice` prints the same message instead.
"""

from backend_course.check.errors import CheckError, NotAttemptedError
from backend_course.check.http import Exchange, exchanges
from backend_course.check.programs import Run
from backend_course.check.values import Case, values

__all__ = [
    "Case",
    "CheckError",
    "Exchange",
    "NotAttemptedError",
    "Run",
    "answer_fingerprint",
    "exchanges",
    "query_form",
    "query_rows",
    "query_show",
    "values",
]


def __getattr__(name: str) -> object:
    # The checks of queries bring pandas and SQLAlchemy along: more than a second, which a kernel
    # without SQL does not have to wait for.
    if name in __all__:
        from backend_course.check import query

        return getattr(query, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
