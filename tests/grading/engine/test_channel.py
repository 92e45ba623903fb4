"""The socket between a kernel and its grader."""

import os
import random
import socket
import struct
from collections.abc import Iterator

import pytest

from backend_course.grading import channel
from backend_course.grading.channel import Channel, ChannelError


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    one, other = map(Channel, Channel.pair())
    yield one, other
    one.close()
    other.close()


def received(end: Channel) -> dict:
    while (message := end.receive()) is None:
        pass
    return message


def around(size: int) -> Iterator[int]:
    yield from range(size - 20, size + 20)


@pytest.mark.parametrize("size", [0, 1, *around(1 << 16), *around(2 << 16), 150_000])
def test_a_message_comes_as_it_was_sent(ends: tuple[Channel, Channel], size: int) -> None:
    message = {"text": "x" * size}
    ends[0].send(message)
    assert received(ends[1]) == message


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of threads that pytest-xdist has
def test_what_forks_send_at_the_same_time_is_not_mixed_up(ends: tuple[Channel, Channel]) -> None:
    forks = []
    for number in range(4):
        if (pid := os.fork()) == 0:
            ends[0].renew()
            for size in random.Random(number).choices(range(200_000), k=20):
                ends[0].send({"from": number, "text": str(number) * size})
            os._exit(0)
        forks.append(pid)
    messages = [received(ends[1]) for _ in range(4 * 20)]
    assert [os.waitpid(pid, 0)[1] for pid in forks] == [0] * 4
    assert all(set(m["text"]) <= {str(m["from"])} for m in messages)
    assert sum(len(m["text"]) for m in messages) == sum(
        sum(random.Random(number).choices(range(200_000), k=20)) for number in range(4)
    )


def test_a_message_that_was_broken_off_is_forgotten(ends: tuple[Channel, Channel]) -> None:
    """As by an interrupt in the middle of it."""
    ends[0].socket.send(struct.pack("=I?", os.getpid(), True) + b"x" * (1 << 16))
    ends[0].send({"whole": True})
    assert received(ends[1]) == {"whole": True}


def test_half_a_character_becomes_a_question_mark(ends: tuple[Channel, Channel]) -> None:
    ends[0].send({"text": "a\ud800b"})
    assert received(ends[1]) == {"text": "a?b"}
    assert channel.parse(rb'{"text": "\ud800 \\ud800 \ud83d\ude00"}') == {"text": r"? \ud800 😀"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"no JSON", "not JSON"),
        (b"[1]", "no object"),
        (b'{"n": NaN}', "NaN is not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"\xff", "not JSON"),
    ],
)
def test_what_is_no_message_is_named(text: bytes, told: str) -> None:
    with pytest.raises(ChannelError, match=told):
        channel.parse(text)


def test_a_packet_without_a_head_is_named(ends: tuple[Channel, Channel]) -> None:
    ends[0].socket.send(b"x")
    with pytest.raises(ChannelError, match="without a head"):
        ends[1].receive()


def test_no_more_is_held_than_the_largest_message(
    ends: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "LARGEST_MESSAGE", 1 << 20)

    def send(sender: int, begins: bool) -> None:
        ends[0].socket.send(struct.pack("=I?", sender, begins) + b"x" * (1 << 16))
        ends[1].receive()

    for sender in range(1, 17):  # no single one of them is too large
        send(sender, True)
    with pytest.raises(ChannelError, match="above 1 MB"):
        send(1, False)


def test_the_end_is_the_end(ends: tuple[Channel, Channel]) -> None:
    ends[0].socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(EOFError):
        ends[1].receive()
