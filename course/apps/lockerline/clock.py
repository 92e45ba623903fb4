"""The time, as something that can be handed in."""

import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Tests hand in one that stands still and can be moved."""

    def now(self) -> datetime.datetime:
        """Return the present moment, in UTC and aware of it."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime.datetime:
        """Return the present moment."""
        return datetime.datetime.now(datetime.UTC)
