"""Connections to PostgreSQL, borrowed for one transaction each."""

import contextlib
import math
from collections.abc import Iterator

from psycopg import Connection
from psycopg_pool import ConnectionPool

# No statement of ours takes long. One that does waits for something that will not come.
_LIMITS = "-c statement_timeout=10s -c lock_timeout=5s"


class Database:
    """A pool of connections; a request waits ``timeout`` seconds for one at most."""

    def __init__(self, url: str, size: int, timeout: float) -> None:
        self._pool = ConnectionPool(
            url,
            name="lockerline",
            kwargs={
                "application_name": "lockerline",
                "connect_timeout": math.ceil(timeout),
                "options": _LIMITS,
            },
            min_size=1,
            max_size=size,
            timeout=timeout,
            # In an outage the pool tries again at ever longer intervals. When it gives
            # up early, the next request makes it begin anew, at once.
            reconnect_timeout=timeout,
            open=False,
        )

    def open(self) -> None:
        """Start to connect; does not wait for it."""
        self._pool.open()

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Lend a connection, to be committed at the end, or rolled back on an error.

        The commit is done when the block is left, so what a client is told after it is
        true. Raises psycopg.OperationalError where there is no connection in time.
        """
        connection = None
        try:
            with self._pool.connection() as connection:
                yield connection
        finally:
            if connection is not None and connection.broken:
                self._pool.check()  # the others died with it: do not lend them out

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Lend a connection that shows one moment to all queries, for reading only."""
        with self.transaction() as connection:
            connection.execute(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            )
            yield connection

    def ping(self) -> None:
        """Ask the database for an answer. Raises psycopg.OperationalError."""
        with self.transaction() as connection:
            connection.execute("SELECT 1")
