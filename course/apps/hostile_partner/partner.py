"""An address service that behaves badly on purpose. The path of a request chooses how.

    python partner.py PORT

What comes back depends on the path and on how often it was asked before, never on
chance. A query (``/busy?run=2``) starts a count of its own. Bodies in pieces (chunked)
are not understood.
"""

import contextlib
import json
import socketserver
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

DELIVERABLE = {"street": "Korenmarkt 1", "city": "Ghent", "deliverable": True}
DRIP_PAUSE = 0.1
"""Seconds between two bytes of ``/drip``."""
DRIP_BODY = b'{"slowly":true}'
REFUSALS = 2
"""How many requests ``/busy`` refuses before it answers one."""


class Partner(socketserver.ThreadingTCPServer):
    """The server, and what it remembers of earlier requests."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self._lock = threading.Lock()
        self._connections = 0
        self._seen: Counter[str] = Counter()
        self._labels: dict[str, dict[str, int]] = defaultdict(dict)

    @property
    def url(self) -> str:
        """The address for an HTTP client."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def connect(self) -> int:
        """Return the number of a connection that has just been made, from 1."""
        with self._lock:
            self._connections += 1
            return self._connections

    def count(self, path: str) -> int:
        """Return how often ``path`` has been asked, this time included."""
        with self._lock:
            self._seen[path] += 1
            return self._seen[path]

    def seen(self, path: str) -> int:
        """Return how often ``path`` has been asked until now."""
        with self._lock:
            return self._seen[path]

    def print_label(self, path: str, key: str | None) -> int:
        """Return the number of a new label; a known key gets its old one."""
        with self._lock:
            labels = self._labels[path]
            return labels.setdefault(
                key or f"request {len(labels) + 1}", len(labels) + 1
            )

    def printed(self, path: str) -> int:
        """Return how many labels have been printed at ``path``."""
        with self._lock:
            return len(self._labels[path])


class Handler(BaseHTTPRequestHandler):
    """One connection, and the requests that come over it."""

    protocol_version = "HTTP/1.1"  # connections stay open
    disable_nagle_algorithm = (
        True  # else head and body of an answer may lie 40 ms apart
    )
    server: Partner

    def setup(self) -> None:
        """Number the connection."""
        super().setup()
        self.connection_number = self.server.connect()

    def behave(self) -> None:
        """Answer, or do not, as the path says."""
        length = int(self.headers.get("Content-Length", 0))
        self.sent = self.rfile.read(length).decode()
        self.asked = self.server.count(self.path)
        path = urlsplit(self.path).path
        behaviour = BEHAVIOURS.get("/" + path.split("/")[1], no_such_path)
        with contextlib.suppress(ConnectionError):  # the caller has gone
            behaviour(self)

    # The base class looks for these names.
    do_GET = do_POST = do_PUT = do_DELETE = behave  # noqa: N815

    def argument(self, name: str) -> str:
        """Return what the query says for ``name``, or an empty text."""
        return parse_qs(urlsplit(self.path).query).get(name, [""])[0]

    def answer(
        self, status: int, value: object, headers: dict[str, str] | None = None
    ) -> None:
        """Send ``value`` as JSON."""
        body = json.dumps(value).encode()
        self.head(status, {"Content-Length": str(len(body))} | (headers or {}))
        self.wfile.write(body)

    def head(self, status: int, headers: dict[str, str]) -> None:
        """Send everything before the body; JSON is its type if none is said."""
        self.send_response(status)
        self.send_header("X-Connection", str(self.connection_number))
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def hang_up(self) -> None:
        """Close the connection when the handler is done, whatever was promised."""
        self.close_connection = True


def fine(request: Handler) -> None:
    """The one that behaves."""
    request.answer(HTTPStatus.OK, DELIVERABLE)


def silent(request: Handler) -> None:
    """Take the request and say nothing until the caller has hung up."""
    request.rfile.read(1)
    request.hang_up()


