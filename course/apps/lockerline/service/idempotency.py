"""Doing a thing once, however often it is asked for.

A client that gets no answer cannot know whether the request or the reply was lost. It
repeats the request under the same key, and gets the answer that it has missed.

The key, the effect and the result are one transaction. A crash before the commit leaves
none of them, a crash after it leaves all: there is no moment between effect and record.
A request that is refused has no effect, so its key stays free.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from psycopg import Connection
from pydantic import TypeAdapter

from ..domain.errors import IdempotencyKeyReusedError
from ..repository import idempotency_keys

Result = TypeVar("Result")


@dataclass(frozen=True)
class Repeatable:
    """A request under a key; equal requests have equal fingerprints."""

    key: str
    fingerprint: bytes


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What came of a request; ``repeated`` if it came of an earlier one."""

    result: Result
    repeated: bool = False


def once(
    connection: Connection,
    request: Repeatable | None,
    now: datetime,
    kind: type[Result],
    act: Callable[[], Result],
) -> Outcome[Result]:
    """Call ``act``, or return what came of it under this request's key.

    ``kind`` is the class of the result, a dataclass. Without a key (``request`` is
    None) ``act`` is always called. Raises IdempotencyKeyReusedError where the key
    stands for another request, and whatever ``act`` raises.
    """
    if request is None:
        return Outcome(act())
    json = TypeAdapter(kind)
    if idempotency_keys.claim(connection, request.key, request.fingerprint, now):
        result = act()
        idempotency_keys.keep(connection, request.key, json.dump_json(result).decode())
        return Outcome(result)
    kept = idempotency_keys.find(connection, request.key)
    if kept.fingerprint != request.fingerprint:
        raise IdempotencyKeyReusedError
    return Outcome(json.validate_json(kept.result), repeated=True)
