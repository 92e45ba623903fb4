"""Grading one submission: bytes in, bytes out. Runs in a worker, here or on another machine.

A worker has no gradebook and no course folder. What it is given and what it returns is JSON, so
that nothing a student made is ever unpickled.
"""

import base64
import importlib
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4.rwbase import strip_transient
from nbgrader.utils import setenv
from traitlets.config import Config

from .files import new_files
from .hidden import marks
from .ingest import RefusedError, make_true, parse_notebook
from .scores import scores
from .spec import AssignmentSpec, NotebookSpec

logging.getLogger("traitlets").addHandler(logging.NullHandler())


def pack(spec: AssignmentSpec, student: str, files: dict[str, bytes], settings: dict) -> bytes:
    """A task for `grade`. `files` are the submission's and, over them, the instructor's.

    `settings`: `config` (nbgrader's, as plain JSON) and `preprocessors`, the dotted names of what
    runs after the submission was taken in.
    """
    encoded = {name: base64.b64encode(content).decode() for name, content in files.items()}
    task = {"spec": spec.to_json(), "student": student, "files": encoded, "settings": settings}
    return json.dumps(task).encode()


def grade(task: bytes) -> bytes:
    """Run and grade one submission; the answer is JSON, see `_grade_notebook` for a notebook's.

    Raises nothing for what a student can do; a WarmError or OSError of the machine comes through.
    """
    start = time.monotonic()
    request = json.loads(task)
    spec = AssignmentSpec.from_json(request["spec"])
    files = {name: base64.b64decode(text) for name, text in request["files"].items()}
    notebooks: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory(prefix="submission-") as name,
        setenv(NBGRADER_EXECUTION="autograde"),
    ):
        folder = Path(name)
        for path, content in files.items():
            if not path.endswith(".ipynb"):
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        for notebook in spec.notebooks:
            content = files.get(f"{notebook.name}.ipynb")
            if content is not None:
                notebooks[notebook.name] = _grade_notebook(
                    content, notebook, spec, request["student"], folder, request["settings"]
                )
        left = new_files(folder, {*files}, sys.maxsize)
    return json.dumps(
        {
            "student": request["student"],
            "notebooks": notebooks,
            "written": {name: base64.b64encode(each).decode() for name, each in left.items()},
            "seconds": round(time.monotonic() - start, 3),
        }
    ).encode()


def _grade_notebook(
    content: bytes,
    spec: NotebookSpec,
    assignment: AssignmentSpec,
    student: str,
    folder: Path,
    settings: dict,
) -> dict[str, Any]:
    """One notebook's `ipynb`, `grades`, `comments`, `flags`, `seconds` (of slow cells), `ended`."""
    config = Config(settings["config"])
    try:
        notebook = parse_notebook(content)
    except RefusedError as refusal:
        flag = {"kind": "refused", "cell": None, "text": str(refusal)}
        zero = {cell.name: 0.0 for cell in spec.cells if cell.grade or cell.task}
        return {
            "ipynb": None,
            "grades": zero,
            "comments": {},
            "flags": [flag],
            "ended": str(refusal),
        }
    add_missing = bool(config.OverwriteCells.get("add_missing_cells", False))
    flags = make_true(notebook, spec, marks(config), add_missing)
    # For a cell that reads its own notebook; without nbformat's indenting, which costs too much.
    (folder / f"{spec.name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    resources = {
        "metadata": {"path": str(folder)},
        "unique_key": spec.name,
        "nbgrader": {"student": student, "assignment": assignment.name, "notebook": spec.name},
    }
    for name in settings["preprocessors"]:
        module, _, attribute = name.rpartition(".")
        preprocessor: Preprocessor = getattr(importlib.import_module(module), attribute)(
            config=config
        )
        notebook, resources = preprocessor(notebook, resources)
    ran = resources.get("grading", {})
    grades, comments = scores(notebook)
    return {
        "ipynb": _written(notebook),
        "grades": grades,
        "comments": comments,
        "flags": flags + ran.get("flags", []),
        "seconds": ran.get("seconds", {}),
        "ended": ran.get("ended"),
    }


def _written(notebook: NotebookNode) -> str:
    """A notebook's file, with a line for each cell.

    nbformat writes a line for each item, which json does in Python: 17 ms for 50 cells, not 1.
    """
    whole = strip_transient(notebook)
    cells = ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in whole.pop("cells"))
    rest = json.dumps(whole, ensure_ascii=False)
    return f'{{"cells": [\n{cells}\n],\n{rest[1:]}\n'
