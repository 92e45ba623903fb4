"""Sessions that are stepped through: who waits, who fails, and that nothing hangs."""

from collections.abc import Iterator

import psycopg
import pytest

from backend_course.lab import servers, sessions

TAKE = "UPDATE boxes SET parcel = %s WHERE number = %s"
SCHEMA = """
DROP TABLE IF EXISTS boxes;
CREATE TABLE boxes (number integer PRIMARY KEY, parcel text);
INSERT INTO boxes VALUES (1), (2);
"""


@pytest.fixture(scope="module")
def db() -> Iterator[servers.Postgres]:
    with servers.postgres(settings={"fsync": False}) as server:
        yield server


@pytest.fixture
def pair(db: servers.Postgres) -> Iterator[list[sessions.Session]]:
    pair = sessions.connect(db, "anna", "ben")
    with db.connect() as connection:
        connection.execute(SCHEMA)
    yield pair
    sessions.connect(db)


def test_what_is_printed(pair, capsys):
    anna, _ = pair
    anna("BEGIN")
    anna(TAKE, ["A", 1])
    anna("SELECT number, parcel FROM boxes ORDER BY number")
    assert anna.result == [(1, "A"), (2, None)]
    anna("SELECT number FROM boxes WHERE number = 9")
    anna("INSERT INTO boxes VALUES (1)")
    anna("COMMIT")
    assert capsys.readouterr().out.splitlines() == [
        "anna  BEGIN",
        "anna  UPDATE 1",
        "anna  number 1, parcel A",
        "anna  number 2, parcel None",
        "anna  no rows",
        'anna  ERROR 23505: duplicate key value violates unique constraint "boxes_pkey"',
        "anna    DETAIL: Key (number)=(1) already exists.",
        "anna  ROLLBACK",
    ]


def test_one_waits_for_the_other_and_goes_on(pair, capsys):
    anna, ben = pair
    anna("BEGIN")
    anna(TAKE, ["A", 1])
    ben(TAKE, ["B", 1])
    assert ben.waiting
    anna("COMMIT")
    ben.outcome()
    assert not ben.waiting
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == ["ben   waits for anna", "anna  COMMIT", "ben   UPDATE 1"]


def test_a_waiting_session_takes_no_second_statement(pair):
    anna, ben = pair
    anna("BEGIN")
    anna(TAKE, ["A", 1])
    ben(TAKE, ["B", 1])
    with pytest.raises(RuntimeError, match=r"ben still waits for anna.*ben\.outcome\(\)"):
        ben("SELECT 1")
    with pytest.raises(RuntimeError, match="anna waits for nobody"):
        anna.outcome()


def test_patience_ends(pair, monkeypatch):
    anna, ben = pair
    monkeypatch.setattr(sessions, "PATIENCE", 0.05)
    anna("BEGIN")
    anna(TAKE, ["A", 1])
    with pytest.raises(TimeoutError, match="It waits for anna"):
        ben(TAKE, ["B", 1], wait=True)
    monkeypatch.undo()


def test_a_deadlock_names_sessions_instead_of_numbers(pair, capsys):
    anna, ben = pair
    ben("SET deadlock_timeout = '20ms'")
    anna("SET deadlock_timeout = '1min'")
    for session, number in ((anna, 1), (ben, 2)):
        session("BEGIN")
        session(TAKE, ["X", number])
    anna(TAKE, ["X", 2])
    ben(TAKE, ["X", 1], wait=True)
    assert isinstance(ben.error, psycopg.errors.DeadlockDetected)
    anna.outcome()
    assert anna.error is None
    assert (
        "ben     DETAIL: Process ben waits for ShareLock on transaction …; blocked by process anna."
        in capsys.readouterr().out.splitlines()
    )


def test_connecting_again_frees_what_waits(pair, db, capsys):
    anna, ben = pair
    anna("BEGIN")
    anna(TAKE, ["A", 1])
    ben(TAKE, ["B", 1])
    carl, *_ = sessions.connect(db, "carl", quiet=True)
    capsys.readouterr()
    carl(TAKE, ["C", 1])
    carl("SELECT parcel FROM boxes WHERE number = 1")
    assert carl.result == [("C",)]
    assert capsys.readouterr().out == ""


def read_then_write(connection, number, parcel):
    query = "SELECT parcel FROM boxes WHERE number = %s"
    free = connection.execute(query, [number]).fetchone() == (None,)
    if free:
        connection.execute(TAKE, [parcel, number])
    return free


def update_where(connection, number, parcel):
    cursor = connection.execute(TAKE + " AND parcel IS NULL", [parcel, number])
    return cursor.rowcount == 1


@pytest.mark.parametrize(
    ("function", "results"), [(read_then_write, (True, True)), (update_where, (True, False))]
)
def test_overlap_shows_a_race_each_time(pair, function, results):
    assert sessions.overlap(*pair, function, (1, "A"), (1, "B")) == results


def test_overlap_raises_what_the_function_raises(pair):
    def fails(connection):
        connection.execute("SELECT 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        sessions.overlap(*pair, fails, (), ())
