"""A database that is started, and filled, before a notebook asks for it.

A grader forks its kernels from one process that has all ready (docs/grading.md). There,
``sql.connect()`` finds a database that runs already. Beside its own, empty catalog lies another one
with Lockerline's tables: to fill them takes 50 ms, half of it for their keys. ``data.load()`` puts
that one in the place of the empty one, if nothing at all has happened since ``sql.connect()``.

Until the cell that connects is over, DuckDB's list of databases has the other one, too.
"""

import atexit
import contextlib
import random
from collections.abc import Callable

import duckdb

ALONE: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "async_threads": 0}
"""Settings of a database without threads of its own: it works in the forks of its process, too."""

_BESIDE = "made_before"
_OWN = "memory"  # DuckDB's name for the first catalog of a database that is no file

_waiting: list[duckdb.DuckDBPyConnection] = []
"""An empty database that nobody has connected to yet, or none."""
_filled: list[duckdb.DuckDBPyConnection] = []
"""The same one, if tables lie beside it."""
_untouched: list[tuple[duckdb.DuckDBPyConnection, int]] = []
"""The one that was handed out, and the number of its last transaction."""
atexit.register(_waiting.clear)  # or DuckDB complains on stderr when Python ends
atexit.register(_filled.clear)
atexit.register(_untouched.clear)


def get_ready(fill: Callable[[duckdb.DuckDBPyConnection], None] | None = None) -> None:
    """Start a database, once in a process; its forks have one each then.

    Args:
        fill: makes tables in the connection that it is given, or ``None`` for no tables.
    """
    if not _waiting:
        _waiting.append(duckdb.connect(config=ALONE))
    if fill and not _filled:
        with _waiting[0].cursor() as beside:
            beside.execute(f"ATTACH ':memory:' AS {_BESIDE}; USE {_BESIDE}")
            fill(beside)
        _filled.append(_waiting[0])


def take() -> duckdb.DuckDBPyConnection | None:
    """Return the empty database, as DuckDB itself would make it, or ``None`` if there is none."""
    if not _waiting:
        return None
    native = _waiting.pop()
    for setting in ALONE:
        native.execute(f"RESET {setting}")
    # Else forks would draw the same. Not from the numbers that a notebook may have seeded itself.
    native.execute("SELECT setseed(?)", [random.SystemRandom().uniform(-1, 1)])
    return native


def hand_out(native: duckdb.DuckDBPyConnection) -> None:
    """Begin to count what happens in a database that was taken."""
    if _is_among(_filled, native):
        _filled.clear()
        _untouched.append((native, _next_transaction(native)))


def take_tables(native: duckdb.DuckDBPyConnection) -> bool:
    """Put the tables into a database that was handed out, if nothing has happened in it since.

    Returns:
        Whether they are there now; if not, the database is as it was.
    """
    if not _is_among([each for each, _ in _untouched], native):
        return False
    _, last = _untouched.pop()
    # Each statement has its number, but those of a transaction that is open share theirs.
    if [_next_transaction(native), _next_transaction(native)] != [last + 1, last + 2]:
        _detach(native)
        return False
    with native.cursor() as beside:
        beside.execute(f"USE {_BESIDE}; DETACH {_OWN}")
        beside.execute(f"ALTER DATABASE {_BESIDE} SET ALIAS TO {_OWN}")
    return True


def let_go(_result: object = None) -> None:
    """Drop the tables that nobody has asked for (a callback of IPython's ``post_run_cell``)."""
    while _untouched:
        _detach(_untouched.pop()[0])


def _is_among(some: list[duckdb.DuckDBPyConnection], native: duckdb.DuckDBPyConnection) -> bool:
    return any(native is each for each in some)


def _next_transaction(native: duckdb.DuckDBPyConnection) -> int:
    return native.execute("SELECT txid_current()").fetchall()[0][0]


def _detach(native: duckdb.DuckDBPyConnection) -> None:
    with contextlib.suppress(duckdb.Error), native.cursor() as beside:
        beside.execute(f"DETACH {_BESIDE}")
