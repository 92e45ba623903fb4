"""The service with a clock that stands still until a test moves it.

The clock is a file with the moment in it. Nothing in the service knows of that.
"""

import datetime
import os
from pathlib import Path

from fastapi import FastAPI
from lockerline import main


class FileClock:
    """Tells the moment that is written in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime.datetime:
        return datetime.datetime.fromisoformat(self._file.read_text())


def create_app() -> FastAPI:
    return main.create_app(FileClock(Path(os.environ["CLOCK_FILE"])))
