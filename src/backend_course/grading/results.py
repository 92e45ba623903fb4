"""What the gradebook says of a class: marks given by hand and late penalties are in it, too."""

import dataclasses
from collections import defaultdict

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import func, or_, select


@dataclasses.dataclass(frozen=True)
class Result:
    """One student's mark: `score` of `max_score`, after a late penalty."""

    score: float
    max_score: float
    late_penalty: float
    seconds_late: float
    needs_manual_grade: bool


def results(gradebook: Gradebook, assignment: str) -> dict[str, Result]:
    """The mark of each student whose submission the gradebook knows, as nbgrader exports it."""
    penalty = func.sum(func.coalesce(SubmittedNotebook.late_submission_penalty, 0))
    of_each = SubmittedNotebook.assignment_id
    penalties = gradebook.db.execute(select(of_each, penalty).group_by(of_each))
    late = defaultdict(float, {submission: float(total) for submission, total in penalties})
    chosen = select(SubmittedAssignment).join(Assignment).where(Assignment.name == assignment)
    seconds_late = {each.id: each.total_seconds_late for each in gradebook.db.scalars(chosen)}
    return {
        each["student"]: Result(
            score=max(0.0, each["score"] - late[each["id"]]),
            max_score=each["max_score"],
            late_penalty=late[each["id"]],
            seconds_late=seconds_late[each["id"]],
            needs_manual_grade=bool(each["needs_manual_grade"]),
        )
        for each in gradebook.submission_dicts(assignment)
    }


def scores_of_cells(
    gradebook: Gradebook, assignment: str
) -> dict[tuple[str, str], dict[str, float]]:
    """By notebook and cell, the score of each student; those that wait for one are left out."""
    graded = or_(Grade.auto_score.is_not(None), Grade.manual_score.is_not(None))
    rows = (
        select(Notebook.name, BaseCell.name, SubmittedAssignment.student_id, Grade.score)
        .select_from(Grade)
        .join(BaseCell, Grade.cell_id == BaseCell.id)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(Notebook, SubmittedNotebook.notebook_id == Notebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .where(Assignment.name == assignment, graded)
    )
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for notebook, cell, student, score in gradebook.db.execute(rows):
        found[notebook, cell][student] = score
    return found
