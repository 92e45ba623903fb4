"""Rules on headings and folded answers, for every notebook."""

import re
from collections.abc import Iterator

from backend_course.authoring.rules.page import Page

_FOLDED = re.compile(r"<details>\s*<summary>\s*\S.*?</summary>[ \t]*\n[ \t]*\n\s*\S", re.DOTALL)


def headings(page: Page) -> Iterator[tuple[str, str]]:
    """One title, and no level left out on the way down."""
    before = 0
    for level, text, cell_id in page.headings:
        if level == 1 and before > 0:
            yield cell_id, f"a second title ({text}). Make it a section with ##"
        elif level > before + 1:
            yield cell_id, f"heading {text!r} skips a level. Use {'#' * (before + 1)}"
        before = level


def details_answers(page: Page) -> Iterator[tuple[str, str]]:
    """Each ``<details>`` has a summary, a blank line, an answer, and an end.

    Without the blank line JupyterLab shows the Markdown inside as plain text.
    """
    for cell in page.markdown:
        if cell.source.count("<details>") != cell.source.count("</details>"):
            yield cell.id, "a <details> is not closed, or closed twice. Add or remove </details>"
            continue
        blocks = re.findall(r"<details>.*?</details>", cell.source, re.DOTALL)
        if not all(_FOLDED.match(block.removesuffix("</details>")) for block in blocks):
            yield (
                cell.id,
                "a <details> lacks its summary, its answer, or the blank line between them. "
                "Write <details><summary>…</summary>, a blank line, the answer, </details>",
            )
