"""``make norm``: write notebooks in canonical form, lessons executed from top to bottom."""

import argparse
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from backend_course.authoring import notebook as notebooks
from backend_course.authoring.canonical import (
    canonical,
    first_difference,
    output_problems,
    run_problems,
)
from backend_course.authoring.files import (
    AuthoringError,
    find_root,
    in_one_line,
    shown,
    write_whole,
)
from backend_course.kernels import without_ports

CELL_SECONDS = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``norm`` understands to its command-line parser."""
    parser.add_argument("notebooks", nargs="*", type=Path, help="notebooks; none means all")
    parser.add_argument("--check", action="store_true", help="write nothing, only say what differs")
    parser.add_argument("--no-run", action="store_true", help="only the form, run no cell")
    parser.add_argument("--all", action="store_true", help="run every lesson, changed or not")


@in_one_line
def run(arguments: argparse.Namespace) -> int:
    """Bring notebooks into canonical form, or with ``--check`` name those that are not.

    A notebook that is named is run. Without names a lesson is run when a cell of it was not, or
    when ``--all`` is given.
    """
    root = find_root()
    paths = [path.resolve() for path in arguments.notebooks] or all_notebooks(root)
    if arguments.check:
        problems = check(root, paths)
        print(
            "\n".join([*problems, f"norm --check: {len(paths)} notebooks, {len(problems)} to mend"])
        )
        return 1 if problems else 0
    status = 0
    for path in paths:
        try:
            wrote = normalise(
                root,
                path,
                execute=not arguments.no_run,
                even_if_run=arguments.all or bool(arguments.notebooks),
            )
            print(f"{shown(path, root)}: {'written' if wrote else 'as it was'}", flush=True)
        except AuthoringError as error:
            print(error, flush=True)
            status = 1
    return status


def all_notebooks(root: Path) -> list[Path]:
    """Return every notebook of ``course/`` and ``source/``."""
    found = [*(root / "course").rglob("*.ipynb"), *(root / "source").rglob("*.ipynb")]
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def is_lesson(path: Path, root: Path) -> bool:
    """Say whether the notebook is one that keeps its outputs: in ``course/``, and not the map.

    Raises:
        AuthoringError: it is no notebook of the course, so it has no canonical form.
    """
    place = Path(shown(path, root))
    if place.parts[0] not in ("course", "source"):
        raise AuthoringError(f"{place}: neither in course/ nor in source/. Name one of those.")
    return place.parts[0] == "course" and place.name != "index.ipynb"


def check(root: Path, paths: Iterable[Path]) -> list[str]:
    """Return one line for each notebook that is not canonical; runs and writes nothing."""
    problems = []
    for path in paths:
        try:
            text, notebook = notebooks.read(path, root)
            lesson = is_lesson(path, root)
        except AuthoringError as error:
            problems.append(str(error))
            continue
        if what := _departure(text, notebook, lesson):
            name = shown(path, root)
            problems.append(f"{name}: not canonical ({what}). Run: make norm NOTEBOOK={name}")
    return problems


def _departure(text: str, notebook: NotebookNode, lesson: bool) -> str | None:
    if lesson:
        for cell_id, what in (*run_problems(notebook), *output_problems(notebook)):
            return f"cell {cell_id}: {what}"
    wanted = canonical(notebook, keep_outputs=lesson)
    if notebooks.write(wanted) == text:
        return None
    return first_difference(notebook, wanted)


def normalise(root: Path, path: Path, *, execute: bool, even_if_run: bool) -> bool:
    """Write one notebook in canonical form and say whether its text changed.

    Raises:
        AuthoringError: the file is not a notebook, or a cell of the lesson is empty, fails, or
            writes to stderr. The file is then left as it was.
    """
    text, notebook = notebooks.read(path, root)
    lesson, name = is_lesson(path, root), shown(path, root)
    if lesson and execute and (even_if_run or run_problems(notebook)):
        _refuse_empty_cells(notebook, name)
        notebook = executed(notebook, path, name)
        for cell_id, what in output_problems(notebook):
            raise AuthoringError(
                f"{name}: cell {cell_id}: {what}. A reader must not meet it: mend the cell."
            )
    wanted = notebooks.write(canonical(notebook, keep_outputs=lesson))
    if wanted == text:
        return False
    write_whole({path: wanted})
    return True


def _refuse_empty_cells(notebook: NotebookNode, name: str) -> None:
    for cell in notebooks.code_cells(notebook):
        if not cell.source.strip():
            raise AuthoringError(f"{name}: cell {cell.id} is empty. Write something, or delete it.")


def executed(notebook: NotebookNode, path: Path, name: str) -> NotebookNode:
    """Return the notebook run from top to bottom in a fresh kernel, in the folder of ``path``.

    Raises:
        AuthoringError: a cell fails without the tag ``raises-exception``, or takes too long.
    """
    # Outputs of an earlier run go first, so that a cell that prints nothing keeps nothing.
    notebook = canonical(notebook, keep_outputs=False)
    at = {"cell": "the first cell"}

    def remember(cell: NotebookNode, cell_index: int) -> None:
        at["cell"] = cell.id

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        on_cell_start=remember,
        resources={"metadata": {"path": str(path.parent)}},
        config=without_ports(),
    )
    try:
        # An author's own IPython start-up files would change what a cell prints.
        with tempfile.TemporaryDirectory(prefix="ipython-") as profile:
            client.execute(env={**os.environ, "IPYTHONDIR": profile})
    except CellExecutionError as error:
        what = f"{error.ename}: {str(error.evalue).strip().splitlines()[0] if error.evalue else ''}"
        raise AuthoringError(
            f"{name}: cell {at['cell']}: {what}. Mend the cell, or tag it raises-exception."
        ) from None
    except CellTimeoutError:
        raise AuthoringError(
            f"{name}: cell {at['cell']} did not end in {CELL_SECONDS} s. Make it smaller."
        ) from None
    except DeadKernelError:
        raise AuthoringError(
            f"{name}: the kernel died in cell {at['cell']}. Mend the cell."
        ) from None
    return notebook
