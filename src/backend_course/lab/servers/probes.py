"""Ways to see from outside that a server is ready."""

import http.client
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import ports

if TYPE_CHECKING:
    from .server import Server

Probe = Callable[["Server"], bool]


def answers(path: str) -> Probe:
    """Return a probe that is content when ``GET path`` gets a status below 500."""

    def probe(server: "Server") -> bool:
        connection = http.client.HTTPConnection(ports.LOOPBACK, server.port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def says(text: str, times: int = 1) -> Probe:
    """Return a probe that is content when the log has ``text`` so often since the last start."""

    def probe(server: "Server") -> bool:
        return server.written().count(text) >= times

    return probe
