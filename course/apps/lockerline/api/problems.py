"""Everything that goes wrong, as problem details (RFC 9457)."""

import http
import json
import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from .. import logs
from ..domain import errors

# A name in the reserved domain of RFC 2606: it identifies, and leads nowhere.
TYPES = "https://lockerline.example/problems/"
# Under this key of the ASGI scope the request log finds what the problem was.
SCOPE_KEY = "lockerline.problem"
_COME_BACK = 1  # seconds, when the database does not answer
_SEND_JSON = "Send the body as JSON in UTF-8 (RFC 8259)."
_logger = logging.getLogger(__name__)


class Kind(NamedTuple):
    """A kind of problem: its status, the end of its type's URI, and its title."""

    status: int
    name: str
    title: str


MALFORMED = Kind(400, "malformed-json", "The body is not JSON")
INVALID = Kind(422, "invalid-request", "Something in the request is missing or wrong")
UNAVAILABLE = Kind(
    503, "temporarily-unavailable", "The service cannot answer right now"
)
NOT_READY = Kind(503, "not-ready", "The service takes no requests right now")
REFUSALS: dict[type[errors.LockerlineError], Kind] = {
    errors.SiteNotFoundError: Kind(404, "site-not-found", "There is no such site"),
    errors.ParcelNotFoundError: Kind(
        404, "parcel-not-found", "There is no such parcel"
    ),
    errors.IllegalMoveError: Kind(
        409, "illegal-move", "The parcel's state forbids this"
    ),
    errors.ParcelElsewhereError: Kind(
        409, "parcel-elsewhere", "The parcel is at another site"
    ),
    errors.NoFreeCompartmentError: Kind(
        409, "no-free-compartment", "No free compartment fits the parcel"
    ),
    errors.WrongPickupCodeError: Kind(
        403, "wrong-pickup-code", "The pickup code is wrong"
    ),
    errors.PickupLockedError: Kind(
        429, "pickup-locked", "The pickup is locked for a while"
    ),
    errors.IdempotencyKeyReusedError: Kind(
        422, "idempotency-key-reused", "The key stands for another request"
    ),
}


class Problem(BaseModel):
    """A problem document, for OpenAPI. Each kind may add members of its own."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None


class ProblemResponse(JSONResponse):
    """A problem as an answer."""

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        """Return JSON in ASCII: a client's text, quoted here, may be no valid UTF-8."""
        return json.dumps(content).encode("ascii")


def answer(
    request: Request, kind: Kind, detail: str, /, **members: Any
) -> ProblemResponse:
    """Return the answer to ``request``; ``members`` are those of this kind of problem.

    A member ``retry_after`` (seconds) is said in the header of that name, too.
    """
    request.scope[SCOPE_KEY] = kind.name
    after = members.get("retry_after")
    return ProblemResponse(
        {
            "type": TYPES + kind.name,
            "title": kind.title,
            "status": kind.status,
            "detail": detail,
            "request_id": logs.request_id.get(),
            **members,
        },
        status_code=kind.status,
        headers={"Retry-After": str(after)} if after is not None else None,
    )


def plain(
    status: int, detail: str, headers: dict[str, str] | None = None
) -> ProblemResponse:
    """Return a problem that says no more than its status code does."""
    return ProblemResponse(
        {
            "type": "about:blank",
            "title": http.HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "request_id": logs.request_id.get(),
        },
        status_code=status,
        headers=headers,
    )


def responses(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of an endpoint that has these kinds of problem."""
    content = {ProblemResponse.media_type: {"schema": Problem.model_json_schema()}}
    titles: dict[int | str, list[str]] = {}
    for kind in kinds:
        titles.setdefault(kind.status, []).append(kind.title)
    return {
        status: {"description": ". ".join(said), "content": content}
        for status, said in titles.items()
    }


def install(app: FastAPI) -> None:
    """Have the application answer all that goes wrong with a problem."""
    app.add_exception_handler(errors.LockerlineError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(psycopg.OperationalError, _unavailable)
    app.add_exception_handler(HTTPException, _http)


async def _refused(request: Request, error: errors.LockerlineError) -> JSONResponse:
    return answer(request, REFUSALS[type(error)], str(error), **error.members)


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    found = error.errors()
    if any(entry["type"] == "json_invalid" for entry in found):
        return answer(request, MALFORMED, _SEND_JSON)
    faults = [_fault(entry["loc"], entry["msg"]) for entry in found]
    return answer(request, INVALID, "See errors for what and where.", errors=faults)


def _fault(location: Sequence[str | int], message: str) -> dict[str, str]:
    """Return one fault: in which part of the request, where there, and what it is.

    In a body the place is a JSON pointer (RFC 6901), elsewhere it is a name.
    """
    part, *steps = map(str, location)
    if part != "body":
        return {"in": part, "name": ".".join(steps), "detail": message}
    escaped = (step.replace("~", "~0").replace("/", "~1") for step in steps)
    pointer = "#" + "".join(f"/{step}" for step in escaped)
    return {"in": part, "pointer": pointer, "detail": message}


async def _unavailable(
    request: Request, error: psycopg.OperationalError
) -> JSONResponse:
    _logger.error("database", extra={"fields": {"error": str(error).strip()}})
    return answer(
        request,
        UNAVAILABLE,
        "The database does not answer. Try again soon, under the same Idempotency-Key.",
        retry_after=_COME_BACK,
    )


async def _http(request: Request, error: HTTPException) -> JSONResponse:
    if error.status_code == 400:  # FastAPI could not make JSON of the body
        return answer(request, MALFORMED, _SEND_JSON)
    path = request.url.path
    details = {
        404: f"There is nothing at {path}.",
        405: f"{request.method} is not possible at {path}. Allow says what is.",
    }
    detail = details.get(error.status_code, str(error.detail))
    return plain(error.status_code, detail, dict(error.headers or {}))
