"""Rules on the exercises of a lesson, which lie between ``your-turn`` and ``key-points``."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from backend_course.authoring.rules.page import Page, summaries

EXERCISES = (3, 5)
_STARTER = re.compile(r"(?<![.\w])\.\.\.(?![.\w])|--.*\bwrite\b|#.*\bwrite\b", re.IGNORECASE)
_CHECKS = re.compile(r"^\s*assert\b|\b(?:check|practice)\.", re.MULTILINE)


def exercise_count(page: Page) -> Iterator[tuple[str, str]]:
    """Your turn holds three to five exercises, each under a heading ``###``."""
    low, high = EXERCISES
    count = len(_exercises(page))
    if page.cell("your-turn") and not low <= count <= high:
        yield "your-turn", f"{count} exercises (headings ###). Make it {low} to {high}"


def exercises(page: Page) -> Iterator[tuple[str, str]]:
    """Each exercise has a starter, a cell that checks, a folded hint and a folded solution."""
    for cells in _exercises(page):
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        folded = [
            text.lower()
            for cell in cells
            if cell.cell_type == "markdown"
            for text in summaries(cell.source)
        ]
        # The checking cell may well ask whether the answer is still `...`.
        starters = [source for source in code if not _CHECKS.search(source)]
        lacks = []
        if not any(_STARTER.search(source) for source in starters):
            lacks.append("a starter cell with ... or -- write")
        if len(starters) == len(code):
            lacks.append("a cell that checks (assert, check. or practice.)")
        lacks += [
            f"a folded {part}"
            for part in ("hint", "solution")
            if not any(part in text for text in folded)
        ]
        if lacks:
            yield cells[0].id, f"this exercise lacks {', '.join(lacks)}. Add it"


def _exercises(page: Page) -> list[list[NotebookNode]]:
    starts = {cell_id for level, _, cell_id in page.headings if level == 3}
    found: list[list[NotebookNode]] = []
    for cell in page.between("your-turn", "key-points"):
        if cell.id in starts:
            found.append([cell])
        elif found:
            found[-1].append(cell)
    return found
