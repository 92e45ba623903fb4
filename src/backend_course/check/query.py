"""Judge a query by the rows it gives on Lockerline's data, never by its text."""

import atexit
import contextlib
import dataclasses
import re
from collections.abc import Sequence
from functools import lru_cache

import duckdb
from IPython.display import display

from backend_course.check.answers import sql_text
from backend_course.check.errors import CheckError, message
from backend_course.check.rows import (
    compare_columns,
    compare_order,
    compare_rows,
    nearest,
    same_rows,
)
from backend_course.check.rows import fingerprint as rows_fingerprint
from backend_course.check.wording import show
from backend_course.lab import data, spare, sql
from backend_course.lab.sql_display import as_html, as_text

CPU_LIMIT = 1.0
"""Seconds of CPU that a learner's query may use on a data set of a few thousand rows: a right one
uses some hundredths, one that never ends uses all of it in each test, and the class waits."""
TIME_LIMIT = 10.0
"""Seconds that it may take where others want the CPUs, too."""

_CHANGES_COLUMNS = re.compile(r"\b(ALTER|CREATE|DROP)\b", re.IGNORECASE)
_MOST_ANSWERS = 200
_Answer = tuple[list[str], list[tuple]]
_answers: dict[tuple[int, str, str], _Answer] = {}
"""What queries gave, by seed, setup and text. An answer is looked at and then checked, and the same
is asked again of the next one."""
_asked: set[int] = set()
"""The seeds of the data that was asked."""


def query_form(
    name: str,
    columns: Sequence[str],
    row_count: int | None = None,
    contains: Sequence[tuple] = (),
    fingerprint: str = "",
    order_by: Sequence[str] = (),
    hint: str = "",
) -> None:
    """Check a query on the data that the learner sees: does it run, its columns, its rows.

    It holds no answer: the rows are known to it by their number, an example and a fingerprint.

    Args:
        name: the answer, see :func:`backend_course.check.answers.sql_text`.
        columns: the names of the columns, in order.
        row_count: how many rows are expected, or ``None`` for any number.
        contains: rows that the prompt shows and that must be among the answer.
        fingerprint: what :func:`answer_fingerprint` gives for a right query.
        order_by: names of the columns that the asked order is made of; empty for any order.
        hint: where to look, added to each message about rows.

    Raises:
        NotAttemptedError: the answer is blank.
        CheckError: the first thing that is not as asked.
    """
    text = sql_text(name)
    [(got, rows)] = _ask(name, data.SEED, "", text)
    where = f"{name}, on the data that you see:"
    _columns(where, got, columns)
    if row_count is not None and len(rows) != row_count:
        words = f"{where} {len(rows)} rows came back, {row_count} were expected."
        raise CheckError(message(words, hint))
    for row in contains:
        if not any(same_rows([each], [row]) for each in rows):
            words = f"{where} the row that the question shows is not there: {show(row, columns)}."
            joined = _puts_tables_together(_loaded(data.SEED), text)
            raise CheckError(message(words, nearest(rows, row, columns, joined), hint))
    came = rows_fingerprint(rows, columns, order_by)
    if fingerprint and came != fingerprint:
        raise CheckError(message(f"{where} {_what_differs(came, fingerprint, len(rows))}", hint))


def _what_differs(came: str, asked: str, count: int) -> str:
    """Say of two fingerprints that are not equal whether rows or only their order differ."""
    if came.partition("-")[0] == asked.partition("-")[0]:
        return "the rows are right, their order is not. Look at your ORDER BY."
    return (
        f"{count} rows came back, but their values are not as asked. Take one row of the tables, "
        "and work out by hand what the answer must say of it."
    )


def query_show(name: str) -> None:
    """Show the rows that a query gives on the data that the learner sees, or why there are none.

    Args:
        name: the answer, see :func:`backend_course.check.answers.sql_text`.
    """
    try:
        [(columns, rows)] = _ask(name, data.SEED, "", sql_text(name))
    except CheckError as problem:
        print(problem)
    else:
        layouts = {"text/plain": as_text(columns, rows), "text/html": as_html(columns, rows)}
        display(layouts, raw=True)


def answer_fingerprint(reference: str, order_by: Sequence[str] = ()) -> str:
    """Return the fingerprint of a right query's rows on the data that the learner sees.

    Args:
        reference: a right query.
        order_by: names of the columns that the asked order is made of; empty for any order.
    """
    [(columns, rows)] = _ask("the reference", data.SEED, "", reference)
    return rows_fingerprint(rows, columns, order_by)


