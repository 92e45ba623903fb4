"""The runner of migrations, against a real database."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from lockerline.database.migrate import FOLDER, MigrationError, migrate


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(FOLDER, tmp_path / "migrations")


def tables(database):
    with psycopg.connect(database) as connection:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        return {name for (name,) in connection.execute(query)}


def test_each_file_is_applied_once_and_in_order(database, folder):
    names = sorted(file.name for file in folder.iterdir())
    assert migrate(database, folder) == names
    assert migrate(database, folder) == []
    (folder / "0003_more.sql").write_text("CREATE TABLE one_more (); CREATE TABLE two_more ();")
    assert migrate(database, folder) == ["0003_more.sql"]
    assert {"parcels", "one_more", "two_more"} <= tables(database)


def test_processes_that_start_together_wait_for_each_other(database):
    with ThreadPoolExecutor(8) as pool:
        applied = list(pool.map(migrate, [database] * 8))
    assert sorted(map(len, applied)) == [0] * 7 + [len(list(FOLDER.glob("*.sql")))]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("SELECT 1 / 0;", "division by zero"),
        ("DROP TABLE schema_migrations;", 'relation "schema_migrations" does not exist'),
    ],
)
def test_a_file_that_fails_changes_nothing_and_stops_the_rest(database, folder, fault, message):
    (folder / "0003_bad.sql").write_text(f"CREATE TABLE half_done (); {fault}")
    (folder / "0004_next.sql").write_text("CREATE TABLE next_one ();")
    with pytest.raises(MigrationError, match=f"^0003_bad.sql failed .*: {message}$"):
        migrate(database, folder)
    assert not {"half_done", "next_one"} & tables(database)
    assert "schema_migrations" in tables(database)


def test_a_file_that_was_changed_later_is_noticed(database, folder):
    migrate(database, folder)
    file = folder / "0001_parcels_and_lockers.sql"
    file.write_text(file.read_text() + "-- and more\n")
    with pytest.raises(MigrationError, match=r"^0001_.* was changed after .* a new file\.$"):
        migrate(database, folder)


def test_a_database_that_is_not_there_is_named_without_its_password():
    with pytest.raises(MigrationError) as caught:
        migrate("postgresql://u:secret@127.0.0.1:1/nowhere")
    assert "'nowhere' at 127.0.0.1:1 cannot be used" in str(caught.value)
    assert "DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_schema_itself_allows_one_parcel_in_a_compartment(database):
    migrate(database)
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO sites VALUES (1, 'A', 'B', 'UTC', '2026-01-01')")
        connection.execute("INSERT INTO compartments VALUES (1, 1, 'S')")
        for code in ("LL0000000018", "LL0000000026"):
            connection.execute(
                "INSERT INTO parcels VALUES (%s, 'S', 'shop', 'r', 'announced', now())", [code]
            )
        book = (
            "INSERT INTO stays (tracking_code, site_id, compartment_number, courier, deposited_at,"
            " pickup_code_digest) VALUES (%s, 1, 1, 'c', now(), sha256('x'))"
        )
        connection.execute(book, ["LL0000000018"])
        with pytest.raises(psycopg.errors.UniqueViolation, match="one_parcel_per_compartment"):
            connection.execute(book, ["LL0000000026"])


def test_the_demo_can_be_loaded_twice(database):
    migrate(database)
    demo = (FOLDER.parents[1] / "demo.sql").read_text()
    with psycopg.connect(database) as connection:
        for _ in range(2):
            connection.execute(demo.encode())
            assert connection.execute("SELECT count(*) FROM compartments").fetchone() == (10,)
