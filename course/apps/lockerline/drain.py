"""The time between the wish to stop and the stop.

A load balancer takes a moment to notice that a process is going. Until then it still
sends requests, and uvicorn would refuse them. So on SIGTERM the service first says that
it is not ready, goes on serving for a while, and only then lets uvicorn stop.
"""

import asyncio
import signal
import threading
from types import FrameType


class Drain:
    """Stands between SIGTERM and uvicorn's own handler of it."""

    def __init__(self, seconds: float) -> None:
        self.begun = False
        self._seconds = seconds

    def install(self) -> None:
        """Take over SIGTERM. Call it on the event loop, when uvicorn has its handler.

        Nothing happens outside the main thread, where Python allows no handlers (a
        test client), and under a server that handles no SIGTERM.
        """
        self._stop = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is threading.main_thread() and callable(
            self._stop
        ):
            self._loop = asyncio.get_running_loop()
            signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Begin to drain; a second signal, or no time to drain, stops at once."""
        if self.begun or not self._seconds:
            self.begun = True
            self._stop(number, frame)
        else:
            self.begun = True
            # A signal comes between any two instructions: only this call is safe here.
            self._loop.call_soon_threadsafe(
                self._loop.call_later, self._seconds, self._stop, number, None
            )