def drip(request: Handler) -> None:
    """Send a right answer, byte by byte."""
    request.head(HTTPStatus.OK, {"Content-Length": str(len(DRIP_BODY))})
    for byte in DRIP_BODY:
        time.sleep(DRIP_PAUSE)
        request.wfile.write(bytes([byte]))


def stall(request: Handler) -> None:
    """Begin an answer at once, and say nothing more until the caller has hung up."""
    request.head(HTTPStatus.OK, {"Content-Length": str(len(DRIP_BODY))})
    silent(request)


def half(request: Handler) -> None:
    """Announce a whole body, send half of it, and hang up."""
    body = json.dumps(DELIVERABLE).encode()
    request.head(HTTPStatus.OK, {"Content-Length": str(len(body))})
    request.wfile.write(body[: len(body) // 2])
    request.hang_up()


def half_unframed(request: Handler) -> None:
    """Send half a body without having said how long it is, and hang up."""
    body = json.dumps(DELIVERABLE).encode()
    request.head(HTTPStatus.OK, {"Connection": "close"})
    request.wfile.write(body[: len(body) // 2])
    request.hang_up()


def html(request: Handler) -> None:
    """Say 200 with a page for people, as a proxy in front of a broken service may."""
    page = b"<h1>Back soon</h1>"
    headers = {"Content-Type": "text/html", "Content-Length": str(len(page))}
    request.head(HTTPStatus.OK, headers)
    request.wfile.write(page)


def wrong_type(request: Handler) -> None:
    """Send JSON in which a boolean has become a text."""
    request.answer(HTTPStatus.OK, DELIVERABLE | {"deliverable": "no"})


def busy(request: Handler) -> None:
    """Refuse twice with a time to come back, answer the third; and so on."""
    if request.asked % (REFUSALS + 1):
        again = {"Retry-After": request.argument("after") or "1"}
        request.answer(HTTPStatus.SERVICE_UNAVAILABLE, {"detail": "Busy."}, again)
    else:
        fine(request)


def labels(request: Handler) -> None:
    """Print a label for a POST, but lose the first answer; a GET counts the labels."""
    if request.command != "POST":
        request.answer(HTTPStatus.OK, {"labels": request.server.printed(request.path)})
        return
    key = request.headers.get("Idempotency-Key")
    number = request.server.print_label(request.path, key)
    if request.asked == 1:
        request.hang_up()
    else:
        request.answer(HTTPStatus.CREATED, {"label": number})


def redirect(request: Handler) -> None:
    """Send the caller to the URL in ``to``, with the status in the path."""
    status = int(urlsplit(request.path).path.rpartition("/")[2])
    request.answer(status, {}, {"Location": request.argument("to")})


def echo(request: Handler) -> None:
    """Say what arrived: the method, the body, and what a stranger should not read."""
    arrived = {
        "method": request.command,
        "body": request.sent,
        "authorization": request.headers.get("Authorization"),
        "x_api_key": request.headers.get("X-Api-Key"),
    }
    request.answer(HTTPStatus.OK, arrived)


def seen(request: Handler) -> None:
    """Say how often the path in ``path`` was asked."""
    request.answer(
        HTTPStatus.OK, {"seen": request.server.seen(request.argument("path"))}
    )


def no_such_path(request: Handler) -> None:
    """Say 404."""
    request.answer(HTTPStatus.NOT_FOUND, {"detail": f"No path {request.path}."})


BEHAVIOURS: dict[str, Callable[[Handler], None]] = {
    "/fine": fine,
    "/silent": silent,
    "/drip": drip,
    "/stall": stall,
    "/half": half,
    "/half-unframed": half_unframed,
    "/html": html,
    "/wrong-type": wrong_type,
    "/busy": busy,
    "/labels": labels,
    "/redirect": redirect,
    "/echo": echo,
    "/seen": seen,
}


if __name__ == "__main__":
    Partner(int(sys.argv[1])).serve_forever()
