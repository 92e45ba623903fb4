"""How many compartments are free? In Python: python availability.py PORT"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

SITES = {
    1: {"name": "Central Station", "free": {"S": 4, "M": 2, "L": 1}},
    2: {"name": "São Bento", "free": {"S": 0, "M": 3, "L": 0}},
}


def chosen(free, query):
    """Return the counts that are asked for; None for a size that does not exist."""
    size = query.get("size")
    if size is None:
        return free
    if size in free:
        return {size: free[size]}
    return None


def answer(method, target):
    """Return the status, the headers and the document that answer a request."""
    path, _, query = target.partition("?")
    match = re.fullmatch("/sites/([^/]+)/availability", path)
    if not match:
        return problem(404, "Not Found", "There is nothing here.")
    if method not in ("GET", "HEAD"):
        return problem(405, "Method Not Allowed", "Ask by GET.", Allow="GET, HEAD")
    try:
        site_id = int(match[1])
    except ValueError:
        return problem(422, "Invalid", "The id of a site is a whole number.")
    if site_id not in SITES:
        return problem(404, "Not Found", f"There is no site {site_id}.")
    site = SITES[site_id]
    free = chosen(site["free"], dict(parse_qsl(query, keep_blank_values=True)))
    if free is None:
        return problem(422, "Invalid", "A size is S, M or L.")
    document = {"site_id": site_id, "name": site["name"], "free": free}
    return 200, {"Content-Type": "application/json"}, document


def problem(status, title, detail, **headers):
    """Return an answer that says what went wrong (RFC 9457)."""
    document = {"title": title, "status": status, "detail": detail}
    return status, headers | {"Content-Type": "application/problem+json"}, document


class Handler(BaseHTTPRequestHandler):
    """Writes the answer to one request."""

    def reply(self):
        """Answer whatever was asked."""
        status, headers, document = answer(self.command, self.path)
        body = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = reply  # noqa: N815


if __name__ == "__main__":
    # One thread for each connection.
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
