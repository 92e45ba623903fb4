"""The header Idempotency-Key: what it makes of a request, and of the answer.

See the IETF's draft "The Idempotency-Key HTTP Header Field". It is a list of decisions
that a service has to take; ours are in README.md.
"""

import hashlib
from typing import Annotated, Any

from fastapi import Header, Request, Response
from pydantic import BaseModel

from ..service.idempotency import Outcome, Repeatable

REPLAYED = "Idempotent-Replayed"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[!-~]{1,255}$",
        description="Repeat a request under its key to get the same answer.",
    ),
]


def repeatable(request: Request, key: str | None, body: BaseModel) -> Repeatable | None:
    """Return the request as one that may be repeated, or None if it has no key.

    The fingerprint is taken of the checked body, so blanks and the order of members do
    not make another request.
    """
    if key is None:
        return None
    text = f"{request.method} {request.url.path}\n{body.model_dump_json()}"
    return Repeatable(key, hashlib.sha256(text.encode()).digest())


def mark(response: Response, outcome: Outcome[Any]) -> None:
    """Say in the answer's header if it is that of an earlier request."""
    if outcome.repeated:
        response.headers[REPLAYED] = "true"
