"""The stage: races that are lost each time by who can lose them, and never by who cannot."""

import threading
from collections.abc import Iterator
from functools import partial

import psycopg
import pytest

from backend_course.check import CheckError, NotAttemptedError, concurrency, invariants
from backend_course.check.concurrency import Call, Scene, Stage
from backend_course.lab import servers

SCHEMA = """
DROP TABLE IF EXISTS tickets, counter;
CREATE TABLE counter (last integer NOT NULL);
CREATE TABLE tickets (number integer NOT NULL, who text NOT NULL);
"""
ZERO = Scene("a new counter", "INSERT INTO counter VALUES (0);")
TICKETS = "SELECT number, who FROM tickets ORDER BY number"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    settings = {"fsync": False, "deadlock_timeout": "50ms"}
    with servers.postgres(settings=settings) as server, Stage(server, SCHEMA) as stage:
        yield stage


def draw(connection, who):
    """Draw the next number in one statement."""
    with connection.transaction():
        query = "UPDATE counter SET last = last + 1 RETURNING last"
        (number,) = connection.execute(query).fetchone()
        connection.execute("INSERT INTO tickets VALUES (%s, %s)", [number, who])
    return number


def draw_late(connection, who):
    """Read the last number, and write the next one."""
    with connection.transaction():
        (number,) = connection.execute("SELECT last + 1 FROM counter").fetchone()
        connection.execute("UPDATE counter SET last = %s", [number])
        connection.execute("INSERT INTO tickets VALUES (%s, %s)", [number, who])
    return number


def rush(stage, function, count=8, **options):
    calls = [Call(f"caller {place}", function, who=f"caller {place}") for place in range(count)]
    stage.at_once(
        "draw",
        ZERO,
        calls,
        invariants.never_twice("number"),
        invariants.answers_stand(TICKETS, lambda outcome: [(outcome.returned, outcome.who)]),
        gates=["counter"],
        **options,
    )


def message_of(check, *arguments, **options):
    with pytest.raises(CheckError) as caught:
        check(*arguments, **options)
    return str(caught.value)


def test_one_statement_is_never_hurt(stage):
    rush(stage, draw, count=20)


def test_reading_and_then_writing_fails_in_the_first_round_each_time(stage):
    for _ in range(10):
        words = message_of(rush, stage, draw_late, rounds=1, hint="Look there.")
        assert words == (
            "draw: called 8 at once on a new counter, round 1 of 1; "
            "one call is draw_late(connection, 'caller 0').\n"
            "Came back: number 1 was given to caller 0, caller 1 and 6 others.\n"
            "Expected: each number given to one caller at most.\n"
            "Look there."
        )


def test_a_trigger_that_looks_comes_before_the_gate(stage):
    look = """
        CREATE OR REPLACE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM tickets) THEN RAISE 'there is one'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER look BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION look();
    """

    def write(connection, who):
        with connection.transaction():
            connection.execute("INSERT INTO tickets VALUES (1, %s)", [who])
        return 1

    calls = [Call(who, write, who=who) for who in ("Ana", "Ben")]
    words = message_of(
        stage.at_once, "look", ZERO, calls, invariants.never_twice("number"),
        gates=["tickets"], statement=look,
    )  # fmt: skip
    assert "number 1 was given to Ana and Ben" in words


def test_each_round_begins_anew(stage):
    rule = invariants.table_is(TICKETS, [(1, "Ana")])
    stage.at_once("draw", ZERO, [Call("Ana", draw, who="Ana")], rule, gates=["tickets"], rounds=3)


def test_who_waits_for_a_transaction_that_is_open(stage):
    words = message_of(
        stage.at_once, "draw", ZERO, [Call("Ana", draw, who="Ana")], invariants.nobody_waits(),
        meanwhile="UPDATE counter SET last = 5",
    )  # fmt: skip
    assert "draw: called once on a new counter, round 1 of 4" in words
    assert "Ana had to wait for a row that somebody else has locked" in words


def test_what_happens_meanwhile_is_committed(stage):
    stage.at_once(
        "draw", ZERO, [Call("Ana", draw, who="Ana")], invariants.table_is(TICKETS, [(6, "Ana")]),
        meanwhile="UPDATE counter SET last = 5", rounds=2,
    )  # fmt: skip


def lock_first(connection, who):
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(1)")
        connection.execute("INSERT INTO tickets VALUES (1, %s)", [who])


def insert(connection, who):
    with connection.transaction():
        connection.execute("INSERT INTO tickets VALUES (1, %s)", [who])


def test_to_wait_at_the_gate_is_not_to_wait_for_another_caller(stage):
    rule = invariants.nobody_waits()
    calls = [Call(who, insert, who=who) for who in ("Ana", "Ben")]
    stage.at_once("insert", ZERO, calls, rule, gates=["tickets"], rounds=3)
    calls = [Call(who, lock_first, who=who) for who in ("Ana", "Ben")]
    words = message_of(stage.at_once, "it", ZERO, calls, rule, gates=["tickets"], rounds=1)
    assert "had to wait for a row" in words


