"""A black-box probe: it sends bytes to a port, and judges the bytes that come back.

It knows nothing of the language behind the port. What came back can be kept and judged
again later, so a transcript is held to the same contract as a live server.
"""

import contextlib
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PATIENCE = 10.0
"""Seconds that the probe waits for an answer."""

_LOOPBACK = "127.0.0.1"
_CENTRAL = {"site_id": 1, "name": "Central Station"}
_BENTO = {"site_id": 2, "name": "São Bento"}


@dataclass(frozen=True)
class Exchange:
    """One request, and what its answer must be.

    * ``what``: the name of the exchange.
    * ``target``, ``method``: the request.
    * ``status``: the status that is to come back; None where the contract is silent.
    * ``document``: the whole JSON of the answer. An error must be a problem document.
    * ``allow``: the methods that the answer must name in ``Allow``.
    * ``twin``: for HEAD, the exchange by GET whose headers it must repeat.
    * ``beside_a_silent_client``: ask while another client has sent half a line.
    """

    what: str
    target: str
    status: int | None
    method: str = "GET"
    document: Any = None
    allow: frozenset[str] = frozenset()
    twin: str = ""
    beside_a_silent_client: bool = False


CONTRACT = [
    Exchange(
        "what is free", "/sites/1/availability", 200,
        document=_CENTRAL | {"free": {"S": 4, "M": 2, "L": 1}},
    ),
    Exchange(
        "a name that is not ASCII", "/sites/2/availability", 200,
        document=_BENTO | {"free": {"S": 0, "M": 3, "L": 0}},
    ),
    Exchange(
        "one size", "/sites/1/availability?size=M", 200,
        document=_CENTRAL | {"free": {"M": 2}},
    ),
    Exchange("a size that does not exist", "/sites/1/availability?size=XL", 422),
    Exchange("a site that does not exist", "/sites/9/availability", 404),
    Exchange("a site that is no number", "/sites/1abc/availability", 422),
    Exchange("another path", "/sites/1/availability/now", 404),
    Exchange(
        "another method", "/sites/1/availability", 405,
        method="DELETE", allow=frozenset({"GET", "HEAD"}),
    ),
    Exchange(
        "the headers alone", "/sites/2/availability", 200,
        method="HEAD", twin="a name that is not ASCII",
    ),
    Exchange(
        "beside a silent client", "/sites/1/availability", 200,
        document=_CENTRAL | {"free": {"S": 4, "M": 2, "L": 1}},
        beside_a_silent_client=True,
    ),
]  # fmt: skip

BEYOND = [
    Exchange(f"site {written}", f"/sites/{written}/availability", None)
    for written in ("+1", "0x1", "1_0", "99999999999")
]
"""Requests of which the contract says nothing."""


def ask(port: int, exchange: Exchange, patience: float = PATIENCE) -> bytes:
    """Send one request over a connection of its own.

    Returns all bytes up to the moment when the server hangs up or ``patience`` seconds
    have gone by without another byte; nothing if none came.
    """
    lines = f"{exchange.method} {exchange.target} HTTP/1.1", f"Host: {_LOOPBACK}:{port}"
    request = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
    came = b""
    with contextlib.ExitStack() as links, contextlib.suppress(OSError):
        if exchange.beside_a_silent_client:
            silent = links.enter_context(_connection(port, patience))
            silent.sendall(b"GET ")
        link = links.enter_context(_connection(port, patience))
        link.sendall(request)
        while piece := link.recv(65536):
            came += piece
    return came


def ask_all(
    port: int, exchanges: list[Exchange], patience: float = PATIENCE
) -> dict[str, bytes]:
    """Return what came back for each exchange, by its name."""
    return {each.what: ask(port, each, patience) for each in exchanges}


def report(answers: Mapping[str, bytes]) -> str:
    """Judge what came back; one line for each exchange of the contract."""
    lines = []
    for exchange in CONTRACT:
        wrong = difference(exchange, answers)
        mark = "BROKEN" if wrong else "kept"
        lines.append(f"{mark:<7} {exchange.what}: {wrong or exchange.status}")
    return "\n".join(lines)


def keeps_the_contract(answers: Mapping[str, bytes]) -> bool:
    """Tell whether every answer is as the contract wants it."""
    return not any(difference(exchange, answers) for exchange in CONTRACT)


def difference(exchange: Exchange, answers: Mapping[str, bytes]) -> str:
    """Return how an answer departs from the contract; nothing if it does not."""
    came = answers[exchange.what]
    if not came:
        return "no answer"
    _head, end, body = came.partition(b"\r\n\r\n")
    if not end:
        return "no empty line after the headers"
    if (status := status_of(came)) != exchange.status:
        return f"status {status}, expected {exchange.status}"
    headers = headers_of(came)
    if wrong := _wrong_length(exchange, headers, body, answers):
        return wrong
    if exchange.allow and _names(headers.get("allow", "")) != exchange.allow:
        return f"Allow: {headers.get('allow')}"
    failed = exchange.status is not None and exchange.status >= 400
    kind = "application/problem+json" if failed else "application/json"
    if headers.get("content-type", "").partition(";")[0].strip() != kind:
        return f"Content-Type: {headers.get('content-type')}, expected {kind}"
    return "" if exchange.method == "HEAD" else _wrong_document(exchange, body)


def status_of(came: bytes) -> int | None:
    """Return the status of an answer; None if there is none."""
    words = came.partition(b"\r\n")[0].split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None


def headers_of(came: bytes) -> dict[str, str]:
    """Return the headers of an answer, by their names in lower case."""
    lines = came.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return {name.lower(): value.strip() for name, _, value in pairs}


def _wrong_length(
    exchange: Exchange,
    headers: Mapping[str, str],
    body: bytes,
    answers: Mapping[str, bytes],
) -> str:
    says = headers.get("content-length", "")
    if not says.isdigit():
        return "no Content-Length"
    if exchange.twin:
        by_get = headers_of(answers[exchange.twin]).get("content-length")
        if body:
            return f"{len(body)} bytes of a body after HEAD"
        return "" if says == by_get else f"Content-Length {says}, by GET {by_get}"
    if int(says) != len(body):
        return f"Content-Length says {says}, the body has {len(body)} bytes"
    return ""


def _wrong_document(exchange: Exchange, body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return "a body that is no JSON"
    if exchange.document is not None:
        return "" if document == exchange.document else f"the body is {document}"
    if not isinstance(document, dict) or not isinstance(document.get("title"), str):
        return "a problem without a title"
    if document.get("status") != exchange.status:
        return f"the body says status {document.get('status')}"
    return ""


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(","))


def _connection(port: int, patience: float) -> socket.socket:
    return socket.create_connection((_LOOPBACK, port), timeout=patience)
