"""Find the SQL that a learner wrote: in a string, or in a ``%%sql name <<`` cell."""

from functools import lru_cache

import duckdb
from IPython import get_ipython

from backend_course.check.errors import CheckError, NotAttemptedError
from backend_course.lab import sql_cells


def sql_text(name: str) -> str:
    """Return the one SELECT statement that the learner wrote as ``name``.

    Args:
        name: a Python variable that holds the text, or the name before ``<<`` in a ``%%sql`` cell;
            of several such cells, the one that ran last counts.

    Raises:
        NotAttemptedError: there is no statement yet.
        CheckError: there is no such name, or more than one statement, or one that is no SELECT.
    """
    text = _written(name)
    try:
        kinds = _kinds(text)
    except duckdb.Error as error:
        asks = 'near ":"' in str(error)
        hint = "\nA query that is judged holds its values itself: no :name." if asks else ""
        raise CheckError(f"{name} is not SQL that DuckDB can read:\n{error}{hint}") from None
    if not kinds:
        raise NotAttemptedError(f"{name}: not attempted yet. Write your query and run its cell.")
    if len(kinds) > 1:
        raise CheckError(
            f"{name} holds {len(kinds)} statements, one is asked for. Keep the SELECT alone, "
            "with at most one semicolon, at its end."
        )
    if kinds[0] != "SELECT":
        raise CheckError(f"{name} is a statement of kind {kinds[0]}. A SELECT is asked for.")
    return text


@lru_cache(maxsize=100)  # each check of an answer asks
def _kinds(text: str) -> tuple[str, ...]:
    return tuple(statement.type.name for statement in duckdb.extract_statements(text))


def _written(name: str) -> str:
    value = get_ipython().user_ns.get(name)
    if isinstance(value, str):
        return value
    if (text := sql_cells.text_of(name)) is not None:
        return text
    if value is ...:
        raise NotAttemptedError(f"{name}: not attempted yet. Write your query and run its cell.")
    if value is None:
        raise NotAttemptedError(
            f"{name}: not attempted yet. Write your query and run its cell; in an SQL cell "
            f"keep its first line, `%%sql {name} <<`."
        )
    raise CheckError(
        f"{name} is a value of type {type(value).__name__}, a query is asked for. "
        f"Write it in a cell that starts with `%%sql {name} <<`, or as a text."
    )
