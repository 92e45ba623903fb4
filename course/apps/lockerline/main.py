"""What uvicorn starts: ``uvicorn --factory lockerline.main:create_app``."""

import os
import sys

from fastapi import FastAPI

from . import logs
from .application import build
from .clock import Clock, SystemClock
from .database.migrate import MigrationError, migrate
from .settings import Settings, SettingsError


def create_app(clock: Clock | None = None) -> FastAPI:
    """Return the service, set up from the environment, its schema up to date.

    Ends the process with one line where a setting is wrong or the schema cannot be
    brought up to date: a service that cannot work must not look as if it had started.
    """
    try:
        settings = Settings.from_environment(os.environ)
        logs.configure(settings.log_level)
        migrate(settings.database_url)
    except (SettingsError, MigrationError) as error:
        sys.exit(f"lockerline cannot start: {error}")
    return build(settings, clock or SystemClock())
