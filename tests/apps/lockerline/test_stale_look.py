"""A courier's look at the compartments may be older than the lock that it gets on one.

Then the compartment is taken although it was seen free. On a live port this is a matter of
microseconds; here the first look is made stale by hand.
"""

import psycopg
import pytest
from lockerline.clock import SystemClock
from lockerline.database.migrate import migrate
from lockerline.database.pool import Database
from lockerline.domain.errors import NoFreeCompartmentError
from lockerline.domain.parcel import Size
from lockerline.domain.pickup_code import PickupCodes
from lockerline.repository import lockers
from lockerline.service.lockerline import Lockerline

TAKEN = 1


@pytest.fixture
def line(database, monkeypatch):
    """Lockerline with one site, whose compartment 1 is taken and is seen free once more."""
    migrate(database)
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO sites VALUES (1, 'A', 'B', 'UTC', '2026-01-01')")
        connection.execute("INSERT INTO compartments VALUES (1, 1, 'S')")
    pool = Database(database, size=2, timeout=2)
    pool.open()
    line = Lockerline(pool, SystemClock(), PickupCodes(b"k" * 32))
    line.deposit(1, announced(line), "C-1")

    looks = iter([TAKEN])
    look_again = lockers.lock_smallest_free
    monkeypatch.setattr(
        lockers, "lock_smallest_free", lambda *asked: next(looks, None) or look_again(*asked)
    )
    yield line
    pool.close()


def announced(line: Lockerline) -> str:
    return line.announce(Size.S, "Books", "R. Reader").result.tracking_code


def test_whoever_loses_the_race_gets_the_next_compartment(line, database):
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO compartments VALUES (1, 2, 'S')")
    assert line.deposit(1, announced(line), "C-2").result.compartment == 2


def test_whoever_loses_the_race_for_the_last_one_is_told_so(line):
    parcel = announced(line)
    with pytest.raises(NoFreeCompartmentError):
        line.deposit(1, parcel, "C-2")
    assert line.find(parcel).state == "announced"
