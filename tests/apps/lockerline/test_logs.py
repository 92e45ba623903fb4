"""What the operator reads."""

import time
import uuid

import pytest


def line_of(service, request_id: str) -> dict:
    """Return the one line of a request; it is written when the answer has gone out, or later."""
    deadline = time.monotonic() + 5
    while True:
        found = [
            entry
            for entry in service.log()
            if entry.get("request_id") == request_id and entry["message"] == "request"
        ]
        if found or time.monotonic() > deadline:
            (line,) = found
            return line
        time.sleep(0.01)


def test_each_line_is_json_with_the_same_head(service):
    service.get("/health/live")
    lines = service.log()
    assert len(lines) > 3
    for line in lines:
        assert {"time", "level", "logger", "message"} <= line.keys()
    assert "Application startup complete." in [line["message"] for line in lines]


def test_a_request_is_one_line_with_the_id_that_came_with_it(service):
    answer = service.get("/health/live", headers={"X-Request-ID": "from-the-proxy.1"})
    assert answer.headers["X-Request-ID"] == "from-the-proxy.1"
    line = line_of(service, "from-the-proxy.1")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/health/live", 200)
    assert line["milliseconds"] >= 0
    assert line["problem"] is None


def test_a_request_without_an_id_gets_one(service):
    first, second = service.get("/health/live"), service.get("/health/live")
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert line_of(service, first.headers["X-Request-ID"])["status"] == 200


@pytest.mark.parametrize("bad", ["x" * 65, "two words", 'a"b', "ü".encode()])
def test_an_id_that_would_spoil_the_log_is_replaced(service, bad):
    answer = service.get("/health/live", headers={"X-Request-ID": bad})
    assert len(answer.headers["X-Request-ID"]) == 32


def test_the_line_of_a_refusal_names_the_problem(service):
    answer = service.get("/sites/99999/availability")
    assert line_of(service, answer.headers["X-Request-ID"])["problem"] == "site-not-found"


def test_no_code_and_no_recipient_gets_into_the_log(service):
    site, code = service.site("S"), service.parcel()
    pickup_code = service.deposit(site, code).json()["pickup_code"]
    service.collect(site, code, pickup_code)
    marked = f"Somebody-{uuid.uuid4().hex}"
    service.post("/parcels", {"size": "S", "shop": "Books", "recipient": marked})
    service.post("/parcels", {"size": "XL", "shop": "Books", "recipient": marked})
    written = service.app.log.read_text()
    assert marked not in written
    assert f'"{pickup_code}"' not in written
