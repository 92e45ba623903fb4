"""What becomes of a subscription that is asked for twice."""

import sys
from pathlib import Path

import pytest

from backend_course.check import Exchange, exchanges

APPS = Path(__file__).resolve().parents[3] / "course" / "apps"
BODY = {"url": "https://tea.example/news"}


@pytest.fixture
def app():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(APPS)
        from bad_link import subscriptions

        yield subscriptions.app
    for name in [name for name in sys.modules if name.partition(".")[0] == "bad_link"]:
        del sys.modules[name]


def test_post_twice_makes_two(app) -> None:
    exchanges(
        "subscriptions",
        app,
        Exchange("POST", "/subscriptions", 201, BODY, body={"number": 1}),
        Exchange("POST", "/subscriptions", 201, BODY, body={"number": 2}),
    )


def test_put_twice_makes_one_and_delete_twice_leaves_none(app) -> None:
    exchanges(
        "subscriptions",
        app,
        Exchange("PUT", "/subscriptions/7", 204, BODY),
        Exchange("PUT", "/subscriptions/7", 204, BODY),
        Exchange("GET", "/subscriptions", 200, body={"7": BODY["url"]}),
        Exchange("DELETE", "/subscriptions/7", 204),
        Exchange("DELETE", "/subscriptions/7", 404),
        Exchange("GET", "/subscriptions", 200, body={}),
    )
