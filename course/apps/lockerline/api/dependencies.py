"""What endpoints ask for by naming it."""

from typing import Annotated

from fastapi import Depends, Request

from ..database.pool import Database
from ..drain import Drain
from ..service.lockerline import Lockerline


def _lockerline(request: Request) -> Lockerline:
    return request.app.state.lockerline


def _database(request: Request) -> Database:
    return request.app.state.database


def _drain(request: Request) -> Drain:
    return request.app.state.drain


Service = Annotated[Lockerline, Depends(_lockerline)]
TheDatabase = Annotated[Database, Depends(_database)]
TheDrain = Annotated[Drain, Depends(_drain)]
