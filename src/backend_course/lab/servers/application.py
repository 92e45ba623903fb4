"""A Python web application, served by uvicorn."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from . import probes
from .errors import ServerError
from .server import Server

# In a clone of the course; an installed copy has no such folder, and nothing is found in it.
COURSE_APPS = Path(__file__).parents[4] / "course" / "apps"

Interface = Literal["auto", "asgi3", "asgi2", "wsgi"]


def locate(target: str | os.PathLike[str]) -> tuple[Path, str, str]:
    """Return folder, module and attribute of ``"package.module:attribute"`` or ``"file.py"``.

    The attribute is ``app`` where none is named. A module is looked for in the current folder and
    then in the course's ``apps``. Raises ServerError where it is in neither.
    """
    place, _, attribute = os.fspath(target).partition(":")
    attribute = attribute or "app"
    if place.endswith(".py"):
        file = Path(place).absolute()
        if not file.is_file():
            raise ServerError(f"There is no file {place} in {Path.cwd().name}/. Check its name.")
        return file.parent, file.stem, attribute
    top = place.partition(".")[0]
    for folder in (Path.cwd(), COURSE_APPS):
        if (folder / top).is_dir() or (folder / f"{top}.py").is_file():
            return folder, place, attribute
    raise ServerError(
        f"There is no module {top!r} in {Path.cwd().name}/ or in course/apps/. "
        "Check its name, or give the path of the file."
    )


class Application(Server):
    """uvicorn with one application and any number of worker processes."""

    kind = "uvicorn"

    def __init__(
        self,
        target: str | os.PathLike[str],
        *,
        workers: int = 1,
        factory: bool = False,
        interface: Interface = "auto",
        options: Sequence[object] = (),
        **common: Any,
    ) -> None:
        self._app_folder, self._module, self._attribute = locate(target)
        self.workers = workers
        self._factory = factory
        self._interface = interface
        self._options = [str(option) for option in options]
        super().__init__(default_name=self._module.partition(".")[0], **common)

    def command(self) -> list[str]:
        """Return uvicorn's command line."""
        return [
            sys.executable, "-m", "uvicorn", f"{self._module}:{self._attribute}",
            "--app-dir", str(self._app_folder), "--port", str(self.port),
            "--workers", str(self.workers), "--interface", self._interface,
            "--no-use-colors", *(["--factory"] if self._factory else []), *self._options,
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Return the environment; the log is to be written at once."""
        return {"PYTHONUNBUFFERED": "1"} | super().environment()

    def ready(self) -> bool:
        """Tell whether each worker has started; the port alone is open with the first of them.

        A worker that dies is replaced by uvicorn for ever, so this has to be noticed here.
        """
        if self.workers > 1 and probes.says("Child process [")(self):
            raise ServerError(f"A worker of {self.name} died while starting. {self.last_lines()}")
        started = "Started server process" if self._interface == "wsgi" else "startup complete"
        return super().ready() and probes.says(started, self.workers)(self)


def app(
    target: str | os.PathLike[str],
    *,
    workers: int = 1,
    factory: bool = False,
    interface: Interface = "auto",
    options: Sequence[object] = (),
    **common: Any,
) -> Application:
    """Serve a Python web application with uvicorn, in ``workers`` processes.

    ``target`` is ``"file.py"``, ``"file.py:name"`` or ``"package.module:name"``; modules are looked
    for in the current folder and in ``course/apps``. The name is ``app`` where none is given, and
    a function that makes the application with ``factory=True``. ``interface="wsgi"`` for WSGI.
    ``options`` are more arguments for uvicorn: ``["--timeout-graceful-shutdown", 5]``.
    ``common``: name, port, env, log, timeout, grace (see ``Server``). Raises ServerError.
    """
    return Application(
        target,
        workers=workers,
        factory=factory,
        interface=interface,
        options=options,
        **common,
    ).start()
