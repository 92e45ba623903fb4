"""The stage: races that are lost each time by who can lose them, and never by who cannot."""

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
    assert "draw: called once on a new counter, round 1 of 15" in words
    assert "Ana had to wait for a row that somebody else has locked" in words


def test_what_happens_meanwhile_is_committed(stage):
    stage.at_once(
        "draw", ZERO, [Call("Ana", draw, who="Ana")], invariants.table_is(TICKETS, [(6, "Ana")]),
        meanwhile="UPDATE counter SET last = 5", rounds=2,
    )  # fmt: skip


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
