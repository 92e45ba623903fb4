"""Judge a service by what it answers: over a real port, or called without one."""

import asyncio
import io
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from inspect import iscoroutinefunction, isfunction
from typing import Any

import httpx

from backend_course.check.errors import CheckError, NotAttemptedError, message

TIME_LIMIT = 5.0
"""Seconds in which each answer must have come."""

_NOWHERE = "http://lockerline.test"
_LONGEST = 300  # characters of a body in a message


@dataclass(frozen=True)
class Exchange:
    """One request, and what is to come back.

    * ``method``, ``path``, ``json``, ``sends``: the request; ``sends`` are its headers.
    * ``status``: the status that is to come back.
    * ``body``: the whole JSON that is to come back; None where ``members`` or nothing is asked.
    * ``members``: members that the JSON object must have, among others.
    * ``headers``: headers that must come back, with these values.
    * ``absent``: a text that must not be anywhere in the body.
    * ``hint``: where to look when it comes out otherwise.
    """

    method: str
    path: str
    status: int
    json: Any = None
    sends: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    absent: str = ""
    hint: str = ""


def exchanges(name: str, target: Any, *wanted: Exchange) -> None:
    """Send requests in their order, up to the first whose answer is not as asked.

    Args:
        name: what the learner wrote, for the messages.
        target: the URL of a running service, or an ASGI or WSGI application, which is called
            in this process, without a port.
        wanted: what to send and what is to come back.

    Raises:
        NotAttemptedError: the target is blank (``...``), or a handler raises NotImplementedError.
        CheckError: an answer did not come, or is not as asked.
    """
    if target is ... or target is None:
        raise _blank(name)
    for exchange in wanted:
        log = io.StringIO()
        try:
            answer = _send(target, exchange, log)
        except NotImplementedError:
            raise _blank(name) from None
        except Exception as error:
            first_line = (str(error).splitlines() or [""])[0]
            came = f"nothing: {type(error).__name__}: {first_line}"
            raise _wrong(name, exchange, came, f"status {exchange.status}") from None
        if expected := _difference(exchange, answer):
            raise _wrong(name, exchange, _shown(answer, log), expected)


def _send(target: Any, exchange: Exchange, log: io.StringIO) -> httpx.Response:
    request = {
        "method": exchange.method,
        "url": exchange.path,
        "json": exchange.json,
        "headers": dict(exchange.sends),
    }
    if isinstance(target, str):
        with httpx.Client(base_url=target, timeout=TIME_LIMIT, trust_env=False) as client:
            return client.request(**request)
    # An answer to a failure counts where one is asked for; elsewhere its cause says more.
    surprising = exchange.status < 500
    if not _is_asgi(target):
        transport = httpx.WSGITransport(target, surprising, wsgi_errors=log)
        with httpx.Client(base_url=_NOWHERE, transport=transport) as client:
            return client.request(**request)
    return _in_another_thread(_call_asgi(target, surprising, request))


def _is_asgi(target: Any) -> bool:
    return iscoroutinefunction(target if isfunction(target) else type(target).__call__)


async def _call_asgi(target: Any, surprising: bool, request: dict[str, Any]) -> httpx.Response:
    transport = httpx.ASGITransport(target, raise_app_exceptions=surprising)
    async with httpx.AsyncClient(base_url=_NOWHERE, transport=transport) as client:
        return await asyncio.wait_for(client.request(**request), TIME_LIMIT)


def _in_another_thread(coroutine: Any) -> httpx.Response:
    """Run to the end what the event loop of a notebook, which runs already, would not."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def _difference(exchange: Exchange, answer: httpx.Response) -> str:
    """Return what was expected and did not come; an empty text where all is as asked."""
    if answer.status_code != exchange.status:
        return f"status {exchange.status}"
    for header, value in exchange.headers.items():
        if answer.headers.get(header) != value:
            return f"{header}: {value} (came: {answer.headers.get(header, 'no such header')})"
    if exchange.absent and exchange.absent in answer.text:
        return f"a body without {exchange.absent!r}"
    if exchange.body is None and not exchange.members:
        return ""
    try:
        came = answer.json()
    except ValueError:
        return "a body that is JSON"
    if exchange.body is not None and _as_json(came) != _as_json(exchange.body):
        return f"the body {_as_json(exchange.body)}"
    for member, value in exchange.members.items():
        if not isinstance(came, dict) or member not in came:
            return f"a JSON object with a member {member!r}"
        if _as_json(came[member]) != _as_json(value):
            return f"{member} to be {_as_json(value)}"
    return ""


def _wrong(name: str, exchange: Exchange, came: str, expected: str) -> CheckError:
    sent = f"{exchange.method} {exchange.path}"
    if exchange.json is not None:
        sent += f" with {_as_json(exchange.json)}"
    return CheckError(
        message(f"{name}: {sent}", f"Came back: {came}", f"Expected: {expected}.", exchange.hint)
    )


def _shown(answer: httpx.Response, log: io.StringIO) -> str:
    text = answer.text if len(answer.text) <= _LONGEST else f"{answer.text[:_LONGEST]}…"
    last_words = log.getvalue().splitlines()[-1:]
    return message(
        f"{answer.status_code} {text}".rstrip(), *(f"Its log ends: {line}" for line in last_words)
    )


def _as_json(value: Any) -> str:
    """Return JSON for messages and for comparing: in it ``1``, ``true`` and ``"1"`` differ."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _blank(name: str) -> NotAttemptedError:
    return NotAttemptedError(
        f"{name}: not attempted yet. Write your code in the place of ... and run its cell."
    )
