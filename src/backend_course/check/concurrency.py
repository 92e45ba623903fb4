"""Judge functions that many callers use at once on a real PostgreSQL.

A race that is left to chance is lost once in a thousand runs. Here it is arranged: the *gate*, a
trigger, holds back every write of a round until each caller waits or has ended. So all have read
before the first one commits, and who decides on what was read before fails each time. Who asks and
writes in one step, or locks before asking, is not hurt by it. A program that is killed is arranged
too: on a :class:`~.wire.Wire` it dies at each of its statements in turn.

What must hold afterwards, in whatever order things went, says :mod:`~.invariants`.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import psycopg
from psycopg.pq import TransactionStatus

from backend_course.check.errors import CheckError, NotAttemptedError, message
from backend_course.check.values import Case, values
from backend_course.check.wire import Wire
from backend_course.lab.servers import Postgres

ROUNDS = 4
"""How often a race is run. Who can lose it loses the first; the others are for what luck adds."""

TIME_LIMIT = 10.0
"""Seconds in which all calls of a round must have ended."""

_GATE_LIMIT = 0.5  # seconds; a caller that never waits for a lock may not keep the gate shut
_POLL = 0.002  # seconds between two looks at who waits
_LOCK = 20_20  # the first number of the advisory locks that are the gates
_MOST_STATEMENTS = 100  # of a call; one that talks more is not followed to its end

# The name sorts last: triggers of one kind fire in the order of their names (PostgreSQL 18,
# "Overview of Trigger Behavior"), and what a learner's trigger looks up is to come before the gate.
# A row that is to be changed is locked before any trigger fires. So who may hold so many rows waits
# when it has changed the last of them, and not before the next one.
_GATE = """
CREATE OR REPLACE FUNCTION check_gate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- Empty in the next transaction of a connection, NULL in its first one.
    written integer := coalesce(nullif(current_setting('check.written', true), ''), '0');
BEGIN
    IF written + (TG_WHEN = 'AFTER')::integer >= {past}
        AND current_setting('check.bystander', true) IS NULL
    THEN
        PERFORM pg_advisory_xact_lock_shared({lock}, TG_RELID::integer);
    END IF;
    PERFORM set_config('check.written', (written + 1)::text, true);
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER zzz_check_gate_new BEFORE INSERT ON {table}
    FOR EACH ROW EXECUTE FUNCTION check_gate();
CREATE TRIGGER zzz_check_gate {moment} UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION check_gate();
"""


_RESTART = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE schemaname = 'public'
"""

_CATALOG = """
SELECT count(*) FROM pg_class UNION ALL SELECT count(*) FROM pg_attribute
UNION ALL SELECT count(*) FROM pg_constraint UNION ALL SELECT count(*) FROM pg_trigger
"""


@dataclass(frozen=True)
class Scene:
    """What is in the database before a call: in words for the messages, and the SQL for it."""

    words: str
    sql: str


class Call:
    """One call of a learner's function: ``Call("Ana", claim, courier="Ana", size="S")``.

    The function gets a connection and the arguments by position, so their names are for the
    invariants alone.

    Args:
        who: who calls, for the messages.
        function: what the learner wrote.
        arguments: all that the function gets after the connection.
    """

    def __init__(self, who: str, function: Callable[..., Any], /, **arguments: Any) -> None:
        self.who = who
        self.function = function
        self.arguments = arguments

    def __str__(self) -> str:
        given = ["connection", *map(repr, self.arguments.values())]
        return f"{self.function.__name__}({', '.join(given)})"


@dataclass(frozen=True)
class Outcome:
    """What became of one call.

    * ``returned``: its value, None where there is an ``error``.
    * ``manners``: what it did to the connection and should not have; empty where all is well.
    * ``waited``: whether it was waiting for somebody else's lock when the gate was opened.
    """

    call: Call
    returned: Any = None
    error: Exception | None = None
    manners: str = ""
    waited: bool = False

    @property
    def who(self) -> str:
        """Who called."""
        return self.call.who


@dataclass(frozen=True)
class Difference:
    """A broken invariant: what came back, and what was expected."""

    came: str
    expected: str


@dataclass(frozen=True)
class Round:
    """What an invariant can look at: the outcomes, the tables, and the deadlocks that arose."""

    outcomes: Sequence[Outcome]
    rows: Callable[..., list[tuple]]
    deadlocks: int


