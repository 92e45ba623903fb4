"""Rules on what a lesson's cells print: strict nbval compares it on every machine."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from backend_course.authoring import notebook as notebooks
from backend_course.authoring.rules.cells import ABSOLUTE_PATH
from backend_course.authoring.rules.page import Page

IGNORED = "nbval-ignore-output"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_VOLATILE = {
    "the address of an object": re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"),
    "a path of one machine": ABSOLUTE_PATH,
    "a port": re.compile(r"\b(?:127\.0\.0\.1|localhost|\[::1\]|0\.0\.0\.0):\d{2,5}\b"),
}
_SQL_CELL = re.compile(r"\s*%%?sql\b")
_RETURNS_ROWS = re.compile(r"(?:select|from|with|values|table)\b", re.IGNORECASE)


def output_text(cell: NotebookNode) -> str:
    """Return all text that a cell shows, without colour codes."""
    parts = []
    for output in cell.get("outputs", []):
        parts.append(output.get("text", ""))
        parts.append(output.get("data", {}).get("text/plain", ""))
        parts.append(output.get("evalue", ""))
        parts.extend(output.get("traceback", []))
    return _COLOUR.sub("", "\n".join(parts))


def stable_outputs(page: Page) -> Iterator[tuple[str, str]]:
    """An output that is compared holds no address, path or port."""
    for cell in page.code:
        if IGNORED in notebooks.tags(cell):
            continue
        # The clone itself stands elsewhere on each machine.
        text = output_text(cell).replace(str(page.root.resolve()), "/home/clone")
        for what, pattern in _VOLATILE.items():
            if found := pattern.search(text):
                yield (
                    cell.id,
                    f"the output holds {what} ({found[0]}). Print what does not vary, "
                    f"or tag the cell {IGNORED}",
                )
                break


def no_stderr(page: Page) -> Iterator[tuple[str, str]]:
    """No cell writes to stderr."""
    for cell in page.code:
        if any(output.get("name") == "stderr" for output in cell.get("outputs", [])):
            yield cell.id, "writes to stderr. Mend what warns"


def raises_exception(page: Page) -> Iterator[tuple[str, str]]:
    """A cell fails if and only if it is tagged ``raises-exception``."""
    for cell in page.code:
        if not cell.get("execution_count"):
            continue
        fails = any(output.output_type == "error" for output in cell.get("outputs", []))
        tagged = "raises-exception" in notebooks.tags(cell)
        if fails and not tagged:
            yield cell.id, "fails without being tagged raises-exception. Mend it, or tag it"
        elif tagged and not fails:
            yield cell.id, "is tagged raises-exception and does not fail. Take the tag out"


def ordered_rows(page: Page) -> Iterator[tuple[str, str]]:
    """A query that shows two rows or more says in which order."""
    for cell in page.code:
        if not _SQL_CELL.match(cell.source) or "unordered-on-purpose" in notebooks.tags(cell):
            continue
        statement = _statement(cell.source)
        # The ORDER BY of a window orders the window, not the answer.
        outside = re.sub(r"\bover\s*\([^()]*\)", "", statement, flags=re.IGNORECASE)
        ordered = re.search(r"\border\s+by\b", outside, re.IGNORECASE)
        if _RETURNS_ROWS.match(statement) and not ordered and _rows_shown(cell) > 1:
            yield (
                cell.id,
                "shows several rows without ORDER BY. Add it, or tag unordered-on-purpose",
            )


def _statement(source: str) -> str:
    """Return the SQL of a magic cell without the magic, a ``name <<`` and comments."""
    without_magic = re.sub(r"^\s*%%?sql[ \t]*(?:\w+[ \t]*<<)?", "", source)
    return re.sub(r"--[^\n]*", "", without_magic).strip()


def _rows_shown(cell: NotebookNode) -> int:
    shown = 0
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        html_rows = re.findall(r"<tr\b.*?</tr>", data.get("text/html", ""), re.DOTALL)
        in_html = sum("<td" in row for row in html_rows)
        lines = (data.get("text/plain", "") + output.get("text", "")).splitlines()
        # A text table: one line with bars is the header.
        in_text = sum(line.lstrip().startswith(("|", "│")) for line in lines) - 1
        shown = max(shown, in_html, in_text)
    return shown
