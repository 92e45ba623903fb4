"""The Python program with a part of it replaced, while an exercise is judged."""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

from .programs import availability


class _Handler(availability.Handler):
    def log_message(self, *_: object) -> None:
        """Keep the log out of the notebook."""


@contextmanager
def serving(chosen: Any) -> Iterator[Any]:
    """Serve the program with another ``chosen`` on a free port; give its URL.

    A ``chosen`` that raises is answered with 500 and its error. Gives ``...`` where
    nothing is written yet.
    """
    if chosen is ...:
        yield ...
        return
    replaced = patch.multiple(
        availability,
        chosen=chosen,
        answer=_told(availability.answer),
        SITES=copy.deepcopy(availability.SITES),  # a chosen may take counts out
    )
    with replaced, ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.02]).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _told(answer: Callable[..., tuple]) -> Callable[..., tuple]:
    def told(method: str, target: str) -> tuple:
        try:
            return answer(method, target)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            return availability.problem(500, "Your chosen raised an error", said)

    return told
