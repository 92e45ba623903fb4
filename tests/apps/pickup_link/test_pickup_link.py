"""The link of lesson 5.1: what opens a door, what only looks, and where redirects lead."""

import asyncio
import sys
from functools import partialmethod
from pathlib import Path
from typing import Any

import httpx
import pytest

APPS = Path(__file__).resolve().parents[3] / "course" / "apps"
HTML, JSON = "text/html", "application/json"


def forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pickup_link"]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def _modules():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(APPS)
        yield
    forget()


class Client:
    """Calls an ASGI application without a port, one request after the other."""

    def __init__(self, app: Any) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            return await self._transport.handle_async_request(request)

        request = httpx.Request(method, f"http://pickup.test{path}", **options)
        answer = asyncio.run(call())
        asyncio.run(answer.aread())
        return answer

    get = partialmethod(request, "GET")
    post = partialmethod(request, "POST")
    put = partialmethod(request, "PUT")
    delete = partialmethod(request, "DELETE")


@pytest.fixture
def client():
    from pickup_link import service

    return Client(service.app)


@pytest.fixture
def best():
    from pickup_link import negotiation

    return lambda accept: negotiation.best(accept, [HTML, JSON])


def test_the_first_link_opens_whenever_it_is_looked_at(client) -> None:
    for _ in range(2):
        assert client.get("/first/ada/open").text == "Door 4 is open."
    assert client.get("/openings").json() == [4, 4]
    assert client.get("/first/nobody/open").status_code == 500


def test_the_page_opens_nothing_and_its_form_does(client) -> None:
    page = client.get("/pickups/ada", headers={"Accept": HTML})
    assert 'action="/pickups/ada/openings"' in page.text
    assert client.get("/pickups/ada/openings").status_code == 405
    assert client.get("/openings").json() == []
    answer = client.post("/pickups/ada/openings")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/pickups/ada")
    assert client.get("/openings").json() == [4]


@pytest.mark.parametrize("accept", [HTML, JSON])
def test_head_is_get_without_content(client, accept) -> None:
    head, get = (
        client.request(method, "/pickups/ada", headers={"Accept": accept})
        for method in ("HEAD", "GET")
    )
    assert head.headers == get.headers
    assert head.status_code == get.status_code == 200


@pytest.mark.parametrize(("ticket", "status"), [("nobody", 404), ("cleo", 410)])
def test_unknown_and_collected_tickets(client, ticket, status) -> None:
    assert client.get(f"/pickups/{ticket}").status_code == status
    assert client.post(f"/pickups/{ticket}/openings").status_code == status
    assert client.get("/openings").json() == []


def test_the_form_follows_the_client_and_only_the_mended_page_says_so(client) -> None:
    for path, vary in [("/pickups/ada", "Accept"), ("/first/ada", None)]:
        answer = client.get(path, headers={"Accept": JSON})
        assert answer.json() == {"door": 4}
        assert answer.headers.get("Vary") == vary
    refused = client.get("/pickups/ada", headers={"Accept": "image/png"})
    assert (refused.status_code, refused.headers["Vary"]) == (406, "Accept")
    assert refused.json() == {"detail": {"available": [HTML, JSON]}}


def test_reminders_are_added_replaced_and_deleted(client) -> None:
    added = client.post("/reminders", json={"text": "tomorrow"})
    assert (added.status_code, added.headers["Location"]) == (201, "/reminders/1")
    assert client.put("/reminders/1", json={"text": "today"}).status_code == 204
    assert client.get("/reminders/1").json() == {"text": "today"}
    deleted = client.delete("/reminders/1")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert client.get("/reminders").json() == {}
    for method in ("GET", "DELETE"):
        assert client.request(method, "/reminders/1").status_code == 404
    assert client.put("/reminders/1", json={"text": "again"}).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_every_method_is_sent_on(client, method) -> None:
    answer = client.request(method, "/moved/307/reminders/1")
    assert (answer.status_code, answer.headers["Location"]) == (307, "/reminders/1")


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", HTML),
        ("*/*", HTML),
        ("application/json", JSON),
        ("Application/JSON", JSON),
        ("text/html;q=0.5, application/json", JSON),
        ("text/html; q=0.5 , */*;q=0.1", HTML),
        ("text/*;q=0.3, */*;q=0.8", JSON),
        ("text/html;q=0, */*", JSON),
        ("text/html;level=1", HTML),
        ("image/png", None),
        ("text/html;q=0, application/json;q=0", None),
        ("text/html;q=much", None),
    ],
)
def test_the_most_specific_range_decides_and_the_highest_quality_wins(best, accept, wanted) -> None:
    assert best(accept) == wanted
