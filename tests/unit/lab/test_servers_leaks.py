"""Whatever happens to the process that started servers, nothing of them stays."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

import leftovers
from backend_course.lab import servers

APP = """\
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
"""
STACK = """\
from backend_course.lab import servers
db = servers.postgres()
app = servers.app("hello.py", workers=2, env={"DATABASE_URL": db.dsn})
web = servers.nginx(
    "server { listen 127.0.0.1:${PORT}; location / { proxy_pass http://${APP}; } }",
    values={"APP": app.address},
)
"""
SLEEPER = f'servers.command([{sys.executable!r}, "-m", "http.server", "{{port}}"])'


@dataclass
class Place:
    """A folder to work in, and a mark by which its processes are found."""

    folder: Path
    mark: str

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {leftovers.MARK: self.mark, "TMPDIR": str(self.folder)}

    def processes(self) -> list[psutil.Process]:
        return leftovers.find(self.mark, self.folder)

    def left(self) -> list[str]:
        """What is left when all has had time to go."""
        processes = leftovers.wait_until_gone(self.mark, self.folder)
        wait_for(lambda: not self.folders())
        return [*map(leftovers.describe, processes), *self.folders()]

    def folders(self) -> list[str]:
        return [str(path) for path in self.folder.glob("backend-course-*")]


def wait_for(find: Callable[[], object], seconds: float = 10.0) -> object:
    """Ask again and again until ``find`` has something to show."""
    deadline = time.monotonic() + seconds
    while not (found := find()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def lives(process: psutil.Process) -> bool:
    """Whether it runs; a zombie has ended, and waits for a parent that may be slow."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="leaks-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "hello.py").write_text(APP)
        place = Place(Path(folder), uuid.uuid4().hex)
        yield place
        for process in place.processes():
            process.kill()


def script(place: Place, code: str) -> subprocess.Popen[str]:
    """Run Python code that has imported servers, with all warnings as errors."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", "from backend_course.lab import servers\n" + code],
        cwd=place.folder,
        env=place.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(client: BlockingKernelClient, code: str) -> None:
    reply = client.execute(code, reply=True, timeout=60)
    assert reply["content"]["status"] == "ok", reply["content"]


def restart(manager: KernelManager) -> None:
    manager.restart_kernel()


def shut_down(manager: KernelManager) -> None:
    manager.shutdown_kernel()


def kill_9(manager: KernelManager) -> None:
    os.kill(manager.provisioner.pid, signal.SIGKILL)


def kill_9_the_group(manager: KernelManager) -> None:
    os.killpg(os.getpgid(manager.provisioner.pid), signal.SIGKILL)


@pytest.mark.parametrize("end", [restart, shut_down, kill_9, kill_9_the_group])
def test_a_kernel_leaves_nothing(place: Place, end: Callable[[KernelManager], None]) -> None:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(place.folder), env=place.environment)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        run(client, STACK)
        kernel = psutil.Process(manager.provisioner.pid)
        before = [process for process in place.processes() if process != kernel]
        assert len(before) > 12  # three supervisors, uvicorn with workers, nginx, PostgreSQL
        assert len(place.folders()) == 3
        end(manager)
        wait_for(lambda: not any(map(lives, before)))
        assert [leftovers.describe(process) for process in before if lives(process)] == []
        assert wait_for(lambda: not place.folders()), place.folders()
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
    assert place.left() == []


def test_a_program_that_just_ends_leaves_nothing_and_writes_nothing(place: Place) -> None:
    program = script(place, f'{SLEEPER}\nservers.app("hello.py")')
    assert program.communicate(timeout=60) == ("", "")
    assert (program.returncode, place.left()) == (0, [])


def test_a_failure_in_the_middle_leaves_nothing(place: Place) -> None:
    program = script(place, f"{SLEEPER}\n1 / 0")
    assert program.communicate(timeout=60)[1].endswith("ZeroDivisionError: division by zero\n")
    assert place.left() == []


def test_children_and_forks_do_not_keep_the_servers_of_a_killed_process(place: Place) -> None:
    program = script(
        place,
        f"import os, subprocess, sys, time\nserver = {SLEEPER}\n"
        "child = subprocess.Popen(['sleep', '60'], close_fds=False, env={})\n"
        "fork = os.fork()\n"
        "if fork == 0:\n"
        "    server.stop()\n"
        "    os.environ.clear()\n"
        "    os.execvpe('sleep', ['sleep', '61'], {}) if server.running else os._exit(1)\n"
        "print(child.pid, fork, server.pid, flush=True)\n"
        "time.sleep(60)",
    )
    child, fork, server = (psutil.Process(int(pid)) for pid in program.stdout.readline().split())
    try:
        assert wait_for(lambda: fork.cmdline() == ["sleep", "61"])
        assert lives(server)
        with program:  # closes the pipes; reading them would wait for the children
            program.kill()
        assert place.left() == []
        assert lives(child)
        assert lives(fork)
        assert not lives(server)
    finally:
        child.kill()
        fork.kill()


def test_a_fork_that_ends_does_not_stop_the_servers_of_its_parent(place: Place) -> None:
    program = script(
        place,
        f"import os, sys\nserver = {SLEEPER}\n"
        "fork = os.fork()\n"
        "if fork == 0:\n"
        "    print(servers.status())\n"
        "    sys.exit()\n"
        "os.waitpid(fork, 0)\n"
        "print(servers.status(), server.running)",
    )
    table = "name    kind     state\npython  program  running"
    name = Path(sys.executable).stem
    out, err = program.communicate(timeout=60)
    assert (out, err) == (f"no servers\n{table.replace('python', name)} True\n", "")
    assert place.left() == []


def test_kill_9_in_the_middle_of_a_start(place: Place) -> None:
    program = script(place, "servers.postgres()")
    assert wait_for(lambda: "initdb" in [process.name() for process in place.processes()])
    program.kill()
    program.communicate()
    assert place.left() == []


def test_an_interrupted_start_leaves_nothing(place: Place) -> None:
    program = script(
        place,
        "try:\n"
        "    servers.command(['sleep', '60'])\n"
        "except KeyboardInterrupt:\n"
        "    print(servers.status(), flush=True)\n"
        "    input()",
    )
    assert wait_for(lambda: "sleep" in [process.name() for process in place.processes()])
    program.send_signal(signal.SIGINT)
    assert program.stdout.readline() == "no servers\n"
    assert [process.pid for process in place.processes()] == [program.pid]
    assert program.communicate("\n") == ("", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_supervisor_does_not_keep_its_server(number: int) -> None:
    with servers.command([sys.executable, "-m", "http.server", "{port}"]) as server:
        folder = server.folder
        process = psutil.Process(server.pid)
        process.parent().send_signal(number)
    assert not lives(process)
    assert not folder.exists()
    assert not server.running
