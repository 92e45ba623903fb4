"""Judge a service by what it answers: over a real port, or called without one."""

import asyncio
import io
import itertools
import json
import re
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from inspect import iscoroutinefunction, isfunction
from typing import Any

import httpx

from backend_course.check.errors import CheckError, NotAttemptedError, message

TIME_LIMIT = 5.0
"""Seconds in which each answer must have come."""

LOG_TIME = 1.0
"""Seconds in which an error that was answered must be in the log."""

PROBLEM = "application/problem+json"
"""The media type of a problem document (RFC 9457)."""

_NOWHERE = "http://lockerline.test"
_LONGEST = 300  # characters of a body in a message
_PAST = 6  # earlier requests in a message, equal ones counted once


@dataclass(frozen=True)
class Exchange:
    """One request, and what is to come back.

    * ``method``, ``path``, ``json``, ``sends``: the request; ``sends`` are its headers.
    * ``content``: a body that is sent as it stands, in place of ``json`` and as if it were JSON.
    * ``status``: the status that is to come back.
    * ``body``: the whole JSON that is to come back; None where ``members`` or nothing is asked.
    * ``members``: members that the JSON object must have, among others.
    * ``headers``: headers that must come back: with this value, with a value that fits the whole
      of a pattern, or with exactly these names in a list, in any order.
    * ``problem``: the ``type`` of the problem document that must come back.
    * ``faults``: the places that its member ``errors`` must name, each once: a ``pointer`` into the
      body, such as ``#/courier``, or the name of a ``parameter``.
    * ``absent``: a text that must not be anywhere in the body.
    * ``hint``: where to look when it comes out otherwise.
    """

    method: str
    path: str
    status: int
    json: Any = None
    sends: Mapping[str, str] = field(default_factory=dict)
    content: str = ""
    body: Any = None
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str | re.Pattern[str] | Collection[str]] = field(default_factory=dict)
    problem: str = ""
    faults: Collection[str] = ()
    absent: str = ""
    hint: str = ""


@dataclass
class Service:
    """A service on a port: its address, its log, and what it has been asked so far."""

    url: str
    log: io.StringIO = field(default_factory=io.StringIO)
    past: list[str] = field(default_factory=list)
    logged: threading.Event = field(default_factory=threading.Event)
    """Set when an error has been logged, which servers do after they have answered."""

    def new_log(self) -> io.StringIO:
        """Empty the log and return it, so that what is in it belongs to the next request."""
        self.logged.clear()
        self.log.seek(0)
        self.log.truncate()
        return self.log


def exchanges(name: str, target: Any, *wanted: Exchange) -> list[httpx.Response]:
    """Send requests in their order, up to the first whose answer is not as asked.

    Args:
        name: what the learner wrote, for the messages.
        target: the URL of a running service, a :class:`Service`, or an ASGI or WSGI application,
            which is called in this process, without a port.
        wanted: what to send and what is to come back.

    Returns:
        The answers, in their order.

    Raises:
        NotAttemptedError: the target is blank (``...``), or a handler raises NotImplementedError.
        CheckError: an answer did not come, or is not as asked.
    """
    if target is ... or target is None:
        raise _blank(name)
    answers: list[httpx.Response] = []
    for exchange in wanted:
        log = target.new_log() if isinstance(target, Service) else io.StringIO()
        try:
            answer = _send(target, exchange, log)
        except NotImplementedError:
            raise _blank(name) from None
        except Exception as error:
            came = message(_nothing(error), *_last_words(log))
            expected = f"status {exchange.status}"
            raise _wrong(name, exchange, came, expected, _before(target)) from None
        if expected := _difference(exchange, answer):
            if isinstance(target, Service) and answer.status_code >= 500:
                target.logged.wait(LOG_TIME)
            came = _shown(answer, log)
            raise _wrong(name, exchange, came, expected, _before(target))
        if isinstance(target, Service):
            target.past.append(f"{exchange.method} {exchange.path} → {answer.status_code}")
        answers.append(answer)
    return answers


