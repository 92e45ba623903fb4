"""Parcels, as rows."""

from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from ..domain.parcel import Parcel, Size, State

_SELECT = """
SELECT tracking_code, size, shop, recipient, state, announced_at
FROM parcels
WHERE tracking_code = %s
"""


def next_number(connection: Connection) -> int:
    """Return a number that no other parcel has or will have."""
    return connection.execute("SELECT nextval('tracking_numbers')").fetchone()[0]


def add(connection: Connection, parcel: Parcel) -> None:
    """Add a new parcel."""
    connection.execute(
        """
        INSERT INTO parcels (tracking_code, size, shop, recipient, state, announced_at)
        VALUES (%(tracking_code)s, %(size)s, %(shop)s, %(recipient)s, %(state)s,
                %(announced_at)s)
        """,
        vars(parcel),
    )


def find(connection: Connection, tracking_code: str) -> Parcel | None:
    """Return the parcel of that code, or None."""
    return _one(connection, _SELECT, tracking_code)


def lock(connection: Connection, tracking_code: str) -> Parcel | None:
    """Return the parcel as ``find`` does, and keep others from changing it."""
    return _one(connection, _SELECT + "FOR UPDATE", tracking_code)


def set_state(connection: Connection, tracking_code: str, state: State) -> None:
    """Note the parcel's new state."""
    connection.execute(
        "UPDATE parcels SET state = %s WHERE tracking_code = %s", [state, tracking_code]
    )


def _one(connection: Connection, query: str, tracking_code: str) -> Parcel | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        row: dict[str, Any] | None = cursor.execute(query, [tracking_code]).fetchone()
    if row is None:
        return None
    return Parcel(**row | {"size": Size(row["size"]), "state": State(row["state"])})
