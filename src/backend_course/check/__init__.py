"""Compare a learner's answer with what was asked, and say what to do next. Holds no answer.

In an assignment's test cell a check raises :class:`CheckError`, whose message IPython shows without
a traceback. In a lesson :mod:`backend_course.check.practice` prints the same message instead.
"""

from backend_course.check.errors import CheckError, NotAttemptedError
from backend_course.check.http import Exchange, exchanges
from backend_course.check.query import answer_fingerprint, query_form, query_rows, query_show
from backend_course.check.values import Case, values

__all__ = [
    "Case",
    "CheckError",
    "Exchange",
    "NotAttemptedError",
    "answer_fingerprint",
    "exchanges",
    "query_form",
    "query_rows",
    "query_show",
    "values",
]
