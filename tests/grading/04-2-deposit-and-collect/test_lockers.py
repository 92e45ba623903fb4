"""What the questions stand on: a transaction is undone as a whole, a secret is not compared."""

import hmac
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

FILE = Path(__file__).parents[3] / "source" / Path(__file__).parent.name / "lockers.py"


@pytest.fixture(scope="module")
def lockers():
    return SimpleNamespace(**runpy.run_path(str(FILE)))


@pytest.fixture
def store(lockers):
    store = lockers.Store()
    store.sites[1] = lockers.Site(1, "Main Station")
    store.compartments.append(lockers.Compartment(1, 1, "S"))
    store.parcels["A"] = lockers.Parcel("A", "S")
    return store


def fill(store):
    store.compartments[0].parcel = "A"
    store.parcels["A"].state = "deposited"
    store.sites.clear()
    store.compartments.pop()


def fill_and_fail(store):
    fill(store)
    del store.parcels["A"]
    raise KeyError("missing")


def test_a_transaction_that_ends_well_stays(store):
    with store.transaction():
        fill(store)
    assert (store.sites, store.compartments) == ({}, [])
    assert store.parcels["A"].state == "deposited"


def test_an_exception_undoes_all_changes_and_goes_on(store):
    sites, [box], parcel = store.sites, store.compartments, store.parcels["A"]
    with pytest.raises(KeyError, match="missing"), store.transaction(), store.transaction():
        fill_and_fail(store)
    assert store.sites is sites
    assert list(sites) == [1]
    assert store.compartments == [box]
    assert box.parcel is None
    assert store.parcels["A"] is parcel
    assert parcel.state == "announced"


def test_a_secret_is_compared_in_one_way(lockers):
    secret = lockers.digest("042817")
    assert hmac.compare_digest(secret, lockers.digest("042817"))
    assert not hmac.compare_digest(secret, lockers.digest("042818"))
    with pytest.raises(TypeError, match="compare_digest"):
        assert secret == bytes(secret)
    with pytest.raises(TypeError, match="compare_digest"):
        assert bytes(secret) != secret


def test_a_door_that_jams_does_not_open(lockers):
    doors = lockers.Doors()
    doors.jammed.add((1, 2))
    with pytest.raises(lockers.DoorJammedError, match="compartment 2 at site 1"):
        doors.open(1, 2)
    doors.open(1, 3)
    assert doors.opened == [(1, 3)]
