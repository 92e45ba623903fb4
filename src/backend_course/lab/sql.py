"""``%sql`` and ``%%sql`` on DuckDB, made right.

Stock ipython-sql commits after each statement and before it fetches; DuckDB drops the result that
is still pending, so every SELECT comes back empty. It also *prints* a database error instead of
raising it, so that a failing cell counts as passed. Both are cured here through what the packages
document: SQLAlchemy's ``creator``, and IPython's display formatters.

* :class:`Cursor` fetches all rows while the statement runs, under a time limit, so that nothing is
  pending when the commit comes.
* :class:`Connection` leaves transactions to DuckDB, which commits each statement by itself.
* :class:`SQLError` is no DBAPI error. SQLAlchemy does not wrap it, ipython-sql does not swallow it,
  and the cell fails with DuckDB's own words.

A lesson says::

    from backend_course.lab import sql
    db = sql.connect()      # db is a native DuckDB connection to what %sql sees
"""

import math
import threading
from typing import Any

import duckdb
import duckdb_engine
import sqlalchemy.engine
import sqlalchemy.exc
import sqlparse
from IPython import get_ipython
from sql.connection import Connection as MagicConnection

from backend_course.lab import spare, sql_cells, sql_display
from backend_course.lab.watchdog import WATCHDOG

TIME_LIMIT = 20.0
"""Seconds that one statement may run in a cell."""


class SQLError(Exception):
    """A statement that the database refused, shown in the database's own words alone."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython prints instead of a traceback (IPython's own hook)."""
        return [f"SQLError: {self}"]


class SQLTimeoutError(SQLError):
    """A statement that ran longer than its time limit and was stopped."""


def run(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    parameters: Any = None,
    time_limit: float = TIME_LIMIT,
    cpu_limit: float = math.inf,
) -> tuple[list[str], list[tuple]]:
    """Run SQL and fetch all that it answers.

    Args:
        connection: a native DuckDB connection.
        statement: SQL text; of several statements, the last one's rows come back.
        parameters: values for ``$1`` … (a sequence) or ``$name`` (a mapping), or ``None``.
        time_limit: seconds until the statement is interrupted.
        cpu_limit: seconds of CPU that it may use.

    Returns:
        The column names, and the rows as a list of tuples; two empty lists where the statement
        answers with no rows (``CREATE``), or is empty.

    Raises:
        SQLTimeoutError: the statement ran longer than ``time_limit`` or ``cpu_limit``.
        SQLError: DuckDB refused the statement.
    """
    expired = threading.Event()

    def interrupt() -> None:
        expired.set()
        connection.interrupt()

    try:
        with WATCHDOG.limit(time_limit, interrupt, cpu_limit):
            statements = connection.extract_statements(statement)
            if not statements:
                return [], []
            # One statement need not be parsed again.
            parsed = statements[0] if len(statements) == 1 else statement
            answer = connection.execute(parsed, parameters)
            columns, rows = [column[0] for column in answer.description], answer.fetchall()
        # CREATE and its like answer with a column that has no rows: that is no result to show.
        may_be_silent = duckdb.ExpectedResultType.NOTHING in statements[-1].expected_result_type
        return ([], []) if may_be_silent and not rows else (columns, rows)
    except duckdb.InterruptException:
        if not expired.is_set():
            raise KeyboardInterrupt from None
        limit = min(time_limit, cpu_limit)
        raise SQLTimeoutError(
            f"the statement ran longer than {limit:g} second{'s' * (limit != 1)} and was stopped. "
            "Look for a join without a condition, or a recursion that does not end."
        ) from None
    except duckdb.Error as error:
        raise SQLError(str(error)) from None


