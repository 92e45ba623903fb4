"""Announcing, depositing, collecting: what a client sees, over a live port."""

import datetime

import pytest


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_parcel_from_announcement_to_collection(service):
    site = service.site("S")
    announced = service.post("/parcels", {"size": "S", "shop": " Books ", "recipient": "R. Reader"})
    parcel = announced.json()
    code = parcel["tracking_code"]
    assert announced.status_code == 201
    assert announced.headers["Location"] == f"/parcels/{code}"
    assert (parcel["size"], parcel["shop"], parcel["state"]) == ("S", "Books", "announced")
    seen = service.get(announced.headers["Location"]).json()
    assert seen == parcel | {"stay": None, "fee": None}

    at = service.clock.pass_by(hours=1)
    deposited = service.deposit(site, code)
    stay = deposited.json()
    assert deposited.status_code == 201
    assert (stay["site_id"], stay["compartment"]) == (site, 1)
    assert datetime.datetime.fromisoformat(stay["deposited_at"]) == at
    seen = service.get(f"/parcels/{code}").json()
    assert (seen["state"], seen["fee"], seen["stay"]["left_at"]) == ("deposited", "0.00", None)

    service.clock.pass_by(hours=72, seconds=1)
    assert service.get(f"/parcels/{code}").json()["fee"] == "1.50"
    collected = service.collect(site, code, stay["pickup_code"])
    assert collected.status_code == 201
    assert (collected.json()["compartment"], collected.json()["fee"]) == (1, "1.50")
    service.clock.pass_by(days=3)
    seen = service.get(f"/parcels/{code}").json()
    assert (seen["state"], seen["fee"]) == ("collected", "1.50")
    assert seen["stay"]["left_at"] == collected.json()["collected_at"]


def test_times_are_utc_and_say_so(service):
    site = service.site("S")
    stay = service.deposit(site, service.parcel()).json()
    for name in ("deposited_at", "free_until", "expires_at"):
        assert stay[name].endswith("Z")


def test_neither_recipient_nor_compartment_is_shown_to_who_has_the_tracking_code(service):
    code = service.parcel()
    service.deposit(service.site("S"), code)
    shown = service.get(f"/parcels/{code}").text
    assert "Reader" not in shown
    assert "compartment" not in shown


def test_the_code_is_stored_as_a_digest_and_nowhere_else(service):
    site, code = service.site("S"), service.parcel()
    pickup_code = service.deposit(site, code, key="stored").json()["pickup_code"]
    rows = service.query(
        "SELECT s::text FROM stays AS s WHERE tracking_code = %s "
        "UNION ALL SELECT k::text FROM idempotency_keys AS k WHERE key = 'stored'",
        code,
    )
    assert len(rows) == 2
    in_hexadecimal = pickup_code.encode().hex()
    for (row,) in rows:
        assert pickup_code not in row.replace(code, "")
        assert in_hexadecimal not in row


@pytest.mark.parametrize(
    ("sizes", "broken", "parcels", "expected"),
    [
        ("LMS", (), "SML", [3, 2, 1]),
        ("SSM", (), "SSS", [1, 2, 3]),
        ("SSM", (1,), "SS", [2, 3]),
        ("LLM", (), "ML", [3, 1]),
    ],
)
def test_a_parcel_gets_the_smallest_compartment_that_fits(
    service, sizes, broken, parcels, expected
):
    site = service.site(*sizes, out_of_service=broken)
    taken = [service.deposit(site, service.parcel(size)).json() for size in parcels]
    assert [stay["compartment"] for stay in taken] == expected


def test_availability_counts_what_is_free_and_in_service(service):
    site = service.site("S", "S", "S", "M", out_of_service=(3,))
    free = service.get(f"/sites/{site}/availability")
    assert free.status_code == 200
    assert free.json() == {
        "site_id": site,
        "name": "Site",
        "time_zone": "Europe/Vienna",
        "free": {"S": 2, "M": 1, "L": 0},
    }
    code = service.parcel()
    stay = service.deposit(site, code).json()
    assert service.get(f"/sites/{site}/availability").json()["free"]["S"] == 1
    service.collect(site, code, stay["pickup_code"])
    assert service.get(f"/sites/{site}/availability").json()["free"]["S"] == 2


