"""The sixty lines: routes, methods, JSON in and out, errors, and WSGI as PEP 3333 has it."""

import io
import json
from pathlib import Path
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from tiny_framework import framework
from tiny_framework.framework import App, HTTPError, read_json


def call(app, method, path, body=b""):
    """Call an application as a strict WSGI server would; return status, headers, JSON, log."""
    environ = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path}
    environ["QUERY_STRING"] = ""
    environ["wsgi.input"] = io.BytesIO(body)
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    setup_testing_defaults(environ)
    log = environ["wsgi.errors"] = io.StringIO()
    came = {}

    def start_response(status, headers, exc_info=None):
        came.update(status=status, headers=dict(headers))
        return lambda _: None

    parts = validator(app)(environ, start_response)
    text = b"".join(parts)
    parts.close()
    return came["status"], came["headers"], json.loads(text), log.getvalue()


@pytest.fixture
def app() -> App:
    app = App()
    app.add("GET", "/sites", lambda environ: ("200 OK", ["Central"], {"X-Total": "1"}))
    app.add("POST", "/sites", lambda environ: ("201 Created", read_json(environ), {}))
    app.add("GET", "/sites/{site}/boxes/{box}", lambda environ, **found: ("200 OK", found, {}))
    app.add("GET", "/label.pdf", lambda environ: ("200 OK", "label", {}))
    app.add("GET", "/crash", lambda environ: 1 / 0)
    app.add("GET", "/no-json", lambda environ: ("200 OK", object(), {}))
    return app


def test_it_has_at_most_sixty_lines():
    assert len(Path(framework.__file__).read_text().splitlines()) <= 60


def test_a_value_goes_out_as_json_with_the_handlers_headers(app):
    status, headers, value, _ = call(app, "GET", "/sites")
    assert (status, value) == ("200 OK", ["Central"])
    assert headers == {"Content-Type": "application/json", "X-Total": "1"}


def test_path_parameters(app):
    assert call(app, "GET", "/sites/a-1/boxes/7")[2] == {"site": "a-1", "box": "7"}


@pytest.mark.parametrize(
    "path", ["/", "/sites/", "/sites/1/boxes", "/sites//boxes/7", "/labelxpdf"]
)
def test_another_path_is_404(app, path):
    status, _, value, _ = call(app, "GET", path)
    assert status == "404 Not Found"
    assert value == {"detail": f"There is nothing at {path}."}


def test_another_method_is_405_with_all_that_are_allowed(app):
    status, headers, _, _ = call(app, "DELETE", "/sites")
    assert status == "405 Method Not Allowed"
    assert headers["Allow"] == "GET, POST"


def test_the_first_route_that_fits_wins(app):
    app.add("GET", "/sites/{site}/boxes/late", lambda environ, site: ("200 OK", "late", {}))
    assert call(app, "GET", "/sites/1/boxes/late")[2] == {"site": "1", "box": "late"}


def test_json_comes_in(app):
    status, _, value, _ = call(app, "POST", "/sites", '{"name": "São"}'.encode())
    assert (status, value) == ("201 Created", {"name": "São"})


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"size=M"])
def test_a_body_that_is_no_json_is_422(app, body):
    status, _, value, log = call(app, "POST", "/sites", body)
    assert status == "422 Unprocessable Content"
    assert value == {"detail": "The body is no JSON."}
    assert log == ""


@pytest.mark.parametrize(("path", "error"), [("/crash", "ZeroDivision"), ("/no-json", "TypeError")])
def test_a_handler_that_fails_is_logged_and_tells_the_caller_nothing(app, path, error):
    status, _, value, log = call(app, "GET", path)
    assert status == "500 Internal Server Error"
    assert value == {"detail": "The fault is ours."}
    assert error in log


def test_an_error_carries_headers():
    error = HTTPError("503 Service Unavailable", "Later.", Connection="close")
    assert error.answer[2] == {"Connection": "close"}
