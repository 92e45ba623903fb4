"""The generated cells of a lesson or an assignment: bars, titles, objectives, prompt headings."""

import os
import re
from pathlib import Path

from nbformat import NotebookNode

from backend_course.authoring.files import AuthoringError
from backend_course.authoring.notebook import markdown
from backend_course.syllabus import INDEX, Assignment, Lesson, Syllabus

_PROMPT_HEADING = re.compile(
    r"#{2,3} +(?:Question \d+ · )?(?P<name>.+?)(?: \(\d+ points?\))?(?P<end>\n|$)"
)


def link(text: str, target: Path, at: Path) -> str:
    """Return a Markdown link to ``target`` from the notebook ``at``, both relative to the clone."""
    address = Path(os.path.relpath(target, at.parent)).as_posix()
    return f"[{text}]({address})"


def builds_on(row: Lesson | Assignment, syllabus: Syllabus, at: Path) -> str:
    """Name what ``row`` builds on, linked where it is written: ``builds on [3.3 …](…)``."""
    names = []
    for number in row.builds_on:
        lesson = syllabus.lesson(number)
        written = link(lesson.name, lesson.path, at)
        names.append(f"{lesson.name} (not written yet)" if lesson.planned else written)
    return f"builds on {', '.join(names)}" if names else "needs no lesson before it"


def _bar(lesson: Lesson, syllabus: Syllabus) -> str:
    written = [each for each in syllabus.lessons if not each.planned]
    place = written.index(lesson)
    parts = []
    if place > 0:
        parts.append(link(f"← {written[place - 1].name}", written[place - 1].path, lesson.path))
    parts.append(link("Map of the course", INDEX, lesson.path))
    if place + 1 < len(written):
        parts.append(link(f"{written[place + 1].name} →", written[place + 1].path, lesson.path))
    return " · ".join(parts)


def lesson_top(lesson: Lesson, syllabus: Syllabus) -> list[NotebookNode]:
    """Return the cells ``bar``, ``title`` and ``objectives`` that open a lesson."""
    title = (
        f"# {lesson.name}\n\n{lesson.promise}\n\n"
        f"{lesson.minutes} minutes · {builds_on(lesson, syllabus, lesson.path)}\n\n"
        "The answers are printed below the cells. *Edit → Clear Outputs of All Cells* hides them "
        "until you have made your own guess."
    )
    objectives = "\n".join(
        [
            "## Questions",
            "",
            *(f"- {question}" for question in lesson.questions),
            "",
            "## You will be able to",
            "",
            *(f"- {objective}" for objective in lesson.objectives),
        ]
    )
    return [
        markdown("bar", _bar(lesson, syllabus)),
        markdown("title", title),
        markdown("objectives", objectives),
    ]


def lesson_end(lesson: Lesson, syllabus: Syllabus) -> list[NotebookNode]:
    """Return the cell ``bar-end`` that closes a lesson."""
    return [markdown("bar-end", _bar(lesson, syllabus))]


def question_number(cell: NotebookNode, short: str) -> int | None:
    """Return 3 for the cell ``joins-q3-visible`` of the assignment ``joins``, else None."""
    match = re.match(rf"{re.escape(short)}-q(\d+)(?:-|$)", cell.id)
    return int(match[1]) if match else None


def points(notebook: NotebookNode, short: str, number: int | None = None) -> int:
    """Return the points of question ``number``, or of the whole notebook, from the metadata."""
    graded = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
        and (number is None or question_number(cell, short) == number)
    ]
    return sum(cell.metadata.nbgrader.get("points", 0) for cell in graded)


def counted(number: int, thing: str) -> str:
    """Return ``1 point`` or ``2 points``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def assignment_title(
    assignment: Assignment, notebook: NotebookNode, syllabus: Syllabus
) -> NotebookNode:
    """Return the cell ``title`` that opens an assignment."""
    total = counted(points(notebook, assignment.short), "point")
    return markdown(
        "title",
        f"# {assignment.name}\n\n{assignment.promise}\n\n"
        f"{assignment.minutes} minutes · {total} · "
        f"{builds_on(assignment, syllabus, assignment.path)}\n\n"
        "Write your answers in the cells that say so and run the test below each of them: it tells "
        "you what is missing.\n"
        f"Save the notebook, then run `make grade ONLY={assignment.folder}` in a terminal at the "
        "clone's root: it shows your points question by question\n"
        "and where the feedback page is. Some tests are hidden; they use other data and ask for "
        "nothing that the questions do not say.",
    )


def number_prompts(notebook: NotebookNode, assignment: Assignment, name: str) -> None:
    """Write ``## Question 3 · Short name (2 points)`` over each prompt, points from the metadata.

    Raises:
        AuthoringError: a prompt does not open with a heading that names the question.
    """
    for cell in notebook.cells:
        number = question_number(cell, assignment.short)
        if number is None or cell.id != f"{assignment.short}-q{number}-prompt":
            continue
        heading = _PROMPT_HEADING.match(cell.source)
        if heading is None:
            raise AuthoringError(
                f"{name}: cell {cell.id} opens with no heading. Begin it with: ## Short name"
            )
        total = counted(points(notebook, assignment.short, number), "point")
        line = f"## Question {number} · {heading['name']} ({total}){heading['end']}"
        cell.source = line + cell.source[heading.end() :]
