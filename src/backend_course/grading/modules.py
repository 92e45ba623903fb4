"""Which modules an assignment needs, found by running the instructor's own notebooks once.

Imports are most of what a kernel costs: seconds where a notebook uses pandas or a database. What
the reference has loaded at its end is imported once, in the warm process, and is in every fork.
"""

import json
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell
from traitlets.config import Config

from .course import Course
from .execute import WalledExecute
from .ingest import RefusedError, parse_notebook
from .provisioner import close_warm_process

_ASK = "import json, sys\nprint(json.dumps(sorted(sys.modules)))"
_NEVER = ("__main__", "debugpy", "_pydev", "pydev", "ipykernel_launcher", "__mp_main__")


def needed_modules(course: Course, assignment: str, environment: str) -> list[str]:
    """The modules of an assignment; kept in `.grading/` until it or `environment` changes."""
    kept = course.root / ".grading" / f"{assignment}.modules.json"
    notebooks = sorted(course.path("source", ".", assignment).glob("*.ipynb"))
    written = [path.stat().st_mtime_ns for path in notebooks]
    if kept.exists():
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["environment"] == environment and found["written"] == written:
            return found["modules"]
    modules: set[str] = set()
    try:
        for path in notebooks:
            modules |= _loaded_by(path, course.app.config)
    finally:
        close_warm_process()
    own = {path.stem for path in course.path("source", ".", assignment).glob("*.py")}
    ready = sorted(m for m in modules - own if not m.startswith(_NEVER))
    kept.parent.mkdir(exist_ok=True)
    found = {"environment": environment, "written": written, "modules": ready}
    kept.write_text(json.dumps(found), encoding="utf-8")
    return ready


def _loaded_by(path: Path, config: Config) -> set[str]:
    try:
        notebook = parse_notebook(path.read_bytes())
    except RefusedError:
        return set()
    notebook.cells.append(new_code_cell(_ASK))
    # The instructor's own notebook, so walls are welcome here but not asked for.
    trusting = Config(config)
    trusting.WalledProvisioner.trust_students = True
    resources: dict[str, Any] = {"metadata": {"path": str(path.parent)}}
    ran, _ = WalledExecute(config=trusting, canaries=False)(notebook, resources)
    for output in ran.cells[-1].outputs:
        if output.output_type == "stream" and output.name == "stdout":
            return set(json.loads(output.text))
    return set()
