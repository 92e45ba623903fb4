"""``make grade``: the learner's own ``work/``, graded on this laptop by nbgrader itself.

Each assignment is graded in a temporary course folder, so that neither the learner's copy nor an
instructor's gradebook is touched. What comes out is a table by question, and a feedback page.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from backend_course.lab import standing
from backend_course.lab.course import ROOT

LEARNER = "me"
"""The name under which nbgrader knows the one learner of this laptop."""

_QUESTION = re.compile(r"(?P<question>.+-q(?P<number>\d+))(-|$)")
_HEADING = re.compile(r"##+ Question \d+ · (?P<name>.+) \(\d+ points?\)")


class GradeError(Exception):
    """An assignment that cannot be graded; the message names it and the next step."""


@dataclass
class Question:
    """What came of one question."""

    number: int
    name: str = ""
    points: float = 0
    out_of: float = 0
    messages: list[str] = field(default_factory=list)
    attempted: bool = True

    @property
    def mark(self) -> str:
        """``✓`` for full marks, ``○`` for not attempted, ``✗`` for anything else."""
        if not self.messages:
            return "✓"
        return "✗" if self.attempted else "○"


@dataclass
class Report:
    """What came of one assignment."""

    assignment: str
    questions: list[Question]
    feedback: Path

    @property
    def points(self) -> float:
        """The points of all questions together."""
        return sum(question.points for question in self.questions)

    @property
    def out_of(self) -> float:
        """The most that could be had."""
        return sum(question.out_of for question in self.questions)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the names of assignments; all that are in ``work/`` where none is given."""
    parser.add_argument("assignments", nargs="*", help="as 03-2-joins; all of work/ if none")


def run(arguments: argparse.Namespace) -> int:
    """Grade and print; return 1 where an assignment could not be graded, else 0."""
    names = arguments.assignments or in_folder(ROOT / "work")
    if not names:
        print("work/ holds no assignment yet. `make lab` puts your copies there.")
        return 1
    status = 0
    for name in names:
        try:
            print(as_text(grade(name)), flush=True)
        except GradeError as error:
            print(error, file=sys.stderr)
            status = 1
    return status


def in_folder(work: Path) -> list[str]:
    """Return the names of the assignments in a folder, sorted."""
    return sorted(path.parent.name for path in work.glob("*/*.ipynb"))


def grade(assignment: str, root: Path = ROOT) -> Report:
    """Grade one assignment of ``root/work`` with nbgrader.

    Args:
        assignment: its folder's name, as ``03-2-joins``.
        root: the course's folder.

    Returns:
        The points and messages by question. The feedback page is left in ``root/feedback``.

    Raises:
        GradeError: there is no such assignment, the notebook is broken, or nbgrader refuses it.
    """
    _find(assignment, root)
    with tempfile.TemporaryDirectory(prefix="own-grade-") as folder:
        course = Path(folder)
        shutil.copytree(root / "source" / assignment, course / "source" / assignment)
        submitted = course / "submitted" / LEARNER / assignment
        shutil.copytree(root / "work" / assignment, submitted, ignore=_checkpoints)
        config = _config(root, course)
        api = NbGraderAPI(config=config)
        with warnings.catch_warnings():
            # nbgrader 0.9.6 meets SQLAlchemy's autoflush; the rows are right all the same.
            warnings.simplefilter("ignore", SAWarning)
            _must(api.generate_assignment(assignment), assignment)
            _must(api.autograde(assignment, LEARNER), assignment)
            _must(api.generate_feedback(assignment, LEARNER), assignment)
        feedback = root / "feedback" / LEARNER / assignment
        made = course / "feedback" / LEARNER / assignment
        shutil.copytree(made, feedback, dirs_exist_ok=True, copy_function=shutil.copyfile)
        page = next(feedback.glob("*.html"))
        report = Report(assignment, _questions(course, config, assignment), page)
        _keep_marks(report, next(submitted.glob("*.ipynb")), root)
        return report


def _keep_marks(report: Report, notebook: Path, root: Path) -> None:
    """Leave for ``make progress`` what was graded and what it got."""
    marks = {
        "points": report.points,
        "out_of": report.out_of,
        "fingerprint": standing.fingerprint(notebook),
    }
    path = standing.marks_of(report.assignment, root)
    path.write_text(json.dumps(marks, indent=1) + "\n", encoding="utf-8")


