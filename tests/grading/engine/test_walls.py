"""The walls around a kernel, looked at from inside and from outside."""

import ctypes
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from backend_course.grading import channel, walls
from backend_course.grading.channel import Channel
from backend_course.grading.client import ChannelClient
from backend_course.grading.execute import WalledExecute
from backend_course.grading.pool import LocalPool
from backend_course.grading.provisioner import (
    SharedWarmProcess,
    Wanted,
    close_warm_process,
    warm_process,
)
from backend_course.grading.walls import namespaces
from backend_course.grading.warm import Borrowed, Warm, WarmError

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


OTHER_HOST = """
import json, sys
from pathlib import Path
from backend_course.grading.walls import syscalls

most, sources = json.loads(sys.argv[1])
syscalls.call("unshare", syscalls.NEWUSER)
print(flush=True)
sys.stdin.readline()
Path("/proc/sys/user/max_user_namespaces").write_text(str(most))
from nbformat.v4 import new_code_cell, new_notebook
from backend_course.grading.execute import WalledExecute
from backend_course.grading.provisioner import close_warm_process, warm_process

cells = [new_code_cell(source) for source in sources]
cells = WalledExecute()(new_notebook(cells=cells), {"metadata": {}})[0].cells
print(json.dumps({"cells": [c.outputs for c in cells], "missing": warm_process().missing}))
close_warm_process()
"""


def ran_on_another_host(most: int, *sources: str, cwd: Path) -> tuple[list[list], dict[str, str]]:
    """The outputs of cells on a host that allows `most` user namespaces, and what it refuses.

    That host is a user namespace itself, with a limit that the system holds it to.
    """
    command = [sys.executable, "-c", OTHER_HOST, json.dumps([most, sources])]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=cwd) as process:
        process.stdout.readline()
        proc = Path("/proc", str(process.pid))
        if os.getuid():
            (proc / "setgroups").write_text("deny")
        for name, own in (("uid_map", os.getuid()), ("gid_map", os.getgid())):
            known = [0, namespaces.NOBODY] if os.getuid() == 0 else [own]
            (proc / name).write_text("".join(f"{number} {number} 1\n" for number in known))
        told = json.loads(process.communicate("go\n", timeout=100)[0])
    assert process.returncode == 0
    return told["cells"], told["missing"]


@needs_walls
def test_a_kernel_sees_a_small_world() -> None:
    source = """
import json, os, psutil, socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
print(json.dumps({
    "user": os.getuid(),
    "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "status": dict(line.split(":", 1) for line in open("/proc/self/status")),
    "environment": sorted(os.environ),
    "folder": os.getcwd(),
    "first environment": psutil.Process().environ(),
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
    assert "GRADING_TEST_SECRET" not in seen["first environment"]
    assert "GRADING_TEST_SECRET" not in seen["environment"]
    status = {name: value.strip() for name, value in seen["status"].items()}
    assert all(int(value, 16) == 0 for name, value in status.items() if name.startswith("Cap"))
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


@needs_walls
def test_no_socket_of_the_grader_is_left_to_a_kernel() -> None:
    """What a submission writes to the warm process's socket, the grader would take for answers.

    Its own channel is there: what comes from it, is taken for what a student says.
    """
    source = """
import os, socket, struct
own = get_ipython().kernel.session.channel.socket.fileno()
for name in os.listdir("/proc/self/fd"):
    try:
        end = socket.socket(fileno=os.dup(int(name)))
        peer = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    except OSError:
        continue  # no socket, or gone
    # Made outside, and not by connecting to the kernel:
    if not struct.unpack("3i", peer)[0] and not end.getsockname():
        print("a socket from outside:", "its own" if int(name) == own else name)
