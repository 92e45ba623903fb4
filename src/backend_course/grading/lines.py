"""What a terminal is told: one line for each thing, and nothing in it that could forge another."""

import argparse
import contextlib
import functools
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Run = Callable[[argparse.Namespace], int]


class GradingError(Exception):
    """Nothing more can be done; the text says in one line what is wrong and what to do."""


class StoppedError(KeyboardInterrupt):
    """A signal asked this process to end; `number` says which."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def one_line(text: str) -> str:
    """`text` with escapes for what does not show as itself: control characters, bidi overrides."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def some(names: Sequence[str], most: int = 3) -> str:
    """The first of `names`, and dots if there are more."""
    return ", ".join(names[:most]) + " …" * (len(names) > most)


def in_one_line(when_stopped: str) -> Callable[[Run], Run]:
    """Let a verb's `run` end with one line and a status: 2 for an error, 130 after Ctrl-C.

    A signal (SIGTERM, SIGHUP) ends it as Ctrl-C does, with 128 and its number. `when_stopped` is
    what is said then.
    """

    def decorate(run: Run) -> Run:
        @functools.wraps(run)
        def ending(arguments: argparse.Namespace) -> int:
            try:
                with _signals_raise():
                    return run(arguments)
            except GradingError as error:
                told, status = str(error), 2
            except OSError as error:
                from .files import in_words

                told, status = in_words(error, arguments.course), 2
            except StoppedError as stop:
                told, status = when_stopped, 128 + stop.number
            if status > 128 and sys.stderr.isatty():
                print(file=sys.stderr)  # below a line that shows how far it has come
            print(one_line(told), file=sys.stderr)
            return status

        return ending

    return decorate


@contextlib.contextmanager
def _signals_raise() -> Iterator[None]:
    """Have what asks this process to end raise StoppedError, once: cleaning up comes then."""
    usual = {signal.SIG_DFL, signal.default_int_handler}
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []  # only the main thread may set handlers
    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) in usual}

    def stop(number: int, _: Any) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise StoppedError(number)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
