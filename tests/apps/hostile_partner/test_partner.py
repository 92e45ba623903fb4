"""Whether the partner of lesson 5.11 misbehaves exactly as its lesson says."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

APPS = Path(__file__).resolve().parents[3] / "course" / "apps"
PATIENCE = 5  # seconds


@pytest.fixture(scope="module")
def partner_module():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(APPS)
        from hostile_partner import partner

        yield partner
    for name in [name for name in sys.modules if name.partition(".")[0] == "hostile_partner"]:
        del sys.modules[name]


@pytest.fixture
def url(partner_module) -> Iterator[str]:
    with partner_module.Partner() as partner:
        thread = threading.Thread(target=partner.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield partner.url
        partner.shutdown()
        thread.join(PATIENCE)


@pytest.fixture
def client() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def ask(client: requests.Session, url: str, method: str = "GET", **more) -> requests.Response:
    return client.request(method, url, timeout=PATIENCE, **more)


def test_it_can_be_fine_over_one_connection(client, url, partner_module) -> None:
    first, second = ask(client, f"{url}/fine"), ask(client, f"{url}/fine")
    assert first.json() == second.json() == partner_module.DELIVERABLE
    assert first.headers["X-Connection"] == second.headers["X-Connection"]


def test_silence_outlasts_a_read_time_out(client, url) -> None:
    with pytest.raises(requests.ReadTimeout):
        client.get(f"{url}/silent", timeout=0.1)
    assert ask(client, f"{url}/fine").ok  # and others are still served


def test_a_stall_comes_after_the_head(client, url) -> None:
    with client.get(f"{url}/stall", timeout=PATIENCE, stream=True) as answer:
        assert answer.status_code == 200
    with pytest.raises(requests.ConnectionError, match="Read timed out"):
        client.get(f"{url}/stall", timeout=0.2)


def test_a_drip_is_right_in_the_end(client, url, partner_module, monkeypatch) -> None:
    monkeypatch.setattr(partner_module, "DRIP_PAUSE", 0)
    assert ask(client, f"{url}/drip").json() == {"slowly": True}


def test_a_cut_shows_where_a_length_was_said(client, url) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(client, f"{url}/half")


def test_a_cut_does_not_show_where_none_was_said(client, url, partner_module) -> None:
    answer = ask(client, f"{url}/half-unframed")
    assert answer.ok
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_wrong_content_comes_with_200(client, url) -> None:
    page, wrong = ask(client, f"{url}/html"), ask(client, f"{url}/wrong-type")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html")
    assert (wrong.status_code, wrong.json()["deliverable"]) == (200, "no")


def test_busy_refuses_twice_and_each_query_counts_for_itself(client, url) -> None:
    answers = [ask(client, f"{url}/busy?run=1") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [503, 503, 200, 503, 503, 200]
    assert answers[0].headers["Retry-After"] == "1"
    assert ask(client, f"{url}/busy?after=3600").headers["Retry-After"] == "3600"


@pytest.mark.parametrize(("headers", "labels"), [({}, 2), ({"Idempotency-Key": "a"}, 1)])
def test_a_label_is_printed_although_the_answer_is_lost(client, url, headers, labels) -> None:
    with pytest.raises(requests.ConnectionError):
        ask(client, f"{url}/labels", "POST", headers=headers)
    assert ask(client, f"{url}/labels").json() == {"labels": 1}
    assert ask(client, f"{url}/labels", "POST", headers=headers).json() == {"label": labels}
    assert ask(client, f"{url}/labels").json() == {"labels": labels}


def test_a_redirect_leads_where_it_was_told(client, url) -> None:
    target = {"to": f"{url}/echo"}
    answer = ask(client, f"{url}/redirect/307", "POST", params=target, data="a parcel")
    assert [step.status_code for step in answer.history] == [307]
    assert (answer.json()["method"], answer.json()["body"]) == ("POST", "a parcel")


def test_it_tells_what_arrived(client, url) -> None:
    secrets = {"Authorization": "Bearer s", "X-Api-Key": "k"}
    arrived = ask(client, f"{url}/echo", headers=secrets).json()
    assert (arrived["authorization"], arrived["x_api_key"]) == ("Bearer s", "k")
    assert ask(client, f"{url}/seen", params={"path": "/echo"}).json() == {"seen": 1}


def test_an_unknown_path_is_404(client, url) -> None:
    assert ask(client, f"{url}/nowhere").status_code == 404
