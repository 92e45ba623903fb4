"""A web framework over WSGI (PEP 3333): routes, JSON in and out, errors."""

import json
import re
import traceback


class HTTPError(Exception):
    """Ends a request at once; the caller gets the status and reads ``detail``."""

    def __init__(self, status: str, detail: str, **headers: str):
        self.answer = status, json.dumps({"detail": detail}), headers


def read_json(environ: dict):
    """Return what the body of a request says. Raises HTTPError 422."""
    try:
        return json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    except (KeyError, ValueError):
        raise HTTPError("422 Unprocessable Content", "The body is no JSON.") from None


class App:
    """A WSGI application that hands each request to the handler of its route."""

    def __init__(self):
        self.routes = []

    def add(self, method: str, template: str, handler):
        """Give a handler its method and a path such as ``/sites/{site_id}``."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
        self.routes.append((method, re.compile(pattern), handler))

    def find(self, method: str, path: str):
        """Return the handler and its path parameters. Raises HTTPError 404, 405."""
        allowed = []
        for route_method, pattern, handler in self.routes:
            if match := pattern.fullmatch(path):
                if route_method == method:
                    return handler, match.groupdict()
                allowed.append(route_method)
        if allowed:
            methods = ", ".join(allowed)
            raise HTTPError("405 Method Not Allowed", f"Try {methods}.", Allow=methods)
        raise HTTPError("404 Not Found", f"There is nothing at {path}.")

    def __call__(self, environ: dict, start_response):
        """Answer one request, as WSGI asks; what goes wrong becomes an answer too."""
        try:
            handler, found = self.find(environ["REQUEST_METHOD"], environ["PATH_INFO"])
            status, value, headers = handler(environ, **found)
            body = json.dumps(value)
        except HTTPError as error:
            status, body, headers = error.answer
        except Exception:
            traceback.print_exc(file=environ["wsgi.errors"])
            failure = HTTPError("500 Internal Server Error", "The fault is ours.")
            status, body, headers = failure.answer
        start_response(status, [("Content-Type", "application/json"), *headers.items()])
        return [body.encode()]
