"""Rules on how long and how wide things are: the soft numbers of the house style."""

import re
from collections.abc import Iterator

from backend_course.authoring.rules.page import GENERATED, Page, prose_of

LINES, COLUMNS = 25, 88
CODE_CELLS, WORDS, MINUTES = (15, 50), (900, 2500), (25, 60)


def line_width(page: Page) -> Iterator[tuple[str, str]]:
    """A line of code fits the page without scrolling."""
    for cell in page.code:
        widest = max((len(line) for line in cell.source.splitlines()), default=0)
        if widest > COLUMNS:
            yield cell.id, f"a line of {widest} columns. Break it at {COLUMNS}"


def cell_length(page: Page) -> Iterator[tuple[str, str]]:
    """A code cell is short enough to be read at one glance."""
    for cell in page.code:
        lines = len(cell.source.splitlines())
        if lines > LINES:
            yield cell.id, f"{lines} lines. Split it at {LINES}, or move it to course/apps/"


def code_cells(page: Page) -> Iterator[tuple[str, str]]:
    """A lesson is done by running things, and is not endless."""
    low, high = CODE_CELLS
    if not low <= len(page.code) <= high:
        yield "title", f"{len(page.code)} code cells. Make it {low} to {high}"


def words(page: Page) -> Iterator[tuple[str, str]]:
    """A lesson's own prose, without generated cells and code, is neither a note nor a chapter."""
    low, high = WORDS
    own = [cell for cell in page.markdown if cell.id not in GENERATED]
    count = sum(len(re.findall(r"\w+(?:['-]\w+)*", prose_of(cell))) for cell in own)
    if not low <= count <= high:
        yield "title", f"{count} words. Make it {low} to {high}"


def minutes(page: Page) -> Iterator[tuple[str, str]]:
    """A lesson is done in one sitting."""
    low, high = MINUTES
    if page.row and not low <= page.row.minutes <= high:
        yield "title", f"{page.row.minutes} minutes in the syllabus. Make it {low} to {high}"
