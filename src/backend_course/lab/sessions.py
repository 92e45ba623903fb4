"""Sessions of PostgreSQL that can be stepped through, and that wait where you can see it.

>>> from backend_course.lab import sessions
>>> anna, ben = sessions.connect(db, "anna", "ben")                               # doctest: +SKIP
>>> anna("BEGIN")                                                                 # doctest: +SKIP
anna  BEGIN
>>> anna("UPDATE compartments SET parcel = 'A' WHERE number = 7")                 # doctest: +SKIP
anna  UPDATE 1
>>> ben("UPDATE compartments SET parcel = 'B' WHERE number = 7")                  # doctest: +SKIP
ben   waits for anna
>>> anna("COMMIT")                                                                # doctest: +SKIP
anna  COMMIT
>>> ben.outcome()                                                                 # doctest: +SKIP
ben   UPDATE 1

A statement that has to wait for another session would block the cell. Here each statement runs in
a thread, and the cell asks PostgreSQL (``pg_blocking_pids``) whether it waits, and for whom.
"""

import re
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import psycopg

from backend_course.lab.servers import Postgres

PATIENCE = 15.0
"""Seconds after which a session that neither answers nor waits for another one is given up."""

_POLL = 0.005  # seconds
_BLOCKERS = """
    SELECT application_name FROM pg_stat_activity
    WHERE pid = ANY(pg_blocking_pids(%s)) AND backend_type = 'client backend'
    ORDER BY application_name
"""
_sessions: dict[str, "Session"] = {}


class Session:
    """One connection with a name. ``anna("SELECT …")`` runs SQL and prints what came of it.

    Each statement is a transaction of its own until ``anna("BEGIN")``. An error is printed, as psql
    does, and kept in ``error``.

    * ``connection``: the psycopg connection.
    * ``result``: the rows of the last statement, or what the last function returned.
    * ``error``: the exception in which it ended, or None.
    * ``quiet``: print nothing.
    """

    def __init__(self, dsn: str, name: str, quiet: bool = False) -> None:
        self.name = name
        self.quiet = quiet
        self.result: Any = None
        self.error: Exception | None = None
        self.connection = psycopg.connect(dsn, autocommit=True, application_name=name)
        # Kept, because a closed connection does not tell it any more.
        self._pid = self.connection.info.backend_pid
        self._watch = psycopg.connect(dsn, autocommit=True)
        self._answer: SimpleQueue[tuple[Any, Exception | None, list[str]]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def __call__(
        self, statement: str, parameters: Sequence[Any] | None = None, wait: bool = False
    ) -> None:
        """Run one SQL statement until it has an answer, or waits for another session.

        ``wait`` waits for the answer in any case. Raises RuntimeError while an earlier statement
        still waits, TimeoutError after ``PATIENCE`` seconds.
        """
        self._start(lambda: self._execute(statement, parameters))
        self._look(until_answered=wait)

    def call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call ``function(connection, *arguments)`` as a statement is run, and keep its result."""

        def work() -> tuple[Any, list[str]]:
            result = function(self.connection, *arguments)
            return result, [f"{function.__name__} returned {result!r}"]

        self._start(work)
        self._look(until_answered=False)

    def outcome(self) -> None:
        """Wait for the answer of the statement that is waiting, and print it."""
        if not self.waiting:
            raise RuntimeError(f"{self.name} waits for nobody. Run a statement first.")
        self._look(until_answered=True)

    @property
    def waiting(self) -> bool:
        """Whether the last statement has no answer yet."""
        return self._thread is not None

    def close(self) -> None:
        """Cancel what still runs, roll back, and close the connection; a second time, nothing."""
        if self._thread and not self.connection.closed:
            self.connection.cancel_safe(timeout=PATIENCE)
            self._thread.join(PATIENCE)
        self.connection.close()
        self._watch.close()

    def __repr__(self) -> str:
        return f"<session {self.name}>"

    def _start(self, work: Callable[[], tuple[Any, list[str]]]) -> None:
        if self.waiting:
            raise RuntimeError(
                f"{self.name} still waits for {' and '.join(self._blockers()) or 'an answer'}. "
                f"End the other transaction, then call {self.name}.outcome()."
            )

        def run() -> None:
            try:
                result, lines = work()
            except Exception as error:
                self._answer.put((None, error, self._describe(error)))
            else:
                self._answer.put((result, None, lines))

        # A daemon: one that waits for ever must not keep the kernel from ending.
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def _look(self, until_answered: bool) -> None:
        """Print the answer when it is there, or that the session waits."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.result, self.error, lines = self._answer.get(timeout=_POLL)
            except Empty:
                blockers = self._blockers()
                if blockers and not until_answered:
                    self._say([f"waits for {' and '.join(blockers)}"])
                    return
                if time.monotonic() > deadline:
                    whom = f" It waits for {' and '.join(blockers)}." if blockers else ""
                    raise TimeoutError(
                        f"{self.name} has no answer after {PATIENCE:g} s.{whom} End that "
                        "transaction, or open the sessions again."
                    ) from None
            else:
                self._thread.join()
                self._thread = None
                self._say(lines)
                return

    def _blockers(self) -> list[str]:
        return [name for (name,) in self._watch.execute(_BLOCKERS, [self._pid])]

    def _execute(
        self, statement: str, parameters: Sequence[Any] | None
    ) -> tuple[list[tuple[Any, ...]] | None, list[str]]:
        cursor = self.connection.execute(statement, parameters)
        if cursor.description is None:
            return None, [cursor.statusmessage or ""]
        rows = cursor.fetchall()
        names = [column.name for column in cursor.description]
        lines = [
            ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True))
            for row in rows
        ]
        return rows, lines or ["no rows"]

    def _describe(self, error: Exception) -> list[str]:
        """Return an error as psql words it, with names in the place of numbers that vary."""
        if not isinstance(error, psycopg.Error) or not error.sqlstate:
            return [f"{type(error).__name__}: {error}"]
        told = [("DETAIL", error.diag.message_detail), ("HINT", error.diag.message_hint)]
        lines = [f"ERROR {error.sqlstate}: {error.diag.message_primary}"]
        for word, text in told:
            lines += [f"  {word}: {line}" for line in _stable(text or "").splitlines()]
        return lines

    def _say(self, lines: list[str]) -> None:
        if self.quiet:
            return
        width = max(len(name) for name in [*_sessions, self.name])
        for line in lines:
            print(f"{self.name:{width}}  {line}")


