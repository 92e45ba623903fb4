"""``make progress``: how far the learner is, per step, and what comes next."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from backend_course import syllabus
from backend_course.lab.course import ROOT
from backend_course.lab.standing import (
    AssignmentStanding,
    LessonStanding,
    UnreadableError,
    of_assignment,
    of_lesson,
)
from backend_course.syllabus import Step


@dataclass(frozen=True)
class StepStanding:
    """One step of the road with what is written of it; the rest is counted in ``step``."""

    step: Step
    lessons: tuple[LessonStanding, ...]
    assignments: tuple[AssignmentStanding, ...]

    @property
    def share(self) -> float:
        """How much of what is written is done, from 0 to 1, weighed by the minutes of each."""
        rows = [(each.lesson.minutes, each.share) for each in self.lessons]
        rows += [(each.assignment.minutes, each.share) for each in self.assignments]
        minutes = sum(each for each, _ in rows)
        return sum(each * share for each, share in rows) / minutes if minutes else 0.0

    @property
    def percent(self) -> str:
        """The share in words, rounded down: 100 % is said of what is whole."""
        return f"{int(self.share * 100 + 1e-9)} %"


@dataclass(frozen=True)
class Progress:
    """All steps, and a line for each file that could not be read."""

    steps: tuple[StepStanding, ...]
    unreadable: tuple[str, ...]

    @property
    def next_lesson(self) -> LessonStanding | None:
        """The first lesson with an exercise to solve, from the last step that was begun on."""
        begun = [
            place
            for place, step in enumerate(self.steps)
            if any(each.tried for each in step.lessons)
        ]
        last = max(begun, default=0)
        onward = [each for step in self.steps[last:] for each in step.lessons]
        earlier = [each for step in self.steps[:last] for each in step.lessons]
        unsolved = (each for each in onward + earlier if each.solved < each.exercises)
        return next(unsolved, None)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the number of a step; all steps where none is given."""
    parser.add_argument("step", nargs="?", type=int, help="a step's number; all steps if none")


def run(arguments: argparse.Namespace) -> int:
    """Print the progress; return 1 where the step is unknown or a file cannot be read."""
    progress = read()
    numbers = [each.step.number for each in progress.steps]
    if arguments.step is not None and arguments.step not in numbers:
        print(f"There is no step {arguments.step}. There are {numbers[0]} to {numbers[-1]}.")
        return 1
    print(as_text(progress, arguments.step))
    return 1 if progress.unreadable else 0


def read(root: Path = ROOT) -> Progress:
    """Read where the learner stands in every step.

    Args:
        root: the course's folder.

    Returns:
        The steps in order. A notebook that cannot be read counts as not begun and is named.
    """
    unreadable: list[str] = []

    def standing(read_one, empty, row):
        try:
            return read_one(row, root)
        except UnreadableError as error:
            unreadable.append(str(error))
            return empty(row)

    steps = tuple(
        StepStanding(
            step,
            tuple(
                standing(of_lesson, lambda row: LessonStanding(row, 0, 0, 0), lesson)
                for lesson in step.lessons
                if not lesson.planned
            ),
            tuple(
                standing(of_assignment, AssignmentStanding, assignment)
                for assignment in step.assignments
                if not assignment.planned
            ),
        )
        for step in syllabus.load(root).steps
    )
    return Progress(steps, tuple(unreadable))


def lesson_state(standing: LessonStanding) -> str:
    """Say in words how far a lesson is: ``2 of 4 exercises solved``."""
    if not standing.tried:
        return "not begun"
    return f"{standing.solved} of {standing.exercises} exercises solved"


def assignment_state(standing: AssignmentStanding) -> str:
    """Say in words how far an assignment is: not started, started, checks passing, or points."""
    if standing.points is not None:
        changed = ", changed since: make grade" if standing.stale else ""
        return f"{standing.points:g} of {standing.out_of:g} points{changed}"
    if standing.passing:
        return f"{standing.passing} of {standing.checks} visible checks pass, not graded yet"
    if standing.answered:
        return f"started ({standing.answered} of {standing.questions}), no check passes yet"
    return "not started"


def as_text(progress: Progress, only: int | None = None) -> str:
    """Return the progress as lines of at most 100 characters; of one step where it is named."""
    lines: list[str] = []
    for each in progress.steps:
        if only in (None, each.step.number):
            lines += [*_step_lines(each), ""]
    if following := progress.next_lesson:
        lesson = following.lesson
        lines.append(f"Next: {lesson.name}, {lesson.minutes} minutes, {lesson.path.as_posix()}")
    return "\n".join([*lines, *progress.unreadable]).rstrip()


def _step_lines(standing: StepStanding) -> list[str]:
    step = standing.step
    planned = len(step.lessons) - len(standing.lessons)
    planned_too = len(step.assignments) - len(standing.assignments)
    head = f"{step.number} {step.title}"
    if not standing.lessons and not standing.assignments:
        return [f"{head}: not written yet"]
    lines = [f"{head:<22} {bar(standing.share)} {standing.percent}"]
    rows = [
        (each.lesson.name, each.lesson, lesson_state(each), each.lesson.builds_on)
        for each in standing.lessons
    ]
    rows += [
        (each.assignment.name, each.assignment, assignment_state(each), each.assignment.builds_on)
        for each in standing.assignments
    ]
    for name, row, state, builds_on in rows:
        after = f"after {', '.join(builds_on)}" if builds_on else ""
        lines.append(f"  {name:<36}{row.minutes:>4} min  {after:<19} {state}".rstrip())
    if planned or planned_too:
        lines.append(f"  not written yet: {planned} lessons, {planned_too} assignments")
    return lines


def bar(share: float, width: int = 20) -> str:
    """Return a bar of ``width`` characters, full for a share of 1; full means really all."""
    filled = int(share * width + 1e-9)
    return "█" * filled + "░" * (width - filled)
