"""A small HTTP/1.1 server without a framework, on nothing but a socket.

``python server.py PORT`` serves on this computer alone. It knows three things:

* ``GET /sites/1/availability`` (or 2): how many compartments are free, as JSON.
* ``POST /parcels`` with JSON like ``{"size": "S"}``: announces a parcel.
* ``/mirror``, by any method: the request itself, byte for byte.

Its clock stands still, so that a page that shows its answers is the same each day.
"""

import json
import socketserver
import sys

DATE = "Thu, 03 Dec 2026 08:00:00 GMT"
LONGEST = 65_536  # bytes of a line, and of a body
SITES = {
    "1": {"id": 1, "name": "Nørreport", "free": {"S": 4, "M": 2, "L": 0}},
    "2": {"id": 2, "name": "Main Station", "free": {"S": 0, "M": 1, "L": 3}},
}
JSON = "application/json"


class HTTPError(Exception):
    """A request that cannot be served: the status line's code and reason, and why."""

    def __init__(self, status: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers


def bad_request(detail: str) -> HTTPError:
    """Return what is raised where a request cannot be understood."""
    return HTTPError("400 Bad Request", detail)


class Conversation(socketserver.StreamRequestHandler):
    """One client's requests, one after the other on the same line."""

    def handle(self) -> None:
        """Answer until the client hangs up, or wants it, or cannot be understood."""
        while head := self.read_head():
            try:
                method, path, headers = parse(head)
                body = self.read_body(headers)
                self.send(*answer(method, path, head, body))
            except HTTPError as error:
                detail = json.dumps({"detail": str(error)}).encode()
                self.send(error.status, JSON, detail, **error.headers)
                if error.status.startswith("400"):
                    return  # where the next request begins is anybody's guess
            if headers.get("connection", "").lower() == "close":
                return

    def read_head(self) -> bytes:
        """Return all up to the empty line; nothing if the client has hung up."""
        head = b""
        while line := self.rfile.readline(LONGEST):
            head += line
            if line in (b"\r\n", b"\n") or len(head) > LONGEST:
                return head
        return b""

    def read_body(self, headers: dict[str, str]) -> bytes:
        """Return as many bytes as Content-Length says."""
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > LONGEST:
            raise HTTPError(
                "400 Bad Request", f"Content-Length: {length} is no length."
            )
        return self.rfile.read(int(length))

    def send(self, status: str, kind: str, body: bytes, **headers: str) -> None:
        """Write status line, headers, empty line and body."""
        lines = [f"HTTP/1.1 {status}", f"Date: {DATE}", f"Content-Type: {kind}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        self.wfile.write("\r\n".join(lines).encode() + body)


def parse(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Return method, path and headers (names in lower case) of a request's head."""
    first, *lines = head.decode("latin-1").splitlines()
    words = first.split(" ")
    if len(words) != 3 or words[2] != "HTTP/1.1":
        raise HTTPError(
            "400 Bad Request",
            f"The first line is {first!r}, not METHOD /path HTTP/1.1.",
        )
    headers = {}
    for line in lines[:-1]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise HTTPError(
                "400 Bad Request", f"{line!r} is no header. Write Name: value."
            )
        headers[name.lower()] = value.strip()
    if "host" not in headers:  # RFC 9112, section 3.2, asks for this
        raise bad_request("There is no Host header.")
    return words[0], words[1], headers


def answer(method: str, path: str, head: bytes, body: bytes) -> tuple[str, str, bytes]:
    """Return status, content type and body for a request that was understood."""
    if path == "/mirror":
        return "200 OK", "text/plain", head + body
    if path == "/parcels":
        _demand("POST", method)
        return (
            "201 Created",
            JSON,
            _json({"tracking_code": "LL0000000018"} | _parcel(body)),
        )
    site = path.removeprefix("/sites/").removesuffix("/availability")
    if path == f"/sites/{site}/availability" and site in SITES:
        _demand("GET", method)
        return "200 OK", JSON, _json(SITES[site])
    raise HTTPError("404 Not Found", f"There is nothing at {path}.")


def _demand(allowed: str, method: str) -> None:
    if method != allowed:
        raise HTTPError("405 Method Not Allowed", f"Try {allowed}.", Allow=allowed)


def _parcel(body: bytes) -> dict:
    try:
        parcel = json.loads(body)
    except ValueError:
        raise bad_request("The body is no JSON.") from None
    if not isinstance(parcel, dict) or parcel.get("size") not in ("S", "M", "L"):
        raise bad_request("A parcel needs a size: S, M or L.")
    return parcel


def _json(value: dict) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


class Server(socketserver.ThreadingTCPServer):
    """Listens on this computer, a thread for each client."""

    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Conversation) as server:
        server.serve_forever()
