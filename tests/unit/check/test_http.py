"""What a check of a service says: sent, came back, expected, where to look."""

import io
import json
import re
import socketserver
import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from fastapi import FastAPI

from backend_course.check import CheckError, Exchange, NotAttemptedError, exchanges, practice


def wsgi(environ, start_response):
    """Tell a site; 404 for another path, and one that fails."""
    path = environ["PATH_INFO"]
    if path == "/crash":
        raise KeyError("site")
    if path == "/blank":
        raise NotImplementedError
    status = "200 OK" if path == "/sites/1" else "404 Not Found"
    start_response(status, [("Content-Type", "application/json"), ("X-Path", path)])
    length = int(environ.get("CONTENT_LENGTH") or 0)
    sent = environ["wsgi.input"].read(length).decode()
    return [json.dumps({"site_id": 1, "open": True, "sent": sent}).encode()]


async def asgi(scope, receive, send):
    """Answer like ``wsgi``."""
    came = {}

    def start_response(status, headers):
        came["status"] = int(status[:3])
        came["headers"] = [(n.encode(), v.encode()) for n, v in headers]

    message = await receive()
    environ = {
        "PATH_INFO": scope["path"],
        "CONTENT_LENGTH": len(message.get("body", b"")),
        "wsgi.input": io.BytesIO(message.get("body", b"")),
    }
    body = wsgi(environ, start_response)
    await send({"type": "http.response.start"} | came)
    await send({"type": "http.response.body", "body": b"".join(body)})


