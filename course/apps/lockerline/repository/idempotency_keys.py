"""Idempotency keys, as rows."""

import datetime
from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True)
class Kept:
    """What was asked for under a key, and what came of it (JSON)."""

    fingerprint: bytes
    result: str


def claim(
    connection: Connection, key: str, fingerprint: bytes, now: datetime.datetime
) -> bool:
    """Take a key; return False if it is taken already.

    Where another transaction has just taken it, this waits for that one to end: after
    its rollback the key is free again, after its commit it is taken.
    """
    cursor = connection.execute(
        """
        INSERT INTO idempotency_keys (key, fingerprint, claimed_at) VALUES (%s, %s, %s)
        ON CONFLICT (key) DO NOTHING
        """,
        [key, fingerprint, now],
    )
    return cursor.rowcount == 1


def keep(connection: Connection, key: str, result: str) -> None:
    """Note what came of the request that has claimed ``key``."""
    connection.execute(
        "UPDATE idempotency_keys SET result = %s WHERE key = %s", [result, key]
    )


def find(connection: Connection, key: str) -> Kept:
    """Return what is kept under a key that is taken."""
    with connection.cursor(row_factory=class_row(Kept)) as cursor:
        query = "SELECT fingerprint, result::text FROM idempotency_keys WHERE key = %s"
        return cursor.execute(query, [key]).fetchone()
