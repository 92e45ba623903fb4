"""``make nav``: write from the syllabus what a reader steers by.

That is, in each lesson the cells ``bar``, ``title``, ``objectives`` and ``bar-end``; in each
assignment the cell ``title`` and the heading of every prompt; the map ``course/index.ipynb``; and
the table between the markers in ``README.md``.
"""

import argparse
from pathlib import Path

from nbformat import NotebookNode

from backend_course.authoring import course_map, headers
from backend_course.authoring import notebook as notebooks
from backend_course.authoring.files import (
    AuthoringError,
    find_root,
    in_one_line,
    shown,
    write_whole,
)
from backend_course.syllabus import INDEX, Assignment, Lesson, Syllabus, load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``nav`` understands to its command-line parser."""
    parser.add_argument("--check", action="store_true", help="write nothing, only say what differs")


@in_one_line
def run(arguments: argparse.Namespace) -> int:
    """Write all that is generated from the syllabus, or with ``--check`` name what differs."""
    root = find_root()
    if arguments.check:
        problems = check(root)
        print("\n".join([*problems, f"nav --check: {len(problems)} to mend"]))
        return 1 if problems else 0
    texts, problems = generate(root, load(root))
    changed = {path: text for path, text in texts.items() if _differs(path, text)}
    write_whole(changed)
    written = [f"{shown(path, root)}: written" for path in changed]
    print("\n".join([*written, *problems, f"nav: {len(changed)} written, {len(problems)} to mend"]))
    return 1 if problems else 0


def check(root: Path) -> list[str]:
    """Return one line for each file that is not what the syllabus says; writes nothing."""
    texts, problems = generate(root, load(root))
    differing = [path for path, text in texts.items() if _differs(path, text)]
    return problems + [
        f"{shown(path, root)}: not as the syllabus says. Run: make nav" for path in differing
    ]


def _differs(path: Path, text: str) -> bool:
    return not path.is_file() or path.read_text(encoding="utf-8") != text


def generate(root: Path, syllabus: Syllabus) -> tuple[dict[Path, str], list[str]]:
    """Return the wanted text of every file that nav writes, and a line for each that it cannot."""
    texts: dict[Path, str] = {}
    problems = syllabus.file_problems(root)
    for row in syllabus.rows:
        path = root / row.path
        if not path.is_file():
            continue
        try:
            texts[path] = navigated(row, path, syllabus, root)
        except AuthoringError as error:
            problems.append(str(error))
    texts[root / INDEX] = notebooks.write(course_map.index(syllabus))
    readme = root / "README.md"
    try:
        before = readme.read_text(encoding="utf-8") if readme.is_file() else ""
        texts[readme] = course_map.readme(before, syllabus)
    except AuthoringError as error:
        problems.append(str(error))
    return texts, problems


def navigated(row: Lesson | Assignment, path: Path, syllabus: Syllabus, root: Path) -> str:
    """Return the text of one notebook with its generated cells as the syllabus has them.

    Raises:
        AuthoringError: the file is not a notebook, or a prompt has no heading to rewrite.
    """
    text, notebook = notebooks.read(path, root)
    before = notebooks.write(notebook)
    if isinstance(row, Lesson):
        _place(notebook, headers.lesson_top(row, syllabus), headers.lesson_end(row, syllabus))
    else:
        title = headers.assignment_title(row, notebook, syllabus)
        _place(notebook, [title], [])
        headers.number_prompts(notebook, row, shown(path, root))
    after = notebooks.write(notebook)
    # A file that is only laid out differently is norm's to mend.
    return text if after == before else after


def _place(notebook: NotebookNode, top: list[NotebookNode], end: list[NotebookNode]) -> None:
    """Put generated cells first and last, in place of those that had their ids."""
    generated = {cell.id for cell in (*top, *end)}
    own = [cell for cell in notebook.cells if cell.id not in generated]
    notebook.cells = [*top, *own, *end]
