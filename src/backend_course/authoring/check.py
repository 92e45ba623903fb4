"""``make check``: whether all that is generated or canonical is so; writes nothing."""

import argparse
import subprocess
import sys
from pathlib import Path

from backend_course.authoring import lint, nav, norm, release
from backend_course.authoring.files import AuthoringError, find_root

_RUFF = {"ruff check": ["check"], "ruff format": ["format", "--check"]}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments: everything is checked."""


def run(arguments: argparse.Namespace) -> int:
    """Run every check, print what each found and one summary line for each."""
    root = find_root()
    checks = {
        "norm": lambda: norm.check(root, norm.all_notebooks(root)),
        "nav": lambda: nav.check(root),
        "lint": lambda: lint.lint(root).findings,
        "release": lambda: release.check(root),
        **{name: lambda words=words: _ruff(root, words) for name, words in _RUFF.items()},
    }
    counts = {}
    for name, find in checks.items():
        try:
            problems = find()
        except AuthoringError as error:
            problems = [str(error)]
        counts[name] = len(problems)
        for line in problems:
            print(line)
    for name, count in counts.items():
        print(f"{name}: {f'{count} to mend' if count else 'clean'}")
    return 1 if any(counts.values()) else 0


def _ruff(root: Path, words: list[str]) -> list[str]:
    """Return ruff's lines about the code and the notebooks, none when it is content."""
    command = [sys.executable, "-m", "ruff", *words, "--quiet", "--output-format", "concise"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.strip()] or [f"ruff ended with {done.returncode}"]
