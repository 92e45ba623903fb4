"""What a process manager and a load balancer ask."""

import psycopg
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from . import problems
from .dependencies import TheDatabase, TheDrain

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """A good answer; a bad one is a problem."""

    status: str = "ok"


@router.get("/live")
async def live() -> Health:
    """Tell that the process runs. If this fails, restart it."""
    return Health()


@router.get(
    "/ready", response_model=Health, responses=problems.responses(problems.NOT_READY)
)
def ready(
    request: Request, database: TheDatabase, drain: TheDrain
) -> Health | Response:
    """Tell whether requests may come. If not, a restart is no help."""
    if drain.begun:
        return problems.answer(request, problems.NOT_READY, "It is shutting down.")
    try:
        database.ping()
    except psycopg.OperationalError:
        return problems.answer(
            request, problems.NOT_READY, "The database does not answer."
        )
    return Health()
