"""Grade the grader: try right and wrong answers of an assignment through nbgrader itself.

``tests/grading/<assignment>/answers.yml`` holds, for each question (the grade_id of its solution
cell), other right answers and the wrong answers that learners give::

    first-q1:
      right:
        - name: with a subquery
          answer: SELECT …
      wrong:
        - name: NULL compared with =
          answer: SELECT …
          points: 1
          message: "words that a failing test must show"

An ``answer`` takes the place of the solution region and its indentation, ``cell`` the place of the
whole cell.

Questions are independent, so one submission tries one answer of *each* question: a dozen
submissions try a hundred answers. Four kinds are handed in: ``reference``, ``blank``,
``mixture-<k>`` (the reference's answer to some questions, the others blank), and ``answers-<k>``
(the k-th answer of every question that has so many).
"""

import itertools
import math
import re
import shutil
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import yaml
from nbconvert.filters import strip_ansi
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import is_grade, is_solution
from traitlets.config import Config, PyFileConfigLoader

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "nbgrader_config.py"
REGION = re.compile(
    r"^([ \t]*)[^\n]*BEGIN SOLUTION[^\n]*\n(.*?)\n[^\n]*END SOLUTION[^\n]*$", re.M | re.S
)


@dataclass(frozen=True)
class Trial:
    """One answer to one question, and what the grader must make of it.

    Attributes:
        question: grade_id of the solution cell.
        name: what is right or wrong about the answer, in words.
        submission: the student's name under which it is handed in.
        source: the whole cell as the learner leaves it.
        points: what the question must get in all; ``None`` for full marks.
        message: words that one of its failing tests must show; empty where none fails.
    """

    question: str
    name: str
    submission: str
    source: str
    points: float | None = None
    message: str = ""


@dataclass
class Mark:
    """What nbgrader made of one submission: points and failures by grade_id of the test cell."""

    points: dict[str, float]
    failures: dict[str, str] = field(default_factory=dict)


class Assignment:
    """The reference notebook of an assignment and the answers that are tried on it.

    Args:
        name: the folder's name, such as ``03-1-first-queries``.

    Raises:
        ValueError: ``answers.yml`` names a question or a key that does not exist.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.notebook = next((ROOT / "source" / name).glob("*.ipynb"))
        cells = nbformat.read(self.notebook, as_version=4).cells
        solutions = [cell for cell in cells if is_solution(cell) and not is_grade(cell)]
        self.solutions = {cell.metadata.nbgrader.grade_id: cell.source for cell in solutions}
        self.tests = {
            cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
            for cell in cells
            if is_grade(cell) and not is_solution(cell)
        }
        self.answers = Path(__file__).parent / name / "answers.yml"
        listed = yaml.safe_load(self.answers.read_text(encoding="utf-8"))
        if unknown := set(listed) - set(self.solutions):
            raise ValueError(f"{self.answers}: no question {', '.join(unknown)} in {self.notebook}")
        self.right = list(self._trials(listed, "right"))
        self.wrong = list(self._trials(listed, "wrong"))

    def tests_of(self, question: str) -> dict[str, float]:
        """Return the test cells of a question with their points."""
        return {test: points for test, points in self.tests.items() if self.is_of(test, question)}

    @staticmethod
    def is_of(test: str, question: str) -> bool:
        """Tell whether a test cell belongs to a question: ``first-q1-visible`` to ``first-q1``."""
        return test.startswith(f"{question}-")

    def reference(self, question: str) -> str:
        """Return the solution cell of a question as a learner would hand it in."""
        return _fill(self.solutions[question], None)

    def mixtures(self) -> dict[str, list[str]]:
        """Return for each mixture the questions that are answered in it.

        For every two questions there is a mixture with the first answered and the second blank, so
        a question that leans on another one shows. Each question gets its own choice of half of the
        mixtures, and no such choice contains another (E. Sperner, 1928): 5 mixtures are enough for
        10 questions.
        """
        count = 2
        while math.comb(count, count // 2) < len(self.solutions):
            count += 1
        mixtures = {f"mixture-{number}": [] for number in range(1, count + 1)}
        choices = itertools.combinations(mixtures, count // 2)
        for question, chosen in zip(self.solutions, choices, strict=False):
            for mixture in chosen:
                mixtures[mixture].append(question)
        return mixtures

    def submissions(self) -> dict[str, dict[str, str]]:
        """Return for each submission the solution cells that are not left blank."""
        reference = {question: self.reference(question) for question in self.solutions}
        submissions = {"reference": reference, "blank": {}}
        for mixture, questions in self.mixtures().items():
            submissions[mixture] = {question: reference[question] for question in questions}
        for trial in self.right + self.wrong:
            submissions.setdefault(trial.submission, {})[trial.question] = trial.source
        return submissions

    def _trials(self, listed: dict, kind: str) -> Iterator[Trial]:
        keys = {"name", "answer", "cell"} | ({"points", "message"} if kind == "wrong" else set())
        for question, answers in listed.items():
            first = 1 if kind == "right" else 1 + len(answers["right"])
            for number, entry in enumerate(answers[kind], start=first):
                if unknown := set(entry) - keys:
                    raise ValueError(
                        f"{self.answers}: {question}, {entry.get('name')!r}: unknown key "
                        f"{', '.join(sorted(unknown))}; known are {', '.join(sorted(keys))}"
                    )
                source = entry.get("cell") or _fill(self.solutions[question], entry["answer"])
                yield Trial(
                    question=question,
                    name=entry["name"],
                    submission=f"answers-{number}",
                    source=source,
                    points=entry["points"] if kind == "wrong" else None,
                    message=entry.get("message", ""),
                )


def assignments() -> list[str]:
    """Return the names of the assignments that have an ``answers.yml``."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/answers.yml"))