class Cursor(duckdb_engine.CursorWrapper):
    """A DBAPI cursor (PEP 249) whose rows are already fetched when ``execute`` returns."""

    def __init__(self, native: duckdb.DuckDBPyConnection, connection: "Connection") -> None:
        super().__init__(native, connection)
        self._native = native
        self._rows: list[tuple] = []
        self.description: list[tuple] | None = None
        self.rowcount = -1

    def execute(self, statement: str, parameters: Any = None, context: Any = None) -> None:
        """Run ``statement`` and keep its rows."""
        columns, self._rows = run(self._native, statement, parameters or None)
        self.description = [(name, *[None] * 6) for name in columns] or None

    def fetchone(self) -> tuple | None:
        """Return the next row, or ``None`` when there is no more."""
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple]:
        """Return the next ``size`` rows (one where not given), fewer at the end."""
        taken, self._rows = self._rows[: size or 1], self._rows[size or 1 :]
        return taken

    def fetchall(self) -> list[tuple]:
        """Return all rows that are left."""
        taken, self._rows = self._rows, []
        return taken


class Connection(duckdb_engine.ConnectionWrapper):
    """What SQLAlchemy talks to: rows come from :class:`Cursor`, transactions are DuckDB's own."""

    def __init__(self, native: duckdb.DuckDBPyConnection) -> None:
        super().__init__(native)
        self._native = native

    def cursor(self) -> Cursor:
        """Return a new cursor."""
        return Cursor(self._native, self)

    def begin(self) -> None:
        """Do nothing: DuckDB commits each statement by itself."""

    def commit(self) -> None:
        """Do nothing: it is committed."""

    def rollback(self) -> None:
        """Do nothing: there is no open transaction."""

    def close(self) -> None:
        """Do nothing: the native connection belongs to whoever called :func:`connect`."""


def connect(database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """Point ``%sql`` and ``%%sql`` of this notebook at a DuckDB database.

    Args:
        database: path of a database file, or ``":memory:"`` for one that lives in the kernel.
            A second call leaves the first database alone and moves the magic to the new one.

    Returns:
        The native DuckDB connection behind the magic: both see the same tables at once, and so does
        ``duckdb.sql()``.

    Raises:
        RuntimeError: called outside IPython.
        SQLError: the file cannot be opened (another process has it, or it is no DuckDB file).
    """
    shell = get_ipython()
    if shell is None:
        raise RuntimeError("sql.connect() sets up %sql, so call it in a notebook or in IPython.")
    try:
        native = (spare.take() if database == ":memory:" else None) or duckdb.connect(database)
    except duckdb.Error as error:
        raise SQLError(str(error)) from None
    # A bar that is drawn while a statement runs would be stored among the outputs of its cell.
    native.execute("SET enable_progress_bar = false")
    # A moment with a zone prints alike on every laptop; a lesson says which zone it wants.
    native.execute("SET TimeZone = 'UTC'")
    # SQLAlchemy's dialect asks DuckDB's default connection for its keywords, and would start one.
    duckdb.set_default_connection(native)
    shell.config.SqlMagic.update(displaycon=False, feedback=False)
    shell.extension_manager.load_extension("sql")  # says nothing when it is there already
    shell.set_custom_exc((sqlalchemy.exc.StatementError,), _show_statement_error)
    # A new key each time: ipython-sql looks a connection up by any part of its URL.
    MagicConnection.connections.clear()
    MagicConnection.set("duckdb://", displaycon=False, creator=lambda: Connection(native))
    sql_display.register(shell.display_formatter)
    sql_cells.watch(shell)
    shell.events.register("post_run_cell", spare.let_go)
    spare.hand_out(native)
    return native


def get_ready() -> None:
    """Find DuckDB's dialect among all packages, build the lexer of ``%sql``, start a database.

    Once in a process; its forks have all that then.
    """
    spare.get_ready()
    sqlalchemy.engine.make_url("duckdb://").get_dialect()
    sqlparse.split("SELECT 1")


def _show_statement_error(shell, kind, error, traceback, tb_offset=None) -> None:
    """Shorten SQLAlchemy's message, which else prints every variable of the notebook."""
    words = (
        f"{(error.orig or error).args[0]}. A `:name` in a statement stands for a Python variable."
    )
    shell.showtraceback((SQLError, SQLError(words), None))
