"""What is learned about an assignment by running the instructor's own notebooks once.

Which modules they import: imports are most of what a kernel costs, seconds where a notebook uses
pandas or a database. What the reference has loaded at its end is imported once, in the warm
process, and is in every fork. And which tests cannot be watched, because a right answer does not
satisfy their canaries, or because the name that they say is not that of an answer; nor which
helpers (helpers.py), because they change by themselves.
"""

import contextlib
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from traitlets.config import Config

from .course import Course
from .execute import WalledExecute
from .files import write_whole
from .hidden import marks
from .imports import importable_once, kept_rehearsal
from .ingest import RefusedError, make_true, parse_notebook
from .provisioner import Wanted, use_warm_process
from .spec import AssignmentSpec, NotebookSpec
from .warm import Warm, WarmError

_ANSWER = "modules and names: "  # a thread of the notebook's may print before it and after it
_ASK = (
    "import json, sys\n"
    f"print({_ANSWER!r} + json.dumps([sorted(sys.modules), sorted(globals())]), flush=True)"
)


@dataclasses.dataclass(frozen=True)
class Rehearsal:
    """The modules to have ready, tests without a canary by grade_id, helpers that just change."""

    modules: list[str]
    unwatched: list[str]
    changing: list[str]


def rehearse(
    course: Course,
    spec: AssignmentSpec,
    settings: dict[str, Any],
    key: str,
    coming: Warm | None = None,
) -> Rehearsal:
    """Run the reference; the result is kept in `.grading/` until it, `key` or a setting changes.

    `settings` are those of the run (`Course.settings`). What `coming` has imported by now, is used.
    """
    config = json.dumps(settings["config"], sort_keys=True, default=str)
    key = hashlib.sha256(f"{key}\0{config}".encode()).hexdigest()
    kept = kept_rehearsal(course.root, spec.name)
    folder = course.path("source", ".", spec.name)
    notebooks = sorted(folder.glob("*.ipynb"))
    written = [path.stat().st_mtime_ns for path in notebooks]
    # None is there, or one of another version of the grader.
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(kept.read_text(encoding="utf-8"))
        if (found.pop("key"), found.pop("written")) == (key, written):
            return Rehearsal(**found)
    if coming:
        ready = Wanted.of(settings["config"]["WalledProvisioner"])
        with contextlib.suppress(WarmError):  # then it starts one of its own
            branch = coming.branch()
            coming.preload(ready.modules)  # the reference can do without what only learners import
            branch.finish(helpers=ready.helpers)
            use_warm_process(branch, ready)
    modules: set[str] = set()
    unwatched: set[str] = set()
    changing: set[str] = set()
    for path in notebooks:
        known = spec.notebook(path.stem)
        if known is not None:
            loaded, blind, changed = _run(path, known, Config(settings["config"]))
            modules |= loaded
            unwatched |= blind
            changing |= changed
    once = importable_once(modules, folder)
    rehearsal = Rehearsal(once, sorted(unwatched), sorted(changing))
    found = dataclasses.asdict(rehearsal) | {"key": key, "written": written}
    with contextlib.suppress(OSError):  # then the next run rehearses again
        write_whole(kept, json.dumps(found))
    return rehearsal


def _run(path: Path, spec: NotebookSpec, config: Config) -> tuple[set[str], set[str], set[str]]:
    """A notebook's modules, its tests that cannot be watched, and the helpers that it changes."""
    try:
        notebook = parse_notebook(path.read_bytes())
    except RefusedError:
        return set(), set(), set()
    make_true(notebook, spec, marks(config))
    notebook.cells.append(new_code_cell(_ASK))
    # The instructor's own notebook, so walls are welcome here but not asked for.
    config.WalledProvisioner.trust_students = True
    config.WalledExecute.second_looks = 0.0
    config.WalledExecute.largest_files = 0
    resources: dict[str, Any] = {"metadata": {"path": str(path.parent)}}
    executor = WalledExecute(config=config)
    ran, resources = executor(notebook, resources)
    flags = resources["grading"]["flags"]
    unwatched = {f["cell"] for f in flags if f["cell"] and f["kind"] in {"tampered", "unproven"}}
    changed = {*executor.changed_helpers}
    modules, names = _answer(ran.cells[-1])
    for test, replaced in executor.replaced_answers().items():
        if names and replaced and not replaced & names:  # nothing of the learner's has this name
            unwatched.add(test)
    return modules, unwatched, changed


def _answer(cell: NotebookNode) -> tuple[set[str], set[str]]:
    """The modules and the names that `_ASK` has printed; none if it could not."""
    printed = "".join(
        output.text
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    )
    _, found, answer = printed.rpartition(_ANSWER)
    if not found:
        return set(), set()
    modules, names = json.JSONDecoder().raw_decode(answer)[0]
    return set(modules), set(names)
