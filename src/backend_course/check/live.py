"""Serve an application that was made in a notebook on a real port, while it is judged.

>>> from backend_course.check import Exchange, exchanges, live
>>> with live.serving("add_sites", lambda: service(add_sites)) as desk:      # doctest: +SKIP
...     exchanges("add_sites", desk, Exchange("GET", "/sites/1", 200))

The servers of the lessons are processes (:mod:`backend_course.lab.servers`), which run a file. Here
the application is a value of the kernel, made by a learner's function around a store and a clock
that a check holds. So uvicorn runs in a thread of the kernel, with an event loop of its own. What
is judged goes over a socket all the same.
"""

import contextlib
import logging
import socket
import sysconfig
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import requests
import uvicorn

from backend_course.check.errors import CheckError, NotAttemptedError
from backend_course.check.http import LOG_TIME, TIME_LIMIT, Service
from backend_course.lab import http_viewer

Build = Callable[[], Any]
Request = tuple[str, str] | tuple[str, str, Any]

_LIBRARIES = ("site-packages", sysconfig.get_path("stdlib"))


@contextlib.contextmanager
def serving(name: str, build: Build) -> Iterator[Service]:
    """Serve the application that ``build`` makes, on a free port of 127.0.0.1.

    What the service writes to its log or to the standard error is in the log of what is given, and
    nowhere else: nbgrader takes a test's points away for a word on the standard error.

    Args:
        name: what the learner wrote, for the messages.
        build: a function without arguments that returns an ASGI application.

    Raises:
        NotAttemptedError: ``build`` raises NotImplementedError, as the blank of a function does.
        CheckError: ``build`` raises something else, or the application does not start.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    service = Service(f"http://127.0.0.1:{listener.getsockname()[1]}")
    with contextlib.redirect_stderr(service.log):
        with contextlib.ExitStack() as unless_it_starts:
            unless_it_starts.callback(listener.close)
            server = _Server(_made(name, build), service)
            server.start(listener)
            if not server.started:
                last = [line for line in service.log.getvalue().splitlines() if line][-2:]
                raise CheckError(f"{name}: the application does not start. {' '.join(last)}")
            unless_it_starts.pop_all()  # from now on the listener is uvicorn's
        try:
            yield service
        finally:
            server.end()


def show(name: str, build: Build, *wanted: Request) -> http_viewer.Exchanges | None:
    """Serve an application, send requests, and return the exchanges to look at.

    Args:
        name: what the learner wrote, for the messages.
        build: as in :func:`serving`.
        wanted: method and path, and where there is a body, what goes into it as JSON.

    Returns:
        The exchanges; None where there are none, and the reason is printed.
    """
    try:
        with serving(name, build) as service, requests.Session() as client:
            client.trust_env = False  # a proxy of this machine has no part in it
            answers = [_answer(client, service, *request) for request in wanted]
            return http_viewer.show(*answers)
    except CheckError as error:
        print(error)
    except requests.RequestException as error:
        print(f"{name}: no answer ({type(error).__name__}).")
    return None


def _answer(
    client: requests.Session, service: Service, method: str, path: str, body: Any = None
) -> requests.Response:
    """Send one request; print what a failing service has logged."""
    log = service.new_log()
    answer = client.request(method, service.url + path, json=body, timeout=TIME_LIMIT)
    if answer.status_code >= 500 and service.logged.wait(LOG_TIME):
        print(log.getvalue(), end="")
    return answer


def _made(name: str, build: Build) -> Any:
    try:
        return build()
    except NotImplementedError:
        raise NotAttemptedError(
            f"{name}: not attempted yet. Write your code in the place of the raise, and run its "
            "cell."
        ) from None
    except Exception as error:
        raise CheckError(f"{name}: before any request it raised {_fault(error)}") from None


class _Server(uvicorn.Server):
    """uvicorn in a thread: its start is waited for, its end is not."""

    def __init__(self, application: Any, service: Service) -> None:
        config = uvicorn.Config(
            application, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1
        )
        super().__init__(config)
        self._service = service
        self._start_is_over = threading.Event()

    def start(self, listener: socket.socket) -> None:
        """Start, and return when it listens, or when it is clear that it will not."""
        threading.Thread(target=self._run, args=[listener], daemon=True).start()
        self._start_is_over.wait(TIME_LIMIT)

    def _run(self, listener: socket.socket) -> None:
        with _LOGS.of(self._service):
            try:
                # uvicorn leaves Python where an application does not start.
                with contextlib.suppress(SystemExit):
                    self.run([listener])
            finally:
                self._start_is_over.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, as uvicorn does it, and say so."""
        await super().startup(sockets)
        self._start_is_over.set()

    def end(self) -> None:
        """Have it end within some tenths of a second, or soon after a handler that hangs.

        An exit by force would be no faster. It breaks off the lifespan of the application, and
        Starlette then formats a traceback, which parses code; if the kernel parses a cell at the
        same moment, Python 3.11 can raise a SystemError (CPython issue 106905).
        """
        self.should_exit = True


class _Logs(logging.Handler):
    """Sorts what uvicorn logs by its threads, since its loggers are those of the whole kernel."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._services: dict[int, Service] = {}

    @contextlib.contextmanager
    def of(self, service: Service) -> Iterator[None]:
        """Have what this thread logs written into the log of a service, and nowhere else."""
        logger = logging.getLogger("uvicorn")
        logger.propagate = False
        logger.addHandler(self)  # where it is already, nothing happens
        thread = threading.get_ident()
        self._services[thread] = service
        try:
            yield
        finally:
            del self._services[thread]

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record: an exception in one line."""
        if service := self._services.get(record.thread or 0):
            error = record.exc_info[1] if record.exc_info else None
            service.log.write(f"{_fault(error) if error else record.getMessage()}\n")
            service.logged.set()


_LOGS = _Logs()


def _fault(error: BaseException) -> str:
    """Return an exception in one line, with the last place that is in no library."""
    text = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
    places = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.line
        and frame.name != "<lambda>"
        and frame.filename != __file__
        and not any(library in frame.filename for library in _LIBRARIES)
    ]
    if not places:
        return text
    return f"{text} ({places[-1].name}, line {places[-1].lineno}: {places[-1].line})"
