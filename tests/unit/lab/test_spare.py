"""A database that is ready before a notebook asks for it is, and stays, as any other."""

import duckdb
import pytest
from IPython.core.interactiveshell import InteractiveShell
from sql.connection import Connection as MagicConnection

from backend_course.lab import data, spare, sql
from backend_course.lab.data import tables

ABOUT = [
    "SHOW DATABASES",
    "SELECT database_name, schema_name, sql FROM duckdb_tables() ORDER BY sql",
    "SELECT table_name, constraint_text FROM duckdb_constraints() ORDER BY ALL",
    "SELECT current_catalog(), current_schema(), current_setting('search_path')",
    *(f"FROM {name}" for name in vars(data.make(days=1))),
]


@pytest.fixture(autouse=True)
def shell():
    """A fresh shell; whatever was ready is not any more afterwards."""
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    spare.let_go()
    spare._filled.clear()
    while spare._waiting:
        spare._waiting.pop().close()
    MagicConnection.connections.clear()
    InteractiveShell.clear_instance()


@pytest.fixture
def made(monkeypatch):
    """The tables are ready; the list gets longer with each time that they are made anew."""
    data.get_ready()
    times = []

    def make(*arguments, real=tables._make):
        times.append(arguments)
        real(*arguments)

    monkeypatch.setattr(tables, "_make", make)
    return times


def about(connection):
    return [connection.execute(question).fetchall() for question in ABOUT]


def usual():
    with duckdb.connect() as connection:
        tables._make(connection)
        return about(connection)


def test_tables_that_were_ready_are_those_that_would_be_made(made):
    with sql.connect() as db:
        data.load(db)
        assert made == []
        assert about(db) == usual()
        with pytest.raises(duckdb.ConstraintException, match="foreign key"):
            db.execute("DELETE FROM sites")
        db.execute("INSERT INTO shops VALUES (99, 'Paper Moon', NULL)")
        with pytest.raises(duckdb.CatalogException, match="already exists"):
            data.load(db)


@pytest.mark.parametrize(
    "before",
    [
        lambda db: db.execute("CREATE TABLE mine (a INTEGER)"),
        lambda db: db.execute("SELECT 1").fetchall(),
        lambda db: db.sql("SELECT 1"),
        lambda db: db.cursor().execute("CREATE VIEW mine AS SELECT 1"),
        lambda db: db.register("mine", {"a": data.tables.np.arange(3)}),
        lambda db: db.execute("BEGIN"),
        lambda db: db.begin().execute("CREATE TABLE mine (a INTEGER)"),
        lambda db: db.execute("CREATE SCHEMA other; USE other"),
    ],
)
def test_what_happened_before_is_kept(made, before):
    with duckdb.connect() as other, sql.connect() as db:
        for each in (other, db):
            before(each)
        data.load(db)
        assert len(made) == 1
        tables._make(other)
        assert about(db) == about(other)


def test_a_table_of_the_same_name_is_in_the_way_as_ever(made):
    with sql.connect() as db:
        db.execute("CREATE TABLE stays (a INTEGER)")
        with pytest.raises(duckdb.CatalogException, match='"stays" already exists'):
            data.load(db)


def test_other_rows_and_other_databases_are_made(made):
    with sql.connect() as db, duckdb.connect() as other:
        data.load(other)
        data.load(db, seed=7)
        assert [arguments[1] for arguments in made] == [data.SEED, 7]
        assert about(db) != about(other)


def test_tables_that_nobody_asked_for_are_gone_after_the_cell(made, shell):
    assert shell.run_cell("from backend_course.lab import sql\ndb = sql.connect()").success
    db = shell.user_ns["db"]
    assert db.execute("SHOW DATABASES").fetchall() == [("memory",)]
    db.execute("CREATE TABLE sites (a INTEGER)")
    db.close()


def test_they_are_gone_even_where_the_database_is_closed(made, shell):
    cell = "from backend_course.lab import sql\ndb = sql.connect()\ndb.close()"
    assert shell.run_cell(cell).success
    assert spare._untouched == []


def test_a_database_in_a_file_leaves_the_one_that_is_ready_to_the_next(made, tmp_path):
    with sql.connect(str(tmp_path / "lockers.duckdb")) as file:
        data.load(file)
        assert len(made) == 1
        with sql.connect() as db:
            data.load(db)
            assert len(made) == 1
            assert about(db) == usual()


def test_a_second_database_has_no_tables_ready(made):
    with sql.connect(), sql.connect() as second:
        assert second.execute("SHOW TABLES").fetchall() == []
        data.load(second)
        assert len(made) == 1
        assert about(second) == usual()
