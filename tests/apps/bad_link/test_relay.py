"""What the relay of lesson 5.7 passes on, and what it loses."""

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

APPS = Path(__file__).resolve().parents[3] / "course" / "apps"


@pytest.fixture(scope="module")
def relay_module():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(APPS)
        from bad_link import relay

        yield relay
    for name in [name for name in sys.modules if name.partition(".")[0] == "bad_link"]:
        del sys.modules[name]


@pytest.fixture
def heard() -> list[bytes]:
    return []


@pytest.fixture
def echo(heard: list[bytes]) -> Iterator[tuple[str, int]]:
    """A server that answers each piece with the same piece in upper case."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        link, _ = listener.accept()
        with link:
            while piece := link.recv(1024):
                heard.append(piece)
                link.sendall(piece.upper())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()
    thread.join(5)
    assert not thread.is_alive(), "The relay did not hang up on the server."
    listener.close()


def ask(relay, *words: bytes) -> list[bytes]:
    with socket.create_connection(("127.0.0.1", relay.port), timeout=5) as client:
        answers = []
        for word in words:
            client.sendall(word)
            answers.append(client.recv(1024))
        return answers


def test_it_passes_on_what_both_say(relay_module, echo, heard) -> None:
    with relay_module.Relay(*echo) as relay:
        assert ask(relay, b"one", b"two") == [b"ONE", b"TWO"]
    assert heard == [b"one", b"two"]


def test_a_lost_request_does_not_arrive(relay_module, echo, heard) -> None:
    with relay_module.Relay(*echo) as relay:
        relay.cut("request")
        assert ask(relay, b"one") == [b""]
    assert heard == []


def test_a_lost_reply_belongs_to_a_request_that_has_arrived(relay_module, echo, heard) -> None:
    with relay_module.Relay(*echo) as relay:
        relay.cut("reply")
        assert ask(relay, b"one") == [b""]
    assert heard == [b"one"]


def test_a_marker_says_which_one_is_lost_and_what_is_done_first(relay_module, echo, heard) -> None:
    done = []
    with relay_module.Relay(*echo) as relay:
        relay.cut("reply", b"TWO", first=lambda: done.append(len(heard)))
        assert ask(relay, b"one", b"two") == [b"ONE", b""]
    assert done == [2]


def test_where_nobody_listens_it_hangs_up(relay_module) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = listener.getsockname()
    with relay_module.Relay(*nobody) as relay:
        assert ask(relay, b"one") == [b""]
