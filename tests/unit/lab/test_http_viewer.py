"""What a reader sees of an exchange, against a real server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from backend_course.lab import http_viewer

ANSWERS: dict[str, tuple[int, str, bytes]] = {
    "/json": (200, "application/json", b'{"b":[1,2],"a":"\xc3\xa9"}'),
    "/problem": (409, "application/problem+json; charset=utf-8", b'{"title":"Taken"}'),
    "/not-json": (200, "application/json", b"{oops"),
    "/text": (200, "text/plain", b"one\ntwo <b>&amp;</b>"),
    "/long": (200, "text/plain", b"\n".join(b"%d" % n for n in range(100))),
    "/image": (200, "image/png", b"\x89PNG" + bytes(2000)),
    "/half": (200, "application/json", b'{"face":"\\ud83d"}'),
    "/deep": (200, "application/json", b"[" * 100_000),
    "/huge": (200, "application/json", b"9" * 5_000),
    "/empty": (204, "", b""),
    "/strange": (299, "", b""),
}


class Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        if self.path == "/old":
            self.send_response(301)
            self.send_header("Location", "/json")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status, content_type, body = ANSWERS[self.path.partition("?")[0]]
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("ETag", '"7"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_get_with_a_json_answer(url: str) -> None:
    answer = requests.get(f"{url}/json?day=2&day=3", timeout=5)
    assert repr(http_viewer.exchange(answer)) == (
        "> GET /json?day=2&day=3\n"
        "< 200 OK\n"
        "< content-type: application/json\n"
        '< etag: "7"\n'
        "<\n"
        "< {\n"
        '<   "b": [\n'
        "<     1,\n"
        "<     2\n"
        "<   ],\n"
        '<   "a": "é"\n'
        "< }"
    )


def test_a_post_shows_what_was_sent_and_masks_secrets(url: str) -> None:
    headers = {"Authorization": "Bearer abc", "X-API-Key": "abc", "Idempotency-Key": "k1"}
    answer = requests.post(f"{url}/problem", json={"size": "S"}, headers=headers, timeout=5)
    exchange = http_viewer.exchange(answer)
    assert exchange.sent_headers == (
        ("authorization", "Bearer …"),
        ("x-api-key", "…"),
        ("idempotency-key", "k1"),
        ("content-type", "application/json"),
    )
    assert json.loads(exchange.sent_body) == {"size": "S"}
    assert (exchange.status, exchange.reason) == (409, "Conflict")
    assert exchange.body == '{\n  "title": "Taken"\n}'


def test_chosen_headers_only_and_a_secret_that_is_asked_for(url: str) -> None:
    answer = requests.get(f"{url}/text", headers={"Authorization": "Bearer abc"}, timeout=5)
    (exchange,) = http_viewer.show(answer, headers=["Authorization", "ETAG"])
    assert exchange.sent_headers == (("authorization", "Bearer abc"),)
    assert exchange.headers == (("etag", '"7"'),)


def test_nothing_that_varies_is_shown(url: str) -> None:
    answer = requests.get(f"{url}/empty", timeout=5)
    shown = http_viewer.show(answer)
    assert repr(shown) == '> GET /empty\n< 204 No Content\n< etag: "7"'
    port = url.rpartition(":")[2]
    assert port not in shown._repr_html_()
    assert answer.headers["Date"] not in shown._repr_html_()


def test_redirects_and_several_answers_in_a_row(url: str) -> None:
    shown = http_viewer.show(
        requests.get(f"{url}/old", timeout=5), requests.get(f"{url}/empty", timeout=5)
    )
    assert [(step.path, step.status) for step in shown] == [
        ("/old", 301),
        ("/json", 200),
        ("/empty", 204),
    ]
    assert repr(shown).count("\n\n") == 2
    assert "< location: /json" in repr(shown)
    assert shown._repr_html_().count("border-left") == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/not-json", "{oops"),
        ("/text", "one\ntwo <b>&amp;</b>"),
        ("/image", "(2,004 bytes of image/png)"),
        ("/long", "\n".join([*map(str, range(40)), "… 60 more lines"])),
    ],
)
def test_other_bodies(url: str, path: str, body: str) -> None:
    assert http_viewer.exchange(requests.get(url + path, timeout=5)).body == body


@pytest.mark.parametrize("path", ["/half", "/deep", "/huge"])
def test_a_hostile_body_can_be_shown_and_sent_on(url: str, path: str) -> None:
    shown = http_viewer.show(requests.get(url + path, timeout=5))
    assert repr(shown).encode()
    assert shown._repr_html_().encode()


def test_half_a_character_is_shown_as_it_was_written(url: str) -> None:
    shown = repr(http_viewer.show(requests.get(f"{url}/half", timeout=5)))
    assert '"face": "\\ud83d"' in shown


def test_an_unknown_status_has_no_reason(url: str) -> None:
    answer = requests.get(f"{url}/strange", timeout=5)
    answer.reason = ""
    assert "< 299\n" in repr(http_viewer.exchange(answer))


def test_a_renamed_status_has_one_name_whatever_sent_it(url: str) -> None:
    answer = requests.get(f"{url}/strange", timeout=5)
    answer.status_code, answer.reason = 422, "Unprocessable Entity"
    assert "< 422 Unprocessable Content\n" in repr(http_viewer.exchange(answer))


def test_a_stream_that_was_sent_is_not_shown(url: str) -> None:
    answer = requests.post(f"{url}/empty", data=iter([]), timeout=5)
    assert http_viewer.exchange(answer).sent_body == ""


def test_html_is_escaped_and_loads_nothing(url: str) -> None:
    answer = requests.get(f"{url}/text?x=<script>", headers={"X-Note": "<i>"}, timeout=5)
    page = http_viewer.show(answer)._repr_html_()
    assert "two &lt;b&gt;&amp;amp;&lt;/b&gt;" in page
    assert "x-note: &lt;i&gt;" in page
    assert "<script" not in page
    assert "<i>" not in page
    assert "http" not in page
    assert "src=" not in page
