"""What the desk accepts and refuses, and that each refusal is a problem document."""

from collections.abc import Iterator

import pytest
import requests
from announcements import problems
from fastapi.exceptions import RequestValidationError

from backend_course.lab import servers

GOOD = {"tracking_code": "LL0000000042", "size": "S", "recipient": "Ada D."}
INVALID = "https://lockerline.example/problems/invalid-request"


@pytest.fixture(scope="module")
def desk() -> Iterator[str]:
    with servers.app("announcements.service:app") as server:
        yield server.url


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=5)


def post(desk: str, body: object) -> requests.Response:
    return requests.post(f"{desk}/parcels", json=body, timeout=5)


def problem(answer: requests.Response, status: int) -> dict:
    """Return the document, after looking at what all of them have in common."""
    document = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert document["status"] == answer.status_code == status
    assert document["title"]
    return document


def test_a_parcel_is_announced_once_and_can_be_read(desk):
    first = post(desk, GOOD)
    assert first.status_code == 201
    assert first.headers["Location"] == "/parcels/LL0000000042"
    assert get(desk + first.headers["Location"]).json() == first.json()
    again = problem(post(desk, GOOD), 409)
    assert again["type"].endswith("/already-announced")
    assert again["detail"] == "Parcel LL0000000042 has been announced before."


def test_late_is_a_path_of_its_own(desk):
    assert [each["state"] for each in get(f"{desk}/parcels/late").json()] == ["late"]


def test_a_list_of_one_size_and_of_a_length(desk):
    assert len(get(f"{desk}/parcels?limit=1").json()) == 1
    assert {each["size"] for each in get(f"{desk}/parcels?size=L").json()} == {"L"}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["#/tracking_code", "#/size", "#/recipient"]),
        (GOOD | {"tracking_code": "LL0000000043"}, ["#/tracking_code"]),
        (GOOD | {"size": "XL", "recipient": ""}, ["#/size", "#/recipient"]),
        (GOOD | {"weight_g": "3"}, ["#/weight_g"]),
        (GOOD | {"weight_g": True}, ["#/weight_g"]),
        (GOOD | {"weight_g": 30_001}, ["#/weight_g"]),
        (GOOD | {"wieght_g/~": 3}, ["#/wieght_g~1~0"]),
        ([], ["#"]),
    ],
)
def test_each_fault_in_a_body_is_named(desk, body, pointers):
    document = problem(post(desk, body), 422)
    assert document["type"] == INVALID
    assert [fault["pointer"] for fault in document["errors"]] == pointers


def test_a_body_that_is_no_json(desk):
    answer = requests.post(
        f"{desk}/parcels", data="{", headers={"Content-Type": "application/json"}, timeout=5
    )
    assert problem(answer, 422)["errors"] == [{"detail": "JSON decode error", "pointer": "#"}]


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/parcels?limt=5", {"detail": "Extra inputs are not permitted", "query": "limt"}),
        ("/parcels/LL0000000019", {"path": "tracking"}),
    ],
)
def test_a_fault_outside_the_body(desk, path, fault):
    (only,) = problem(get(desk + path), 422)["errors"]
    assert only.items() >= fault.items()
    assert not only["detail"].startswith("Value error")


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/parcel", 404, "about:blank"),
        ("GET", "/parcels/LL0000000059", 404, f"{problems.TYPES}parcel-not-found"),
        ("DELETE", "/parcels", 405, "about:blank"),
    ],
)
def test_two_kinds_of_404_and_a_405(desk, method, path, status, kind):
    answer = requests.request(method, desk + path, timeout=5)
    assert problem(answer, status)["type"] == kind
    assert ("Allow" in answer.headers) is (status == 405)


def test_every_refusal_has_a_status():
    for refusal in problems.DeskError.__subclasses__():
        assert refusal in problems.REFUSED


def test_the_contract_tells_of_problem_documents(desk):
    contract = get(f"{desk}/openapi.json").json()
    responses = contract["paths"]["/parcels"]["post"]["responses"]
    assert list(responses) == ["201", "default"]
    assert list(responses["default"]["content"]) == [problems.MEDIA_TYPE]


@pytest.mark.parametrize("name", ["debugged", "guarded"])
def test_a_bug_is_told_to_the_log_and_only_a_debugged_service_tells_the_caller(name):
    with servers.app(f"announcements.bug:{name}") as server:
        answer = get(f"{server.url}/parcels/LL0000000018/label")
    # uvicorn writes the traceback after the answer has gone out: read it when it has stopped.
    assert "KeyError: 'LL0000000018'" in server.tail(100)
    assert answer.status_code == 500
    assert ("Traceback" in answer.text) is (name == "debugged")


def test_what_was_sent_is_not_repeated():
    error = RequestValidationError(
        [{"type": "x", "loc": ("body", "pickup_code"), "msg": "No code", "input": "123456"}]
    )
    assert "123456" not in str(problems.fault(error.errors()[0]))
