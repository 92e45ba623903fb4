"""The other end of a line: bytes in pieces, and functions that wait, fail or say nothing."""

import socket
import sys
import threading

import pytest
import requests

from backend_course.check import connections
from backend_course.check.connections import (
    TIME_LIMIT,
    Answer,
    Fault,
    Pieces,
    answer_to_bytes,
    answer_to_client,
    read_answer,
)

REQUEST = b"GET /sites HTTP/1.1\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"


def echo(connection):
    """Answer with how the request came: the lengths of what each recv gave."""
    came, lengths = b"", []
    while not came.endswith(b"\r\n\r\n"):
        came += (piece := connection.recv(1000))
        lengths.append(len(piece))
    body = repr(lengths).encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def by_lines(connection):
    lines = connection.makefile("rb")
    while lines.readline() != b"\r\n":
        pass
    connection.sendall(ANSWER + b"yes")


def until_hung_up(connection):
    while connection.recv(1000):
        pass
    connection.sendall(ANSWER + b"bye")


@pytest.fixture
def released():
    """Give an event for which a function may wait; it is set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_an_answer_is_read_in_its_parts():
    raw = b"HTTP/1.1 404 Not Found\r\nX-Seen: a \r\nx-seen:b\r\nEmpty:\r\n\r\nno\r\n\r\nsite"
    assert read_answer(raw) == Answer(404, {"x-seen": "a, b", "empty": ""}, b"no\r\n\r\nsite")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nA: b\r\n", "without an empty line"),
        (b"HTTP/1.1 200 OK\nA: b\n\n", "without an empty line"),
        (b"HTTP/1.1 200\r\n\r\n", "whose status line is b'HTTP/1.1 200'"),
        (b"HTTP/2 200 OK\r\n\r\n", "whose status line is"),
        (b"\r\nHTTP/1.1 200 OK\r\n\r\n", "whose status line is b''"),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "the line b'A : b', which is no header"),
        (b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n", "which is no header"),
        (b"HTTP/1.1 200 OK\r\nA b\r\n\r\n", "which is no header"),
        (b"x" * 1000, "(1,000 bytes), without"),
    ],
)
def test_what_is_no_answer_is_said(raw, reason):
    fault = read_answer(raw)
    assert isinstance(fault, Fault)
    assert reason in repr(fault)


@pytest.mark.parametrize("value", [None, ..., "HTTP/1.1 200 OK\r\n\r\n"])
def test_what_is_no_bytes_is_given_back(value):
    assert read_answer(value) is value


def test_pieces_come_in_their_order_and_end():
    receive = Pieces(b"a", b"bc", hangs_up=True)
    assert [receive(), receive(), receive(), receive()] == [b"a", b"bc", b"", b""]
    assert receive.fault is None


def test_what_has_not_been_asked_for_is_known():
    receive = Pieces(b"a", b"bc", b"d")
    receive()
    assert receive.left == b"bcd"


def test_one_call_too_many_is_noted():
    receive = Pieces(b"a", b"bc")
    receive(), receive()
    with pytest.raises(TimeoutError):
        receive()
    assert repr(receive.fault) == "no end: it has all 3 bytes that come, and asks for more"


def test_asking_on_and_on_after_the_end_is_noted():
    receive = Pieces(hangs_up=True)
    with pytest.raises(TimeoutError):
        list(iter(receive, b"something"))
    assert "goes on asking" in repr(receive.fault)


def test_recv_gets_no_more_at_a_time_than_it_is_to_get():
    assert answer_to_bytes(echo, REQUEST).body == b"[23]"
    assert answer_to_bytes(echo, REQUEST, at_a_time=10).body == b"[10, 10, 3]"


def test_so_does_a_file_made_of_the_connection():
    assert answer_to_bytes(by_lines, REQUEST, at_a_time=2).body == b"yes"


def test_all_pieces_are_sent_with_a_pause_between_them():
    answer = answer_to_bytes(by_lines, REQUEST[:5], REQUEST[5:], pause=0.05)
    assert answer.body == b"yes"


@pytest.mark.parametrize("serve", [until_hung_up, lambda c: c.makefile("rb").read()])
def test_a_wait_in_vain_is_noticed(serve):
    fault = answer_to_bytes(serve, REQUEST)
    assert repr(fault) == "no end: it waits for more bytes, and the client has sent all"


def test_a_wait_in_vain_after_the_answer_is_noticed():
    def twice(connection):
        echo(connection)
        echo(connection)

    assert "waits for more bytes" in repr(answer_to_bytes(twice, REQUEST))


def test_a_client_that_hangs_up_is_no_wait_in_vain():
    assert answer_to_bytes(until_hung_up, REQUEST, hangs_up=True).body == b"bye"


def test_a_function_that_does_not_end_is_left(released, monkeypatch):
    monkeypatch.setattr(connections, "TIME_LIMIT", 0.2)
    fault = answer_to_bytes(lambda connection: released.wait(), REQUEST)
    assert repr(fault) == "no end: it is still running after 0.2 s"


def test_a_loop_that_does_not_see_the_end_is_no_wait(monkeypatch):
    def serve(connection):
        while b"stop" not in connection.recv(1000):
            pass

    monkeypatch.setattr(connections, "TIME_LIMIT", 0.2)
    fault = answer_to_bytes(serve, REQUEST, hangs_up=True)
    assert repr(fault) == "no end: it is still running after 0.2 s"


def test_no_word_is_said():
    assert "has sent nothing" in repr(answer_to_bytes(lambda connection: None, REQUEST))


def test_a_connection_that_the_function_closes_is_read_all_the_same():
    def serve(connection):
        with connection:
            echo(connection)

    assert answer_to_bytes(serve, REQUEST).body == b"[23]"


def test_what_the_function_raises_is_raised(capfd):
    def serve(connection):
        return {}["site"]

    with pytest.raises(KeyError):
        answer_to_bytes(serve, REQUEST)
    with pytest.raises(KeyError):
        answer_to_client(serve, lambda url: requests.get(url, timeout=TIME_LIMIT))
    assert capfd.readouterr() == ("", "")


def test_leaving_python_is_no_way_out():
    assert repr(answer_to_bytes(lambda connection: sys.exit(), REQUEST)) == "SystemExit"


def test_a_real_client_is_served():
    def ask(url):
        return requests.get(f"{url}/sites", timeout=TIME_LIMIT)

    assert answer_to_client(by_lines, ask, at_a_time=3).text == "yes"


def test_what_a_real_client_cannot_read_is_said():
    def serve(connection):
        connection.recv(1000)
        connection.sendall(b"hello\r\n\r\n")

    fault = answer_to_client(serve, lambda url: requests.get(url, timeout=TIME_LIMIT))
    assert repr(fault) == "nothing that the client can read (ConnectionError)"


def test_what_a_real_client_waits_for_in_vain_is_said():
    fault = answer_to_client(until_hung_up, lambda url: requests.get(url, timeout=0.2))
    assert repr(fault) == "nothing that the client can read (ReadTimeout)"


def test_a_limit_that_the_function_sets_itself_is_kept():
    def serve(connection):
        connection.settimeout(0.05)
        connection.recv(1000)
        with pytest.raises(TimeoutError):
            connection.recv(1000)
        connection.sendall(ANSWER + b"late")

    assert answer_to_bytes(serve, REQUEST).body == b"late"


def test_flags_of_recv_are_kept():
    def serve(connection):
        whole = connection.recv(len(REQUEST), socket.MSG_WAITALL)
        connection.sendall(ANSWER + whole)

    assert answer_to_bytes(serve, REQUEST[:4], REQUEST[4:], at_a_time=1).body == REQUEST