"""
    notebook, _ = ran(source)
    assert text(notebook.cells[0]) == "a socket from outside: its own\n"


@needs_walls
@pytest.mark.parametrize("path", ["/usr/x", "/etc/x", "/x", str(Path(sys.prefix, "x"))])
def test_a_kernel_writes_only_at_home(path: str) -> None:
    notebook, _ = ran(f"open('/tmp/a', 'w'); open('b', 'w'); open({path!r}, 'w')")
    assert notebook.cells[0].outputs[0].ename in {"OSError", "PermissionError"}


def killed() -> walls.Walls:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def raising(*arguments: object) -> walls.Walls:
    raise ctypes.ArgumentError("no such call")


@needs_walls
@pytest.mark.parametrize(
    ("where", "breaks", "reason"),
    [
        (walls, killed, "signal 9"),
        (walls, raising, "ArgumentError: no such call"),
        (namespaces, raising, "ArgumentError: no such call"),
    ],
)
def test_a_probe_that_breaks_found_no_wall(
    where: object, breaks: object, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, "raise_shared" if where is walls else "map_users", breaks)
    found = walls.probe()
    assert found.standing == []
    assert all(reason in said for said in found.missing.values())


LOOKS_AROUND = """
import json, os, subprocess, sys, tempfile
import numpy
with open("mine", "w") as file, tempfile.TemporaryFile() as another:
    file.write("written")
def readable(path):
    try:
        return bool(os.listdir(path) if os.path.isdir(path) else open(path).read(1))
    except OSError:
        return False
print(json.dumps({
    "sum": int(numpy.arange(4).sum()),
    "own": open("mine").read(),
    "started": subprocess.check_output([sys.executable, "-c", "print(6 * 7)"]).decode(),
    "seen": [path for path in PATHS if readable(path)],
    "capabilities": [line for line in open("/proc/self/status") if line.startswith("Cap")],
}))
"""


@needs_walls
def test_landlock_alone_hides_the_host(tmp_path: Path) -> None:
    gradebook = tmp_path / "gradebook.db"
    gradebook.write_text("marks")
    paths = ["/", "/root/.bashrc", "/root", "/etc/passwd", str(Path.home()), "/tmp", "/var"]
    paths += [str(tmp_path), str(gradebook), f"/proc/{os.getpid()}/environ"]
    look = LOOKS_AROUND.replace("PATHS", repr(paths))
    [outputs], missing = ran_on_another_host(0, look, cwd=tmp_path)
    assert missing.keys() == {"namespaces", "root", "users"}
    assert outputs[0]["output_type"] == "stream", outputs
    seen = json.loads(outputs[0]["text"])
    assert (seen["sum"], seen["own"], seen["started"]) == (6, "written", "42\n")
    assert seen["seen"] == []
    held = [line for line in seen["capabilities"] if not line.startswith("CapBnd")]  # needs root
    assert all(int(line.split()[1], 16) == 0 for line in held)


def test_only_folders_of_modules_are_pythons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, home, modules = (tmp_path / name for name in ("course", "home/me", "home/me/modules"))
    venv = course / "venv"
    for folder in (course, modules, venv / "lib"):
        folder.mkdir(parents=True)
    (course / "nbgrader_config.py").touch()
    (venv / "pyvenv.cfg").touch()
    link = tmp_path / "link"
    link.symlink_to(home)
    entries = [Path("/"), tmp_path, course, home.parent, home, link, modules, venv / "lib"]
    monkeypatch.setattr(sys, "path", ["", *map(str, entries), str(tmp_path / "nowhere")])
    monkeypatch.setattr(sys, "prefix", str(venv))
    found = set(namespaces.python_folders(home))
    assert found == {venv, venv / "lib", modules, Path(sys.base_prefix)}
    # Made with `python -m venv .` in the course's own folder:
    (venv / "gradebook.db").touch()
    found = set(namespaces.python_folders(home))
    parts = {venv / "lib", venv / "pyvenv.cfg"}
    assert found == parts | {modules, Path(sys.base_prefix)}


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


GREEDY = """
import os, time
count = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(100)
            os._exit(0)
        count += 1
except OSError:
    print(count)
"""
HONEST = """
import threading
wait = threading.Event()
threads = [threading.Thread(target=wait.wait) for _ in range(20)]
for thread in threads:
    thread.start()
