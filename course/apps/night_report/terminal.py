"""Run a program as a terminal does, and show what it says the same on every machine."""

import os
import subprocess
import sys
from pathlib import Path


def run(program: Path) -> None:
    """Run a program in a Python of its own; print what it prints, and its exit status.

    The program's folder is left out of its traceback. So are the rows of ``^``, which
    each version of Python draws in its own way, and colours.
    """
    ran = subprocess.run(
        [sys.executable, "-X", "no_debug_ranges", program.resolve()],
        env=os.environ | {"PYTHON_COLORS": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    folder = f"{program.resolve().parent}{os.sep}"
    print(ran.stdout + ran.stderr.replace(folder, ""), end="")
    print(f"(exit status {ran.returncode})")


def listing(program: Path) -> None:
    """Print a program with the numbers of its lines."""
    for number, text in enumerate(program.read_text().splitlines(), start=1):
        print(f"{number:2}  {text}".rstrip())
