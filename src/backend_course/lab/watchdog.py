"""Interrupt what runs too long, from one thread for all: a `threading.Timer` starts one each time.

Used as ``with WATCHDOG.limit(seconds, connection.interrupt): …``.
"""

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watchdog:
    """Calls what it was told to, once its time is over."""

    def __init__(self) -> None:
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[object, tuple[float, Callable[[], None]]] = {}
        self._thread: threading.Thread | None = None  # none in a fork
        self._looks_at = math.inf

    @contextmanager
    def limit(self, seconds: float, call: Callable[[], None]) -> Iterator[None]:
        """Call ``call`` if the block takes longer than ``seconds``, from another thread."""
        key, due = object(), time.monotonic() + seconds
        with self._changed:
            self._waiting[key] = due, call
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
            elif due < self._looks_at:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._waiting.pop(key, None)

    def _watch(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for key, (due, call) in list(self._waiting.items()):
                    if due <= now:
                        del self._waiting[key]
                        call()
                self._looks_at = min((due for due, _ in self._waiting.values()), default=math.inf)
                left = self._looks_at - time.monotonic()
                self._changed.wait(None if left == math.inf else max(0.0, left))


WATCHDOG = Watchdog()
