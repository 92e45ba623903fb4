"""Rules on links, pictures and addresses, for every notebook."""

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from nbformat import NotebookNode

from backend_course.authoring.rules.page import Page, inline_tokens

_SAYS_NOTHING = {
    "here",
    "click here",
    "this",
    "this link",
    "link",
    "this page",
    "more",
    "read more",
}
_ADDRESS = re.compile(r"\b(?:https?|wss?|ftp)://([^\s/\"'`)\]}>;$]+)")
# Loopback, the names that RFC 2606 and RFC 6761 set apart, and a host that is filled in later: by
# Python (`{host}`), or by nginx (`$host`, which is no address at all to the pattern above).
_INSIDE = re.compile(
    r"(?:127(?:\.\d+){3}|localhost|\[::1\]|0\.0\.0\.0"
    r"|(?:[\w-]+\.)*(?:example|test|invalid|localhost)|(?:[\w-]+\.)*example\.(?:com|net|org)|\{.*)"
    r"(?:[:{].*)?"
)


def links(page: Page) -> Iterator[tuple[str, str]]:
    """A relative link leads to a file, or to a heading of this notebook."""
    anchors = {text.replace(" ", "-") for _, text, _ in page.headings}
    for cell in page.markdown:
        for target in dict.fromkeys(_targets(cell)):
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            if not parts.path:
                if unquote(parts.fragment) not in anchors:
                    yield cell.id, f"no heading #{parts.fragment} in this notebook. Mend the link"
            elif not _leads_somewhere(page, unquote(parts.path)):
                yield cell.id, f"link to {parts.path}, which is not there. Mend the link"


def _targets(cell: NotebookNode) -> Iterator[str]:
    for token in inline_tokens(cell):
        target = token.attrGet("href") or token.attrGet("src")
        if target and not str(target).startswith("attachment:"):
            yield str(target)


def _leads_somewhere(page: Page, target: str) -> bool:
    root = page.root.resolve()
    there = (root / page.path.parent / target).resolve()
    if there.exists():
        return True
    # The learner's copies are made by `make lab` from release/, which comes from source/.
    work = root / "work"
    return there.is_relative_to(work) and (root / "source" / there.relative_to(work)).exists()


def link_text(page: Page) -> Iterator[tuple[str, str]]:
    """A link says where it goes."""
    for cell in page.markdown:
        tokens = list(inline_tokens(cell))
        for opening, text in pairwise(tokens):
            if opening.type == "link_open" and text.content.strip(" .:").lower() in _SAYS_NOTHING:
                yield (
                    cell.id,
                    f"the link {text.content!r} does not say where it goes. Name the target",
                )


def alt_text(page: Page) -> Iterator[tuple[str, str]]:
    """A picture has words for who does not see it; a plot is followed by what it shows."""
    for cell in page.markdown:
        empty = any(token.type == "image" and not token.content for token in inline_tokens(cell))
        html = re.findall(r"<img\b[^>]*>", cell.source)
        if empty or any(not re.search(r"\balt=(['\"]).+?\1", tag) for tag in html):
            yield cell.id, "a picture without alternative text. Write what it shows"
    for cell, following in zip(page.cells, [*page.cells[1:], None], strict=True):
        if _draws(cell) and (following is None or following.cell_type != "markdown"):
            yield cell.id, "a plot without words. Let a Markdown cell after it say what it shows"


def _draws(cell: NotebookNode) -> bool:
    return any(
        kind.startswith("image/")
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    )


def no_outside_address(page: Page) -> Iterator[tuple[str, str]]:
    """A cell calls nothing outside this machine: the course runs with the network cut."""
    for cell in page.code:
        for host in _ADDRESS.findall(cell.source):
            if not _INSIDE.fullmatch(host):
                yield (
                    cell.id,
                    f"{host} is outside this machine. Use 127.0.0.1 or a name under .example",
                )
        if re.search(r"^\s*[!%]\s*(?:pip|conda|curl|wget)\b", cell.source, re.MULTILINE):
            yield cell.id, "a cell that fetches something. Nothing is fetched at run time"
