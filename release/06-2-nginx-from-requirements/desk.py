"""One process of the front desk, as nginx sees it: `python desk.py PORT`, its name in NAME.

It answers each request with what has arrived, and with its name in the header X-Backend:

    /parcels/LL000000018            200, and all that arrived, as JSON
    …?seconds=0.3                   the same, after 0.3 seconds
    …?busy=A                        process A answers 503
    …?dies=A                        process A hangs up in the middle of its work
    …?status=404                    404, as problem details
"""

import json
import os
import socketserver
import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

NAME = os.environ["NAME"]


class Request(BaseHTTPRequestHandler):
    """Answers one request; every method in the same way."""

    def answer(self):
        """Do what the path and its query ask for."""
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(float(query.get("seconds", 0)))
        if NAME in query.get("dies", ""):
            self.close_connection = True
        elif NAME in query.get("busy", ""):
            self.send_problem(503)
        elif "status" in query:
            self.send_problem(int(query["status"]))
        else:
            self.send(200, {"path": self.path, "bytes": len(body), "headers": self.arrived()})

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  names that the library asks for

    def arrived(self):
        """Return the headers of the request, their names in lower case."""
        return {name.lower(): value for name, value in self.headers.items()}

    def send_problem(self, status):
        """Send problem details."""
        content = {"title": HTTPStatus(status).phrase, "status": status}
        self.send(status, content | {"detail": "The desk says so."}, "application/problem+json")

    def send(self, status, content, kind="application/json"):
        """Send JSON."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Backend", NAME)
        self.end_headers()
        self.wfile.write(body)


class Desk(socketserver.ThreadingTCPServer):
    """A thread for each request. (http.server's own would ask DNS for a name at its start.)"""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


if __name__ == "__main__":
    Desk(("127.0.0.1", int(sys.argv[1])), Request).serve_forever()
