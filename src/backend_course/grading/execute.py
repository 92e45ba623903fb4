"""nbgrader's Execute, with a kernel behind walls, limits that hold, and canaries.

Goes where `nbgrader.preprocessors.Execute` stands in `c.Autograde.autograde_preprocessors`, and
takes the same settings (those of `c.Execute` and `c.ExecutePreprocessor` too).
"""

import contextlib
import time
from queue import Empty
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import Execute
from traitlets import Bool, Integer, Unicode

from .canaries import Canary, judge, make_canary
from .provisioner import KERNEL_NAME, WalledKernelManager

_PATIENCE = 1  # seconds in which an interrupted kernel must fall silent


class WalledExecute(Execute):
    """Runs a notebook's cells; one that cannot be stopped costs only what comes after it.

    In stock nbgrader a kernel that dies or hangs fails the whole submission. Here the cells that
    did not run get an error as their output: they count zero, and what was earned before stays.
    `resources["grading"]` gets the flags, the slowest cells and what ended the notebook early.
    """

    walled = Bool(True, help="run Python notebooks in walled kernels").tag(config=True)
    canaries = Bool(True, help="repeat each passed test, mutated").tag(config=True)
    canary_timeout = Integer(10, help="seconds for one canary").tag(config=True)
    notebook_timeout = Integer(600, help="seconds for one notebook").tag(config=True)
    largest_output = Integer(16 << 20, help="characters of output kept of a notebook").tag(
        config=True
    )
    shutdown_kernel = Unicode("immediate").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("kernel_manager_class", WalledKernelManager)
        super().__init__(**kwargs)

    def create_kernel_manager(self) -> Any:
        """A walled kernel for Python; for another language its own kernel, without walls."""
        kernelspec = self.nb.metadata.get("kernelspec", {})
        language = kernelspec.get("language") or kernelspec.get("name", "python")
        if self.walled and language.startswith("python"):
            self.kernel_name = KERNEL_NAME
        else:
            self._say("unwalled", None, f"ran without walls (kernel {kernelspec.get('name')})")
        manager = super().create_kernel_manager()
        manager.on_interrupt = self._lose_patience
        return manager

    def preprocess(self, nb: NotebookNode, resources: Any = None, km: Any = None) -> Any:
        """Run the notebook. Errors of the kernel end the run, not the grading."""
        self._flags: list[dict[str, str | None]] = []
        self._seconds: dict[str, float] = {}
        self._canaries: dict[int, Canary] = {}
        self._ended: str | None = None
        self._output_left = self.largest_output
        self._deadline = time.monotonic() + self.notebook_timeout
        resources = {} if resources is None else resources
        resources["grading"] = {"flags": self._flags, "seconds": self._seconds}
        usual_patience = self.iopub_timeout
        self.resources = resources
        try:
            return super().preprocess(nb, resources, km)
        except (DeadKernelError, RuntimeError) as error:
            self._end(f"the kernel could not be started or stopped: {error}")
            for index, cell in enumerate(nb.cells):
                self._leave_out(cell, index)
            return nb, resources
        finally:
            self.iopub_timeout = usual_patience
            resources["grading"]["ended"] = self._ended

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> Any:
        """Run one cell; after the last, the canaries."""
        start = time.monotonic()
        if self._ended or start > self._deadline:
            self._ended or self._end(f"the notebook took over {self.notebook_timeout} seconds")
            self._leave_out(cell, index)
        else:
            self._run(cell, resources, index)
        seconds = time.monotonic() - start
        if seconds > 1:
            self._seconds[_label(cell, index)] = round(seconds, 2)
        if index == len(self.nb.cells) - 1:
            self._release_canaries()
        return cell, resources

    def _run(self, cell: NotebookNode, resources: Any, index: int) -> None:
        watched = self.canaries and self.kernel_name == KERNEL_NAME and is_test(cell)
        if watched and cell.metadata.nbgrader.points:  # no points, nothing to forge
            self._take_snapshot(cell, index)
        configured = self.timeout
        left = max(1, int(self._deadline - time.monotonic()) + 1)
        self.timeout = min(configured, left) if configured and configured > 0 else left
        try:
            super().preprocess_cell(cell, resources, index)
        except (DeadKernelError, CellTimeoutError, RuntimeError, Empty) as error:
            self._end(_reason(error, cell, index))
            _append_error(cell, "NotFinished", self._ended or "")
        finally:
            self.timeout = configured
        self._look_at_outputs(cell, index)

    def _lose_patience(self) -> None:
        self.iopub_timeout = _PATIENCE

    def process_message(self, msg: dict, cell: NotebookNode, cell_index: int) -> Any:
        """Take a kernel's message; output past `largest_output` is dropped, errors never."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            text = content.get("text", "")
            content["text"] = text[: max(0, self._output_left)]
            self._output_left -= len(text)
        elif msg["msg_type"] in {"display_data", "execute_result", "update_display_data"}:
            size = sum(len(str(value)) for value in content.get("data", {}).values())
            if size > self._output_left:
                content["data"] = {"text/plain": "... output too large ..."}
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
        self.log.warning("%s: %s%s", kind, f"{cell}: " if cell else "", text)

    def _look_at_outputs(self, cell: NotebookNode, index: int) -> None:
        """A result of a cell that ends in no expression was put there by something else."""
        if not is_test(cell):
            return
        results = [o for o in cell.outputs if o.output_type == "execute_result"]
        canary = self._canaries.get(index)
        if results and (len(results) > 1 or (canary and not canary.shows_value)):
            self._say("tampered", _label(cell, index), "a result that the test does not give")

    def _take_snapshot(self, cell: NotebookNode, index: int) -> None:
        canary = make_canary(cell.source)
        if canary:
            self._canaries[index] = canary
            self._send("snapshot_request", {"cell": str(index)})

    def _send(self, kind: str, content: dict) -> str:
        message = self.kc.session.msg(kind, content)
        self.kc.shell_channel.send(message)
        return message["header"]["msg_id"]

    def _release_canaries(self) -> None:
        for index, canary in self._canaries.items():
            cell = self.nb.cells[index]
            if not utils.determine_grade(cell)[0]:
                continue
            if self._ended:
                verdict = ("unproven", "the kernel was gone before the canary could run")
            else:
                verdict = judge(canary, self._ask_canary(index, canary))
            if verdict:
                self._say(verdict[0], _label(cell, index), verdict[1])

    def _ask_canary(self, index: int, canary: Canary) -> dict:
        content = {"cell": str(index), "source": canary.source, "seconds": self.canary_timeout}
        asked = self._send("canary_request", content)

        async def answer() -> dict:
            end = time.monotonic() + self.canary_timeout + 1
            while (left := end - time.monotonic()) > 0:
                message = await self.kc.shell_channel.get_msg(timeout=left)
                if message["parent_header"].get("msg_id") == asked:
                    return message["content"]
            return {"error": "Timeout"}

        try:
            return run_sync(answer)()
        except (TimeoutError, Empty):
            return {"error": "Timeout"}


def is_test(cell: NotebookNode) -> bool:
    """Whether this is a cell that tests what the student wrote (nbgrader's autograder test)."""
    return cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell)


def _label(cell: NotebookNode, index: int) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell {index + 1}"


def _append_error(cell: NotebookNode, name: str, text: str) -> None:
    cell.outputs.append(new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"]))


def _reason(error: Exception, cell: NotebookNode, index: int) -> str:
    what = {DeadKernelError: "died", CellTimeoutError: "could not be stopped"}
    return f"the kernel {what.get(type(error), 'broke off')} in {_label(cell, index)}"
