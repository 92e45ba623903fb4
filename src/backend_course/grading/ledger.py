"""The log of a grading run, one JSON line for each submission, and what resuming reads from it."""

import hashlib
import json
import platform
import sys
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


def environment_key() -> str:
    """What of this machine a mark could depend on: Python and the versions of all packages."""
    # The names of the folders, which have both: reading the files in them takes a quarter second.
    kinds = ("*.dist-info", "*.egg-info")
    installed = sorted(each.name for p in sys.path for kind in kinds for each in Path(p).glob(kind))
    return _digest([sys.version, platform.machine(), str(GRADER_VERSION), *installed])


def submission_key(task: bytes, environment: str) -> str:
    """The key under which a graded submission is skipped: its task (all files, the assignment's
    cells, the settings) and the environment."""
    return _digest([hashlib.sha256(task).hexdigest(), environment])


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