def test_a_gate_behind_the_first_row_makes_a_deadlock_each_time(stage):
    def both(connection, first, second):
        with connection.transaction():
            for number in (first, second):
                query = "UPDATE tickets SET who = 'both' WHERE number = %s"
                connection.execute(query, [number])

    two = Scene("two tickets", "INSERT INTO tickets VALUES (1, ''), (2, '');")
    calls = [Call("Ana", both, first=1, second=2), Call("Ben", both, first=2, second=1)]
    crossing = partial(stage.at_once, "both", two, gates=["tickets"], past=1, rounds=1)
    for _ in range(5):
        assert "raised DeadlockDetected" in message_of(crossing, calls)
    for _ in range(5):
        crossing([Call(who, both, first=1, second=2) for who in ("Ana", "Ben")])


def test_a_deadlock_is_seen_even_if_it_is_caught(stage):
    def both(connection, first, second):
        for number in (first, second):
            connection.execute("UPDATE tickets SET who = 'both' WHERE number = %s", [number])
        connection.commit()

    def both_again(connection, first, second):
        while True:
            try:
                return both(connection, first, second)
            except psycopg.errors.DeadlockDetected:
                connection.rollback()

    two = Scene("two tickets", "INSERT INTO tickets VALUES (1, ''), (2, '');")
    messages = {both: "raised DeadlockDetected", both_again: "deadlocks, says its log"}
    for function, words in messages.items():
        calls = [
            Call("Ana", function, first=1, second=2), Call("Ben", function, first=2, second=1)
        ]  # fmt: skip
        rule = invariants.no_deadlock()
        assert words in message_of(stage.at_once, "both", two, calls, rule, gates=["tickets"])


def no_commit(connection):
    connection.execute("UPDATE counter SET last = 1")


def closing(connection):
    with connection:
        connection.execute("SELECT")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_commit, "Ana's call returned with its transaction still open"),
        (closing, "Ana's call closed the connection"),
    ],
)
def test_manners(stage, function, words):
    call = Call("Ana", function)
    assert words in message_of(stage.in_turn, "it", ZERO, (call, None))
    assert words in message_of(stage.at_once, "it", ZERO, [call])


def test_a_call_that_does_not_end(stage, monkeypatch):
    def for_ever(connection, who):
        while True:
            connection.execute("SELECT")

    monkeypatch.setattr(concurrency, "TIME_LIMIT", 0.1)
    words = message_of(rush, stage, for_ever, count=2)
    assert "Came back: caller 0 and caller 1 got no answer within 0.1 s" in words
    monkeypatch.undo()
    rush(stage, draw)


def draw_once(connection, who):
    """Give who has drawn already the same number."""
    with connection.transaction():
        connection.execute("LOCK TABLE tickets IN EXCLUSIVE MODE")
        query = "SELECT number FROM tickets WHERE who = %s"
        if row := connection.execute(query, [who]).fetchone():
            return row[0]
        query = "UPDATE counter SET last = last + 1 RETURNING last"
        (number,) = connection.execute(query).fetchone()
        connection.execute("INSERT INTO tickets VALUES (%s, %s)", [number, who])
        return number


def draw_once_in_two_steps(connection, who):
    """Do the same, but commit in the middle."""
    query = "SELECT number FROM tickets WHERE who = %s"
    row = connection.execute(query, [who]).fetchone()
    if row is None:
        query = "UPDATE counter SET last = last + 1 RETURNING last"
        row = connection.execute(query).fetchone()
        connection.commit()
        connection.execute("INSERT INTO tickets VALUES (%s, %s)", [*row, who])
    connection.commit()
    return row[0]


def die(stage, function, **options):
    stage.at_each_death(
        "draw_once",
        ZERO,
        Call("Ana", function, who="Ana"),
        invariants.same_answer(),
        invariants.table_is("SELECT last FROM counter", [(1,)]),
        **options,
    )


def test_one_transaction_survives_each_death(stage):
    die(stage, draw_once)
    die(stage, draw_once, unheard=True)


def test_a_commit_in_the_middle_is_found_each_time(stage):
    for _ in range(5):
        assert message_of(die, stage, draw_once_in_two_steps, hint="Look there.") == (
            "draw_once: draw_once_in_two_steps(connection, 'Ana') on a new counter. "
            'Its program was killed when PostgreSQL had done "COMMIT", started again, '
            "and asked twice more.\n"
            "Came back: (2,) is in the table once.\n"
            "Expected: 0 times, however many calls there are.\n"
            "Look there."
        )


def test_a_call_that_comes_to_its_end_is_judged_too(stage):
    def say_nothing(connection, who):
        return None

    rule = invariants.table_is(TICKETS, [(1, "Ana")])
    call = Call("Ana", say_nothing, who="Ana")
    assert message_of(stage.at_each_death, "it", ZERO, call, rule) == (
        "it: say_nothing(connection, 'Ana') on a new counter. It was asked twice more.\n"
        "Came back: (1, 'Ana') is not in the table.\nExpected: it to be there."
    )


