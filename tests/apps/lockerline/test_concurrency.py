"""Many at once: judged by what must be true afterwards."""

import collections
from concurrent.futures import ThreadPoolExecutor

import pytest

COURIERS = 20


@pytest.mark.parametrize("round_", range(3))
def test_couriers_never_get_the_same_compartment(service, is_problem, round_):
    site = service.site(*"SSMML")
    parcels = [service.parcel() for _ in range(COURIERS)]
    with ThreadPoolExecutor(COURIERS) as pool:
        answers = list(pool.map(lambda parcel: service.deposit(site, parcel), parcels))
    taken = [answer.json()["compartment"] for answer in answers if answer.status_code == 201]
    assert sorted(taken) == [1, 2, 3, 4, 5]
    for answer in answers:
        if answer.status_code != 201:
            is_problem(answer, 409, "no-free-compartment")
    booked = service.query(
        "SELECT compartment_number FROM stays WHERE site_id = %s AND left_at IS NULL", site
    )
    assert sorted(booked) == [(1,), (2,), (3,), (4,), (5,)]


def test_couriers_with_one_parcel_deposit_it_once(service):
    site, code = service.site(*"SSSSS"), service.parcel()
    with ThreadPoolExecutor(COURIERS) as pool:
        answers = list(pool.map(lambda _: service.deposit(site, code), range(COURIERS)))
    statuses = collections.Counter(answer.status_code for answer in answers)
    assert statuses == {201: 1, 409: COURIERS - 1}
    assert service.get(f"/sites/{site}/availability").json()["free"]["S"] == 4


def test_a_parcel_is_handed_out_once(service):
    site, code = service.site("S"), service.parcel()
    pickup_code = service.deposit(site, code).json()["pickup_code"]
    with ThreadPoolExecutor(COURIERS) as pool:
        answers = list(
            pool.map(lambda _: service.collect(site, code, pickup_code), range(COURIERS))
        )
    statuses = collections.Counter(answer.status_code for answer in answers)
    assert statuses == {201: 1, 409: COURIERS - 1}


def test_guessing_in_parallel_gives_no_more_than_five_guesses(service):
    site, code = service.site("S"), service.parcel()
    right = int(service.deposit(site, code).json()["pickup_code"])
    guesses = [f"{(right + step) % 10**6:06d}" for step in range(1, COURIERS + 1)]
    with ThreadPoolExecutor(COURIERS) as pool:
        answers = list(pool.map(lambda guess: service.collect(site, code, guess), guesses))
    statuses = collections.Counter(answer.status_code for answer in answers)
    assert statuses == {403: 4, 429: COURIERS - 4}


def test_deposits_and_collections_in_between(service):
    """A turnover of parcels through few compartments; none is lost, none is doubled."""
    site = service.site(*"SSS")

    def live(parcel: str) -> int:
        for _ in range(1000):
            deposit = service.deposit(site, parcel)
            if deposit.status_code == 201:
                pickup_code = deposit.json()["pickup_code"]
                return service.collect(site, parcel, pickup_code).status_code
            assert deposit.status_code == 409
        return 0

    parcels = [service.parcel() for _ in range(30)]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(live, parcels)) == {201}
    assert service.get(f"/sites/{site}/availability").json()["free"]["S"] == 3
