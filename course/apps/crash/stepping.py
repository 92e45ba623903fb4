"""Start one of the writers, let it stand at its pause, and kill it or let it go on."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

APPS = Path(__file__).resolve().parents[1]


class Writer:
    """A writer in a process of its own, standing at its pause."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def kill(self) -> None:
        """End it as ``kill -9`` does: at once, without a chance to clean up."""
        self._process.kill()
        self._process.communicate()

    def go_on(self) -> None:
        """Let it run to its end. Raises RuntimeError with what it wrote if it fails."""
        told, _ = self._process.communicate("go on\n")
        if self._process.returncode:
            raise RuntimeError(told.strip())


def start(
    program: str, *arguments: object, pause: str, env: Mapping[str, str] | None = None
) -> Writer:
    """Start ``crash.<program>``, and wait until it stands at ``pause``.

    ``arguments`` are the program's, ``env`` is added to its environment. Raises
    RuntimeError with what the program wrote, if it ends before it gets there.
    """
    command = [sys.executable, "-m", f"crash.{program}", *map(str, arguments), pause]
    process = subprocess.Popen(
        command,
        cwd=APPS,
        env=os.environ | dict(env or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    line = process.stdout.readline()
    if line.strip() != pause:
        rest, _ = process.communicate()
        raise RuntimeError(
            f"{program} never came to {pause!r}. It wrote:\n{line}{rest}"
        )
    return Writer(process)
