"""What is left when a writer of lesson 3.1 is killed, or two of them overlap."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from backend_course.lab import servers

APPS = Path(__file__).resolve().parents[3] / "course" / "apps"


@pytest.fixture(scope="module")
def start():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(APPS)
        from crash import stepping

        yield stepping.start
    for name in [name for name in sys.modules if name.partition(".")[0] == "crash"]:
        del sys.modules[name]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "parcels.json"
    path.write_text(json.dumps({"A": "S", "B": "L"}))
    return path


@pytest.fixture(scope="module")
def db() -> Iterator[servers.Postgres]:
    with servers.postgres(settings={"fsync": False}) as server:
        yield server


@pytest.fixture
def table(db: servers.Postgres) -> Iterator[psycopg.Connection]:
    with db.connect(autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS parcels")
        connection.execute("CREATE TABLE parcels (code text PRIMARY KEY, size text)")
        yield connection


def codes(connection: psycopg.Connection) -> list[str]:
    return [code for (code,) in connection.execute("SELECT code FROM parcels ORDER BY code")]


def test_a_file_writer_adds_a_parcel(start, file):
    start("file_writer", file, "C", "M", pause="half").go_on()
    assert json.loads(file.read_text()) == {"A": "S", "B": "L", "C": "M"}


def test_a_killed_file_writer_leaves_half_a_file(start, file):
    start("file_writer", file, "C", "M", pause="half").kill()
    assert file.read_text() == '{"A": "S", "B":'


def test_of_two_file_writers_one_is_lost(start, file):
    first = start("file_writer", file, "C", "M", pause="read")
    second = start("file_writer", file, "D", "M", pause="read")
    first.go_on()
    second.go_on()
    assert json.loads(file.read_text()) == {"A": "S", "B": "L", "D": "M"}


def test_a_database_writer_adds_a_row_and_a_killed_one_none(start, db, table):
    env = {"DATABASE_URL": db.dsn}
    start("database_writer", "C", "M", pause="inserted", env=env).go_on()
    start("database_writer", "D", "M", pause="inserted", env=env).kill()
    assert codes(table) == ["C"]


def test_of_two_database_writers_both_stay(start, db, table):
    env = {"DATABASE_URL": db.dsn}
    first = start("database_writer", "C", "M", pause="inserted", env=env)
    second = start("database_writer", "D", "M", pause="inserted", env=env)
    first.go_on()
    second.go_on()
    assert codes(table) == ["C", "D"]


def test_a_writer_that_fails_says_why(start, tmp_path):
    with pytest.raises(RuntimeError, match=r"(?s)never came to 'half'.*FileNotFoundError"):
        start("file_writer", tmp_path / "none.json", "C", "M", pause="half")


def test_a_writer_ends_when_its_starter_is_gone(start, file):
    writer = start("file_writer", file, "C", "M", pause="read")
    writer._process.stdin.close()
    assert writer._process.wait(30) == 1
    writer._process.stdout.close()
    assert json.loads(file.read_text()) == {"A": "S", "B": "L"}
