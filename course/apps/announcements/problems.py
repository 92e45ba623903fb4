"""Every error as a problem document (RFC 9457), by one handler for each kind."""

import http
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from .errors import AlreadyAnnouncedError, DeskError, ParcelNotFoundError

MEDIA_TYPE = "application/problem+json"
TYPES = "https://lockerline.example/problems/"
REFUSED: dict[type[DeskError], tuple[int, str, str]] = {
    ParcelNotFoundError: (404, "parcel-not-found", "No such parcel"),
    AlreadyAnnouncedError: (409, "already-announced", "The parcel is known already"),
}


class Problem(BaseModel):
    """What a caller reads when something went wrong."""

    type: str = "about:blank"  # says no more than the status
    title: str
    status: int
    detail: str | None = None
    errors: list[dict[str, str]] | None = None  # our own member, as the RFC allows


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a problem with its media type and its status."""
    return JSONResponse(
        problem.model_dump(exclude_none=True), problem.status, headers, MEDIA_TYPE
    )


async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    """Answer a request that is not as described, with all its faults."""
    return answer(
        Problem(
            type=f"{TYPES}invalid-request",
            title="The request is not as described",
            status=422,
            errors=[fault(each) for each in error.errors()],
        )
    )


def fault(error: Mapping[str, Any]) -> dict[str, str]:
    """Return one fault and its place, without what was sent: that may be secret."""
    detail = error["msg"].removeprefix("Value error, ")
    place, *path = error["loc"]
    if place != "body":
        return {"detail": detail, place: str(path[0])}
    if error["type"] == "json_invalid":  # the path is a position in the text
        path = []
    keys = [str(key).replace("~", "~0").replace("/", "~1") for key in path]  # RFC 6901
    return {"detail": detail, "pointer": "/".join(["#", *keys])}


async def refused(_: Request, error: DeskError) -> JSONResponse:
    """Answer what the rules refuse."""
    status, name, title = REFUSED[type(error)]
    return answer(
        Problem(type=TYPES + name, title=title, status=status, detail=str(error))
    )


async def plain(_: Request, error: HTTPException) -> JSONResponse:
    """Answer what the framework itself refuses: no such path, no such method."""
    title = http.HTTPStatus(error.status_code).phrase
    return answer(Problem(title=title, status=error.status_code), error.headers)


async def unforeseen(_: Request, error: Exception) -> JSONResponse:
    """Answer a bug. The traceback is in the server's log and nowhere else."""
    return answer(Problem(title="Internal Server Error", status=500))


def install(app: FastAPI) -> None:
    """Have all errors of ``app`` answered by this module."""
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(DeskError, refused)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(Exception, unforeseen)
