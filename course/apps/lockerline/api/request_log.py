"""Around each request: its id, its line in the log, and an answer if all else fails."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import logs
from . import problems

HEADER = "X-Request-ID"
# What we take over from a client ends up in our logs, so it has to be short and plain.
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_logger = logging.getLogger("lockerline.request")


class RequestLog:
    """ASGI middleware around the whole application.

    The id of a request comes from the proxy or client that sent it, or is made here.
    All log lines that are written on the way have it, and so has the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _accepted(Headers(scope=scope).get(HEADER)) or uuid.uuid4().hex
        token = logs.request_id.set(request_id)
        started = time.perf_counter()
        status: int | None = None

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            _logger.exception("a fault of ours")
            if status is None:
                answer = problems.plain(
                    500, "A fault of ours. The request id finds it."
                )
                await answer(scope, receive, send_with_id)
        finally:
            _logger.info(
                "request",
                extra={
                    "fields": {
                        "method": scope["method"],
                        "path": scope["path"],
                        "status": status,
                        "milliseconds": round(
                            (time.perf_counter() - started) * 1000, 1
                        ),
                        "problem": scope.get(problems.SCOPE_KEY),
                    }
                },
            )
            logs.request_id.reset(token)


def _accepted(text: str | None) -> str | None:
    return text if text and _ACCEPTED.fullmatch(text) else None
