"""What the endpoints work on: a store in memory, a clock and doors that can be handed in.

The store stands in for a database and keeps the promise that counts here: a transaction happens as
a whole or not at all. Everything else is plain data for your code to read and to change.
"""

import contextlib
import datetime
import hmac
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

TYPES = "https://lockerline.example/problems/"
PROBLEM = "application/problem+json"


@dataclass
class Site:
    """A place with a wall of compartments."""

    site_id: int
    name: str


@dataclass
class Compartment:
    """One box of a wall; ``parcel`` is the tracking code of what is in it, or None."""

    site_id: int
    number: int
    size: str
    in_service: bool = True
    parcel: str | None = None


@dataclass(eq=False)
class Parcel:
    """A parcel; ``state`` goes from announced to deposited to collected."""

    tracking_code: str
    size: str
    state: str = "announced"
    site_id: int | None = None
    compartment: int | None = None
    courier: str | None = None
    code_digest: "Secret | None" = None
    wrong_codes: int = 0
    locked_until: datetime.datetime | None = None


class Store:
    """Sites by their number, compartments in no order, parcels by their tracking code."""

    def __init__(self) -> None:
        self.sites: dict[int, Site] = {}
        self.compartments: list[Compartment] = []
        self.parcels: dict[str, Parcel] = {}
        self._lock = threading.RLock()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all others waiting; if an exception leaves the block, undo what it has changed."""
        with self._lock:
            sites, boxes, parcels = self.sites.copy(), self.compartments.copy(), self.parcels.copy()
            things = (*sites.values(), *boxes, *parcels.values())
            before = [(each, vars(each).copy()) for each in things]
            try:
                yield
            except BaseException:
                self.compartments[:] = boxes
                for mine, kept in ((self.sites, sites), (self.parcels, parcels)):
                    mine.clear()
                    mine.update(kept)
                for each, values in before:
                    vars(each).update(values)
                raise


class Secret(bytes):
    """Bytes that nobody may compare with ``==``, which takes longer the more of them agree."""

    def __eq__(self, other: object) -> bool:
        raise TypeError("a secret is compared with hmac.compare_digest, not with == or !=")

    __ne__ = __eq__
    __hash__ = bytes.__hash__


def digest(pickup_code: str) -> Secret:
    """Return what is stored of a pickup code: it confirms the code, and does not tell it."""
    return Secret(hmac.digest(b"a key from the environment", pickup_code.encode(), "sha256"))


class Clock:
    """A clock that stands still: ``now()`` is its time, in UTC, until somebody moves it."""

    def __init__(self, time: str) -> None:
        self._time = datetime.datetime.fromisoformat(f"2025-12-24T{time}+00:00")

    def __call__(self) -> datetime.datetime:
        """Return the time."""
        return self._time

    def forward(self, **duration: float) -> None:
        """Move on: ``now.forward(minutes=15)``."""
        self._time += datetime.timedelta(**duration)


class DoorJammedError(Exception):
    """A door does not open; the wall has said so."""


class Doors:
    """The doors of all walls; ``opened`` are those that have been opened, in this order."""

    def __init__(self) -> None:
        self.opened: list[tuple[int, int]] = []
        self.jammed: set[tuple[int, int]] = set()

    def open(self, site_id: int, number: int) -> None:
        """Open the door of a compartment. Raises DoorJammedError."""
        if (site_id, number) in self.jammed:
            raise DoorJammedError(f"The door of compartment {number} at site {site_id} jams.")
        self.opened.append((site_id, number))


class Refused(Exception):  # noqa: N818  it is no error of ours
    """Raise it in a handler, and the caller reads a problem document (RFC 9457).

    ``Refused(404, "site-not-found", "There is no site 9.")``; more members of the document are
    named arguments, and ``headers`` go into the answer.
    """

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers
        title = name.replace("-", " ").capitalize()
        self.document = {"type": TYPES + name, "title": title, "status": status, "detail": detail}
        self.document |= members


def answer_refusals(app: FastAPI) -> None:
    """Have the application answer each ``Refused`` as a problem document."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse(error.document, error.status, error.headers, PROBLEM)
