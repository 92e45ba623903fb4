"""Read and write notebooks as text, with one line for whatever is wrong with the file."""

import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from backend_course.authoring.files import AuthoringError, shown


def parse(text: str, name: str) -> NotebookNode:
    """Return the notebook that ``text`` holds; ``name`` is what an error calls it.

    Raises:
        AuthoringError: the text is not JSON, or not a notebook of format 4.
    """
    restore = "Restore it with git, or save it again in JupyterLab."
    try:
        content = json.loads(text)
    except ValueError as error:
        place = f"line {error.lineno} column {error.colno}: {error.msg}"
        raise AuthoringError(f"{name} is not a notebook ({place}). {restore}") from None
    if not isinstance(content, dict) or content.get("nbformat") != 4:
        raise AuthoringError(f"{name} is not a notebook (no nbformat 4 in it). {restore}")
    _check_ids(content.get("cells"), name)
    try:
        notebook = nbformat.v4.reads(text)
        nbformat.validate(notebook, relax_add_props=True)
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError) as error:
        what = str(error).splitlines()[0]
        raise AuthoringError(f"{name} is not a notebook ({what}). {restore}") from None
    return notebook


def _check_ids(cells: object, name: str) -> None:
    """Refuse missing and doubled ids: nbformat would make up random ones on each reading."""
    known = set()
    for position, cell in enumerate(cells if isinstance(cells, list) else [], start=1):
        cell_id = cell.get("id") if isinstance(cell, dict) else None
        if not cell_id:
            raise AuthoringError(f"{name}: cell {position} has no id. Give it words as its id.")
        if cell_id in known:
            raise AuthoringError(f"{name}: two cells have the id {cell_id}. Give each its own.")
        known.add(cell_id)


def read(path: Path, root: Path) -> tuple[str, NotebookNode]:
    """Return the text of the notebook at ``path`` and what it means.

    Raises:
        AuthoringError: there is no such file, or it is not a notebook.
    """
    name = shown(path, root)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AuthoringError(f"{name}: no such notebook. Check the path.") from None
    except UnicodeDecodeError:
        raise AuthoringError(
            f"{name} is not a notebook (not UTF-8). Restore it with git."
        ) from None
    return text, parse(text, name)


def write(notebook: NotebookNode) -> str:
    """Return the canonical text: keys sorted, indent 1, letters unescaped, a final newline."""
    return nbformat.v4.writes(notebook) + "\n"


def markdown(cell_id: str, source: str) -> NotebookNode:
    """Return a new markdown cell."""
    return NotebookNode(cell_type="markdown", id=cell_id, metadata=NotebookNode(), source=source)


def code(cell_id: str, source: str, *its_tags: str) -> NotebookNode:
    """Return a new code cell that has not been run."""
    metadata = NotebookNode(tags=list(its_tags)) if its_tags else NotebookNode()
    return NotebookNode(
        cell_type="code",
        execution_count=None,
        id=cell_id,
        metadata=metadata,
        outputs=[],
        source=source,
    )


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the notebook's code cells in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    """Return the cell's tags."""
    return cell.metadata.get("tags", [])
