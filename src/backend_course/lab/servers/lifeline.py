"""The kernel's end of the pipe to a supervisor (see ``supervisor.py`` for the other end)."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import supervisor
from .errors import ServerError


class Lifeline:
    """Start a supervisor and give it orders. When this object's pipe closes, all is cleaned up.

    The pipe must have no second holder, or its end would come too late. Python opens it as not
    inheritable, so programs that a cell starts do not get it. A forked kernel does: it calls
    ``abandon`` (see ``registry.py``).
    """

    def __init__(self) -> None:
        # In a session of its own: Ctrl-C and a signal to the kernel's group do not reach it.
        self._supervisor = subprocess.Popen(
            [sys.executable, "-I", supervisor.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            encoding="utf-8",
        )
        self.exit_status: int | None = None
        self.folder = Path(self._answer("folder")["folder"])

    def _order(self, **order: Any) -> None:
        try:
            self._supervisor.stdin.write(json.dumps(order) + "\n")
            self._supervisor.stdin.flush()
        except OSError as error:
            raise ServerError("The server's supervisor is gone. Start the server again.") from error

    def _answer(self, *wanted: str) -> dict[str, Any]:
        """Read answers up to the first that has one of the ``wanted`` keys."""
        for line in self._supervisor.stdout:
            answer = json.loads(line)
            if "exit" in answer:
                self.exit_status = answer["exit"]
            if not answer.keys().isdisjoint(wanted):
                return answer
        raise ServerError("The server's supervisor ended. Start the server again.")

    def start(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        log: Path,
        identity: Mapping[str, Any] | None = None,
        stop_signal: str = "SIGTERM",
        grace: float = 5.0,
    ) -> int:
        """Start a program under the supervisor and return its process id.

        ``identity`` holds ``user``, ``group`` and ``extra_groups`` as in ``subprocess.Popen``, for
        a program that must not run as root. ``stop_signal`` is what asks it to end; after
        ``grace`` seconds it is killed. Raises ServerError where the program cannot be started.
        """
        self.exit_status = None
        self._order(
            start={
                "command": [str(part) for part in command],
                "directory": str(directory),
                "environment": dict(environment),
                "log": str(log),
                "identity": dict(identity or {}),
                "signal_name": stop_signal,
                "grace": grace,
            }
        )
        answer = self._answer("pid", "error")
        if "error" in answer:
            raise ServerError(f"{Path(command[0]).name} could not be started: {answer['error']}")
        return answer["pid"]

    def wait(self) -> int:
        """Wait until the started program has ended; return its exit status (minus the signal)."""
        while self.exit_status is None:
            self._answer("exit")
        return self.exit_status

    def stop(self) -> None:
        """Stop the program, politely first; keep the folder."""
        if self._supervisor.stdin.closed:
            return
        self._order(stop=True)
        self._answer("stopped")

    def hang_up(self) -> None:
        """Close the pipe: the supervisor stops what still runs, removes the folder and ends."""
        with contextlib.suppress(BrokenPipeError):  # nobody is there any more
            self._supervisor.stdin.close()

    def close(self) -> None:
        """Hang up, and wait until the supervisor has done its work."""
        self.hang_up()
        self._supervisor.wait()
        self._supervisor.stdout.close()

    def abandon(self) -> None:
        """Let go of the pipe in a forked process, to which the server does not belong."""
        self._supervisor.stdin.close()
        self._supervisor.stdout.close()
        self._supervisor.returncode = 0  # not a child of this process: nothing to wait for
