"""The walled kernel puts out what ipykernel's own puts out, cell by cell."""

import json
import re
import sys
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from backend_course.grading.execute import WalledExecute
from backend_course.grading.kernel import Transformers
from backend_course.grading.provisioner import close_warm_process
from backend_course.kernels import without_ports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux")

CELLS = {
    "value": "6 * 7",
    "print": "print('a')\nprint('b', end='')",
    "both streams": "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('out again')",
    "error": "def broken(x):\n    return 1 / x\nprint('before')\nbroken(0)",
    "syntax error": "def broken(:\n    pass",
    "order": "from IPython.display import display\nprint(1)\ndisplay(2)\nprint(3)\n4",
    "html": "from IPython.display import HTML\nHTML('<b>bold</b>')",
    "update": "handle = display(1, display_id='here')\nhandle.update(2)",
    "clear": "from IPython import display\nprint(1)\ndisplay.clear_output()\nprint('left')",
    "warning": "import warnings\nwarnings.warn('careful', stacklevel=1)",
    "await": "import asyncio\nawait asyncio.sleep(0.01)\n'awaited'",
    "await that fails": "async def fails():\n    raise ValueError('later')\nawait fails()",
    "thread": "import threading\n"
    "t = threading.Thread(target=print, args=('in a thread',))\nt.start()\nt.join()",
    "bash": "%%bash\necho out\necho err >&2",
    "fork": "import os\npid = os.fork()\nif pid == 0:\n    os._exit(0)\nos.waitpid(pid, 0)[1]",
    "child that prints": "import multiprocessing\n"
    "p = multiprocessing.get_context('fork').Process(target=print, args=('child',))\n"
    "p.start()\np.join()",
    "input": "input('name? ')",
    "history": "%history -n 1-2",
    "last results": "Out[1], _i1, In[2]",
    "other transformed twice": "%time sum(range(3))\n[1]",
    "same cell": "6 * 7",
    "same cell again": "6 * 7",
    "redirected": "import contextlib, io\n"
    "with contextlib.redirect_stdout(io.StringIO()) as kept:\n    print('kept')\nkept.getvalue()",
    "exit of a function": "import sys\nsys.exit(3)",
    "interrupted": "import time\nprint('waiting', flush=True)\ntime.sleep(60)",
    "after it": "print('still here')",
    "context": "import contextvars\nlanguage = contextvars.ContextVar('language')\n"
    "token = language.set('en')",
    "context in the next cell": "language.get()",
    "task": "import asyncio\ndone = []\n"
    "async def later():\n    await asyncio.sleep(0.05)\n    done.append('later')\n"
    "task = asyncio.get_running_loop().create_task(later())",
    "task after its cell": "await asyncio.sleep(0.2)\ndone",
    "message to a front end": "from comm import create_comm\n"
    "create_comm(target_name='any', data={'n': 1}, buffers=[b'bytes']).send({'n': 2})\n'sent'",
    "plot": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "plot that is not shown": "plt.plot([1, 3]);",
    "backend": "import matplotlib\nmatplotlib.get_backend()",
    "lots": "for i in range(3000):\n    print(i)",
}


@pytest.fixture(scope="module")
def outputs() -> dict[str, dict[str, list]]:
    """The outputs of each cell, in ipykernel's own kernel and in the walled one."""
    found = {}
    for name, kind, config in (
        ("own", Execute, without_ports()),
        ("walled", WalledExecute, Config(WalledProvisioner={"modules": ["matplotlib.pyplot"]})),
    ):
        notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS.values()])
        kind(config=config, timeout=2, allow_errors=True)(notebook, {"metadata": {}})
        found[name] = {
            label: _joined([_comparable(output) for output in cell.outputs])
            for label, cell in zip(CELLS, notebook.cells, strict=True)
        }
    close_warm_process()
    return found


def _comparable(output: dict) -> dict:
    """Without colours, which feedback has no use for, and what differs from run to run."""
    kept = {key: value for key, value in output.items() if key != "traceback"}
    if output.get("ename") == "SyntaxError":  # names the cell's file, whose number is any
        kept["evalue"] = re.sub(r"\d+(?=\.py)", "n", kept["evalue"])
    if "UserWarning: careful" in kept.get("text", ""):
        kept["text"] = kept["text"].partition(": ")[2]
    return kept | {
        "traceback": re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.get("traceback", ())))
    }