class Silent(WSGIRequestHandler):
    """A request handler without a log."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with make_server("127.0.0.1", 0, wsgi, handler_class=Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(params=["wsgi", "asgi", "url"])
def target(request: pytest.FixtureRequest):
    kinds = {"wsgi": wsgi, "asgi": asgi}
    return kinds.get(request.param) or request.getfixturevalue("url")


def why(target, *wanted):
    with pytest.raises(CheckError) as caught:
        exchanges("desk", target, *wanted)
    return str(caught.value)


def test_what_is_as_asked_passes(target):
    exchanges(
        "desk",
        target,
        Exchange("GET", "/sites/1", 200, members={"site_id": 1}),
        Exchange("GET", "/sites/1", 200, body={"open": True, "site_id": 1, "sent": ""}),
        Exchange("POST", "/sites/2", 404, json={"a": 1}, headers={"x-path": "/sites/2"}),
        Exchange("GET", "/sites/1", 200, absent="Traceback"),
    )


def test_the_message_says_sent_came_expected_and_where_to_look(target):
    wrong = Exchange("POST", "/sites/1", 201, json={"size": "S"}, hint="See status_code.")
    assert why(target, wrong).splitlines() == [
        'desk: POST /sites/1 with {"size": "S"}',
        'Came back: 200 {"site_id": 1, "open": true, "sent": "{\\"size\\":\\"S\\"}"}',
        "Expected: status 201.",
        "See status_code.",
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"headers": {"x-path": "/"}}, "x-path: / (came: /sites/1)"),
        ({"headers": {"allow": "GET"}}, "allow: GET (came: no such header)"),
        ({"members": {"open": 1}}, "open to be 1"),
        ({"members": {"site_id": "1"}}, 'site_id to be "1"'),
        ({"members": {"city": "Ghent"}}, "a JSON object with a member 'city'"),
        ({"body": [1]}, "the body [1]"),
        ({"absent": "site_id"}, "a body without 'site_id'"),
    ],
)
def test_each_thing_that_can_differ(asked, expected):
    wrong = why(wsgi, Exchange("GET", "/sites/1", 200, **asked))
    assert wrong.splitlines()[-1] == f"Expected: {expected}."


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"x-path": re.compile("/sites/[0-9]")}, ""),
        ({"x-path": re.compile("/sites")}, "x-path: a value like /sites (came: /sites/1)"),
        ({"allow": re.compile(".*")}, "allow: a value like .* (came: no such header)"),
        ({"x-path": ["/sites/1"]}, ""),
        ({"x-path": ["GET", "PUT"]}, "x-path: GET and PUT, in any order (came: /sites/1)"),
    ],
)
def test_headers_by_a_pattern_and_by_a_list(wanted, expected):
    exchange = Exchange("GET", "/sites/1", 200, headers=wanted)
    if expected:
        assert why(wsgi, exchange).splitlines()[-1] == f"Expected: {expected}."
    else:
        exchanges("desk", wsgi, exchange)


def test_the_names_of_a_list_come_in_any_order_and_no_other():
    def app(environ, start_response):
        start_response("405 Method Not Allowed", [("Allow", "PUT,GET")])
        return []

    exchanges("desk", app, Exchange("POST", "/", 405, headers={"Allow": ["GET", "PUT"]}))
    assert "came: PUT,GET" in why(app, Exchange("POST", "/", 405, headers={"Allow": ["GET"]}))


def test_a_body_can_be_sent_as_it_stands(target):
    sent = Exchange("POST", "/sites/1", 200, content='{"size', members={"sent": '{"size'})
    [answer] = exchanges("desk", target, sent)
    assert answer.request.headers["Content-Type"] == "application/json"
    wrong = Exchange("POST", "/sites/1", 201, content='{"size')
    assert why(target, wrong).splitlines()[0] == 'desk: POST /sites/1 with {"size'


def test_the_answers_are_given_back(target):
    answers = exchanges("desk", target, Exchange("GET", "/sites/1", 200), Exchange("GET", "/", 404))
    assert [answer.headers["x-path"] for answer in answers] == ["/sites/1", "/"]


def answering(content, kind="application/problem+json"):
    def app(environ, start_response):
        start_response("422 Unprocessable Content", [("Content-Type", kind)])
        return [json.dumps(content).encode() if content is not None else b"Sorry."]

    return app


FAULTS = [{"pointer": "#/size", "detail": "No."}, {"parameter": "site_id", "detail": "No."}]
PROBLEM = {"type": "urn:invalid", "title": "Invalid", "status": 422, "errors": FAULTS}
INVALID = Exchange("GET", "/", 422, problem="urn:invalid", faults=["site_id", "#/size"])


def test_a_problem_as_asked():
    exchanges("desk", answering(PROBLEM), INVALID)
    exchanges("desk", answering(PROBLEM, "Application/Problem+JSON; charset=utf-8"), INVALID)
    exchanges(
        "desk",
        answering({"title": "Unprocessable Content", "status": 422}),
        Exchange("GET", "/", 422, problem="about:blank"),
    )


PLACES = "errors with one object for each of #/size, site_id, with its place and a detail"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "a body that is JSON"),
        ([], "a JSON object"),
        (PROBLEM | {"type": "about:blank"}, "a problem of the type urn:invalid"),
        (PROBLEM | {"status": "422"}, "the status 422 in the body, too"),
        (PROBLEM | {"title": " "}, "a title, in words"),
        (PROBLEM | {"errors": "#/size"}, PLACES),
        (PROBLEM | {"errors": FAULTS[:1]}, PLACES),
        (PROBLEM | {"errors": [*FAULTS, FAULTS[0]]}, PLACES),
        (PROBLEM | {"errors": [FAULTS[0], {"parameter": "site_id"}]}, PLACES),
        (PROBLEM | {"errors": [FAULTS[0], {"pointer": "site_id", "detail": "No."}]}, PLACES),
        (PROBLEM | {"errors": [FAULTS[1], {"parameter": "#/size", "detail": "No."}]}, PLACES),
        (PROBLEM | {"errors": [FAULTS[1], {"pointer": 7, "detail": "No."}]}, PLACES),
    ],
)
def test_each_thing_that_a_problem_can_lack(content, expected):
    assert why(answering(content), INVALID).splitlines()[-1] == f"Expected: {expected}."


def test_a_problem_has_its_own_media_type():
    wrong = why(answering(PROBLEM, "application/json"), INVALID)
    assert wrong.endswith(
        "Expected: Content-Type: application/problem+json (came: application/json)."
    )


def test_a_body_that_is_no_json_and_one_that_is_long():
    def text(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x" * 1000]

    lines = why(text, Exchange("GET", "/", 200, body={})).splitlines()
    assert lines[1:] == [f"Came back: 200 {'x' * 300}…", "Expected: a body that is JSON."]


@pytest.mark.parametrize("application", [wsgi, asgi])
def test_an_error_in_the_application_is_shown_in_one_line(application):
    lines = why(application, Exchange("GET", "/crash", 200)).splitlines()
    assert lines[1:] == ["Came back: nothing: KeyError: 'site'", "Expected: status 200."]


def test_what_an_application_has_logged_is_shown():
    def logging(environ, start_response):
        environ["wsgi.errors"].write("Traceback…\nKeyError: 'site'\n")
        start_response("500 Internal Server Error", [])
        return [b"Sorry."]

    lines = why(logging, Exchange("GET", "/", 200)).splitlines()
    assert lines[1:3] == ["Came back: 500 Sorry.", "Its log ends: KeyError: 'site'"]


def test_a_service_that_is_not_there():
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as taken:
        nobody = f"http://127.0.0.1:{taken.server_address[1]}"
    assert "Came back: nothing: ConnectError" in why(nobody, Exchange("GET", "/", 200))


def test_it_stops_at_the_first_that_fails():
    assert "GET /first" in why(wsgi, Exchange("GET", "/first", 200), Exchange("GET", "/crash", 1))


@pytest.mark.parametrize("blank", [..., None])
def test_a_blank_is_not_attempted(blank):
    with pytest.raises(NotAttemptedError, match="desk: not attempted yet"):
        exchanges("desk", blank, Exchange("GET", "/", 200))


@pytest.mark.parametrize("application", [wsgi, asgi])
def test_a_stub_that_raises_is_not_attempted(application):
    with pytest.raises(NotAttemptedError):
        exchanges("desk", application, Exchange("GET", "/blank", 200))


def test_an_answer_to_a_failure_counts_where_it_is_asked_for():
    app = FastAPI()

    @app.get("/crash")
    def crash():
        raise KeyError("secret")

    exchanges("desk", app, Exchange("GET", "/crash", 500, absent="secret"))
    assert "KeyError: 'secret'" in why(app, Exchange("GET", "/crash", 200))


@pytest.mark.parametrize(
    ("application", "status", "printed"),
    [
        (wsgi, 404, "✓ desk: right.\n"),
        (..., 404, "○ desk: not attempted yet. Write your code in the place of ... and run its "),
        (wsgi, 200, "✗ desk: GET /\nCame back: 404 {"),
    ],
)
def test_in_a_lesson_it_is_printed(application, status, printed, capsys):
    practice.exchanges("desk", application, Exchange("GET", "/", status))
    assert capsys.readouterr().out.startswith(printed)
