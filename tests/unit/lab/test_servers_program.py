"""What all servers have in common, shown on Python's own file server."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from backend_course.lab import servers
from backend_course.lab.servers import ports

FILE_SERVER = [sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1"]


@pytest.fixture(autouse=True)
def none_stays() -> Iterator[None]:
    yield
    servers.stop_all()


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_it_serves_until_it_is_stopped() -> None:
    server = servers.command(FILE_SERVER)
    folder = server.folder
    assert requests.get(server.url, timeout=5).status_code == 200
    assert server.running
    server.stop()
    assert not server.running
    assert not folder.exists()
    assert not ports.listens(server.port)


def test_stopping_twice_does_nothing() -> None:
    server = servers.command(FILE_SERVER)
    server.stop()
    server.stop()
    assert server.state == "stopped"


def test_the_log_can_be_read_before_and_after_the_end() -> None:
    with servers.command(FILE_SERVER) as server:
        requests.get(f"{server.url}/nothing-here", timeout=5)
        assert '"GET /nothing-here HTTP/1.1" 404' in server.tail(1)
    assert '"GET /nothing-here HTTP/1.1" 404' in server.tail(1)


def test_a_log_of_ones_own_stays(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with servers.command(FILE_SERVER, log=log):
        pass
    assert "Serving HTTP" in log.read_text()


def test_a_with_block_that_fails_stops_its_server() -> None:
    with pytest.raises(ZeroDivisionError), servers.command(FILE_SERVER) as server:
        1 / 0  # noqa: B018
    assert server.state == "stopped"


def test_a_stopped_server_can_start_again_on_its_port() -> None:
    server = servers.command(FILE_SERVER)
    server.stop()
    server.start()
    assert requests.get(server.url, timeout=5).ok
    assert server.start() is server


def test_restart_keeps_the_folder_and_takes_a_new_process() -> None:
    server = servers.command(FILE_SERVER)
    folder, pid = server.folder, server.pid
    server.restart()
    assert server.folder == folder
    assert server.pid != pid
    assert requests.get(server.url, timeout=5).ok


def test_a_killed_server_has_ended_and_can_start_again() -> None:
    server = servers.command(FILE_SERVER)
    server.kill()
    assert repr(server) == f"<program {server.name}: ended>"
    server.start()
    assert requests.get(server.url, timeout=5).ok


def test_a_server_that_does_not_listen_to_sigterm_is_killed() -> None:
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf'); signal.pause()"
    server = servers.command(python(deaf), ready=servers.says("deaf"), grace=0.1)
    process = psutil.Process(server.pid)
    server.stop()
    assert not process.is_running()


def test_what_a_server_has_started_goes_with_it() -> None:
    code = (
        "import subprocess, time\n"
        "subprocess.Popen(['sleep', '60'])\n"
        "subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        "print('ready'); time.sleep(60)"
    )
    server = servers.command(python(code), ready=servers.says("ready"))
    processes = server.processes()
    assert [process.name() for process in processes[1:]] == ["sleep", "sleep"]
    server.stop()
    assert [p for p in processes if servers.supervisor.alive(p)] == []


def test_environment_port_and_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIVEN", "yes")
    monkeypatch.setenv("TAKEN_AWAY", "yes")
    code = (
        "import os, time\n"
        "print(os.environ['PORT'], os.environ['GIVEN'], os.environ['ADDED'], "
        "os.environ.get('TAKEN_AWAY'))\n"
        "time.sleep(60)"
    )
    env = {"ADDED": 3, "TAKEN_AWAY": None}
    with servers.command(python(code), env=env, ready=servers.says("\n")) as server:
        assert server.tail(1) == f"{server.port} yes 3 None"


def test_readiness_by_a_path_waits_for_an_answer_below_500() -> None:
    code = (
        "import os\n"
        "from http.server import *\n"
        "class Slow(BaseHTTPRequestHandler):\n"
        "    count = 0\n"
        "    def do_GET(self):\n"
        "        Slow.count += 1\n"
        "        self.send_response(503 if Slow.count < 4 else 200)\n"
        "        self.end_headers()\n"
        "HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Slow).serve_forever()"
    )
    with servers.command(python(code), ready="/health") as server:
        assert server.tail(4).count(" 503 ") == 3
        assert server.tail(1).count('"GET /health HTTP/1.1" 200') == 1


def test_names_are_unique_unless_they_are_given() -> None:
    first = servers.command(FILE_SERVER)
    second = servers.command(FILE_SERVER)
    assert second.name == f"{first.name}-2"
    third = servers.command(FILE_SERVER, name="files")
    fourth = servers.command(FILE_SERVER, name="files")
    assert (third.state, fourth.state) == ("stopped", "running")
    assert servers.find("files") is fourth
    assert servers.find("nothing") is None


def test_status_is_a_table_without_anything_that_varies() -> None:
    assert repr(servers.status()) == "no servers"
    assert servers.status()._repr_html_() == "<p>no servers</p>"
    servers.command(FILE_SERVER, name="a")
    servers.command(FILE_SERVER, name="b<").kill()
    servers.command(FILE_SERVER, name="c").stop(keep=True)
    assert repr(servers.status()) == (
        "name  kind     state\na     program  running\nb<    program  ended\nc     program  stopped"
    )
    assert "<td>b&lt;</td><td>program</td><td>ended</td>" in servers.status()._repr_html_()


def test_status_tells_more_when_asked() -> None:
    server = servers.command(FILE_SERVER)
    table = servers.status(details=True)
    assert table.columns[3:] == ("port", "pid", "processes", "MB")
    assert table.rows[0][3:6] == (str(server.port), str(server.pid), "1")
    assert int(table.rows[0][6]) > 5


# Bad input.


def test_a_taken_port_names_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(servers.ServerError) as error:
            servers.command(FILE_SERVER, port=port)
    name = psutil.Process().name()
    assert str(error.value) == (
        f"Port {port} is taken by process {os.getpid()} ({name}). Stop that "
        "(servers.stop_all() stops your own), or leave out port= for a free one."
    )
    assert repr(servers.status()) == "no servers"


def test_a_given_port_is_used_and_free_again_at_once() -> None:
    port = servers.free_port()
    for _ in range(2):
        with servers.command(FILE_SERVER, port=port) as server:
            assert requests.get(server.url, timeout=5).ok


def test_a_port_that_a_stranger_took_meanwhile_does_not_count_as_ready() -> None:
    port = servers.free_port()
    idle = "import time; print('up'); time.sleep(60)"

    with socket.create_server(("127.0.0.1", port)):
        server = servers.Program(python(idle), name="x", timeout=0.3)
        server.port = port
        with pytest.raises(servers.ServerError, match="was not ready on"):
            server.start()


def test_a_missing_program() -> None:
    with pytest.raises(servers.ServerError) as error:
        servers.command(["no-such-program"])
    assert str(error.value) == (
        "There is no program 'no-such-program' on the PATH. Install it, or give its path."
    )


def test_a_server_that_dies_at_start_shows_its_last_words() -> None:
    with pytest.raises(servers.ServerError) as error:
        servers.command(python("print('one'); raise SystemExit('two')"), name="short")
    assert str(error.value) == (
        "short (program) ended while starting (exit status 1). Its last lines:\n    one\n    two"
    )
    assert repr(servers.status()) == "no servers"


def test_a_server_that_is_killed_at_start() -> None:
    with pytest.raises(servers.ServerError) as error:
        servers.command(python("import os; os.kill(os.getpid(), 9)"), name="short")
    assert str(error.value) == "short (program) ended while starting (SIGKILL). It wrote nothing."


def test_a_server_that_never_gets_ready() -> None:
    with pytest.raises(servers.ServerError) as error:
        servers.command(python("print('thinking'); input() or 1"), timeout=0)
    assert "ended while starting" in str(error.value) or "was not ready" in str(error.value)
    code = "import time; print('thinking'); time.sleep(60)"
    with pytest.raises(servers.ServerError) as error:
        servers.command(python(code), timeout=0.5, name="slow")
    text = str(error.value)
    assert text.startswith("slow (program) runs, but was not ready on 127.0.0.1:")
    assert text.endswith(" within 0.5 s. Its last lines:\n    thinking")


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(servers.ServerError, match=r"could not be started: .*No such file"):
        servers.command(FILE_SERVER, log=tmp_path / "nowhere" / "server.log")


def test_the_folder_of_a_stopped_server() -> None:
    server = servers.command(FILE_SERVER, name="gone")
    server.stop()
    with pytest.raises(servers.ServerError, match="gone has been stopped, its folder is gone"):
        _ = server.folder


def test_free_ports_differ_and_are_below_those_of_clients() -> None:
    found = [servers.free_port() for _ in range(50)]
    assert len(set(found)) == 50
    assert all(10000 <= port < 32768 for port in found)


def test_a_notebook_shows_an_error_as_its_message_alone() -> None:
    error = servers.ServerError("No such binary.\nInstall it.")
    assert error._render_traceback_() == ["No such binary.", "Install it."]