Invariant = Callable[[Round], Difference | None]


class Stage:
    """A database of its own on a learner's server, and the connections of those who call.

    Args:
        server: a running PostgreSQL.
        schema: SQL that makes the tables anew, in the schema public.
    """

    def __init__(self, server: Postgres, schema: str) -> None:
        self._server = server
        self._schema = schema
        self._dsn = server.add_database(f"checks_{time.monotonic_ns()}")
        self._director = psycopg.connect(self._dsn, autocommit=True)
        self._bystander = psycopg.connect(self._dsn, options="-c check.bystander=yes")
        self._callers: list[psycopg.Connection] = []
        self._made: tuple[int, list[tuple]] | None = None  # how and with what the tables are made

    def close(self) -> None:
        """Close all connections."""
        for connection in (self._director, self._bystander, *self._callers):
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def connect(self, **options: Any) -> psycopg.Connection:
        """Open a connection to this database; ``options`` are psycopg's."""
        return psycopg.connect(self._dsn, **options)

    def show(
        self, scene: Scene, *calls: Call, query: str = "", name: str = "", statement: Any = ""
    ) -> None:
        """Make calls one after the other and print what each gives, and then a query's rows.

        Args:
            scene: what is in the database before the first call.
            calls: what to call; a blank function is said to be one.
            query: gives the rows to be printed at the end.
            name: what the learner wrote, where it is a statement.
            statement: SQL that the learner wrote, to be run once the scene is set.
        """
        try:
            self._set(scene, statement, name)
            for call in calls:
                (outcome,) = self._together(call.function.__name__, [call])
                if isinstance(outcome.error, NotImplementedError):
                    raise _blank(call)
                print(f"{call} → {_came(outcome)}")
        except CheckError as problem:
            print(problem)
            return
        for row in self._rows(query) if query else []:
            print(*row)

    def in_turn(
        self,
        name: str,
        scene: Scene,
        *steps: tuple[Call, Any],
        table: tuple[str, Sequence[tuple]] | None = None,
        statement: Any = "",
        hint: str = "",
    ) -> None:
        """Check calls that are made one after the other, and what the table holds at the end.

        Args:
            name: what the learner wrote, for the messages.
            scene: what is in the database before the first call.
            steps: each call with the value that is to come back, or the exception to be raised.
            table: a query and the rows that it is to give, in its order.
            statement: SQL that the learner wrote, to be run once the scene is set.
            hint: where to look, added to each message.

        Raises:
            NotAttemptedError: the answer is blank.
            CheckError: the first thing that is not as asked.
        """
        self._set(scene, statement, name)
        before = "alone"
        for call, expected in steps:
            (outcome,) = self._together(name, [call], hint)
            called = f"{call}, called {before} on {scene.words},"
            if outcome.manners:
                raise _wrong(f"{name}: {called}", _bad_manners(outcome), hint)
            raises = expected if isinstance(expected, type) else None
            wanted = None if raises else expected
            values(name, Case(called, partial(_again, outcome), wanted, raises, hint))
            before = f"after {call}"
        query, rows = table or ("", [])
        if query and (came := self._rows(query)) != list(rows):
            calls = ", then ".join(str(call) for call, _ in steps)
            difference = Difference(f"in the table {came}", f"{list(rows)}")
            raise _wrong(f"{name}: {calls} on {scene.words}", difference, hint)

    def at_once(
        self,
        name: str,
        scene: Scene,
        calls: Sequence[Call],
        *invariants: Invariant,
        gates: Sequence[str] = (),
        past: int = 0,
        first: Call | None = None,
        meanwhile: str = "",
        rounds: int = ROUNDS,
        statement: Any = "",
        hint: str = "",
    ) -> None:
        """Check what must hold when many call at once, round by round up to the first that fails.

        Args:
            name: what the learner wrote, for the messages.
            scene: what is in the database before each round.
            calls: made at the same time, each on a connection of its own.
            invariants: what must hold, see :mod:`backend_course.check.invariants`.
            gates: the tables whose writes wait for the slowest caller.
            past: rows that each transaction may write before it waits; with 1, all have got hold of
                a first row before anybody asks for a second.
            first: a call that is made before all others, in each round.
            meanwhile: SQL of somebody else, who passes the gates, and whose transaction is open
                until all calls have ended or wait.
            rounds: how often.
            statement: SQL that the learner wrote, to be run once the scene is set.
            hint: where to look, added to each message.

        Raises:
            NotAttemptedError: the answer is blank.
            CheckError: the first invariant that does not hold, or a call that does not end.
        """
        self._set(scene, statement, name, past)
        for number in range(1, rounds + 1):
            if number > 1:
                self._fill(scene)
            earlier = self._together(name, [first], hint) if first else []
            deadlocks = self._deadlocks()
            outcomes = self._together(name, calls, hint, meanwhile, gates)
            deadlocks = self._deadlocks() - deadlocks
            played = Round(outcomes, self._rows, deadlocks)
            difference = _all_answered([*earlier, *outcomes]) or _first_broken(invariants, played)
            if difference:
                together = f"{len(calls)} at once" if len(calls) > 1 else "once"
                place = f"{name}: called {together} on {scene.words}, round {number}"
                raise _wrong(f"{place} of {rounds}; one call is {calls[0]}", difference, hint)

    def at_each_death(
        self,
        name: str,
        scene: Scene,
        call: Call,
        *invariants: Invariant,
        unheard: bool = False,
        hint: str = "",
    ) -> None:
        """Check what must hold when the caller's program is killed, started again, and calls again.

        The program dies when PostgreSQL has done its first statement, on a new scene when it has
        done the second, and so on, up to a call that comes to its end. After each death the same
        call is made twice, on a connection of its own.

        Args:
            name: what the learner wrote, for the messages.
            scene: what is in the database before the call that dies.
            call: what is called.
            invariants: what must hold; the outcomes are those of the two calls after the death.
            unheard: also let it die just before PostgreSQL hears each statement. That differs only
                if the call does something outside of this database.
            hint: where to look, added to each message.

        Raises:
            NotAttemptedError: the answer is blank.
            CheckError: the first invariant that does not hold, or a call that does not end.
        """
        self._set(scene)
        for number in range(1, _MOST_STATEMENTS):
            for answered in (False, True) if unheard else (True,):
                with self._doomed(name, call, number, answered, hint) as (outcome, end):
                    outcomes = [outcome] if outcome else []
                    for _ in range(2):
                        outcomes += self._together(name, [call], hint)
                    played = Round(outcomes, self._rows, 0)
                    difference = _all_answered(outcomes) or _first_broken(invariants, played)
                    if difference:
                        raise _wrong(f"{name}: {call} on {scene.words}. {end}", difference, hint)
                if outcome:
                    return
                self._fill(scene)
        raise CheckError(f"{name}: {call} goes on after {_MOST_STATEMENTS} statements.")

    # Inside.

    @contextmanager
    def _doomed(
        self, name: str, call: Call, number: int, answered: bool, hint: str
    ) -> Iterator[tuple[Outcome | None, str]]:
        """Make a call whose program is killed at one of its statements.

        Gives its outcome, None if it has died, and its end in words. What has died stands still
        until the end of the ``with`` block.
        """
        wire = Wire(self._server.port, number, answered=answered)
        # The wire takes no question about encryption, and a plan would hide what is being done.
        plain = {"sslmode": "disable", "gssencmode": "disable", "prepare_threshold": None}
        connection = self.connect(port=wire.port, **plain)
        outcomes = []

        def work() -> None:
            outcomes.append(_make(call, connection))
            wire.over.set()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            if not wire.over.wait(TIME_LIMIT):
                came = f"{call.who} got no answer within {TIME_LIMIT:g} s"
                raise _wrong(f"{name}: {call}", Difference(came, "each call to end"), hint)
            if wire.dead:
                self._until_gone(connection.info.backend_pid)
                done = "had done" if answered else "was about to hear"
                moment = f'when PostgreSQL {done} "{_one_line(wire.statement)}"'
                yield None, f"Its program was killed {moment}, started again, and asked twice more"
            else:
                yield outcomes[0], "It was asked twice more"
        finally:
            with _silent_psycopg():  # the call wakes up, on a connection that is gone
                wire.close()
                thread.join(1.0)
                connection.close()

    def _until_gone(self, pid: int) -> None:
        """Wait until a process of PostgreSQL has noticed that its client is gone."""
        deadline = time.monotonic() + TIME_LIMIT
        query = "SELECT FROM pg_stat_activity WHERE pid = %s"
        while self._rows(query, [pid]) and time.monotonic() < deadline:
            time.sleep(_POLL)

    def _set(self, scene: Scene, statement: Any = "", name: str = "", past: int = 0) -> None:
        if statement is ... or statement is None:
            raise NotAttemptedError(
                f"{name}: not attempted yet. Write your SQL in the place of ... and run its cell."
            )
        if (past, self._catalog()) != self._made:
            self._make_tables(past)
        self._fill(scene)
        try:
            self._director.execute(statement or "SELECT")
        except psycopg.Error as error:
            raise CheckError(f"{name}: PostgreSQL does not take it.\n{error}") from None

    def _make_tables(self, past: int) -> None:
        """Make the tables anew, each with its gate."""
        self._forgive()
        self._director.execute(self._schema)
        moment = "AFTER" if past else "BEFORE"
        for table in self._tables():
            gate = _GATE.format(lock=_LOCK, table=table, past=past, moment=moment)
            self._director.execute(gate)
        self._made = past, self._catalog()

    def _fill(self, scene: Scene) -> None:
        """Empty the tables and set the scene. Making them anew takes ten times as long."""
        self._forgive()
        delete = "; ".join(f"DELETE FROM {table}" for table in self._tables())
        # A replica asks for no foreign keys and no triggers, so the order does not matter.
        self._director.execute("SET session_replication_role = replica")
        self._director.execute(delete)
        self._director.execute("RESET session_replication_role")
        self._director.execute(_RESTART)
        self._director.execute(scene.sql)

    def _tables(self) -> list[str]:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        return [table for (table,) in self._rows(query)]

    def _catalog(self) -> list[tuple]:
        """Count what a scene, a statement or a call may have added to the tables."""
        return self._rows(_CATALOG)

    def _rows(self, query: str, arguments: Any = None) -> list[tuple]:
        return self._director.execute(query, arguments).fetchall()

    def _deadlocks(self) -> int:
        """Count the deadlocks in the server's log: a caller may hide the error, not the line."""
        return self._server.log.read_text(errors="replace").count("deadlock detected")

    def _forgive(self) -> None:
        """End what calls have left open: its locks would stop the next one, and us."""
        self._callers = [each for each in self._callers if not each.closed]
        for connection in self._callers:
            connection.rollback()
            connection.autocommit = False
            connection.isolation_level = None

    def _connections(self, count: int) -> list[psycopg.Connection]:
        """Return so many connections as good as new; the same ones each time, to save time."""
        self._forgive()
        while len(self._callers) < count:
            # The tables are made anew for each round, and a prepared plan would know the old ones.
            self._callers.append(psycopg.connect(self._dsn, prepare_threshold=None))
        return self._callers[:count]

    def _together(
        self,
        name: str,
        calls: Sequence[Call],
        hint: str = "",
        meanwhile: str = "",
        gates: Sequence[str] = (),
    ) -> list[Outcome]:
        connections = self._connections(len(calls))
        outcomes: list[Outcome | None] = [None] * len(calls)
        start = threading.Barrier(len(calls))

        def work(place: int) -> None:
            start.wait()
            outcomes[place] = _make(calls[place], connections[place])

        # Daemons: a call that never ends must not keep the kernel from ending.
        threads = [
            threading.Thread(target=work, args=[place], daemon=True) for place in range(len(calls))
        ]
        pids = [connection.info.backend_pid for connection in connections]
        with self._gates_shut(gates, meanwhile):
            for thread in threads:
                thread.start()
            waiting = self._until_all_wait(threads, pids)
        deadline = time.monotonic() + TIME_LIMIT
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = [place for place, thread in enumerate(threads) if thread.is_alive()]
        if late:
            self._end([pids[place] for place in late], [threads[place] for place in late])
            came = f"{names_of(calls[place].who for place in late)} got no answer"
            raise _wrong(
                f"{name}: called {len(calls)} at once; one call is {calls[late[0]]}",
                Difference(f"{came} within {TIME_LIMIT:g} s", "each call to end"),
                hint,
            )
        return [
            replace(outcome, waited=pid in waiting)
            for outcome, pid in zip(outcomes, pids, strict=True)
        ]

    @contextmanager
    def _gates_shut(self, gates: Sequence[str], meanwhile: str) -> Iterator[None]:
        for table in gates:
            lock = "SELECT pg_advisory_lock(%s, %s::regclass::integer)"
            self._director.execute(lock, [_LOCK, table])
        try:
            self._bystander.execute(meanwhile or "SELECT")
            yield
        finally:
            self._bystander.commit()
            self._director.execute("SELECT pg_advisory_unlock_all()")

    def _until_all_wait(self, threads: Sequence[threading.Thread], pids: Sequence[int]) -> set[int]:
        """Wait until each call has ended or waits for a lock; return who waits for another one."""
        deadline = time.monotonic() + _GATE_LIMIT
        while True:
            going = {pid for pid, thread in zip(pids, threads, strict=True) if thread.is_alive()}
            query = (
                "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s) AND wait_event_type = 'Lock'"
            )
            waiting = {pid for (pid,) in self._rows(query, [list(going)])}
            if waiting == going or time.monotonic() > deadline:
                return self._behind(waiting, [*pids, self._bystander.info.backend_pid])
            time.sleep(_POLL)

    def _behind(self, waiting: Iterable[int], others: list[int]) -> set[int]:
        """Return who of those that wait does so for one of the others, and not for the gate."""
        query = "SELECT pid FROM unnest(%s::int[]) AS pid WHERE pg_blocking_pids(pid) && %s::int[]"
        return {pid for (pid,) in self._rows(query, [list(waiting), others])}

    def _end(self, pids: list[int], threads: list[threading.Thread]) -> None:
        """Take the connections away from calls that do not end."""
        self._director.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [pids])
        for thread in threads:
            thread.join(1.0)
        self._callers = [each for each in self._callers if each.info.backend_pid not in pids]