def _checkpoints(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == ".ipynb_checkpoints"]


def _find(assignment: str, root: Path) -> None:
    if not (root / "source" / assignment).is_dir():
        known = ", ".join(sorted(path.name for path in (root / "source").iterdir()))
        raise GradeError(f"There is no assignment {assignment}. There are: {known}.")
    for released in sorted((root / "release" / assignment).glob("*.ipynb")):
        notebook = root / "work" / assignment / released.name
        place = notebook.relative_to(root)
        if not notebook.is_file():
            raise GradeError(f"{place} is not there. `make lab` puts a fresh copy there.")
        try:
            nbformat.validate(nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4))
        except Exception:  # nbformat raises whatever the shape of the file makes it stumble over
            raise GradeError(
                f"{place} is not a notebook any more, its JSON is broken. Rename it to keep what "
                "is in it; `make lab` then puts a fresh copy there."
            ) from None


def _config(root: Path, course: Path) -> Config:
    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    # One's own work on one's own machine: there is nobody to be walled off, nobody to be fooled.
    config.WalledExecute.update(walled=False, canaries=False)
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.db_url = f"sqlite:///{course / 'gradebook.db'}"
    config.Exchange.root = str(course / "exchange")
    # Between the lines of the table, a kernel's start-up notes are noise.
    config.ExecutePreprocessor.extra_arguments = ["--log-level=ERROR"]
    return config


def _must(result: dict, assignment: str) -> None:
    if result["success"]:
        return
    lines = (result.get("log") or result["error"]).strip().splitlines()
    told = next((line for line in lines if line.startswith("[ERROR]")), lines[-1])
    raise GradeError(
        f"{assignment} could not be graded: {told.removeprefix('[ERROR] ')} Perhaps your copy is "
        "of an older release. Rename it; `make lab` then puts a fresh copy there."
    )


def _questions(course: Path, config: Config, assignment: str) -> list[Question]:
    found: dict[str, Question] = {}
    with Gradebook(config.CourseDirectory.db_url) as gradebook:
        for notebook in gradebook.find_submission(assignment, LEARNER).notebooks:
            path = course / "autograded" / LEARNER / assignment / f"{notebook.name}.ipynb"
            cells = {
                cell.metadata.nbgrader.grade_id: cell
                for cell in nbformat.read(path, as_version=4).cells
                if "nbgrader" in cell.metadata
            }
            scores = {grade.name: grade for grade in notebook.grades}
            for grade_id, cell in cells.items():
                _add(found, grade_id, cell, scores.get(grade_id))
    return sorted(found.values(), key=lambda question: question.number)


def _add(found: dict[str, Question], grade_id: str, cell, score) -> None:
    match = _QUESTION.match(grade_id)
    if match is None:
        return
    question = found.setdefault(match["question"], Question(int(match["number"])))
    if heading := _HEADING.search(cell.source if cell.cell_type == "markdown" else ""):
        question.name = heading["name"]
    if score is None:
        return
    question.points += score.score or 0
    question.out_of += score.max_score
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            question.attempted &= output.ename != "NotAttemptedError"
            known = output.ename in ("CheckError", "NotAttemptedError")
            words = output.evalue if known else f"{output.ename}: {output.evalue}"
            if words not in question.messages:
                question.messages.append(words)


def as_text(report: Report) -> str:
    """Return the report as a table by question, and below it the first message of each."""
    width = max([len(question.name) for question in report.questions], default=0)
    lines = [f"{report.assignment}: {report.points:g} of {report.out_of:g} points", ""]
    lines += [
        f"  {q.mark} {q.number:>2}  {q.name:<{width}}  {q.points:>4g} / {q.out_of:g}"
        for q in report.questions
    ]
    for question in report.questions:
        if question.messages:
            first, *rest = question.messages[0].splitlines()
            lines += ["", f"  {question.number}. {first}", *[f"     {line}" for line in rest]]
    return "\n".join([*lines, "", f"Feedback, cell by cell: {report.feedback}", ""])
