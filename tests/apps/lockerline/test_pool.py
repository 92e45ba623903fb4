"""Connections and transactions, against a real database."""

import contextlib

import psycopg
import pytest
from lockerline.database.pool import Database


@pytest.fixture(scope="module")
def database(cluster):
    return cluster.add_database("pool")


@pytest.fixture
def pool(database):
    pool = Database(database, size=1, timeout=2)
    pool.open()
    with pool.transaction() as connection:
        connection.execute("DROP TABLE IF EXISTS things")
        connection.execute("CREATE TABLE things (name text)")
    yield pool
    pool.close()


def names(pool):
    with pool.snapshot() as connection:
        return [name for (name,) in connection.execute("SELECT name FROM things")]


def test_the_end_of_the_block_commits_and_an_error_rolls_back(pool):
    with pool.transaction() as connection:
        connection.execute("INSERT INTO things VALUES ('kept')")
    with contextlib.suppress(ZeroDivisionError), pool.transaction() as connection:
        connection.execute("INSERT INTO things VALUES ('forgotten')")
        raise ZeroDivisionError
    assert names(pool) == ["kept"]


def test_a_snapshot_shows_one_moment_and_takes_no_changes(pool, database):
    with pool.snapshot() as connection, psycopg.connect(database, autocommit=True) as other:
        assert connection.execute("SELECT count(*) FROM things").fetchone() == (0,)
        other.execute("INSERT INTO things VALUES ('later')")
        assert connection.execute("SELECT count(*) FROM things").fetchone() == (0,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM things")


def test_nobody_waits_for_ever(pool):
    with pool.transaction() as connection:
        assert connection.execute("SHOW lock_timeout").fetchone() == ("5s",)
        assert connection.execute("SHOW statement_timeout").fetchone() == ("10s",)
        with pytest.raises(psycopg.OperationalError, match="couldn't get a connection"):
            pool.ping()
    pool.ping()


def test_after_an_outage_one_request_fails_and_not_one_for_each_connection(database):
    wide = Database(database, size=3, timeout=5)
    wide.open()
    with wide.transaction() as first, wide.transaction() as second, wide.transaction() as third:
        pids = [connection.info.backend_pid for connection in (first, second, third)]
    with psycopg.connect(database) as other:
        other.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) AS pid", [pids])
    with pytest.raises(psycopg.OperationalError):
        wide.ping()
    for _ in range(3):
        wide.ping()
    wide.close()