def connect(db: Postgres, *names: str, quiet: bool = False) -> list[Session]:
    """Open one session for each name. All that an earlier call has opened is closed.

    So the cell that does it can be run again at any time: nothing waits, nothing is locked.
    ``db`` is a running server; with ``quiet`` the sessions print nothing.
    """
    for session in _sessions.values():
        session.close()
    _sessions.clear()
    _sessions.update((name, Session(db.dsn, name, quiet)) for name in names)
    return list(_sessions.values())


def overlap(
    first: Session,
    second: Session,
    function: Callable[..., Any],
    first_arguments: Sequence[Any],
    second_arguments: Sequence[Any],
) -> tuple[Any, Any]:
    """Run a function in two transactions, the second before the first has committed.

    ``function`` takes a connection and the arguments given. Returns both results. Raises what the
    function raises, and RuntimeError if the first call already waits.
    """
    for session in (first, second):
        session("BEGIN")
    first.call(function, *first_arguments)
    if first.waiting:
        raise RuntimeError(f"{first.name} waits. End the transactions of other sessions first.")
    second.call(function, *second_arguments)
    first_result, first_error = first.result, first.error
    first("COMMIT")
    if second.waiting:
        second.outcome()
    second_result, second_error = second.result, second.error
    second("COMMIT")
    if error := first_error or second_error:
        raise error
    return first_result, second_result


def _stable(text: str) -> str:
    """Return a detail with sessions for process numbers, and without transaction numbers."""
    pids = {str(each._pid): each.name for each in _sessions.values()}
    text = re.sub(r"\b(Process|process) (\d+)", lambda m: f"{m[1]} {pids.get(m[2], m[2])}", text)
    return re.sub(r"\btransaction \d+", "transaction …", text)
