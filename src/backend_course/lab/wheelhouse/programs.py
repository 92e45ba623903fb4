"""Run a program with the packages that pip has put into a folder."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What a program did: whether it ended well, what it printed, its complaints."""

    ended_well: bool
    output: str
    complaints: str


def run(program: Path, packages: Path, *options: str) -> Outcome:
    """Run ``python OPTIONS PROGRAM`` in the program's own folder.

    Args:
        program: the path of a Python file.
        packages: where pip has installed what it imports.
        options: options of Python, such as ``-W``, ``error``.

    Returns:
        What came of it, without the path of the program's folder.
    """
    settings = os.environ | {"PYTHONPATH": str(packages), "PYTHONWARNINGS": ""}
    settings |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHON_COLORS": "0"}
    ran = subprocess.run(
        [sys.executable, *options, program.name],
        cwd=program.parent,
        env=settings,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    complaints = ran.stderr.replace(f"{program.parent.resolve()}{os.sep}", "")
    return Outcome(ran.returncode == 0, ran.stdout.rstrip(), complaints.rstrip())
