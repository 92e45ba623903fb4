"""Rules on ids, metadata and paths, for every notebook."""

import re
from collections.abc import Iterator

from backend_course.authoring import notebook as notebooks
from backend_course.authoring.canonical import CELL_METADATA
from backend_course.authoring.rules.page import Page

TAGS = {"raises-exception", "nbval-ignore-output", "unordered-on-purpose"}
# A word may carry a number (`q3`, `n-plus-one`, `3nf`), but an id of nothing but hexadecimal
# digits, or one that JupyterLab or nbgrader made up, is no name.
_WORDS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MADE_UP = re.compile(r"cell-.*|(?=.*\d)[0-9a-f]{8}(-[0-9a-f]{4}.*)?|\d+")
ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/-])(?:/(?:home|tmp|root|Users|private/var)/[\w.-]+|[A-Z]:\\{1,2}\w)"
)


def cell_ids(page: Page) -> Iterator[tuple[str, str]]:
    """Cell ids are words; that no two are equal is seen when the notebook is read."""
    for cell in page.cells:
        if not _WORDS.fullmatch(cell.id) or _MADE_UP.fullmatch(cell.id):
            yield cell.id, "the id is no name. Use lower-case words joined by dashes"


def metadata(page: Page) -> Iterator[tuple[str, str]]:
    """Cells carry only the known metadata, and only tags that something reads."""
    for cell in page.cells:
        if unknown := sorted(set(cell.metadata) - CELL_METADATA):
            yield cell.id, f"unknown metadata {', '.join(unknown)}. Run: make norm"
        if unknown := sorted(set(notebooks.tags(cell)) - TAGS):
            known = ", ".join(sorted(TAGS))
            yield cell.id, f"unknown tag {', '.join(unknown)}. Nothing reads it; known: {known}"


def no_absolute_path(page: Page) -> Iterator[tuple[str, str]]:
    """Nothing a learner runs or reads names a folder of one machine."""
    for cell in page.cells:
        if found := ABSOLUTE_PATH.search(cell.source):
            yield cell.id, f"{found[0]} is a path of one machine. Use a relative path"