@contextmanager
def _silent_psycopg() -> Iterator[None]:
    """Keep psycopg from logging that it could not roll back: stderr is what a grader looks at."""
    logger = logging.getLogger("psycopg")
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 70 else words[:69] + "…"


def _make(call: Call, connection: psycopg.Connection) -> Outcome:
    try:
        returned = call.function(connection, *call.arguments.values())
    except Exception as error:
        return Outcome(call, error=error)
    return Outcome(call, returned, manners=_manners(connection))


def _blank(call: Call) -> NotAttemptedError:
    return NotAttemptedError(
        f"{call.function.__name__}: not attempted yet. "
        "Write your code in the place of the raise and run its cell."
    )


def _manners(connection: psycopg.Connection) -> str:
    if connection.closed:
        return "closed the connection"
    if connection.info.transaction_status != TransactionStatus.IDLE:
        return "returned with its transaction still open"
    return ""


def _bad_manners(outcome: Outcome) -> Difference:
    return Difference(
        f"{outcome.who}'s call {outcome.manners}",
        "the transaction ended, the connection open, as after `with connection.transaction():`",
    )


def _all_answered(outcomes: Iterable[Outcome]) -> Difference | None:
    for outcome in outcomes:
        if isinstance(outcome.error, NotImplementedError):
            raise _blank(outcome.call)
        if outcome.error:
            came = f"{outcome.call}, called by {outcome.who}, {_came(outcome)}"
            return Difference(came, "each call to return")
        if outcome.manners:
            return _bad_manners(outcome)
    return None


def _first_broken(invariants: Iterable[Invariant], played: Round) -> Difference | None:
    return next(filter(None, (invariant(played) for invariant in invariants)), None)


def _again(outcome: Outcome) -> Any:
    if outcome.error:
        raise outcome.error
    return outcome.returned


def _came(outcome: Outcome) -> str:
    if outcome.error:
        first_line = (str(outcome.error).splitlines() or [""])[0]
        return f"raised {type(outcome.error).__name__}: {first_line}"
    return repr(outcome.returned)


def names_of(names: Iterable[str]) -> str:
    """Return up to three names and the number of the others: ``Ana, Ben and 18 others``."""
    names = list(names)
    if len(names) <= 3:
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{names[0]}, {names[1]} and {len(names) - 2} others"


def _wrong(place: str, difference: Difference, hint: str) -> CheckError:
    return CheckError(
        message(
            f"{place}.",
            f"Came back: {difference.came}.",
            f"Expected: {difference.expected}.",
            hint,
        )
    )