def grade(assignment: Assignment, folder: Path) -> dict[str, Mark]:
    """Hand in all submissions of an assignment in a new course folder and grade them.

    Args:
        assignment: what is graded.
        folder: an empty folder for the course.

    Returns:
        The marks by submission.

    Raises:
        RuntimeError: nbgrader itself fails; with its log.
    """
    shutil.copytree(assignment.notebook.parent, folder / "source" / assignment.name)
    config = PyFileConfigLoader(CONFIG.name, path=str(CONFIG.parent)).load_config()
    config.merge(Config(CourseDirectory={"root": str(folder)}))
    # By nbgrader as it comes. That our own grader's marks are the same is for benchmarks to show.
    config.Autograde = Config()
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    submissions = assignment.submissions()
    with warnings.catch_warnings():
        # nbgrader and SQLAlchemy warn of each other; pytest would make errors of it.
        warnings.simplefilter("ignore")
        _demand(api.generate_assignment(assignment.name))
        for student, sources in submissions.items():
            hand_in(assignment, folder, student, sources)
        _demand(api.autograde(assignment.name, "*"))
        with Gradebook(api.coursedir.db_url, api.coursedir.course_id) as gradebook:
            return {
                student: _read_mark(assignment, folder, student, gradebook)
                for student in submissions
            }


def hand_in(assignment: Assignment, course: Path, student: str, sources: dict[str, str]) -> None:
    """Put a released notebook with answers into ``submitted/``.

    Args:
        assignment: of which it is; released in ``course``.
        course: the course's folder.
        student: under which name.
        sources: what the solution cells hold, by grade_id; the others stay as released.
    """
    handed_in = course / "submitted" / student / assignment.name
    shutil.copytree(course / "release" / assignment.name, handed_in)
    path = handed_in / assignment.notebook.name
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if is_solution(cell):
            question = cell.metadata.nbgrader.grade_id
            cell.source = sources.get(question, cell.source)
    nbformat.write(notebook, path)


def _fill(source: str, answer: str | None) -> str:
    """Put an answer in the place of the solution region; ``None`` keeps the reference's.

    The answer is indented like the region, so that one in a function is written from column 1.
    """
    if answer is None:
        return REGION.sub(lambda region: region[2], source)
    return REGION.sub(lambda region: textwrap.indent(answer.rstrip(), region[1]), source)


def _demand(result: dict) -> None:
    if not result["success"]:
        raise RuntimeError(f"{result.get('error', '')}\n{result.get('log', '')}")


def _read_mark(assignment: Assignment, folder: Path, student: str, gradebook: Gradebook) -> Mark:
    graded = gradebook.find_submission_notebook(assignment.notebook.stem, assignment.name, student)
    mark = Mark({grade.name: grade.auto_score for grade in graded.grades})
    path = folder / "autograded" / student / assignment.name / assignment.notebook.name
    for cell in nbformat.read(path, as_version=4).cells:
        if is_grade(cell) and cell.cell_type == "code":
            errors = [each for each in cell.outputs if each.output_type == "error"]
            if errors:
                text = "\n".join(line for error in errors for line in error.traceback)
                mark.failures[cell.metadata.nbgrader.grade_id] = strip_ansi(text)
    return mark
