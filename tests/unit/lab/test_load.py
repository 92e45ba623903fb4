"""The load cell, against a real server with known faults."""

import itertools
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import matplotlib
import pytest
import requests

from backend_course.lab import load

matplotlib.use("agg")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = itertools.count()
    connections: ClassVar[list[object]] = []
    bodies: ClassVar[list[bytes]] = []

    def setup(self) -> None:
        Handler.connections.append(self.client_address)
        super().setup()

    def answer(self) -> None:
        number = next(Handler.seen)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Handler.bodies.append(body)
        if self.path == "/hang-up":
            self.close_connection = True
            return
        status = {"/every-fifth-fails": 503 if number % 5 == 0 else 200, "/moved": 302}.get(
            self.path, 200
        )
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/")
        self.send_header("X-Backend", "ab"[number % 2])
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = answer  # noqa: N815

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Handler.seen = itertools.count()
    Handler.connections.clear()
    Handler.bodies.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_counts_are_exact(url: str) -> None:
    result = load.run(f"{url}/every-fifth-fails", count=50, clients=4, backend_header="X-Backend")
    assert repr(result) == "50 requests: 40 answered 200, 10 answered 503"
    assert result.outcomes == {"200": 40, "503": 10}
    assert result.backends == {"a": 25, "b": 25}
    assert result.errors == 0


def test_connections_are_kept_or_not(url: str) -> None:
    load.run(url, count=20, clients=2)
    assert len(Handler.connections) <= 2
    Handler.connections.clear()
    load.run(url, count=20, clients=2, keep_alive=False)
    assert len(Handler.connections) == 20


def test_requests_without_an_answer_are_counted_by_kind(url: str) -> None:
    result = load.run(f"{url}/hang-up", count=6, clients=2)
    assert repr(result) == "6 requests: 6 failed with ConnectionError"
    assert result.errors == 6
    assert math.isnan(result.percentile(50))


def test_redirects_count_as_what_they_are(url: str) -> None:
    assert load.run(f"{url}/moved", count=3).outcomes == {"302": 3}


def test_the_time_is_bounded(url: str) -> None:
    result = load.run(url, count=10**9, clients=2, seconds=0.2)
    assert 0 < len(result.samples) < 10**5
    assert max(sample.began for sample in result.samples) < 0.2 + result.percentile(100)


def test_method_body_and_requests_that_differ(url: str) -> None:
    load.run(url, count=2, method="POST", json={"a": 1})
    assert Handler.bodies == [b'{"a": 1}'] * 2
    Handler.bodies.clear()
    load.run(lambda number: requests.Request("POST", url, data=str(number)), count=5, clients=1)
    assert Handler.bodies == [b"0", b"1", b"2", b"3", b"4"]


def test_a_proxy_of_the_environment_is_not_used(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert load.run(url, count=1).outcomes == {"200": 1}


def test_percentiles_are_nearest_ranks_of_answered_requests() -> None:
    samples = [load.Sample(0, seconds / 100, "200") for seconds in range(1, 101)]
    result = load.Result((*samples, load.Sample(0, 99, "ReadTimeout")), 1.0)
    assert [result.percentile(p) for p in (0, 1, 50, 99, 100)] == [0.01, 0.01, 0.5, 0.99, 1.0]


def test_summary() -> None:
    samples = (load.Sample(0, 0.01, "200", "a"), load.Sample(0.1, 0.02, "200", "b"))
    assert load.Result(samples, 0.5).summary() == (
        "2 requests: 2 answered 200\n"
        "0.50 s, 4 requests a second\n"
        "p50      10.0 ms\n"
        "p90      20.0 ms\n"
        "p95      20.0 ms\n"
        "p99      20.0 ms\n"
        "p100     20.0 ms\n"
        "a: 1\n"
        "b: 1"
    )
    assert repr(load.Result((), 0.0)) == "0 requests: none sent"
    assert "0 requests a second" in load.Result((), 0.0).summary()


def test_plots_say_what_they_show(url: str) -> None:
    result = load.run(f"{url}/every-fifth-fails", count=20, clients=2, backend_header="X-Backend")
    axes = result.plot(title="before")
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["200 (16)", "503 (4)"]
    assert len({line.get_marker() for line in axes.lines}) == 2
    backends = result.plot_backends(axes=matplotlib.pyplot.figure().subplots(), slices=4)
    assert [text.get_text() for text in backends.get_legend().get_texts()] == ["a", "b"]
    assert backends.get_xlabel() == "seconds since the start"
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("wrong", [{"count": 0}, {"clients": 0}, {"seconds": 0}])
def test_bounds_must_be_more_than_zero(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must all be more than zero"):
        load.run("http://127.0.0.1:9", **wrong)
