"""The life of the process: start, outage, drain, stop."""

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import psycopg
import pytest
import requests

from backend_course.lab import servers

PATIENCE = 20  # seconds, after which a test that waits has failed


def wait_for(condition: Callable[[], object]) -> object:
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, "it has not come"
        time.sleep(0.01)
    return value


def waits_for_a_lock(service) -> bool:
    query = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
    return bool(service.query(query, psycopg.conninfo.conninfo_to_dict(service.dsn)["dbname"]))


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"DATABASE_URL": None}, "lockerline cannot start: DATABASE_URL is not set."),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/gone"}, "The database 'gone' at 127.0.0.1:1"),
    ],
)
def test_what_cannot_work_does_not_start_and_says_why_in_one_line(start, env, message):
    with pytest.raises(servers.ServerError, match="exit status 1") as caught:
        start(**env)
    assert message in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_several_processes_start_at_once_on_an_empty_database(database):
    env = {"DATABASE_URL": database, "LOCKERLINE_PICKUP_KEY": "k" * 32}
    with servers.app("lockerline.main:create_app", factory=True, workers=2, env=env) as app:
        assert requests.get(f"{app.url}/health/ready", timeout=PATIENCE).status_code == 200
        order = {"size": "S", "shop": "Books", "recipient": "R. Reader"}
        answer = requests.post(f"{app.url}/parcels", json=order, timeout=PATIENCE)
        assert answer.json()["tracking_code"] == "LL0000000018"


def test_it_outlives_its_database(cluster, start, is_problem):
    service = start(LOCKERLINE_DATABASE_TIMEOUT=2)
    site, code = service.site("S"), service.parcel()
    with ThreadPoolExecutor(8) as pool:  # so that the pool holds many connections
        list(pool.map(lambda _: service.get(f"/parcels/{code}"), range(40)))
    cluster.stop(keep=True)
    try:
        for _ in range(2):
            problem = is_problem(service.get(f"/parcels/{code}"), 503, "temporarily-unavailable")
            assert problem["retry_after"] == 1
        is_problem(service.get("/health/ready"), 503, "not-ready")
        assert service.get("/health/live").status_code == 200
    finally:
        cluster.start()
    wait_for(lambda: service.get("/health/ready").status_code == 200)
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: service.get(f"/parcels/{code}").status_code, range(40))
        assert set(answers) == {200}
    assert service.deposit(site, code).status_code == 201
    errors = [entry for entry in service.log() if entry["level"] == "ERROR"]
    assert errors
    assert all(entry["logger"] == "lockerline.api.problems" for entry in errors)


def test_a_request_in_flight_is_answered_before_the_process_ends(start):
    service = start(LOCKERLINE_DRAIN_SECONDS=0.1)
    site, code = service.site("S"), service.parcel()
    process = psutil.Process(service.app.pid)
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(service.dsn) as other:
            other.execute("SELECT FROM parcels WHERE tracking_code = %s FOR UPDATE", [code])
            answer = pool.submit(service.deposit, site, code)
            wait_for(lambda: waits_for_a_lock(service))
            process.send_signal(signal.SIGTERM)
            wait_for(lambda: "Shutting down" in service.app.tail(20))
            assert not answer.done()
            with pytest.raises(requests.ConnectionError):
                requests.get(f"{service.app.url}/health/live", timeout=PATIENCE)
        assert answer.result().status_code == 201
    process.wait(PATIENCE)
    assert [entry["message"] for entry in service.log()][-5:] == [
        "request",
        "Waiting for application shutdown.",
        "connections closed",
        "Application shutdown complete.",
        f"Finished server process [{process.pid}]",
    ]
    assert service.query("SELECT state FROM parcels WHERE tracking_code = %s", code) == [
        ("deposited",)
    ]


def test_before_it_stops_it_says_so_and_goes_on_serving(start, is_problem):
    service = start(LOCKERLINE_DRAIN_SECONDS=600)
    process = psutil.Process(service.app.pid)
    assert service.get("/health/ready").status_code == 200
    process.send_signal(signal.SIGTERM)
    wait_for(lambda: service.get("/health/ready").status_code == 503)
    problem = is_problem(service.get("/health/ready"), 503, "not-ready")
    assert "shutting down" in problem["detail"]
    assert service.get("/health/live").status_code == 200
    assert service.parcel()
    process.send_signal(signal.SIGTERM)  # the operator cannot wait
    process.wait(PATIENCE)
