"""The walls around a kernel, looked at from inside and from outside."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from backend_course.grading import walls
from backend_course.grading.execute import WalledExecute
from backend_course.grading.provisioner import close_warm_process, warm_process
from backend_course.grading.warm import WarmError

needs_walls = pytest.mark.skipif(
    walls.probe().standing != list(walls.ALL), reason="this host does not offer every wall"
)


@pytest.fixture(autouse=True)
def warm() -> Iterator[None]:
    yield
    close_warm_process()


def ran(*sources: str, **settings: object) -> tuple[nbformat.NotebookNode, dict]:
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    return WalledExecute(**settings)(notebook, {"metadata": {}})


def text(cell: nbformat.NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


@needs_walls
def test_a_kernel_sees_a_small_world() -> None:
    source = """
import json, os, socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
print(json.dumps({
    "user": os.getuid(),
    "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "status": dict(line.split(":", 1) for line in open("/proc/self/status")),
    "environment": sorted(os.environ),
    "folder": os.getcwd(),
}))
"""
    os.environ["GRADING_TEST_SECRET"] = "secret"
    notebook, _ = ran(source)
    del os.environ["GRADING_TEST_SECRET"]
    seen = json.loads(text(notebook.cells[0]))
    assert seen["user"] == 1000
    assert seen["processes"] == [1, 2]
    assert seen["interfaces"] == ["lo"]
    assert seen["folder"] == "/home/student/work"
    assert "GRADING_TEST_SECRET" not in seen["environment"]
    status = {name: value.strip() for name, value in seen["status"].items()}
    assert all(int(value, 16) == 0 for name, value in status.items() if name.startswith("Cap"))
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


@needs_walls
@pytest.mark.parametrize("path", ["/usr/x", "/etc/x", "/x", str(Path(sys.prefix, "x"))])
def test_a_kernel_writes_only_at_home(path: str) -> None:
    notebook, _ = ran(f"open('/tmp/a', 'w'); open('b', 'w'); open({path!r}, 'w')")
    assert notebook.cells[0].outputs[0].ename in {"OSError", "PermissionError"}


@needs_walls
def test_the_same_holds_for_an_ordinary_user(tmp_path: Path) -> None:
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        return  # then the other tests run as an ordinary user already
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    reachable = subprocess.run([*nobody, sys.executable, "-c", "0"], capture_output=True, cwd="/")
    if reachable.returncode:
        pytest.skip("Python lies where an ordinary user cannot read it")
    done = subprocess.run(
        [*nobody, sys.executable, "-m", "backend_course.grading", "doctor"],
        capture_output=True,
        text=True,
        cwd="/",
        env=os.environ | {"HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_walls
def test_nothing_of_a_kernel_outlives_it() -> None:
    import psutil

    ran("import subprocess\nsubprocess.Popen(['sleep', '33.25'], start_new_session=True)")
    commands = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert ["sleep", "33.25"] not in commands


def test_a_dead_kernel_costs_only_what_comes_after() -> None:
    notebook, resources = ran("print(1)", "import os; os._exit(3)", "print(2)")
    assert text(notebook.cells[0]) == "1\n"
    assert notebook.cells[1].outputs[-1].ename == "NotFinished"
    assert notebook.cells[2].outputs[-1].ename == "NotRun"
    assert "died" in resources["grading"]["ended"]


def test_a_warm_process_that_dies_costs_no_points(monkeypatch: pytest.MonkeyPatch) -> None:
    run_cell = WalledExecute.preprocess_cell

    def killing(self: WalledExecute, cell: nbformat.NotebookNode, resources: dict, index: int):
        if index == 1:
            warm_process([]).process.kill()
        return run_cell(self, cell, resources, index)

    with monkeypatch.context() as patch:
        patch.setattr(WalledExecute, "preprocess_cell", killing)
        with pytest.raises(WarmError, match="grade it again"):
            ran("1", "import time; time.sleep(60)", "2")
    assert text(ran("print(1)")[0].cells[0]) == "1\n"


def test_a_loop_that_ignores_interrupts_is_killed() -> None:
    stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    notebook, resources = ran("print(1)", stubborn, "print(2)", timeout=1)
    assert text(notebook.cells[0]) == "1\n"
    assert notebook.cells[2].outputs[-1].ename == "NotRun"
    assert "could not be stopped" in resources["grading"]["ended"]


def test_a_polite_loop_costs_only_its_cell() -> None:
    notebook, resources = ran("while True: pass", "print(2)", timeout=1)
    assert notebook.cells[0].outputs[-1].ename == "CellTimeoutError"
    assert text(notebook.cells[1]) == "2\n"
    assert resources["grading"]["ended"] is None


def test_a_flood_of_output_is_cut_and_reported() -> None:
    notebook, resources = ran("print('x' * 1000)\nprint('y' * 5000)", largest_output=2000)
    assert len(text(notebook.cells[0])) == 2000
    assert [flag["kind"] for flag in resources["grading"]["flags"]] == ["flood"]


def test_a_host_without_walls_grades_no_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    from backend_course.grading import grade

    none = walls.Walls({name: "refused" for name in walls.ALL if name != "limits"})
    monkeypatch.setattr(walls, "probe", lambda: none)
    import argparse

    parser = argparse.ArgumentParser()
    grade.add_arguments(parser)
    assert grade.run(parser.parse_args(["any"])) == 2