print(threading.active_count() > 20)
wait.set()
"""


@needs_walls
def test_a_notebook_that_forks_takes_no_processes_from_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limited = Config({"WalledProvisioner": {"limits": {"processes": 64}}})
    run_cell, beside = WalledExecute.preprocess_cell, []

    def pausing(self: WalledExecute, cell: nbformat.NotebookNode, resources: dict, index: int):
        if index == 1:
            beside.append(ran(HONEST, config=limited))
        return run_cell(self, cell, resources, index)

    monkeypatch.setattr(WalledExecute, "preprocess_cell", pausing)
    greedy, _ = ran(GREEDY, "1", config=limited)
    assert 40 < int(text(greedy.cells[0])) < 64
    [(honest, resources)] = beside
    assert text(honest.cells[0]) == "True\n", honest.cells[0].outputs
    assert resources["grading"]["ended"] is None


@needs_walls
def test_a_host_that_refuses_users_of_its_own_to_each_kernel_is_named(tmp_path: Path) -> None:
    look = "import os\nprint(os.getuid(), [l for l in open('/proc/self/status') if l[:3] == 'Cap'])"
    (looked, threads), missing = ran_on_another_host(1, look, HONEST, cwd=tmp_path)
    assert missing == {"users": os.strerror(errno.ENOSPC)}
    assert looked[0]["text"].startswith("1000 ")
    assert set(re.findall(r"\\t(\w+)", looked[0]["text"])) == {"0" * 16}
    assert threads[0]["text"] == "True\n"


@needs_walls
def test_a_module_beside_the_notebook_is_found_and_none_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("ANSWER = 42")
    source = "import sys, beside\nprint(beside.ANSWER, '/' in sys.path, sys.path.count(''))"
    source += "\nprint(sys.flags.safe_path, sys.path.index('') < len(sys.path) - 1)"
    again = (
        "import subprocess\nprint(subprocess.check_output([sys.executable, '-c', 'import beside'"
    )
    again += "\n]).decode() or 'too')"
    notebook = new_notebook(cells=[new_code_cell(source), new_code_cell(again)])
    ran_here, _ = WalledExecute()(notebook, {"metadata": {"path": str(tmp_path)}})
    assert [text(cell) for cell in ran_here.cells] == ["42 False 1\nFalse True\n", "too\n"]


@needs_walls
def test_nothing_of_a_kernel_outlives_it() -> None:
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
            warm_process().process.kill()
        return run_cell(self, cell, resources, index)

    with monkeypatch.context() as patch:
        patch.setattr(WalledExecute, "preprocess_cell", killing)
        with pytest.raises(WarmError, match="grade it again"):
            ran("1", "import time; time.sleep(60)", "2")
    assert text(ran("print(1)")[0].cells[0]) == "1\n"


def parent_of_a_kernel(task: bytes) -> bytes:
    """Worker's work: run a kernel, and tell which warm process it came from."""
    notebook, _ = ran("print(1)")
    assert text(notebook.cells[0]) == "1\n"
    return b"the parent's" if type(warm_process()) is Borrowed else b"its own"


def test_workers_share_a_warm_process_and_do_without_when_it_dies() -> None:
    tasks = [(str(number), b"") for number in range(6)]
    with LocalPool(parent_of_a_kernel, 2, equip=lambda: SharedWarmProcess(Wanted())) as pool:
        first = dict(pool.run(tasks))
        shared = warm_process()
        assert isinstance(shared, Warm)
        shared.process.kill()
        shared.process.wait()
        after = dict(pool.run(tasks))
    assert set(first.values()) == {b"the parent's"}
    assert set(after.values()) == {b"its own"}


def test_what_is_to_be_called_once_is_called_where_its_module_is_imported() -> None:
    calls = {"xml.etree.ElementTree:register_namespace": ["mine", "urn:mine"]}
    asked = "import xml.etree.ElementTree as tree\nprint('urn:mine' in tree._namespace_map)"
    config = Config({"WalledProvisioner": {"warm_up": calls}})
    assert text(ran(asked, config=config)[0].cells[0]) == "False\n"
    config.WalledProvisioner.modules = ["xml.etree.ElementTree"]
    assert text(ran(asked, config=config)[0].cells[0]) == "True\n"
    close_warm_process()
    assert text(ran(asked, config=config)[0].cells[0]) == "True\n"