def _joined(outputs: list[dict]) -> list[dict]:
    """With a stream's pieces in one: where it is cut is a matter of time."""
    joined: list[dict] = []
    for output in outputs:
        if joined and output.get("name") and output["name"] == joined[-1].get("name"):
            joined[-1]["text"] += output["text"]
        else:
            joined.append(output)
    for output in joined:
        if "Wall time" in output.get("text", ""):
            output["text"] = "times"
    return joined


@pytest.mark.parametrize("label", CELLS)
def test_outputs_are_those_of_ipykernel(label: str, outputs: dict) -> None:
    assert outputs["walled"][label] == outputs["own"][label]


def test_what_is_compared_is_there(outputs: dict) -> None:
    silent = {label for label, found in outputs["own"].items() if not found}
    assert silent == {"context", "task"}


def test_an_await_that_is_interrupted_costs_only_its_cell() -> None:
    """ipykernel itself answers nothing more after it."""
    sources = ["import asyncio\nawait asyncio.sleep(60)", "print('still here')"]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    WalledExecute(config=Config(), timeout=1)(notebook, {"metadata": {}})
    close_warm_process()
    assert notebook.cells[0].outputs[-1].ename == "CellTimeoutError"
    assert notebook.cells[1].outputs[0].text == "still here\n"


def test_a_fork_that_runs_on_does_not_answer_for_the_kernel() -> None:
    source = "import os, time\nforked = os.fork()\nif forked: time.sleep(0.5)\nprint(bool(forked))"
    notebook = new_notebook(cells=[new_code_cell(source), new_code_cell("bool(forked)")])
    WalledExecute(config=Config())(notebook, {"metadata": {}})
    close_warm_process()
    assert "".join(output.text for output in notebook.cells[0].outputs) == "False\nTrue\n"
    assert notebook.cells[1].outputs[0].data["text/plain"] == "True"


@pytest.mark.parametrize(
    "source",
    ["import os\nos.write(1, b'raw')", "import subprocess\nsubprocess.run(['echo', '-n', 'raw'])"],
)
def test_output_through_a_descriptor_comes_in_time(source: str) -> None:
    """In ipykernel it may come after the cell's result, or after the cell, and then it is lost."""
    notebook = new_notebook(cells=[new_code_cell(source) for _ in range(20)])
    WalledExecute(config=Config())(notebook, {"metadata": {}})
    close_warm_process()
    assert [cell.outputs[0].get("text") for cell in notebook.cells] == ["raw"] * 20


def test_magics_are_found_where_ipython_finds_them() -> None:
    """In each cell of the course, and where Python and magics look alike."""
    root = Path(__file__).resolve().parents[3]
    sources = {
        "".join(cell["source"])
        for path in [*root.glob("course/**/*.ipynb"), *root.glob("source/**/*.ipynb")]
        for cell in json.loads(path.read_text())["cells"]
        if cell["cell_type"] == "code"
    }
    sources |= {
        "a = (1\n%2)",
        "a = %time 1",
        "a = (%time 1)",
        "x = !ls\nx",
        "f'{x=!r}'",
        "f'{1!r}' % 2",
        "'?'",
        "print?",
        "# print?",
        "await f()\n!ls",
        "if True:\n    %time 1",
        ">>> 1\n... ",
        "In [1]: x",
        "    1\n    2",
        "/print 1",
        ";print 1",
        "%%bash\nls",
        "def (:",
        "\0",
    }
    assert len(sources) > 900
    for source in sources:
        assert Transformers().transform_cell(source) == TransformerManager().transform_cell(source)


def test_a_transformer_of_the_students_sees_python_too() -> None:
    source = """
class Seven:
    @staticmethod
    def find(tokens_by_line):
        return None
Seven.find = lambda tokens_by_line: print("looked")
get_ipython().input_transformer_manager.token_transformers.append(Seven)
"""
    notebook = new_notebook(cells=[new_code_cell(source), new_code_cell("1")])
    WalledExecute(config=Config())(notebook, {"metadata": {}})
    close_warm_process()
    assert notebook.cells[1].outputs[0].text.startswith("looked")
