"""Writing results into nbgrader's gradebook: one connection, one transaction a submission."""

import contextlib
import datetime
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.plugins import BasePlugin
from sqlalchemy import make_url, select
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from .lines import GradingError
from .spec import AssignmentSpec


def find_alembic() -> None:
    """Have nbgrader find alembic, which it starts by name when it makes a gradebook.

    It lies beside this Python, and need not be on the path where no environment was activated.
    """
    beside = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if beside not in path:
        os.environ["PATH"] = os.pathsep.join([beside, *path])


class GradebookError(GradingError):
    """The gradebook cannot be read or written; the text says which and what to do."""


@contextlib.contextmanager
def open_gradebook(url: str, course: str) -> Iterator[Gradebook]:
    """nbgrader's gradebook at any SQLAlchemy `url`, open for a whole run. Raises GradebookError."""
    setting = "c.CourseDirectory.db_url in nbgrader_config.py"
    try:
        shown = make_url(url).render_as_string(hide_password=True)
        gradebook = Gradebook(url, course)
    except ArgumentError as error:  # not shown: it may hold a password
        raise GradebookError(
            f"No gradebook. {setting} is no address of a database ({_reason(error)}); one reads "
            "sqlite:////home/me/course/gradebook.db."
        ) from error
    except (SQLAlchemyError, ImportError) as error:
        raise GradebookError(
            f"The gradebook {shown} cannot be opened ({_reason(error)}). Check {setting}, and that "
            "the database runs; put the last copy of a damaged file back."
        ) from error
    try:
        yield gradebook
    except DatabaseError as error:
        raise GradebookError(
            f"The gradebook {shown} cannot be read ({_reason(error)}). Close what holds it open, "
            "or put the last copy of a damaged file back, and run the same command again."
        ) from error
    finally:
        gradebook.close()


def stored(gradebook: Gradebook, assignment: str) -> set[str]:
    """The students whose submission of an assignment the gradebook knows."""
    submissions = select(SubmittedAssignment.student_id).join(Assignment)
    return {*gradebook.db.scalars(submissions.where(Assignment.name == assignment))}


def _reason(error: Exception) -> str:
    """A database's own words, which may go over several lines."""
    return " ".join(str(getattr(error, "orig", error)).split()).rstrip(".")


def save(
    gradebook: Gradebook,
    spec: AssignmentSpec,
    result: dict[str, Any],
    timestamp: datetime.datetime | None,
    late_plugin: BasePlugin | None = None,
) -> tuple[float, float]:
    """Store one submission's result; all of it or nothing. Returns (score, max_score).

    Rows come out as nbgrader's `Autograde` makes them: manual scores are kept and ask for another
    look, notebooks that were not handed in get zero. Raises GradebookError if the database is
    locked, full or damaged.
    """
    session = gradebook.db
    try:
        with session.no_autoflush:
            submission = _submission(gradebook, spec.name, result["student"])
            submission.timestamp = timestamp
            for notebook in submission.notebooks:
                graded = result["notebooks"].get(notebook.name)
                if graded is None:
                    for grade in notebook.grades:
                        grade.auto_score, grade.needs_manual_grade = 0, False
                else:
                    _save_notebook(notebook, graded)
        session.flush()
        if late_plugin is not None:
            for notebook in submission.notebooks:
                session.refresh(notebook)
                notebook.late_submission_penalty = _penalty(late_plugin, submission, notebook)
        session.flush()
        session.refresh(submission)
        score, most = submission.score, submission.max_score
        session.commit()
    except DatabaseError as error:
        session.rollback()
        raise GradebookError(
            f"The gradebook refused {result['student']}: {_reason(error)}. Close what holds it "
            "open (formgrader, another grading run, a full disk) and run the same command again."
        ) from error
    except BaseException:
        session.rollback()
        raise
    finally:
        session.expunge_all()  # or a thousand submissions stay in memory
    return score, most


def _submission(
    gradebook: Gradebook, assignment_name: str, student_name: str
) -> SubmittedAssignment:
    session = gradebook.db
    assignment = session.scalars(select(Assignment).where(Assignment.name == assignment_name)).one()
    student = session.get(Student, student_name)
    if student is None:
        student = Student(id=student_name)
        session.add(student)
    submission = session.scalars(
        select(SubmittedAssignment).where(
            SubmittedAssignment.assignment_id == assignment.id,
            SubmittedAssignment.student_id == student_name,
        )
    ).one_or_none()
    if submission is None:
        # As Gradebook.add_submission does, which would commit half-way, and write each row twice.
        submission = SubmittedAssignment(assignment=assignment, student=student)
        for notebook in assignment.notebooks:
            submitted = SubmittedNotebook(notebook=notebook, assignment=submission)
            for cell in (*notebook.grade_cells, *notebook.task_cells):
                Grade(cell=cell, notebook=submitted)
            for cell in (*notebook.solution_cells, *notebook.task_cells):
                Comment(cell=cell, notebook=submitted)
        session.add(submission)
    return submission


def _save_notebook(notebook: SubmittedNotebook, graded: dict[str, Any]) -> None:
    for grade in notebook.grades:
        if grade.name in graded["grades"]:
            grade.auto_score = graded["grades"][grade.name]
            grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
    for comment in notebook.comments:
        if comment.name in graded["comments"]:
            comment.auto_comment = graded["comments"][comment.name]


def _penalty(
    plugin: BasePlugin, submission: SubmittedAssignment, notebook: SubmittedNotebook
) -> float | None:
    """nbgrader's late penalty, held between zero and the notebook's score."""
    late = submission.total_seconds_late
    if late <= 0:
        return None
    penalty = plugin.late_submission_penalty(submission.student_id, notebook.score, late)
    return None if penalty is None else min(max(penalty, 0), notebook.score)
