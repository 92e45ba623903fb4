"""Puts the parts together: the application with all that hangs on it."""

import contextlib
import logging
from collections.abc import AsyncIterator

from fastapi import FastAPI

from .api import health, parcels, problems, sites
from .api.request_log import RequestLog
from .clock import Clock
from .database.pool import Database
from .domain.pickup_code import PickupCodes
from .drain import Drain
from .service.lockerline import Lockerline
from .settings import Settings

_logger = logging.getLogger(__name__)


def build(settings: Settings, clock: Clock) -> FastAPI:
    """Return the application. Nothing is connected before it starts."""
    database = Database(
        settings.database_url, settings.pool_size, settings.database_timeout
    )
    drain = Drain(settings.drain_seconds)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        drain.install()
        database.open()
        yield
        # uvicorn comes here when the last request has its answer.
        database.close()
        _logger.info("connections closed")

    app = FastAPI(
        title="Lockerline",
        version="1.0",
        lifespan=lifespan,
        redirect_slashes=False,  # /parcels/ is a mistake, not another name of /parcels
        docs_url=None,  # their pages load scripts from elsewhere; /openapi.json stays
        redoc_url=None,
    )
    app.state.database = database
    app.state.drain = drain
    app.state.lockerline = Lockerline(database, clock, PickupCodes(settings.pickup_key))
    app.include_router(parcels.router)
    app.include_router(sites.router)
    app.include_router(health.router)
    problems.install(app)
    app.add_middleware(RequestLog)
    return app