def query_rows(
    name: str,
    reference: str,
    order_by: Sequence[str] = (),
    seed: int = data.SEED,
    setup: str = "",
    hint: str = "",
) -> None:
    """Check that a query gives the same rows as a reference, on data made for this check.

    Rows are compared as a bag; where the question asks for an order, by its keys alone.

    Args:
        name: the answer, see :func:`backend_course.check.answers.sql_text`.
        reference: a right query. It stands in the hidden test, never in this package.
        order_by: names of the columns that the asked order is made of; empty for any order.
        seed: the seed of the data. With another than the lesson's, a copied number fails.
        setup: SQL that is run first and undone afterwards, to add a special case to the data.
        hint: where to look, added to each message about rows.

    Raises:
        NotAttemptedError: the answer is blank.
        CheckError: the first thing that differs.
    """
    text = sql_text(name)
    where = (
        f"{name}, on the data that you see:"
        if seed == data.SEED and not setup
        else (f"{name}, on other data of the same kind:")
    )
    asked_before = _answers.get((seed, setup, reference))
    if asked_before and not _CHANGES_COLUMNS.search(setup):
        # The setup takes longer than all the rest. For columns alone it need not be run again.
        with contextlib.suppress(duckdb.Error):
            described = _loaded(seed).execute(f"DESCRIBE {text}").fetchall()
            _columns(where, [column[0] for column in described], asked_before[0])
    (columns, wanted), (got_columns, got) = _ask(name, seed, setup, reference, text)
    _columns(where, got_columns, columns)
    difference = ""
    if not same_rows(got, wanted):
        joined = _puts_tables_together(_loaded(seed), text)
        difference = compare_rows(got, wanted, columns, joined)
    elif order_by:
        difference = compare_order(got, wanted, columns, order_by)
    if difference:
        raise CheckError(message(f"{where} {difference}", hint))


def _columns(where: str, got: Sequence[str], wanted: Sequence[str]) -> None:
    if difference := compare_columns(got, wanted):
        raise CheckError(f"{where} {difference}")


def _puts_tables_together(connection: duckdb.DuckDBPyConnection, text: str) -> bool:
    """Tell whether a query has a join, only to choose the words of a message."""
    try:
        return "join" in text.lower() or len(connection.get_table_names(text)) > 1
    except duckdb.Error:  # it stumbles over queries that run, as over COLLATE
        return False


def _ask(name: str, seed: int, setup: str, *queries: str) -> list[_Answer]:
    """Return what queries give, the last of them the learner's ``name``."""
    unknown = [query for query in queries if (seed, setup, query) not in _answers]
    if len(_answers) > _MOST_ANSWERS:
        _answers.clear()
        unknown = list(queries)
    if unknown:
        _asked.add(seed)
        with _database(seed) as connection:
            if setup:
                connection.execute(setup)
            for query in unknown:
                try:
                    answer = sql.run(connection, query, time_limit=TIME_LIMIT, cpu_limit=CPU_LIMIT)
                except sql.SQLError as error:
                    if query is not queries[-1]:
                        raise
                    raise CheckError(f"{name} does not run:\n{error}") from None
                _answers[seed, setup, query] = answer
    return [_answers[seed, setup, query] for query in queries]


def changed_data() -> list[str]:
    """Name the data that checks have asked, and that somebody has changed since it was loaded.

    A check undoes what it changes itself. Where all rows are gone, any query gives the right ones.
    """
    return [
        f"the data of seed {seed}"
        for seed, loaded in sorted(_contents_when_loaded.items())
        if seed in _asked and _contents(_loaded(seed)) != loaded
    ]


def _contents(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    names = [table.name for table in dataclasses.fields(data.Lockerline)]
    tables = [f"SELECT bit_xor(hash(t)), count(*) FROM {name} AS t" for name in names]
    try:
        return connection.execute(" UNION ALL ".join(tables)).fetchall()
    except duckdb.Error:  # not all tables are there, or the connection is closed
        return []


@contextlib.contextmanager
def _database(seed: int):
    """Give a connection to the data of ``seed``; whatever is changed in it is undone."""
    connection = _loaded(seed)
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")


def get_ready(*seeds: int) -> None:
    """Load the data now, so that no check need in this process and its forks.

    Args:
        seeds: those of up to seven other data sets, beside the learner's.
    """
    for seed in (data.SEED, *seeds):
        _loaded(seed)


_contents_when_loaded: dict[int, list[tuple]] = {}


@lru_cache(maxsize=8)
def _loaded(seed: int) -> duckdb.DuckDBPyConnection:
    # A query that is judged may not read or write files. So few rows are not worth a thread.
    connection = duckdb.connect(config={"enable_external_access": "false", **spare.ALONE})
    # Its bar would be written into the middle of a check's message.
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")
    data.load(connection, seed=seed)
    _contents_when_loaded[seed] = _contents(connection)
    return connection


# DuckDB complains on stderr about connections that are still open when Python ends.
atexit.register(_loaded.cache_clear)
