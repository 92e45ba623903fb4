"""The wire: a client that dies at a chosen statement, and what PostgreSQL makes of it."""

import contextlib
import threading
from collections.abc import Iterator

import psycopg
import pytest

from backend_course.check.wire import Wire
from backend_course.lab import servers

PLAIN = {"sslmode": "disable", "gssencmode": "disable"}


@pytest.fixture(scope="module")
def server() -> Iterator[servers.Postgres]:
    with servers.postgres(settings={"fsync": False}) as server:
        with server.connect(autocommit=True) as look:
            look.execute("CREATE TABLE notes (text text)")
        yield server


def write(server, text, number, *, answered):
    """Write a note on a wire; return whether the client died, and the last that it has said."""
    ended = []

    def call(connection):
        with connection.transaction():
            connection.execute("INSERT INTO notes VALUES (%s)", [text])
        ended.append(text)
        wire.over.set()

    with Wire(server.port, number, answered=answered) as wire:
        connection = psycopg.connect(server.dsn, port=wire.port, **PLAIN)
        thread = threading.Thread(target=_quietly, args=[call, connection])
        thread.start()
        assert wire.over.wait(10)
        assert wire.dead is not bool(ended)
    thread.join()
    connection.close()
    return wire.dead, wire.statement


def _quietly(call, connection):
    with contextlib.suppress(psycopg.OperationalError):
        call(connection)


def notes(server, text):
    with server.connect() as look:
        return look.execute("SELECT count(*) FROM notes WHERE text = %s", [text]).fetchone()[0]


# The transaction is three statements: BEGIN, INSERT, COMMIT.
@pytest.mark.parametrize(
    ("number", "answered", "last", "rows"),
    [
        (1, False, "BEGIN", 0),
        (1, True, "BEGIN", 0),
        (2, True, "INSERT INTO notes VALUES ($1)", 0),
        (3, False, "COMMIT", 0),
        (3, True, "COMMIT", 1),
    ],
)
def test_death(server, number, answered, last, rows):
    text = f"{number} {answered}"
    assert write(server, text, number, answered=answered) == (True, last)
    assert notes(server, text) == rows


def test_a_call_that_ends_before_that_is_not_hurt(server):
    assert write(server, "alive", 4, answered=True) == (False, "COMMIT")
    assert notes(server, "alive") == 1


def test_an_answer_of_any_length_comes_through(server):
    with (
        Wire(server.port, 9, answered=True) as wire,
        psycopg.connect(server.dsn, port=wire.port, **PLAIN) as connection,
    ):
        rows = connection.execute("SELECT repeat('x', n * 1000) FROM generate_series(1, 40) n")
        assert sum(len(row[0]) for row in rows) == 820_000
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / 0")


def test_a_pipeline_gets_each_answer_as_it_comes(server):
    with (
        Wire(server.port, 9, answered=True) as wire,
        psycopg.connect(server.dsn, port=wire.port, **PLAIN) as connection,
        connection.pipeline(),
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert connection.execute("SELECT 2").fetchone() == (2,)


def test_closing_a_wire_that_nobody_has_used(server):
    Wire(server.port, 1, answered=True).close()
