"""Interrupt what runs too long, from one thread for all: a `threading.Timer` starts one each time.

Used as ``with WATCHDOG.limit(seconds, connection.interrupt): …``. Where others want the same CPUs,
all takes longer; ``cpu`` limits what this process itself has used.
"""

import dataclasses
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@dataclasses.dataclass(frozen=True)
class _Limit:
    due: float  # when to look at it next, on the monotonic clock, as `over`
    over: float
    cpu_over: float  # on the clock of the process's CPU
    call: Callable[[], None]


class Watchdog:
    """Calls what it was told to, once its time is over."""

    def __init__(self) -> None:
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[object, _Limit] = {}
        self._thread: threading.Thread | None = None  # none in a fork
        self._looks_at = math.inf

    @contextmanager
    def limit(
        self, seconds: float, call: Callable[[], None], cpu: float = math.inf
    ) -> Iterator[None]:
        """Call ``call`` from another thread if the block takes too long.

        Args:
            seconds: how long it may take.
            call: what then interrupts it.
            cpu: seconds of CPU that this process, with all its threads, may use meanwhile.
        """
        key, now = object(), time.monotonic()
        due = now + min(seconds, cpu)
        with self._changed:
            self._waiting[key] = _Limit(due, now + seconds, time.process_time() + cpu, call)
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
                for key, limit in list(self._waiting.items()):
                    left = min(limit.over - now, limit.cpu_over - time.process_time())
                    if limit.due <= now and left > 0:
                        self._waiting[key] = dataclasses.replace(limit, due=now + left)
                    elif limit.due <= now:
                        del self._waiting[key]
                        limit.call()
                self._looks_at = min(
                    (each.due for each in self._waiting.values()), default=math.inf
                )
                rest = self._looks_at - time.monotonic()
                self._changed.wait(None if rest == math.inf else max(0.0, rest))


WATCHDOG = Watchdog()
