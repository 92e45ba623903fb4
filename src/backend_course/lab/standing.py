"""Where the learner stands, read from the notebooks and marks on this laptop and nothing else.

A lesson's exercises are judged by what its checks printed when they were last run; an assignment
by its answers, by its visible checks, and by the marks that ``make grade`` has left.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend_course.syllabus import Assignment, Lesson

MARKS = "marks.json"
"""What ``make grade`` leaves beside the feedback page of an assignment."""

_EXERCISE = re.compile(r"(exercise-\d+)\b")
_VERDICTS = "✓✗○"


class UnreadableError(Exception):
    """A file that holds no notebook, or no marks; the message names it and the next step."""


@dataclass(frozen=True)
class LessonStanding:
    """What the exercises of a lesson say: how many there are, are tried, and are solved."""

    lesson: Lesson
    exercises: int
    tried: int
    solved: int

    @property
    def share(self) -> float:
        """How much of the lesson is done, from 0 to 1."""
        return self.solved / self.exercises if self.exercises else 0.0


@dataclass(frozen=True)
class AssignmentStanding:
    """What the learner's copy of an assignment and its marks say.

    ``answered`` counts the answers that differ from the release, ``passing`` the visible checks
    that were run after their answer and found nothing. ``points`` is ``None`` before the first
    ``make grade``; ``stale`` tells that the copy has changed since.
    """

    assignment: Assignment
    questions: int = 0
    answered: int = 0
    checks: int = 0
    passing: int = 0
    points: float | None = None
    out_of: float = 0
    stale: bool = False

    @property
    def share(self) -> float:
        """How much of the points is there, from 0 to 1; ungraded work counts nothing."""
        return self.points / self.out_of if self.points and self.out_of else 0.0


def of_lesson(lesson: Lesson, root: Path) -> LessonStanding:
    """Read a lesson's exercises from its notebook in ``root``.

    Raises:
        UnreadableError: the notebook is broken.
    """
    said: dict[str, str] = {}
    for cell in _cells(root / lesson.path, root):
        if match := _EXERCISE.match(cell.get("id", "")):
            verdicts = "".join(line[0] for line in _printed(cell) if line[:1] in set(_VERDICTS))
            said[match[1]] = said.get(match[1], "") + verdicts
    return LessonStanding(
        lesson,
        exercises=len(said),
        tried=sum("✓" in marks or "✗" in marks for marks in said.values()),
        solved=sum(set(marks) == {"✓"} for marks in said.values()),
    )


def of_assignment(assignment: Assignment, root: Path) -> AssignmentStanding:
    """Read an assignment's state from the copy in ``work/`` and the marks in ``feedback/``.

    Raises:
        UnreadableError: the copy or the marks are broken.
    """
    name = Path(assignment.folder, f"{assignment.slug}.ipynb")
    copy, release = root / "work" / name, root / "release" / name
    if not copy.is_file():
        return AssignmentStanding(assignment)
    answers = _answers(_cells(copy, root))
    blank = {key: _source(cell) for key, cell in _answers(_cells(release, root)).items()}
    visible = _visible_checks(_cells(copy, root))
    points, out_of, graded = _marks(assignment, root)
    return AssignmentStanding(
        assignment,
        questions=len(blank),
        answered=sum(_source(cell) != blank.get(key) for key, cell in answers.items()),
        checks=len(visible),
        passing=sum(_passes(cell, answers.get(key)) for key, cell in visible.items()),
        points=points,
        out_of=out_of,
        stale=points is not None and graded != fingerprint(copy),
    )


def fingerprint(notebook: Path) -> str:
    """Return what changes when an answer of the notebook changes, and stays when it is only run."""
    sources = [_source(cell) for cell in _cells(notebook, notebook.parent)]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def marks_of(assignment: str, root: Path) -> Path:
    """Return where the marks of an assignment are, by its folder's name as ``03-2-joins``."""
    return root / "feedback" / "me" / assignment / MARKS


def _marks(assignment: Assignment, root: Path) -> tuple[float | None, float, str]:
    path = marks_of(assignment.folder, root)
    if not path.is_file():
        return None, 0, ""
    try:
        marks = json.loads(path.read_text(encoding="utf-8"))
        return float(marks["points"]), float(marks["out_of"]), str(marks["fingerprint"])
    except (ValueError, KeyError, TypeError):
        raise UnreadableError(
            f"{path.relative_to(root).as_posix()} holds no marks any more. "
            f"Run make grade ONLY={assignment.folder} to have them written again."
        ) from None


def _cells(path: Path, root: Path) -> list[dict[str, Any]]:
    # Read as JSON: nbformat's validation of every notebook would take seconds.
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        if all(isinstance(cell, dict) for cell in cells):
            return cells
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UnreadableError(
        f"{path.relative_to(root).as_posix()} is no notebook any more. Rename it to keep what is "
        "in it; git checkout (a lesson) or make lab (your copy) brings a fresh one."
    )


def cells_of(path: Path, root: Path) -> list[tuple[str, str]]:
    """Return the id and the source of each cell of a notebook.

    Raises:
        UnreadableError: the notebook is broken.
    """
    return [(cell.get("id", ""), _source(cell)) for cell in _cells(path, root)]


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _printed(cell: dict[str, Any]) -> Iterator[str]:
    for output in cell.get("outputs") or []:
        text = output.get("text", "")
        yield from (text if isinstance(text, str) else "".join(text)).splitlines()


def _answers(cells: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the cells that a learner fills in, by grade_id."""
    return {
        meta["grade_id"]: cell
        for cell in cells
        if (meta := _nbgrader(cell)).get("solution") and "grade_id" in meta
    }


def _visible_checks(cells: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the visible checks by the grade_id of the answer that they judge."""
    return {
        grade_id.removesuffix("-visible"): cell
        for cell in cells
        if (grade_id := str(_nbgrader(cell).get("grade_id", ""))).endswith("-visible")
    }


def _nbgrader(cell: dict[str, Any]) -> dict[str, Any]:
    return cell.get("metadata", {}).get("nbgrader", {})


def _passes(check: dict[str, Any], answer: dict[str, Any] | None) -> bool:
    ran = check.get("execution_count")
    answered = (answer or {}).get("execution_count")
    if not ran or not answered or ran < answered:
        return False
    return not any(output.get("output_type") == "error" for output in check.get("outputs") or [])
