"""Bring the schema up to date: plain SQL files, in order, each exactly once."""

import hashlib
import logging
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 5_625_377  # any number, as long as nobody else locks it in this database
_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_logger = logging.getLogger(__name__)


class MigrationError(RuntimeError):
    """The schema cannot be brought up to date; the message says what to do."""


def migrate(url: str, folder: Path = FOLDER) -> list[str]:
    """Apply the files of ``folder`` that the database has not seen; return their names.

    Files are named ``0001_what_it_does.sql`` and applied in the order of their names,
    each in a transaction of its own. Processes that start at the same time wait for
    each other. Raises MigrationError for a database that cannot be reached, a file that
    was changed after it had been applied, and SQL that fails.
    """
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise MigrationError(_unreachable(url, error)) from error
    with connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        connection.execute(_LEDGER)
        seen = dict(connection.execute("SELECT name, checksum FROM schema_migrations"))
        return [
            file.name
            for file in sorted(folder.glob("*.sql"))
            if _apply(connection, file, seen.get(file.name))
        ]


def _apply(connection: psycopg.Connection, file: Path, seen: str | None) -> bool:
    """Apply a file if it is new; ``seen`` is the checksum of what was applied."""
    script = file.read_text(encoding="utf-8")
    checksum = hashlib.sha256(script.encode()).hexdigest()
    if seen == checksum:
        return False
    if seen:
        raise MigrationError(
            f"{file.name} was changed after it had been applied. "
            "Undo that, and write the change into a new file."
        )
    try:
        with connection.transaction():
            connection.execute(script.encode())
            connection.execute(
                "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)",
                [file.name, checksum],
            )
    except psycopg.Error as error:
        raise MigrationError(
            f"{file.name} failed and changed nothing: {_first_line(error)}"
        ) from error
    _logger.info("migration applied", extra={"fields": {"migration": file.name}})
    return True


def _unreachable(url: str, error: psycopg.Error) -> str:
    place = conninfo_to_dict(url)
    return (
        f"The database {place.get('dbname', '')!r} at {place.get('host', 'localhost')}:"
        f"{place.get('port', 5432)} cannot be used ({_first_line(error)}). "
        "Start it, or correct DATABASE_URL."
    )


def _first_line(error: psycopg.Error) -> str:
    return str(error).partition("\n")[0].strip()
