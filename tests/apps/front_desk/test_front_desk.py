"""The front desk alone, and behind the config that lesson 6.3 ends with."""

import json
import time
from collections.abc import Iterator

import pytest
import requests

from backend_course.lab import load, servers
from backend_course.lab.servers.application import COURSE_APPS

SITE = COURSE_APPS / "front_desk" / "site.conf"
HOST = {"Host": "lockers.example"}


@pytest.fixture(scope="module")
def app() -> Iterator[servers.Application]:
    with servers.app("front_desk.app", options=["--no-access-log"]) as running:
        yield running


@pytest.fixture(scope="module")
def web(app: servers.Application) -> Iterator[servers.Nginx]:
    with servers.nginx(SITE, values={"APP": app.address}) as running:
        yield running


def get(server: servers.Server, path: str, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(server.url + path, headers=HOST | named, timeout=5)


def test_a_parcel_is_found_or_not(app: servers.Application) -> None:
    assert get(app, "/parcels/LL000000026").json()["state"] == "deposited"
    unknown = get(app, "/parcels/LL999999999")
    assert unknown.status_code == 404
    assert unknown.json() == {"detail": "No parcel LL999999999."}


def test_photos_are_counted_and_reports_take_their_time(app: servers.Application) -> None:
    photo = requests.post(f"{app.url}/photos", data=bytes(1234), timeout=5)
    assert (photo.status_code, photo.json()) == (201, {"bytes": 1234})
    report = requests.post(f"{app.url}/reports?seconds=0", timeout=5)
    assert (report.status_code, report.json()) == (201, {"took": 0})
    assert requests.post(f"{app.url}/reports", timeout=5).status_code == 422


def test_the_proxy_sets_what_the_application_believes(web: servers.Nginx) -> None:
    reply = get(web, "/beliefs", X_Forwarded_For="198.51.100.99", X_Request_ID="mine")
    believed = reply.json()
    assert believed["link"] == "http://lockers.example/parcels/LL000000018"
    assert believed["client"] == "127.0.0.1"
    assert believed["request_id"] == reply.headers["X-Request-ID"] != "mine"


def test_both_logs_have_the_id(app: servers.Application, web: servers.Nginx) -> None:
    request_id = get(web, "/parcels/LL000000018").headers["X-Request-ID"]
    assert json.loads(app.tail(1))["request_id"] == request_id
    deadline = time.monotonic() + 5  # nginx writes its line after it has sent the answer
    while request_id not in web.access_log.read_text():
        assert time.monotonic() < deadline
    entry = json.loads(web.access_log.read_text().splitlines()[-1])
    assert (entry["status"], entry["from_app"]) == (200, "200")


def test_the_door_refuses(web: servers.Nginx) -> None:
    photo = requests.post(f"{web.url}/photos", data=bytes(3_000_000), headers=HOST, timeout=5)
    assert photo.status_code == 413
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{web.url}/beliefs", headers={"Host": "evil.example"}, timeout=5)
    assert get(web, "/static../app.py").status_code == 404
    assert get(web, "/static/label.css").headers["Content-Type"] == "text/css"


def test_too_many_lookups_get_429(web: servers.Nginx) -> None:
    url = f"{web.url}/parcels/LL000000018"
    lookups = load.run(lambda number: requests.Request("GET", url, headers=HOST), count=40)
    assert set(lookups.outcomes) == {"200", "429"}
