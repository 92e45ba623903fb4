"""The log of a grading run, one JSON line for each submission, and what resuming reads from it."""

import hashlib
import json
import platform
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

GRADER_VERSION = 5  # raise it when the same submission could get another result


class Ledger:
    """The file `.grading/ASSIGNMENT.jsonl` of a course: read once, then appended to."""

    def __init__(self, course: Path, assignment: str) -> None:
        self.path = course / ".grading" / f"{assignment}.jsonl"
        self.entries: dict[str, dict[str, Any]] = {}  # student -> last line
        if self.path.exists():
            text = self.path.read_text(encoding="utf-8")
            for line in text.splitlines():
                try:
                    entry = json.loads(line)
                except ValueError:  # the last line of a run that was killed
                    continue
                self.entries[entry["student"]] = entry
            if text and not text.endswith("\n"):
                with self.path.open("a", encoding="utf-8") as file:
                    file.write("\n")

    def add(self, entry: dict[str, Any]) -> None:
        """Append one line and see it onto the disk."""
        self.path.parent.mkdir(exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, sort_keys=True) + "\n")
            file.flush()
        self.entries[entry["student"]] = entry

    def has(self, student: str, key: str) -> bool:
        """Whether this very submission was graded by this very grader."""
        entry = self.entries.get(student, {})
        return entry.get("key") == key and not entry.get("failed")


def environment_key(packages: Iterable[str] = ()) -> str:
    """What of this machine a mark could depend on: Python and the versions of all packages.

    Of `packages` (or modules) it is all that is written in them: a version does not say what was
    changed in a package that somebody works on.
    """
    # The names of the folders, which have both: reading the files in them takes a quarter second.
    kinds = ("*.dist-info", "*.egg-info")
    installed = sorted(each.name for p in sys.path for kind in kinds for each in Path(p).glob(kind))
    written = [_digest(_sources(package)) for package in sorted({*packages})]
    return _digest([sys.version, platform.machine(), str(GRADER_VERSION), *installed, *written])


def submission_key(task: bytes, environment: str, receipt: str) -> str:
    """The key under which a graded submission is skipped: its task (all files, the assignment's
    cells, the settings), the environment, and when it was received and due."""
    return _digest([hashlib.sha256(task).hexdigest(), environment, receipt])


def _sources(package: str) -> list[str]:
    """The names and contents of a package's Python files, found without importing it."""
    spec = PathFinder.find_spec(package)
    if spec is None:
        return []
    folders = spec.submodule_search_locations
    files = [p for folder in folders or [] for p in sorted(Path(folder).rglob("*.py"))]
    if folders is None and spec.origin:
        files = [Path(spec.origin)]
    return [part for file in files for part in (str(file), file.read_bytes().decode("latin-1"))]


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
