"""What a rule looks at: one notebook with its place in the course."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from nbformat import NotebookNode

from backend_course.authoring import notebook as notebooks
from backend_course.syllabus import Assignment, Lesson

GENERATED = {"bar", "title", "objectives", "bar-end"}
_MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Page:
    """A notebook, the path it has in the clone at ``root``, and its row (None for the map)."""

    root: Path
    path: Path
    notebook: NotebookNode
    row: Lesson | Assignment | None

    @property
    def cells(self) -> list[NotebookNode]:
        """All cells in order."""
        return self.notebook.cells

    @property
    def code(self) -> list[NotebookNode]:
        """The code cells in order."""
        return notebooks.code_cells(self.notebook)

    @property
    def markdown(self) -> list[NotebookNode]:
        """The Markdown cells in order."""
        return [cell for cell in self.cells if cell.cell_type == "markdown"]

    @cached_property
    def headings(self) -> list[tuple[int, str, str]]:
        """Every heading as ``(level, text, cell id)``."""
        found = []
        for cell in self.markdown:
            tokens = tokens_of(cell)
            for opening, inline in pairwise(tokens):
                if opening.type == "heading_open":
                    found.append((int(opening.tag[1:]), inline.content, cell.id))
        return found

    def cell(self, cell_id: str) -> NotebookNode | None:
        """Return the cell with this id, or None."""
        return next((cell for cell in self.cells if cell.id == cell_id), None)

    def source(self, cell_id: str) -> str:
        """Return the text of the cell with this id; an absent cell has none."""
        cell = self.cell(cell_id)
        return cell.source if cell else ""

    def between(self, first: str, last: str) -> list[NotebookNode]:
        """Return the cells from ``first`` up to, without, ``last``; none if one is absent."""
        ids = [cell.id for cell in self.cells]
        if first not in ids or last not in ids:
            return []
        return self.cells[ids.index(first) : ids.index(last)]


def tokens_of(cell: NotebookNode) -> list[Token]:
    """Return the block tokens of a Markdown cell."""
    return _MARKDOWN.parse(cell.source)


def inline_tokens(cell: NotebookNode) -> Iterator[Token]:
    """Yield the inline tokens (links, images, text) of a Markdown cell."""
    for token in tokens_of(cell):
        yield from token.children or []


def bullets(source: str) -> list[str]:
    """Return the items of the unnested bullet list in ``source``."""
    return re.findall(r"^[-*] +(.+)", source, re.MULTILINE)


def summaries(source: str) -> list[str]:
    """Return the text of each ``<summary>``."""
    return [text.strip() for text in re.findall(r"<summary>(.*?)</summary>", source, re.DOTALL)]


def prose_of(cell: NotebookNode) -> str:
    """Return a Markdown cell's text without fenced code."""
    return re.sub(r"^```.*?^```", "", cell.source, flags=re.DOTALL | re.MULTILINE)
