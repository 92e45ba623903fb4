"""Serving what a learner wrote: on a port, around its failures, and with its log in one place."""

import asyncio
import contextlib
import socket
import sys
import threading

import pytest
from fastapi import FastAPI, HTTPException, Response

from backend_course.check import CheckError, Exchange, NotAttemptedError, exchanges, http, live


@pytest.fixture
def released():
    """Give an event that a handler may wait for; it is set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def desk(event=None):
    app = FastAPI()

    @app.get("/open")
    def open_():
        return {"open": True}

    @app.get("/crash")
    def crash():
        return {}["site"]

    @app.get("/leave")
    def leave():
        sys.exit(3)

    @app.get("/busy")
    def busy():
        raise HTTPException(503)

    @app.get("/noisy")
    def noisy():
        print("the printer is out of paper", file=sys.stderr)
        return Response(status_code=409)

    @app.get("/hangs")
    def hangs():
        event.wait()

    @app.get("/blocks")
    async def blocks():
        event.wait()

    return app


def why(*wanted, build=desk):
    with (
        pytest.raises(CheckError) as caught,
        live.serving("desk", build) as service,
    ):
        exchanges("desk", service, *wanted)
    return str(caught.value).splitlines()


def is_open(service):
    port = int(service.url.rpartition(":")[2])
    with contextlib.closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_it_answers_on_a_port_and_gives_the_port_back():
    before = set(threading.enumerate())
    with live.serving("desk", desk) as service, live.serving("desk", desk) as other:
        for each in (service, other):
            exchanges("desk", each, Exchange("GET", "/open", 200, body={"open": True}))
        assert service.url != other.url
    for thread in set(threading.enumerate()) - before:
        if "AnyIO" not in thread.name:  # it waits for more work for some seconds
            thread.join(timeout=5)
            assert not thread.is_alive()
    assert not is_open(service)
    assert not is_open(other)


def test_a_failure_is_shown_with_its_place_and_with_what_was_before():
    lines = why(
        Exchange("GET", "/open", 200), Exchange("GET", "/open", 200), Exchange("GET", "/crash", 200)
    )
    assert lines[:3] == [
        "desk: GET /crash",
        "Before it: GET /open → 200 (2 times)",
        "Came back: 500 Internal Server Error",
    ]
    assert lines[3].startswith("Its log ends: KeyError: 'site' (crash, line ")
    assert lines[3].endswith('return {}["site"])')


def test_only_the_last_kinds_of_requests_are_shown():
    some = [Exchange("GET", f"/{number}", 404) for number in range(8)]
    assert why(*some, Exchange("GET", "/9", 200))[1] == (
        "Before it: " + ", ".join(f"GET /{number} → 404" for number in range(2, 8))
    )


def test_a_handler_that_ends_python_is_an_error_of_the_service():
    lines = why(Exchange("GET", "/leave", 200), Exchange("GET", "/open", 200))
    assert lines[1] == "Came back: 500 Internal Server Error"
    assert lines[2].startswith("Its log ends: SystemExit: 3 (leave, line ")


def test_an_error_that_is_an_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(http, "LOG_TIME", 0.01)
    assert why(Exchange("GET", "/busy", 200))[1:] == [
        'Came back: 503 {"detail":"Service Unavailable"}',
        "Expected: status 200.",
    ]


def test_what_goes_to_the_standard_error_is_in_the_log_alone(capsys):
    lines = why(Exchange("GET", "/noisy", 409), Exchange("GET", "/noisy", 200))
    assert "Its log ends: the printer is out of paper" in lines
    why(Exchange("GET", "/crash", 200))
    assert capsys.readouterr().err == ""


def test_the_log_is_that_of_the_request():
    lines = why(Exchange("GET", "/noisy", 409), Exchange("GET", "/open", 201))
    assert lines[2:] == ['Came back: 200 {"open":true}', "Expected: status 201."]


@pytest.mark.parametrize("path", ["/hangs", "/blocks"])
def test_a_handler_that_hangs(path, released, monkeypatch):
    monkeypatch.setattr(http, "TIME_LIMIT", 0.2)
    lines = why(Exchange("GET", path, 200), build=lambda: desk(released))
    assert lines == [
        f"desk: GET {path}",
        "Came back: nothing within 0.2 s",
        "Expected: status 200.",
    ]


def test_an_application_in_this_process_that_hangs(monkeypatch):
    async def hanging(scope, receive, send):
        await asyncio.Event().wait()

    monkeypatch.setattr(http, "TIME_LIMIT", 0.05)
    with pytest.raises(CheckError, match=r"Came back: nothing within 0\.05 s"):
        exchanges("desk", hanging, Exchange("GET", "/", 200))


def test_an_application_that_does_not_start():
    @contextlib.asynccontextmanager
    async def lifespan(_):
        raise RuntimeError("no database")
        yield

    with (
        pytest.raises(CheckError) as caught,
        live.serving("desk", lambda: FastAPI(lifespan=lifespan)),
    ):
        pass
    assert str(caught.value).startswith("desk: the application does not start. RuntimeError: no ")


def test_a_function_that_fails_before_any_request():
    def broken():
        return {}["app"]

    with pytest.raises(CheckError) as caught, live.serving("desk", broken):
        pass
    assert str(caught.value).startswith(
        "desk: before any request it raised KeyError: 'app' (broken, line "
    )


def blank():
    raise NotImplementedError("Write your code here")


def test_a_blank_is_not_attempted():
    with pytest.raises(NotAttemptedError, match="desk: not attempted"), live.serving("desk", blank):
        pass


def test_show_gives_the_exchanges():
    shown = repr(live.show("desk", desk, ("GET", "/open"), ("POST", "/open", {"a": 1})))
    assert "> GET /open\n< 200 OK" in shown
    assert '>   "a": 1' in shown
    assert "< 405 Method Not Allowed\n< allow: GET" in shown


def test_show_says_in_words_what_went_wrong(capsys, released, monkeypatch):
    assert live.show("desk", blank, ("GET", "/open")) is None
    assert capsys.readouterr().out.startswith("desk: not attempted yet.")
    live.show("desk", desk, ("GET", "/crash"))
    assert capsys.readouterr().out.startswith("KeyError: 'site' (crash, line ")
    monkeypatch.setattr(live, "TIME_LIMIT", 0.2)
    assert live.show("desk", lambda: desk(released), ("GET", "/hangs")) is None
    assert capsys.readouterr().out == "desk: no answer (ReadTimeout).\n"