def test_a_library_that_writes_when_it_is_imported_is_ready_after_a_rehearsal() -> None:
    """matplotlib could not be imported into a warm process that was behind its walls already."""
    assert text(ran("print(1)")[0].cells[0]) == "1\n"
    config = Config({"WalledProvisioner": {"modules": ["matplotlib.pyplot"]}})
    notebook, _ = ran("import matplotlib.pyplot as plt\nplt.plot([1, 2])", config=config)
    assert "image/png" in notebook.cells[0].outputs[-1].data
    assert warm_process().left_out == {}


def test_a_call_that_fails_or_starts_a_thread_is_left_out() -> None:
    calls = {"json:loads": ["no JSON"], "faulthandler:dump_traceback_later": [1000]}
    with Warm(["json"], calls) as warm:
        assert warm.left_out["json:loads"].startswith("JSONDecodeError")
        assert warm.left_out["faulthandler:dump_traceback_later"] == "starts a thread"


def test_a_worker_that_goes_takes_its_kernels_along() -> None:
    shared = warm_process()
    assert isinstance(shared, Warm)
    lent = shared.lend()
    folder = lent.new_folder()
    ours, theirs = Channel.pair()
    with ours, theirs:
        fork = {"kernel": folder.name, "arguments": [], "environment": {}, "limits": {}}
        pid = lent.ask("fork", give=theirs, **fork)["pid"]
    kernel = psutil.Process(pid)
    lent.close()
    assert psutil.wait_procs([kernel], timeout=10)[1] == []
    assert shared.alive


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


def test_a_message_that_is_too_large_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "LARGEST_MESSAGE", 1 << 20)
    notebook, resources = ran("print(1)", "print('x' * (1 << 21))", "print(2)")
    assert text(notebook.cells[0]) == "1\n"
    assert notebook.cells[1].outputs[-1].ename == "NotFinished"
    assert resources["grading"]["ended"] == "the kernel sent a message above 1 MB in cell 2"


def test_a_flood_of_output_is_cut_and_reported() -> None:
    notebook, resources = ran("print('x' * 1000)\nprint('y' * 5000)", largest_output=2000)
    assert len(text(notebook.cells[0])) == 2000
    assert [flag["kind"] for flag in resources["grading"]["flags"]] == ["flood"]


@pytest.mark.parametrize(
    "source",
    [
        "raise ValueError('x' * 5000)",
        "display({'text/plain': ''}, raw=True, metadata={'text/plain': {'x': 'y' * 5000}})",
    ],
)
def test_errors_and_what_comes_with_a_display_are_output_too(source: str) -> None:
    notebook, resources = ran(source, largest_output=2000)
    assert len(str(notebook.cells[0].outputs)) < 2000
    assert [flag["kind"] for flag in resources["grading"]["flags"]] == ["flood"]


def fails_to_start(task: bytes) -> bytes:
    """Worker's work: as often as the task says, a kernel is gone before its first cell."""
    file, times = task.decode().split()
    tries = Path(file)
    tries.write_text(tries.read_text() + "." if tries.exists() else ".")

    async def late(self: ChannelClient, timeout: float | None = None) -> None:
        raise RuntimeError("Kernel died before replying to kernel_info")

    with pytest.MonkeyPatch.context() as patch:
        if len(tries.read_text()) <= int(times):
            patch.setattr(ChannelClient, "wait_for_ready", late)
        return text(ran("print(1)")[0].cells[0]).encode()


def test_a_kernel_that_does_not_start_is_started_again_and_costs_no_points(tmp_path: Path) -> None:
    tasks = [(times, f"{tmp_path / times} {times}".encode()) for times in ("0", "2", "9")]
    with LocalPool(fails_to_start, 1, equip=lambda: SharedWarmProcess(Wanted())) as pool:
        results = dict(pool.run(tasks))
    assert results["0"] == results["2"] == b"1\n"
    assert "a kernel could not be started" in str(results["9"])
    assert (tmp_path / "9").read_text() == "..."


def test_a_host_without_walls_grades_no_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    from backend_course.grading import grade

    none = walls.Walls({name: "refused" for name in walls.ALL if name != "limits"})
    monkeypatch.setattr(walls, "probe", lambda: none)
    import argparse

    parser = argparse.ArgumentParser()
    grade.add_arguments(parser)
    assert grade.run(parser.parse_args(["any"])) == 2
