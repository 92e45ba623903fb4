"""The first server a learner meets says what RFC 9112 wants it to say, byte by byte."""

import json
import socket
import threading

import pytest
import requests
from first_server.server import DATE, Conversation, Server

HOST = b"Host: lockerline.example\r\n"


@pytest.fixture(scope="module")
def port():
    with Server(("127.0.0.1", 0), Conversation) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def line(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        yield line


def ask(line, *parts):
    line.sendall(b"".join(parts))
    return line.recv(10_000)


def test_an_answer_is_these_bytes(line):
    body = '{"id": 1, "name": "Nørreport", "free": {"S": 4, "M": 2, "L": 0}}'.encode()
    assert ask(line, b"GET /sites/1/availability HTTP/1.1\r\n", HOST, b"\r\n") == (
        b"HTTP/1.1 200 OK\r\nDate: " + DATE.encode() + b"\r\nContent-Type: application/json\r\n"
        b"Content-Length: 65\r\n\r\n" + body
    )


def test_one_line_serves_many_requests_and_waits_for_the_empty_line(line):
    assert b"404 Not Found" in ask(line, b"GET /sites/9/availability HTTP/1.1\r\n", HOST, b"\r\n")
    line.settimeout(0.2)
    with pytest.raises(TimeoutError):
        ask(line, b"GET /sites/2/availability HTTP/1.1\r\n", HOST)
    line.settimeout(10)
    assert b"Main Station" in ask(line, b"\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "status", "detail"),
    [
        (b"HELLO\r\n\r\n", 400, "The first line is 'HELLO', not METHOD /path HTTP/1.1."),
        (b"GET / HTTP/1.0\r\n\r\n", 400, "The first line is 'GET / HTTP/1.0'"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "There is no Host header."),
        (b"GET / HTTP/1.1\r\nHost x\r\n\r\n", 400, "'Host x' is no header. Write Name: value."),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, "'Host : x' is no header"),
        (b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n", 404, "There is nothing at /nowhere."),
        (b"GET /parcels HTTP/1.1\r\n" + HOST + b"\r\n", 405, "Try POST."),
        (b"PUT /sites/1/availability HTTP/1.1\r\n" + HOST + b"\r\n", 405, "Try GET."),
        (b"POST /parcels HTTP/1.1\r\n" + HOST + b"\r\n", 400, "The body is no JSON."),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400, "is no length."),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999\r\n\r\n", 400, "is no length."),
    ],
)
def test_what_cannot_be_served_is_told_why(line, request_bytes, status, detail):
    head, body = ask(line, request_bytes).split(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert detail in json.loads(body)["detail"]
    if status == 400:
        assert line.recv(10) == b""  # it has hung up


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"size": "M", "recipient": "Åse"}', 201),
        ('{"size": "XL"}', 400),
        ('["S"]', 400),
        ('{"size": "S"', 400),
    ],
)
def test_a_parcel_is_announced(port, body, status):
    response = requests.post(f"http://127.0.0.1:{port}/parcels", data=body.encode(), timeout=10)
    assert response.status_code == status
    if status == 201:
        assert response.json() == {"tracking_code": "LL0000000018"} | json.loads(body)


def test_the_mirror_shows_the_request(port, line):
    sent = requests.get(f"http://127.0.0.1:{port}/mirror", timeout=10).content
    assert sent.startswith(b"GET /mirror HTTP/1.1\r\nHost: 127.0.0.1:")
    assert ask(line, sent).endswith(b"\r\n\r\n" + sent)


def test_close_is_heard(line):
    assert b"200 OK" in ask(line, b"GET /mirror HTTP/1.1\r\nConnection: close\r\n", HOST, b"\r\n")
    assert line.recv(10) == b""