def test_a_blank_does_not_die(stage):
    def blank(connection, who):
        raise NotImplementedError

    with pytest.raises(NotAttemptedError):
        die(stage, blank)


def test_what_is_done_elsewhere_before_it_is_told(stage):
    told = []

    def tell(connection, who):
        connection.execute("SELECT 'before'")
        told.append(who)
        connection.execute("SELECT 'after'")
        connection.commit()
        told.clear()

    def told_once(played):
        if len(told) < 2:
            return None
        return concurrency.Difference(f"told {len(told)} times", "once")

    call = Call("Ana", tell, who="Ana")
    stage.at_each_death("tell", ZERO, call, told_once)
    told.clear()
    stage.at_each_death("tell", ZERO, call, told_once, unheard=True)


def test_the_dead_stand_still_until_the_verdict(stage):
    gone, at_the_verdict = [], []

    def careful(connection, who):
        try:
            insert(connection, who)
        finally:
            gone.append(connection.closed)

    def look(played):
        at_the_verdict.extend(gone)
        return concurrency.Difference("seen", "no more")

    message_of(stage.at_each_death, "it", ZERO, Call("Ana", careful, who="Ana"), look)
    assert at_the_verdict == [False, False]
    assert gone == [False, False, True]


def test_a_lock_of_python_is_never_given_back_by_the_dead(stage, monkeypatch):
    lock = threading.Lock()

    def locked(connection, who):
        with lock:
            return draw_once(connection, who)

    monkeypatch.setattr(concurrency, "TIME_LIMIT", 0.2)
    assert "got no answer within 0.2 s" in message_of(die, stage, locked)


def test_nothing_is_said_on_stderr_and_nothing_left_open(stage, capfd):
    die(stage, draw_once, unheard=True)
    assert capfd.readouterr().err == ""
    assert not [thread for thread in threading.enumerate() if "work" in thread.name]


def test_one_after_the_other(stage):
    stage.in_turn(
        "draw", ZERO, (Call("Ana", draw, who="Ana"), 1), (Call("Ben", draw, who="Ben"), 2),
        table=(TICKETS, [(1, "Ana"), (2, "Ben")]),
    )  # fmt: skip


def test_the_message_of_a_call_alone(stage):
    ana, ben = (Call(who, draw, who=who) for who in ("Ana", "Ben"))
    assert message_of(stage.in_turn, "draw", ZERO, (ana, 2), hint="Look there.") == (
        "draw: draw(connection, 'Ana'), called alone on a new counter, gave 1, expected 2.\n"
        "Look there."
    )
    assert "draw(connection, 'Ben'), called after draw(connection, 'Ana') on" in message_of(
        stage.in_turn, "draw", ZERO, (ana, 1), (ben, 1)
    )
    words = message_of(stage.in_turn, "draw", ZERO, (ana, 1), table=(TICKETS, []), hint="There.")
    assert words == (
        "draw: draw(connection, 'Ana') on a new counter.\n"
        "Came back: in the table [(1, 'Ana')].\nExpected: [].\nThere."
    )


def test_an_error_that_is_asked_for(stage):
    def divide(connection):
        connection.execute("SELECT 1 / 0")

    call = Call("Ana", divide)
    stage.in_turn("divide", ZERO, (call, psycopg.errors.DivisionByZero))
    words = message_of(stage.at_once, "divide", ZERO, [call])
    assert "divide(connection), called by Ana, raised DivisionByZero: division by zero." in words


def test_a_blank_is_not_attempted(stage):
    def blank(connection):
        raise NotImplementedError

    call = Call("Ana", blank)
    for check in (
        partial(stage.in_turn, "it", ZERO, (call, 1)),
        partial(stage.at_once, "it", ZERO, [call]),
        partial(stage.in_turn, "it", ZERO, statement=...),
    ):
        with pytest.raises(NotAttemptedError, match="not attempted yet"):
            check()


def test_a_statement_that_postgresql_does_not_take(stage):
    words = message_of(stage.in_turn, "it", ZERO, statement="CREATE INDEX ON")
    assert words.startswith("it: PostgreSQL does not take it.\nsyntax error at end of input")


def test_showing(stage, capsys):
    def blank(connection):
        raise NotImplementedError

    stage.show(ZERO, Call("Ana", draw, who="Ana"), Call("Ben", draw, who="Ben"), query=TICKETS)
    stage.show(ZERO, Call("Ana", blank))
    stage.show(ZERO, name="rule", statement=...)
    assert capsys.readouterr().out == (
        "draw(connection, 'Ana') → 1\ndraw(connection, 'Ben') → 2\n1 Ana\n2 Ben\n"
        "blank: not attempted yet. Write your code in the place of the raise and run its cell.\n"
        "rule: not attempted yet. Write your SQL in the place of ... and run its cell.\n"
    )
