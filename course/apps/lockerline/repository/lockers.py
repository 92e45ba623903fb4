"""Sites and their compartments."""

from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import class_row

from ..domain.parcel import Size


@dataclass(frozen=True)
class Site:
    """A place with a locker wall."""

    site_id: int
    name: str
    time_zone: str


def find_site(connection: Connection, site_id: int) -> Site | None:
    """Return the site of that number, or None."""
    with connection.cursor(row_factory=class_row(Site)) as cursor:
        query = "SELECT site_id, name, time_zone FROM sites WHERE site_id = %s"
        return cursor.execute(query, [site_id]).fetchone()


def count_free(connection: Connection, site_id: int) -> dict[Size, int]:
    """Return how many compartments of each size are free and in service."""
    rows = connection.execute(
        """
        SELECT size, count(*)
        FROM compartments AS c
        WHERE site_id = %s AND in_service AND NOT EXISTS (
            SELECT FROM stays AS s
            WHERE s.site_id = c.site_id AND s.compartment_number = c.number
                AND s.left_at IS NULL)
        GROUP BY size
        """,
        [site_id],
    )
    counted = dict(rows)
    return {size: counted.get(size, 0) for size in Size}


def lock_smallest_free(
    connection: Connection, site_id: int, sizes: list[Size]
) -> int | None:
    """Return the number of a free compartment in service, or None; keep others off it.

    ``sizes`` are those that will do, the best first; among equals the lowest number
    wins. A compartment that another transaction is just filling is passed over.
    """
    row = connection.execute(
        """
        SELECT number
        FROM compartments AS c
        WHERE site_id = %(site_id)s AND in_service AND size = ANY(%(sizes)s)
            AND NOT EXISTS (
                SELECT FROM stays AS s
                WHERE s.site_id = c.site_id AND s.compartment_number = c.number
                    AND s.left_at IS NULL)
        ORDER BY array_position(%(sizes)s, size), number
        LIMIT 1
        FOR UPDATE SKIP LOCKED
        """,
        {"site_id": site_id, "sizes": [str(size) for size in sizes]},
    ).fetchone()
    return row[0] if row else None
