"""A request under a key has one effect and one answer, however often it comes."""

from concurrent.futures import ThreadPoolExecutor

import psycopg

ORDER = {"size": "S", "shop": "Books", "recipient": "R. Reader"}


def count(service, table: str) -> int:
    return service.query(f"SELECT count(*) FROM {table}")[0][0]


def same(first, second) -> bool:
    return (first.status_code, first.content) == (second.status_code, second.content)


def test_a_repeated_announcement_is_the_same_parcel(service):
    first = service.post("/parcels", ORDER, key="a-1")
    before = count(service, "parcels")
    second = service.post("/parcels", ORDER, key="a-1")
    assert same(first, second)
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert count(service, "parcels") == before


def test_the_same_request_may_look_different(service):
    first = service.post("/parcels", ORDER, key="a-2")
    second = service.post("/parcels", dict(reversed(ORDER.items())), key="a-2")
    assert same(first, second)


def test_without_a_key_each_request_counts(service):
    first, second = service.post("/parcels", ORDER), service.post("/parcels", ORDER)
    assert first.json()["tracking_code"] != second.json()["tracking_code"]


def test_a_repeated_deposit_says_the_same_code_even_after_the_collection(service):
    site, code = service.site("S", "S"), service.parcel()
    first = service.deposit(site, code, key="d-1")
    service.clock.pass_by(hours=5)
    assert same(first, service.deposit(site, code, key="d-1"))
    service.collect(site, code, first.json()["pickup_code"])
    assert same(first, service.deposit(site, code, key="d-1"))
    stays = service.query("SELECT count(*) FROM stays WHERE tracking_code = %s", code)
    assert stays == [(1,)]


def test_a_key_stands_for_one_request(service, is_problem):
    site, code, other = service.site("S", "S"), service.parcel(), service.parcel()
    first = service.deposit(site, code, key="k-1")
    is_problem(service.deposit(site, other, key="k-1"), 422, "idempotency-key-reused")
    is_problem(service.deposit(service.site("S"), code, key="k-1"), 422, "idempotency-key-reused")
    is_problem(service.post("/parcels", ORDER, key="k-1"), 422, "idempotency-key-reused")
    assert service.get(f"/parcels/{other}").json()["state"] == "announced"
    assert same(first, service.deposit(site, code, key="k-1"))


def test_a_refused_request_leaves_its_key_free(service, is_problem):
    site, waiting, first = service.site("S"), service.parcel(), service.parcel()
    stay = service.deposit(site, first).json()
    is_problem(service.deposit(site, waiting, key="w-1"), 409, "no-free-compartment")
    service.collect(site, first, stay["pickup_code"])
    assert service.deposit(site, waiting, key="w-1").status_code == 201


def test_twenty_duplicates_at_once_are_one_parcel(service):
    before = count(service, "parcels")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: service.post("/parcels", ORDER, key="p-1"), range(20)))
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 19
    assert count(service, "parcels") == before + 1


def test_twenty_duplicates_at_once_fill_one_compartment(service):
    site, code = service.site(*"SSS"), service.parcel()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: service.deposit(site, code, key="p-2"), range(20)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].status_code == 201
    assert service.get(f"/sites/{site}/availability").json()["free"]["S"] == 2


def test_a_crash_before_the_commit_leaves_the_key_free(service):
    """The service's session is cut while its deposit waits, with the key already claimed."""
    site, code = service.site("S"), service.parcel()
    with ThreadPoolExecutor(1) as pool, psycopg.connect(service.dsn) as other:
        other.execute("SELECT FROM parcels WHERE tracking_code = %s FOR UPDATE", [code])
        answer = pool.submit(service.deposit, site, code, "c-1")
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
        while not (found := service.query(waiting, other.info.dbname)):
            pass
        service.query("SELECT pg_terminate_backend(%s)", found[0][0])
        assert answer.result().status_code == 503
    again = service.deposit(site, code, key="c-1")
    assert again.status_code == 201
    assert "Idempotent-Replayed" not in again.headers
