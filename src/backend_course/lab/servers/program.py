"""Any program as a server."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import probes
from .errors import ServerError
from .server import Server


class Program(Server):
    """A program that listens on the port that it is told."""

    kind = "program"

    def __init__(
        self, arguments: Sequence[object], *, ready: str | probes.Probe | None = None, **common: Any
    ) -> None:
        arguments = [str(argument) for argument in arguments]
        program = shutil.which(arguments[0])
        if program is None:
            raise ServerError(
                f"There is no program {arguments[0]!r} on the PATH. Install it, or give its path."
            )
        self._arguments = [program, *arguments[1:]]
        self._ready = probes.answers(ready) if isinstance(ready, str) else ready
        super().__init__(default_name=Path(arguments[0]).stem, **common)

    def command(self) -> list[str]:
        """Return the program with the port put in where ``{port}`` stands."""
        return [argument.replace("{port}", str(self.port)) for argument in self._arguments]

    def environment(self) -> dict[str, str]:
        """Return the environment; a Python program is told to write its log at once."""
        return {"PYTHONUNBUFFERED": "1"} | super().environment()

    def ready(self) -> bool:
        """Ask the probe given, or else look whether it listens."""
        return self._ready(self) if self._ready else super().ready()


def command(
    arguments: Sequence[object], *, ready: str | probes.Probe | None = None, **common: Any
) -> Program:
    """Start any program that serves on a loopback port.

    ``arguments`` is the program and its arguments. ``{port}`` in an argument becomes the port; the
    environment variable PORT has it too. ``ready`` is a path to GET (``"/health"``), or a function
    that takes the server and returns whether it is ready, such as ``servers.says("listening")``;
    without it the program is ready when it listens. ``common``: name, port, env, log, timeout,
    grace (see ``Server``). Raises ServerError.

    >>> server = servers.command(["python", "-m", "http.server", "{port}"])  # doctest: +SKIP
    """
    return Program(arguments, ready=ready, **common).start()
