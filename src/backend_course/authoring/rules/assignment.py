"""Rules on the instructor's version of an assignment."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from backend_course.authoring.headers import points as points_of
from backend_course.authoring.headers import question_number
from backend_course.authoring.rules.page import Page
from backend_course.authoring.solution_regions import regions

CELLS, QUESTIONS, POINTS = 60, (4, 10), (10, 30)
_DOCSTRING = re.compile(r"(?:\s*(?:#[^\n]*)?\n)*\s*[rR]?(?:\"\"\"|''')\s*\S")
_POINTS = re.compile(r"\b\d+ points?\b|\[\d+ ?(?:pts?|marks?)\b", re.IGNORECASE)


def _questions(page: Page) -> dict[int, list[NotebookNode]]:
    found: dict[int, list[NotebookNode]] = {}
    for cell in page.cells:
        number = question_number(cell, page.row.short)
        if number is not None:
            found.setdefault(number, []).append(cell)
    return found


def _nbgrader(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader", {})


def _is_test(cell: NotebookNode) -> bool:
    return bool(_nbgrader(cell).get("grade")) and not _nbgrader(cell).get("solution")


def assignment_size(page: Page) -> Iterator[tuple[str, str]]:
    """An assignment is no book."""
    if len(page.cells) > CELLS:
        yield "title", f"{len(page.cells)} cells. Keep it to {CELLS}"


def questions(page: Page) -> Iterator[tuple[str, str]]:
    """Four to ten questions, numbered from 1 in the order of the page."""
    low, high = QUESTIONS
    numbers = list(_questions(page))
    if not low <= len(numbers) <= high:
        yield "title", f"{len(numbers)} questions. Make it {low} to {high}"
    if numbers != list(range(1, len(numbers) + 1)):
        yield "title", f"the questions are numbered {numbers}. Number them from 1 in order"


def question_cells(page: Page) -> Iterator[tuple[str, str]]:
    """A question is prompt, solution, a free try, visible and hidden tests, in this order."""
    for number, cells in _questions(page).items():
        base = f"{page.row.short}-q{number}"
        kinds = [cell.id.removeprefix(base).removeprefix("-").split("-")[0] for cell in cells]
        manual = any(
            _nbgrader(cell).get("grade") and _nbgrader(cell).get("solution") for cell in cells
        )
        wanted = ["prompt", ""] if manual else ["prompt", "", "visible", "hidden"]
        if lacks := [kind or "solution" for kind in wanted if kind not in kinds]:
            yield f"{base}-prompt", f"question {number} lacks its {', '.join(lacks)} cell. Add it"
        order = ["prompt", "", "try", "visible", "hidden"]
        places = [order.index(kind) for kind in kinds if kind in order]
        if places != sorted(places):
            yield (
                f"{base}-prompt",
                f"the cells of question {number} are out of order. "
                "Put them as prompt, solution, try, visible, hidden",
            )


def grade_ids(page: Page) -> Iterator[tuple[str, str]]:
    """A grade_id is the cell's id and begins with the assignment's short name."""
    for cell in page.cells:
        if not _nbgrader(cell):
            continue
        grade_id = _nbgrader(cell).get("grade_id")
        if grade_id != cell.id:
            yield cell.id, f"its grade_id is {grade_id!r}. Make it the cell's id"
        elif not cell.id.startswith(f"{page.row.short}-"):
            yield cell.id, f"does not begin with {page.row.short}-, the short name. Rename it"


def locked_cells(page: Page) -> Iterator[tuple[str, str]]:
    """Prompts and tests are locked, the learner's cell is open, a try cell is free."""
    for number, cells in _questions(page).items():
        base = f"{page.row.short}-q{number}"
        for cell in cells:
            info = _nbgrader(cell)
            state = tuple(bool(info.get(key)) for key in ("grade", "solution", "locked"))
            kind = cell.id.removeprefix(base).removeprefix("-").split("-")[0]
            if kind == "prompt" and state != (False, False, True):
                yield cell.id, "a prompt must be read-only for nbgrader (locked, no grade)"
            elif kind == "" and (not info.get("solution") or info.get("locked")):
                yield cell.id, "the learner's cell must be a solution cell and not locked"
            elif kind == "try" and info:
                yield cell.id, "a try cell is the learner's own. Take nbgrader's metadata out"
            elif kind in ("visible", "hidden") and state != (True, False, True):
                yield cell.id, "a test must be an autograder test (grade, locked)"


def points(page: Page) -> Iterator[tuple[str, str]]:
    """Points are whole numbers, each question is worth some, and all make 10 to 30.

    A visible test may be worth nothing: it can be passed by an answer that is typed in.
    """
    for cell in page.cells:
        value = _nbgrader(cell).get("points", 0)
        if _nbgrader(cell).get("grade") and (not isinstance(value, int) or value < 0):
            yield cell.id, f"{value!r} points. Give it a whole number"
            return
    for number in _questions(page):
        if points_of(page.notebook, page.row.short, number) < 1:
            yield f"{page.row.short}-q{number}-prompt", "worth no points. Give its tests some"
    low, high = POINTS
    total = points_of(page.notebook, page.row.short)
    if not low <= total <= high:
        yield "title", f"{total} points in all. Make it {low} to {high}"


def points_in_prose(page: Page) -> Iterator[tuple[str, str]]:
    """Points are written once, in the metadata; only generated lines repeat them."""
    for cell in page.markdown:
        own = cell.source
        if cell.id == "title":
            continue
        if cell.id.endswith("-prompt"):
            own = own.partition("\n")[2]
        if found := _POINTS.search(own):
            yield cell.id, f"{found[0]!r} is typed in prose. Take it out: make nav writes points"


def solution_region(page: Page) -> Iterator[tuple[str, str]]:
    """A learner's code cell marks its solution, and leaves a stub that does not stop "Run all"."""
    for cell in page.code:
        try:
            found = regions(cell.source)
        except ValueError as error:
            yield cell.id, f"{error}. Pair BEGIN SOLUTION with END SOLUTION"
            continue
        if _nbgrader(cell).get("solution") and not found:
            yield cell.id, "a solution cell without a region. Add ### BEGIN SOLUTION, END SOLUTION"
        elif found and not _nbgrader(cell).get("solution"):
            yield cell.id, "a solution region in a cell that is no solution cell. Mend the metadata"
        elif any(region.stops_the_notebook for region in found):
            yield (
                cell.id,
                "the stub of this region would stop Run all. Put the region inside the function, "
                "or let it hold one assignment",
            )


def hidden_region(page: Page) -> Iterator[tuple[str, str]]:
    """A hidden test is hidden, and nothing else is."""
    for cell in page.code:
        begins = cell.source.count("### BEGIN HIDDEN TESTS")
        ends = cell.source.count("### END HIDDEN TESTS")
        number = question_number(cell, page.row.short)
        hidden = number is not None and cell.id.startswith(f"{page.row.short}-q{number}-hidden")
        if hidden and (begins, ends) != (1, 1):
            yield cell.id, "needs ### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS, once each"
        elif not hidden and begins + ends:
            yield cell.id, "hides tests, but its id does not say hidden. Rename the cell"


def test_docstring(page: Page) -> Iterator[tuple[str, str]]:
    """A test cell opens with a docstring that says what is checked."""
    for cell in page.code:
        if _is_test(cell) and not _DOCSTRING.match(cell.source):
            yield cell.id, 'opens with no docstring. Say first, in """…""", what is checked'
