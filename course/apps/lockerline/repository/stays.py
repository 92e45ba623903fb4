"""Stays, as rows."""

from psycopg import Connection
from psycopg.rows import class_row

from ..domain.stay import Stay

_SELECT = """
SELECT tracking_code, site_id, compartment_number, courier, deposited_at,
    pickup_code_digest, left_at, fee, wrong_codes, locked_until
FROM stays
WHERE tracking_code = %s
"""


def begin(connection: Connection, stay: Stay) -> bool:
    """Add a stay; return False, and add nothing, if its compartment is taken."""
    cursor = connection.execute(
        """
        INSERT INTO stays (tracking_code, site_id, compartment_number, courier,
            deposited_at, pickup_code_digest)
        VALUES (%(tracking_code)s, %(site_id)s, %(compartment_number)s, %(courier)s,
            %(deposited_at)s, %(pickup_code_digest)s)
        ON CONFLICT (site_id, compartment_number) WHERE left_at IS NULL DO NOTHING
        """,
        vars(stay),
    )
    return cursor.rowcount == 1


def find(connection: Connection, tracking_code: str) -> Stay | None:
    """Return the stay of that parcel, or None."""
    with connection.cursor(row_factory=class_row(Stay)) as cursor:
        return cursor.execute(_SELECT, [tracking_code]).fetchone()


def save(connection: Connection, stay: Stay) -> None:
    """Write what changes during a stay: its wrong codes, its lock, its end."""
    connection.execute(
        """
        UPDATE stays
        SET left_at = %(left_at)s, fee = %(fee)s, wrong_codes = %(wrong_codes)s,
            locked_until = %(locked_until)s
        WHERE tracking_code = %(tracking_code)s
        """,
        vars(stay),
    )
