"""nbgrader's Execute, with a kernel behind walls, limits that hold, and canaries.

Goes where `nbgrader.preprocessors.Execute` stands in `c.Autograde.autograde_preprocessors`, and
takes the same settings (those of `c.Execute` and `c.ExecutePreprocessor` too).
"""

import contextlib
import copy
import random
import time
from pathlib import Path
from queue import Empty
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode, ValidationError
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import Execute
from traitlets import Bool, Dict, Float, Integer, List, Unicode

from backend_course.kernels import without_ports

from .canaries import Canary, canary_cell, canary_cells, judge, make_canary
from .channel import ChannelError
from .client import ChannelClient
from .files import put_beside
from .lines import one_line, some
from .provisioner import KERNEL_NAME, WalledKernelManager, warm_process_died
from .scores import auto_score
from .warm import LostKernelError, WarmError

_SHORT = 1000  # characters that are kept of an error's text past `largest_output`
_PATIENCE = 1  # seconds in which an interrupted kernel must fall silent

# The messages of a canary that are listened to: no output of it goes into the graded notebook.
_OF_CANARIES = {"status", "execute_input", "execute_result", "error"}

Suspicion = tuple[str, str]  # "tampered" or "unproven", and why


class WalledExecute(Execute):
    """Runs a notebook's cells; one that cannot be stopped costs only what comes after it.

    In stock nbgrader a kernel that dies or hangs fails the whole submission. Here the cells that
    did not run get an error as their output: they count zero, and what was earned before stays.
    `resources["grading"]` gets the flags, the slowest cells and what ended the notebook early.
    """

    walled = Bool(True, help="run Python notebooks in walled kernels").tag(config=True)
    canaries = Bool(True, help="repeat each passed test, falsified").tag(config=True)
    canary_timeout = Integer(20, help="seconds for the canaries of a notebook").tag(config=True)
    expectations = Dict(
        List(Unicode()),
        help="for calls in tests, by their name: the arguments that hold what is expected, by "
        "position from 0 or by keyword",
    ).tag(config=True)
    unwatched = List(
        Unicode(), help="tests without a canary, because the reference does not satisfy theirs"
    ).tag(config=True)
    changing = List(Unicode(), help="helpers that the reference changes itself").tag(config=True)
    second_looks = Float(
        0.05, help="share of notebooks that get a second look without any suspicion"
    ).tag(config=True)
    notebook_timeout = Integer(600, help="seconds for one notebook").tag(config=True)
    largest_output = Integer(16 << 20, help="characters of output kept of a notebook").tag(
        config=True
    )
    largest_files = Integer(
        10 << 20, help="bytes of new files that a notebook may leave beside it; 0: none"
    ).tag(config=True)
    shutdown_kernel = Unicode("immediate").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("kernel_manager_class", WalledKernelManager)
        super().__init__(**kwargs)

    def create_kernel_manager(self) -> Any:
        """A walled kernel for Python; for another language its own kernel, without walls."""
        if self.walled and _is_python(self.nb):
            self.kernel_name = KERNEL_NAME
        else:
            name = self.nb.metadata.get("kernelspec", {}).get("name")
            self._say("unwalled", None, f"ran without walls (kernel {name})")
            self.config.merge(without_ports())
        manager = super().create_kernel_manager()
        manager.on_interrupt = self._lose_patience
        return manager

    def preprocess(self, nb: NotebookNode, resources: Any = None, km: Any = None) -> Any:
        """Run the notebook. Errors of the kernel end the run, not the grading."""
        self._flags: list[dict[str, str | None]] = []
        self._seconds: dict[str, float] = {}
        self._canaries = self._make_canaries(nb)
        self._suspected: dict[int, Suspicion | None] = {}
        self._files: dict[str, bytes] = {}
        self.changed_helpers: list[str] = []
        self._canary_runs = False
        self._ended: str | None = None
        self._began = False
        self._output_left = self.largest_output
        self._deadline = time.monotonic() + self.notebook_timeout
        resources = {} if resources is None else resources
        resources["grading"] = {"flags": self._flags, "seconds": self._seconds}
        usual_patience = self.iopub_timeout
        self.resources = resources
        try:
            ran = super().preprocess(nb, resources, km)
            if self._ended and warm_process_died():
                raise LostKernelError("the warm process died under this notebook; grade it again")
            if self._suspected:
                self._look_again(nb, resources)
            if self._files:
                put_beside(Path(resources["metadata"]["path"]), self._files, self.largest_files)
            return ran
        except WarmError:  # the machine's fault, not the student's
            raise
        except (DeadKernelError, RuntimeError) as error:
            if not self._began and self.kernel_name == KERNEL_NAME:
                raise LostKernelError(f"a kernel could not be started ({error})") from error
            self._end(f"the kernel could not be started or stopped: {error}")
            for index, cell in enumerate(nb.cells):
                self._leave_out(cell, index)
            return nb, resources
        finally:
            self.iopub_timeout = usual_patience
            resources["grading"]["ended"] = self._ended

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> Any:
        """Run one cell; after the last, the canaries."""
        start, self._began = time.monotonic(), True
        if self._ended or start > self._deadline:
            self._ended or self._end(f"the notebook took over {self.notebook_timeout} seconds")
            self._leave_out(cell, index)
        else:
            self._run(cell, resources, index)
        seconds = time.monotonic() - start
        if seconds > 1:
            self._seconds[_label(cell, index)] = round(seconds, 2)
        if index == len(self.nb.cells) - 1:
            self._look_at_traces(resources)
            self._release_canaries(resources)
            self._look_at_answers()
        return cell, resources

    def _run(self, cell: NotebookNode, resources: Any, index: int) -> None:
        configured = self.timeout
        left = max(1, int(self._deadline - time.monotonic()) + 1)
        self.timeout = min(configured, left) if configured and configured > 0 else left
        try:
            super().preprocess_cell(cell, resources, index)
        except (DeadKernelError, CellTimeoutError, RuntimeError, Empty) as error:
            self._end(self._reason(error, cell, index))
            _append_error(cell, "NotFinished", self._ended or "")
        finally:
            self.timeout = configured
        self._look_at_outputs(cell, index)

    def _reason(self, error: Exception, cell: NotebookNode, index: int) -> str:
        what = {DeadKernelError: "died", CellTimeoutError: "could not be stopped"}
        broke = getattr(self.kc, "broken", None) or what.get(type(error), "broke off")
        return f"the kernel {broke} in {_label(cell, index)}"

    def _lose_patience(self) -> None:
        self.iopub_timeout = _PATIENCE

    def process_message(self, msg: dict, cell: NotebookNode, cell_index: int) -> Any:
        """Take a kernel's message; output past `largest_output` is dropped, errors are shortened.

        Raises RuntimeError for one that no honest kernel sends.
        """
        if self._canary_runs and msg["msg_type"] not in _OF_CANARIES:
            return None
        try:
            return self._process(msg, cell, cell_index)
        except (AttributeError, KeyError, TypeError, ValueError, ValidationError) as error:
            raise RuntimeError(f"a message that cannot be understood ({error!r})") from None

    def _process(self, msg: dict, cell: NotebookNode, cell_index: int) -> Any:
        content = msg["content"]
        if self._canary_runs:  # of whose messages nothing is kept
            return super().process_message(msg, cell, cell_index)
        if msg["msg_type"] == "stream":
            text = content.get("text", "")
            content["text"] = text[: max(0, self._output_left)]
            self._output_left -= len(text)
        elif msg["msg_type"] in {"display_data", "execute_result", "update_display_data"}:
            shown = (*content.get("data", {}).values(), *content.get("metadata", {}).values())
            size = sum(len(str(value)) for value in shown)
            if size > self._output_left:
                content |= {"data": {"text/plain": "... output too large ..."}, "metadata": {}}
            self._output_left -= size
        elif msg["msg_type"] == "error":
            size = sum(map(len, (content["evalue"], *content["traceback"])))
            if size > self._output_left:
                content |= {"evalue": content["evalue"][:_SHORT], "traceback": []}
            self._output_left -= size
        if self._output_left < 0 and not any(f["kind"] == "flood" for f in self._flags):
            self._say("flood", _label(cell, cell_index), "printed more than is kept")
        return super().process_message(msg, cell, cell_index)

    def _end(self, reason: str) -> None:
        self._ended = reason
        self._say("ended", None, reason)
        if self.km is not None and self.km.has_kernel:
            with contextlib.suppress(RuntimeError):
                run_sync(self.km.provisioner.kill)()

    def _leave_out(self, cell: NotebookNode, index: int) -> None:
        if cell.cell_type == "code" and not cell.outputs:
            _append_error(cell, "NotRun", f"not run, because {self._ended}")

    def _say(self, kind: str, cell: str | None, text: str) -> None:
        self._flags.append({"kind": kind, "cell": cell, "text": text})
        self.log.warning("%s", one_line(f"{kind}: {f'{cell}: ' if cell else ''}{text}"))

    def _look_at_outputs(self, cell: NotebookNode, index: int) -> None:
        """A result of a cell that ends in no expression, or in an error, is none of the test's."""
        if not is_test(cell):
            return
        results = [o for o in cell.outputs if o.output_type == "execute_result"]
        failed = any(output.output_type == "error" for output in cell.outputs)
        canary = self._canaries.get(index)
        if results and (len(results) > 1 or failed or (canary and not canary.test_shows_value)):
            self._say("tampered", _label(cell, index), "a result that the test does not give")

    def _look_at_answers(self) -> None:
        """Whoever answers in the kernel's place does so before the kernel's own answer."""
        places = {cell.source: _label(cell, index) for index, cell in enumerate(self.nb.cells)}
        for source in getattr(self.kc, "doubtful", ()):
            cell = None if source is None else places.get(source)
            self._say("tampered", cell, "answered by something else than the kernel")

    def _make_canaries(self, nb: NotebookNode) -> dict[int, Canary]:
        if not self.canaries or not _is_python(nb):
            return {}
        expectations = tuple((name, tuple(where)) for name, where in self.expectations.items())
        made = {
            index: make_canary(cell.source, expectations)
            for index, cell in enumerate(nb.cells)
            # Without points there is nothing to forge.
            if is_test(cell)
            and cell.metadata.nbgrader.points
            and cell.metadata.nbgrader.grade_id not in self.unwatched
        }
        return {index: canary for index, canary in made.items() if canary}

    def replaced_answers(self) -> dict[str, frozenset[str]]:
        """The names of answers that the canaries of the last notebook replace, by test."""
        cells = self.nb.cells
        return {
            cells[index].metadata.nbgrader.grade_id: canary.replaces
            for index, canary in self._canaries.items()
        }

    def _look_at_traces(self, resources: Any) -> None:
        """Take what the notebook has written or changed, before the canaries do it again."""
        most = self.largest_files if resources.get("metadata", {}).get("path") else 0
        if self._ended or not (most or self.canaries) or not isinstance(self.kc, ChannelClient):
            return
        try:
            files, changed = run_sync(self.kc.traces)(most)
        except (Empty, ChannelError):
            self._say("files", None, "the kernel did not say which files it has written")
            if self._canaries:
                self._say("unproven", None, "the kernel did not say what the notebook has changed")
            return
        self._files = files if most else {}
        self.changed_helpers = [each for each in changed if each not in self.changing]
        if self.canaries and self.changed_helpers:
            first, more = self.changed_helpers[0], len(self.changed_helpers) - 1
            others = f" and {more} more" if more else ""
            self._say("tampered", None, f"changed {first}{others}, which tests use")

    def _release_canaries(self, resources: Any) -> None:
        """Run the canaries of the tests that passed, in the notebook's own kernel.

        Nothing of the notebook runs after them, so there is nothing that they could disturb.
        """
        cells = self.nb.cells
        passed = {
            index: canary for index, canary in self._canaries.items() if auto_score(cells[index])
        }
        if self._ended:
            if passed:
                tests = some([_label(cells[index], index) for index in passed])
                why = f"the kernel was gone before the canaries of {len(passed)} tests ({tests})"
                self._say("unproven", None, why)
            return
        if passed and random.random() < self.second_looks:
            self._suspected = dict.fromkeys(passed)
            return
        for canary, among in canary_cells(passed):
            outputs = self._run_canary(canary.source, resources)
            for index in among:
                if suspicion := judge(passed[index], index, canary, outputs):
                    self._suspected[index] = suspicion

    def _run_canary(self, source: str, resources: Any) -> list[NotebookNode]:
        cell = NotebookNode(cell_type="code", source=source, outputs=[], metadata=NotebookNode())
        configured, self.timeout, self._canary_runs = self.timeout, self.canary_timeout, True
        self.nb.cells.append(cell)
        try:
            super().preprocess_cell(cell, resources, len(self.nb.cells) - 1)
        except (DeadKernelError, CellTimeoutError, RuntimeError, Empty) as error:
            _append_error(cell, type(error).__name__, "")
        finally:
            self.nb.cells.pop()
            self.timeout, self._canary_runs = configured, False
        return cell.outputs

    def _look_again(self, nb: NotebookNode, resources: Any) -> None:
        """Run the notebook anew with canaries in the place of the suspected tests.

        The first look is at the state at the notebook's end. An honest notebook can have changed
        there what a test needs, and a forgery can be in force only while its test runs.

        What comes after a canary may not find all as the test would have left it. So the first
        that is still suspected, before which all was as it had been, convicts the others with it;
        if there is nothing against it, they are looked at once more without it.
        """
        suspected, first = sorted(self._suspected), -1
        over = time.monotonic() + self.notebook_timeout
        while suspected and suspected[0] != first:
            first, told = suspected[0], self._look(suspected, nb, resources)
            suspected = [index for index in suspected if told[index]]
            if time.monotonic() > over:
                break
        for index in suspected:
            kind, why = told[index]
            self._say(kind, _label(nb.cells[index], index), why)

    def _look(
        self, suspected: list[int], nb: NotebookNode, resources: Any
    ) -> dict[int, Suspicion | None]:
        """What canaries in the place of tests say, by the number of the cell."""
        again = copy.deepcopy(nb)
        canaries = {index: canary_cell({index: self._canaries[index]}, True) for index in suspected}
        for index, canary in canaries.items():
            again.cells[index].source = canary.source
        second = type(self)(config=self.config, canaries=False, largest_files=0)
        for name in ("walled", "timeout", "notebook_timeout", "largest_output"):
            setattr(second, name, getattr(self, name))
        second(again, {"metadata": dict(resources.get("metadata", {}))})
        return {
            index: judge(self._canaries[index], index, canary, again.cells[index].outputs)
            for index, canary in canaries.items()
        }


def _is_python(notebook: NotebookNode) -> bool:
    kernelspec = notebook.metadata.get("kernelspec", {})
    return (kernelspec.get("language") or kernelspec.get("name", "python")).startswith("python")


def is_test(cell: NotebookNode) -> bool:
    """Whether this is a cell that tests what the student wrote (nbgrader's autograder test)."""
    return cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell)


def _label(cell: NotebookNode, index: int) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell {index + 1}"


def _append_error(cell: NotebookNode, name: str, text: str) -> None:
    cell.outputs.append(new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"]))
