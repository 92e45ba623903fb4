"""The one form in which a notebook is committed, and what keeps a notebook from having it.

What is here never runs a cell; :mod:`backend_course.authoring.norm` does.
"""

from nbformat import NotebookNode

from backend_course.authoring import notebook as notebooks

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
CELL_METADATA = {"tags", "nbgrader", "deletable", "editable"}


def canonical(notebook: NotebookNode, *, keep_outputs: bool) -> NotebookNode:
    """Return a copy in canonical form; with ``keep_outputs`` it is a lesson, else outputs go."""
    cells = [_cell(cell, keep_outputs) for cell in notebook.cells]
    return NotebookNode(cells=cells, metadata=NotebookNode(KERNEL), nbformat=4, nbformat_minor=5)


def _cell(cell: NotebookNode, keep_outputs: bool) -> NotebookNode:
    metadata = {
        key: value for key, value in cell.metadata.items() if key in CELL_METADATA and value != []
    }
    clean = NotebookNode(
        cell_type=cell.cell_type,
        id=cell.id,
        metadata=NotebookNode(metadata),
        source=cell.source.rstrip("\n"),
    )
    if cell.get("attachments"):
        clean.attachments = cell.attachments
    if cell.cell_type == "code":
        clean.execution_count = cell.get("execution_count") if keep_outputs else None
        clean.outputs = _outputs(cell.get("outputs", [])) if keep_outputs else []
    return clean


def _outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join what one stream wrote in several pieces: where it is cut differs from run to run."""
    joined: list[NotebookNode] = []
    for output in outputs:
        output = NotebookNode(output)
        output.pop("transient", None)
        before = joined[-1] if joined else None
        same_stream = (
            before is not None
            and output.output_type == before.output_type == "stream"
            and output.name == before.name
        )
        if same_stream:
            before.text += output.text
        else:
            joined.append(output)
    return joined


def run_problems(notebook: NotebookNode) -> list[tuple[str, str]]:
    """Return ``(cell id, what)`` for each code cell that does not look run once, top to bottom."""
    problems = []
    for count, cell in enumerate(notebooks.code_cells(notebook), start=1):
        if not cell.source.strip():
            problems.append((cell.id, "an empty code cell"))
        elif cell.get("execution_count") != count:
            problems.append((cell.id, "execution_count"))
    return problems


def output_problems(notebook: NotebookNode) -> list[tuple[str, str]]:
    """Return ``(cell id, what)`` for each cell that wrote to stderr or failed without its tag."""
    problems = []
    for cell in notebooks.code_cells(notebook):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                line = output.text.strip().splitlines()[-1] if output.text.strip() else ""
                problems.append((cell.id, f"wrote to stderr: {line}"))
            if output.output_type == "error" and "raises-exception" not in notebooks.tags(cell):
                problems.append((cell.id, f"{output.ename}: {output.evalue}"))
    return problems


def first_difference(before: NotebookNode, after: NotebookNode) -> str:
    """Say in a few words where two readings of one notebook differ first."""
    if [cell.id for cell in before.cells] != [cell.id for cell in after.cells]:
        return "the order of the cells"
    for old, new in zip(before.cells, after.cells, strict=True):
        keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        if keys:
            return f"cell {old.id}: {', '.join(keys)}"
    if before.metadata != after.metadata:
        return "the notebook's metadata"
    return "the layout of the file: indent, key order, escapes or final newline"
