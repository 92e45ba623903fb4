"""Both services pass the probe, and the probe finds what is wrong with others."""

from collections.abc import Iterator

import pytest
import requests
from tiny_framework import probe

from backend_course.lab import servers


@pytest.fixture(scope="module", params=["service", "with_fastapi"])
def service(request: pytest.FixtureRequest) -> Iterator[servers.Server]:
    interface = "wsgi" if request.param == "service" else "auto"
    with servers.app(f"tiny_framework.{request.param}:app", interface=interface) as server:
        yield server


def test_the_probe_accepts_it_again_and_again(service):
    for _ in range(2):
        report = probe.report(service.url).splitlines()
        assert len(report) == len(probe.exchanges("LL0000000018"))
        assert [line for line in report if not line.startswith("✓")] == []


def answer(status: int, text: str, **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = text.encode()
    response.headers.update({"Content-Type": "application/json"} | headers)
    return response


@pytest.mark.parametrize(
    ("asked", "came", "difference"),
    [
        ({}, answer(500, ""), "status 500, expected 200"),
        ({"headers": {"Allow": "GET"}}, answer(200, "{}"), "Allow: None, expected GET"),
        ({}, answer(200, "hi", **{"Content-Type": "text/plain"}), "text/plain, expected JSON"),
        ({"status": 404}, answer(404, "{}"), "an error without the member detail"),
        ({"status": 404}, answer(404, '["detail"]'), '["detail"], expected an object'),
        ({"members": {"free": 1}}, answer(200, "{}"), "free is None, expected 1"),
        ({"members": {"free": 1}}, answer(200, "[]"), "[], expected an object"),
        ({"mentions": "size"}, answer(200, "{}"), "the body does not mention size"),
    ],
)
def test_the_probe_names_the_difference(asked, came, difference):
    exchange = probe.Exchange(
        **({"what": "x", "method": "GET", "path": "/", "status": 200} | asked)
    )
    assert probe.difference(exchange, came).endswith(difference)
    assert probe.difference(probe.Exchange("x", "GET", "/", 200), answer(200, "[]")) == ""
