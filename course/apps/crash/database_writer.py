"""Add one parcel to a table: ``python -m crash.database_writer CODE SIZE PAUSE``.

DATABASE_URL says where the database is. PAUSE is where to stop for a moment:
``inserted`` (and not yet committed).
"""

import os
import sys

import psycopg

from crash.pauses import pause


def add(code: str, size: str, wanted: str) -> None:
    """Insert one row in a transaction of its own."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("INSERT INTO parcels VALUES (%s, %s)", [code, size])
        pause("inserted", wanted)


if __name__ == "__main__":
    add(*sys.argv[1:])
