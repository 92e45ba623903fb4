"""``make new``: start a lesson or an assignment that the syllabus plans, from a template.

The template is a small whole notebook that passes every test, so that an author changes something
that works instead of filling in a form.
"""

import argparse
import re
from pathlib import Path

from nbformat import NotebookNode

from backend_course import syllabus
from backend_course.authoring import nav, norm, release
from backend_course.authoring import notebook as notebooks
from backend_course.authoring.files import AuthoringError, find_root, in_one_line, write_whole
from backend_course.syllabus import SYLLABUS, Assignment, Lesson, Syllabus

TEMPLATES = Path(__file__).parent / "templates"
SHORT_NAME = "SHORTNAME"
EXEMPT = {
    "words": "fresh from the template; take this out when the lesson is written",
    "code-cells": "fresh from the template; take this out when the lesson is written",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``new`` understands to its command-line parser."""
    parser.add_argument("what", help="a lesson (3.6) or an assignment (03-3) of the syllabus")


@in_one_line
def run(arguments: argparse.Namespace) -> int:
    """Write the notebook and its row, and bring in line what is generated from the syllabus."""
    root = find_root()
    row = create(root, arguments.what)
    print(f"{row.path.as_posix()}: written. Open it, and follow what its first cell says.")
    return 0


def create(root: Path, what: str) -> Lesson | Assignment:
    """Start the lesson or assignment ``what`` and return its row.

    Raises:
        AuthoringError: the syllabus has no such row, the row lacks what an existing one needs, or
            it is there already. Nothing is written then.
    """
    before = (root / SYLLABUS).read_text(encoding="utf-8")
    planned = _row(syllabus.parse(before), what)
    if not planned.planned or (root / planned.path).exists():
        raise AuthoringError(f"{planned.path.as_posix()} is there already. Open it in JupyterLab.")
    after = unplanned(before, what, EXEMPT if isinstance(planned, Lesson) else {})
    row = _row(syllabus.parse(after), what)
    fresh = _lesson(row) if isinstance(row, Lesson) else _assignment(row)
    write_whole({root / row.path: notebooks.write(fresh), root / SYLLABUS: after})
    write_whole(nav.generate(root, syllabus.load(root))[0])
    norm.normalise(root, root / row.path, execute=True, even_if_run=True)
    if isinstance(row, Assignment):
        release.write(root, [row.folder])
    return row


def _row(content: Syllabus, what: str) -> Lesson | Assignment:
    for row in (*content.lessons, *content.assignments):
        if what == (row.number if isinstance(row, Lesson) else row.id):
            return row
    raise AuthoringError(
        f"{SYLLABUS.as_posix()}: there is no {what}. "
        "Add a row with planned: true, or name one as 3.6 (lesson) or 03-3 (assignment)."
    )


def unplanned(text: str, what: str, exempt: dict[str, str]) -> str:
    """Return the syllabus with one row no longer planned; all else stays letter for letter."""
    start = re.search(rf'^ *- (?:number|id): "{re.escape(what)}"$', text, re.MULTILINE)
    if start is None:
        raise AuthoringError(
            f'{SYLLABUS.as_posix()}: the row of {what} does not begin with - number: "{what}" or '
            f'- id: "{what}". Write it so.'
        )
    end = re.compile(r"^ *- (?:number|id): ", re.MULTILINE).search(text, start.end())
    stop = end.start() if end else len(text)
    row = text[start.start() : stop]
    block = "".join(f"          {rule}: {reason}\n" for rule, reason in exempt.items())
    wanted = f"        lint_exempt:\n{block}" if exempt else ""
    changed = re.sub(r"^ *planned: true\n", wanted, row, count=1, flags=re.MULTILINE)
    return text[: start.start()] + changed + text[stop:]


def _template(name: str) -> NotebookNode:
    return notebooks.read(TEMPLATES / name, TEMPLATES)[1]


def _lesson(row: Lesson) -> NotebookNode:
    """Return the lesson template with the row's objectives as its key points."""
    notebook = _template("lesson.ipynb")
    for cell in notebook.cells:
        if cell.id == "key-points":
            points = "\n".join(f"- {objective}" for objective in row.objectives)
            cell.source = f"## Key points\n\n{points}"
    return notebook


def _assignment(row: Assignment) -> NotebookNode:
    """Return the assignment template with the row's short name in every id."""
    notebook = _template("assignment.ipynb")
    for cell in notebook.cells:
        cell.id = cell.id.replace(SHORT_NAME, row.short)
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id = cell.id
    return notebook
