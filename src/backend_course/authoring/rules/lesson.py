"""Rules on the anatomy of a lesson: which cells it has, in which order, and what they hold."""

import re
from collections import Counter
from collections.abc import Iterator

from nbformat import NotebookNode

from backend_course.authoring.rules.page import Page, bullets, summaries
from backend_course.syllabus import Lesson

TOP = ["bar", "title", "objectives"]
TAIL = {
    "common-mistakes": "## Common mistakes",
    "your-turn": "## Your turn",
    "key-points": "## Key points",
    "words": "## Words",
    "check-yourself": "## Check yourself",
    "next": "## Next",
}
SECTIONS, MISTAKES, RECALL, REFERENCES = (3, 6), (2, 4), (5, 7), 5


def anatomy(page: Page) -> Iterator[tuple[str, str]]:
    """The parts of a lesson are there, in order, under their headings."""
    ids = [cell.id for cell in page.cells]
    if ids[:3] != TOP:
        yield "bar", "the lesson must open with the cells bar, title, objectives. Run: make nav"
    if ids[-1:] != ["bar-end"]:
        yield "bar-end", "the lesson must end with the cell bar-end. Run: make nav"
    if not page.code or page.code[0].id != "setup":
        yield "setup", "the first code cell must be setup. Put imports and the connection there"
    present = [cell_id for cell_id in ids if cell_id in TAIL]
    for cell_id, heading in TAIL.items():
        if cell_id not in present:
            yield cell_id, f"is missing. Add a Markdown cell with this id that opens with {heading}"
        elif page.source(cell_id).split("\n")[0].strip() != heading:
            yield cell_id, f"must open with the heading {heading}"
    in_order = [cell_id for cell_id in TAIL if cell_id in present]
    if present != in_order:
        yield present[0], f"the parts must come in the order {', '.join(in_order)}. Move them"


def setup_quiet(page: Page) -> Iterator[tuple[str, str]]:
    """The setup cell prints nothing or one line."""
    setup = page.cell("setup")
    outputs = setup.get("outputs", []) if setup else []
    lines = sum(
        len((output.get("text") or output.get("data", {}).get("text/plain", "")).splitlines())
        for output in outputs
    )
    if lines > 1:
        yield "setup", f"prints {lines} lines. Let it print nothing or one line"


def sections(page: Page) -> Iterator[tuple[str, str]]:
    """Between setup and common mistakes lie three to six sections, each with a thing that runs."""
    low, high = SECTIONS
    starts = {cell_id for level, _, cell_id in page.headings if level == 2}
    found: list[list[NotebookNode]] = []
    for cell in page.between("objectives", "common-mistakes")[1:]:
        if cell.id in starts:
            found.append([cell])
        elif found:
            found[-1].append(cell)
    # A heading over the setup cell makes no section of it.
    found = [cells for cells in found if "setup" not in {cell.id for cell in cells}]
    if page.cell("common-mistakes") and not low <= len(found) <= high:
        yield "title", f"{len(found)} sections (##) before Common mistakes. Make it {low} to {high}"
    for cells in found:
        if not any(cell.cell_type == "code" for cell in cells):
            yield (
                cells[0].id,
                "nothing runs in this section. Give it a cell, or fold it into another",
            )


def failure_on_purpose(page: Page) -> Iterator[tuple[str, str]]:
    """A lesson shows a real error, read together."""
    if not any("raises-exception" in cell.metadata.get("tags", []) for cell in page.code):
        yield (
            "title",
            "no cell is tagged raises-exception. Show a real error and read it with the reader",
        )


def common_mistakes(page: Page) -> Iterator[tuple[str, str]]:
    """Two to four mistakes, each as symptom, cause and cure."""
    low, high = MISTAKES
    source = page.source("common-mistakes")
    count = max(len(bullets(source)), len(re.findall(r"^### ", source, re.MULTILINE)))
    rows = re.findall(r"^\|(?! *:?-)", source, re.MULTILINE)
    count = max(count, len(rows) - 1)
    if source and not low <= count <= high:
        yield (
            "common-mistakes",
            f"{count} mistakes (bullets, ### or table rows). Make it {low} to {high}",
        )


def objectives_mirrored(page: Page) -> Iterator[tuple[str, str]]:
    """There is one key point for each objective."""
    points = bullets(page.source("key-points"))
    if isinstance(page.row, Lesson) and len(points) != len(page.row.objectives):
        wanted = len(page.row.objectives)
        yield (
            "key-points",
            f"{len(points)} key points for {wanted} objectives. Write one for each, in order",
        )


def words_defined(page: Page) -> Iterator[tuple[str, str]]:
    """The glossary holds the words that the lesson sets in bold where it defines them."""
    source = page.source("words")
    if source and not re.search(r"\*\*.+?\*\*", source):
        yield "words", "no word is set in bold. Write each as **word**: what it means"


def check_yourself(page: Page) -> Iterator[tuple[str, str]]:
    """Five to seven recall questions with folded answers."""
    low, high = RECALL
    count = len(summaries(page.source("check-yourself")))
    if page.cell("check-yourself") and not low <= count <= high:
        yield "check-yourself", f"{count} folded questions. Make it {low} to {high}"


def no_duplicate_question(page: Page) -> Iterator[tuple[str, str]]:
    """No recall question is asked twice."""
    asked = Counter(text.lower() for text in summaries(page.source("check-yourself")))
    for question, count in asked.items():
        if count > 1:
            yield "check-yourself", f"asks {count} times: {question!r}. Replace one"


def references(page: Page) -> Iterator[tuple[str, str]]:
    """At most five references, each with its year."""
    source = page.source("next")
    listed = [item for item in bullets(source) if re.search(r"\b(?:19|20)\d\d\b", item)]
    if len(listed) > REFERENCES:
        yield "next", f"{len(listed)} references. Keep the best {REFERENCES}"