def _send(target: Any, exchange: Exchange, log: io.StringIO) -> httpx.Response:
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.path,
        "json": exchange.json,
        "headers": dict(exchange.sends),
    }
    if exchange.content:
        request["content"] = exchange.content
        request["headers"] = {"Content-Type": "application/json"} | request["headers"]
        del request["json"]
    url = target.url if isinstance(target, Service) else target
    if isinstance(url, str):
        # Without TLS no certificates are needed, and reading them takes longer than a request.
        options = {"timeout": TIME_LIMIT, "trust_env": False, "verify": url.startswith("https:")}
        with httpx.Client(base_url=url, **options) as client:
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
        if not _fits(answer.headers.get(header), value):
            came = answer.headers.get(header, "no such header")
            return f"{header}: {_wish(value)} (came: {came})"
    if exchange.problem and (expected := _no_problem(exchange, answer)):
        return expected
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


def _fits(came: str | None, wanted: str | re.Pattern[str] | Collection[str]) -> bool:
    if came is None or isinstance(wanted, str):
        return came == wanted
    if isinstance(wanted, re.Pattern):
        return wanted.fullmatch(came) is not None
    return sorted(each.strip() for each in came.split(",")) == sorted(wanted)


def _wish(wanted: str | re.Pattern[str] | Collection[str]) -> str:
    if isinstance(wanted, str):
        return wanted
    if isinstance(wanted, re.Pattern):
        return f"a value like {wanted.pattern}"
    return f"{' and '.join(sorted(wanted))}, in any order"


def _no_problem(exchange: Exchange, answer: httpx.Response) -> str:
    """Return what the answer lacks to be the problem document that is asked for."""
    kind = answer.headers.get("Content-Type", "no such header")
    if kind.partition(";")[0].strip().lower() != PROBLEM:
        return f"Content-Type: {PROBLEM} (came: {kind})"
    try:
        came = answer.json()
    except ValueError:
        return "a body that is JSON"
    if not isinstance(came, dict):
        return "a JSON object"
    if came.get("type", "about:blank") != exchange.problem:
        return f"a problem of the type {exchange.problem}"
    if _as_json(came.get("status")) != _as_json(exchange.status):
        return f"the status {exchange.status} in the body, too"
    if not _is_text(came.get("title")):
        return "a title, in words"
    if exchange.faults and _places(came.get("errors")) != sorted(exchange.faults):
        places = ", ".join(sorted(exchange.faults))
        return f"errors with one object for each of {places}, with its place and a detail"
    return ""


def _places(errors: Any) -> list[str] | None:
    """Return where the faults are, in order; None where the form of one is another."""
    places = []
    for fault in errors if isinstance(errors, list) else [None]:
        if not isinstance(fault, dict) or not _is_text(fault.get("detail")):
            return None
        place = fault.get("pointer", fault.get("parameter"))
        if not _is_text(place) or place.startswith("#") is not ("pointer" in fault):
            return None
        places.append(place)
    return sorted(places)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _wrong(name: str, exchange: Exchange, came: str, expected: str, before: str = "") -> CheckError:
    sent = f"{exchange.method} {exchange.path}"
    if exchange.json is not None:
        sent += f" with {_as_json(exchange.json)}"
    if exchange.content:
        sent += f" with {exchange.content}"
    return CheckError(
        message(
            f"{name}: {sent}",
            before,
            f"Came back: {came}",
            f"Expected: {expected}.",
            exchange.hint,
        )
    )


def _before(target: Any) -> str:
    past = target.past if isinstance(target, Service) else []
    runs = [(what, len(list(run))) for what, run in itertools.groupby(past)][-_PAST:]
    words = [f"{what} ({times} times)" if times > 1 else what for what, times in runs]
    return f"Before it: {', '.join(words)}" if words else ""


def _nothing(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return f"nothing within {TIME_LIMIT:g} s"
    first_line = (str(error).splitlines() or [""])[0]
    return f"nothing: {type(error).__name__}: {first_line}"


def _shown(answer: httpx.Response, log: io.StringIO) -> str:
    text = answer.text if len(answer.text) <= _LONGEST else f"{answer.text[:_LONGEST]}…"
    return message(f"{answer.status_code} {text}".rstrip(), *_last_words(log))


def _last_words(log: io.StringIO) -> list[str]:
    return [f"Its log ends: {line}" for line in log.getvalue().splitlines()[-1:]]


def _as_json(value: Any) -> str:
    """Return JSON for messages and for comparing: in it ``1``, ``true`` and ``"1"`` differ."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _blank(name: str) -> NotAttemptedError:
    return NotAttemptedError(
        f"{name}: not attempted yet. Write your code in the place of ... and run its cell."
    )
