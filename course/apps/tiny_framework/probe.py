"""A black-box probe: it knows a service by its URL, and judges what it answers."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

import requests
from lockerline.domain import tracking_code


@dataclass(frozen=True)
class Exchange:
    """One request, and what its answer must hold. What is not named here is free."""

    what: str
    method: str
    path: str
    status: int
    sent: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)  # of the JSON object
    mentions: str = ""  # a word that must be somewhere in the body


def exchanges(code: str) -> list[Exchange]:
    """Return the contract, in order; ``code`` is a tracking code nobody has used."""
    here = "/sites/1/availability"
    parcel = {"tracking_code": code, "size": "M"}
    stored = parcel | {"state": "announced"}
    mistyped = code[:-1] + str((int(code[-1]) + 1) % 10)

    def post(what: str, status: int, body: Any, **asked: Any) -> Exchange:
        return Exchange(what, "POST", "/parcels", status, json.dumps(body), **asked)

    return [
        Exchange("all sites", "GET", "/sites", 200, mentions="Old Mill"),
        Exchange(
            "what is free at a site", "GET", here, 200,
            members={"site_id": 1, "free": {"S": 4, "M": 2, "L": 1}},
        ),
        Exchange("a site that is not there", "GET", "/sites/9/availability", 404),
        Exchange("a site that is no number", "GET", "/sites/x/availability", 422,
                 mentions="site_id"),
        Exchange("a path that is not there", "GET", "/sights", 404),
        Exchange("more than the path", "GET", f"{here}/now", 404),
        Exchange("a method that is not there", "DELETE", "/sites", 405,
                 headers={"Allow": "GET"}),
        post("a parcel", 201, parcel, members=stored,
             headers={"Location": f"/parcels/{code}"}),
        post("the same parcel again", 409, parcel, mentions=code),
        post("a parcel without a size", 422, {"tracking_code": code}, mentions="size"),
        post("a size that is none", 422, parcel | {"size": "XL"}, mentions="size"),
        post("a mistyped code", 422, parcel | {"tracking_code": mistyped},
             mentions="tracking_code"),
        post("a list", 422, [parcel]),
        Exchange("no JSON", "POST", "/parcels", 422, sent="size=M"),
    ]  # fmt: skip


def difference(exchange: Exchange, answer: requests.Response) -> str:
    """Return how the answer departs from the contract; nothing if it does not."""
    if answer.status_code != exchange.status:
        return f"status {answer.status_code}, expected {exchange.status}"
    for name, value in exchange.headers.items():
        if answer.headers.get(name) != value:
            return f"{name}: {answer.headers.get(name)}, expected {value}"
    if answer.headers.get("Content-Type") != "application/json":
        return f"Content-Type: {answer.headers.get('Content-Type')}, expected JSON"
    body = answer.json()
    if (exchange.members or exchange.status >= 400) and not isinstance(body, dict):
        return f"{answer.text[:40]}, expected an object"
    if exchange.status >= 400 and "detail" not in body:
        return "an error without the member detail"
    for name, value in exchange.members.items():
        if body.get(name) != value:
            return f"{name} is {body.get(name)!r}, expected {value!r}"
    if exchange.mentions not in answer.text:
        return f"the body does not mention {exchange.mentions}"
    return ""


def report(url: str) -> str:
    """Probe the service at ``url`` and return one line for each exchange."""
    code = tracking_code.from_number(random.randrange(10**9))
    lines = []
    with requests.Session() as session:
        session.headers["Content-Type"] = "application/json"
        for exchange in exchanges(code):
            answer = session.request(
                exchange.method, url + exchange.path, data=exchange.sent, timeout=5
            )
            verdict = difference(exchange, answer)
            mark = f"✗ {verdict} ←" if verdict else f"✓ {exchange.status}"
            lines.append(f"{mark} {exchange.what}")
    return "\n".join(lines)