def test_a_compartment_is_used_again(service):
    site = service.site("S")
    first = service.parcel()
    stay = service.deposit(site, first).json()
    service.collect(site, first, stay["pickup_code"])
    assert service.deposit(site, service.parcel()).json()["compartment"] == 1


def test_a_full_site_refuses(service, is_problem):
    site = service.site("S", "L", out_of_service=(2,))
    is_problem(service.deposit(site, service.parcel("M")), 409, "no-free-compartment")
    service.deposit(site, service.parcel())
    refused = service.parcel()
    is_problem(service.deposit(site, refused), 409, "no-free-compartment")
    assert service.get(f"/parcels/{refused}").json()["state"] == "announced"


def test_what_is_not_there_is_not_found(service, is_problem):
    site, code = service.site("S"), service.parcel()
    nobody = service.parcel()
    service.query("DELETE FROM parcels WHERE tracking_code = %s", nobody)
    is_problem(service.get(f"/parcels/{nobody}"), 404, "parcel-not-found")
    is_problem(service.deposit(site, nobody), 404, "parcel-not-found")
    is_problem(service.collect(site, nobody, "123456"), 404, "parcel-not-found")
    is_problem(service.get("/sites/99999/availability"), 404, "site-not-found")
    is_problem(service.deposit(99999, code), 404, "site-not-found")
    is_problem(service.collect(99999, code, "123456"), 404, "site-not-found")


def test_moves_that_the_state_forbids(service, is_problem):
    site, code = service.site("S", "S"), service.parcel()
    problem = is_problem(service.collect(site, code, "123456"), 409, "illegal-move")
    assert problem["state"] == "announced"
    stay = service.deposit(site, code).json()
    problem = is_problem(service.deposit(site, code), 409, "illegal-move")
    assert problem["state"] == "deposited"
    service.collect(site, code, stay["pickup_code"])
    problem = is_problem(service.collect(site, code, stay["pickup_code"]), 409, "illegal-move")
    assert problem["state"] == "collected"
    is_problem(service.deposit(site, code), 409, "illegal-move")


def test_a_parcel_is_handed_out_where_it_is(service, is_problem):
    here, there, code = service.site("S"), service.site("S"), service.parcel()
    stay = service.deposit(here, code).json()
    is_problem(service.collect(there, code, stay["pickup_code"]), 409, "parcel-elsewhere")


def test_after_ten_days_it_is_too_late(service, is_problem):
    site, code = service.site("S"), service.parcel()
    stay = service.deposit(site, code).json()
    service.clock.set(datetime.datetime.fromisoformat(stay["expires_at"]))
    problem = is_problem(service.collect(site, code, stay["pickup_code"]), 409, "illegal-move")
    assert problem["state"] == "expired"
    assert service.get(f"/parcels/{code}").json()["state"] == "expired"
    assert service.get(f"/sites/{site}/availability").json()["free"]["S"] == 0


def test_five_wrong_codes_lock_the_pickup_for_a_quarter_of_an_hour(service, is_problem):
    site, code = service.site("S"), service.parcel()
    right = service.deposit(site, code).json()["pickup_code"]
    for left in (4, 3, 2, 1):
        problem = is_problem(service.collect(site, code, wrong(right)), 403, "wrong-pickup-code")
        assert problem["attempts_left"] == left
    problem = is_problem(service.collect(site, code, wrong(right)), 429, "pickup-locked")
    assert problem["retry_after"] == 900
    service.clock.pass_by(minutes=14, seconds=59)
    problem = is_problem(service.collect(site, code, right), 429, "pickup-locked")
    assert problem["retry_after"] == 1
    service.clock.pass_by(seconds=1)
    problem = is_problem(service.collect(site, code, wrong(right)), 403, "wrong-pickup-code")
    assert problem["attempts_left"] == 4
    assert service.collect(site, code, right).status_code == 201
