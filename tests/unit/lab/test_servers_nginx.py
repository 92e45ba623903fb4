"""nginx in front of applications, its config and its errors."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from backend_course.lab import servers

SITE = """\
upstream apps {
    server ${ONE};
    server ${TWO};
}
server {
    listen 127.0.0.1:${PORT};
    location / {
        proxy_pass http://apps;
        proxy_set_header Host $host;
        add_header X-Backend $upstream_addr;
    }
}
"""
FIXED = "server {\n    listen 127.0.0.1:${PORT};\n    return 200 'first';\n}\n"
ASGI = """\
import os

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    host = dict(scope["headers"])[b"host"]
    await send({"type": "http.response.body", "body": os.environ["NAME"].encode() + b" " + host})
"""


@pytest.fixture(autouse=True)
def none_stays() -> Iterator[None]:
    yield
    servers.stop_all()


def body(server: servers.Nginx) -> str:
    return requests.get(server.url, timeout=5, headers={"Connection": "close"}).text


def served(server: servers.Nginx, wanted: int) -> int:
    """Count the pages in the log; nginx writes a line when the answer has gone out, or later."""
    deadline = time.monotonic() + 5
    while True:
        count = server.access_log.read_text().count('"GET / HTTP/1.1" 200')
        if count >= wanted or time.monotonic() > deadline:
            return count
        time.sleep(0.01)


def test_in_front_of_two_applications(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(ASGI)
    one, two = (servers.app(tmp_path / "hello.py", env={"NAME": name}) for name in ("one", "two"))
    config = tmp_path / "site.conf"
    config.write_text(SITE)
    web = servers.nginx(config, values={"ONE": one.address, "TWO": two.address})
    assert {body(web) for _ in range(4)} == {"one 127.0.0.1", "two 127.0.0.1"}
    two.kill()
    assert {body(web) for _ in range(4)} == {"one 127.0.0.1"}
    assert served(web, 8) == 8
    assert "Connection refused" in web.tail()


def test_a_reload_serves_only_the_new_config() -> None:
    web = servers.nginx(FIXED)
    old = web.workers()
    for word in ("second", "third"):
        web.reload(FIXED.replace("first", word))
        assert {body(web) for _ in range(5)} == {word}
    assert not set(old) & set(web.workers())


def test_no_request_is_lost_during_reloads() -> None:
    web = servers.nginx(FIXED)
    answers: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answers.append(body(web))

    client = threading.Thread(target=ask)
    client.start()
    try:
        for word in ("second", "third"):
            web.reload(FIXED.replace("first", word))
    finally:
        done.set()
        client.join()
    assert set(answers) <= {"first", "second", "third"}
    assert len(answers) > 2


def test_a_reload_reads_the_file_again_and_takes_values(tmp_path: Path) -> None:
    config = tmp_path / "site.conf"
    config.write_text(FIXED.replace("first", "${WORD}"))
    web = servers.nginx(config, values={"WORD": "one"})
    assert body(web) == "one"
    web.reload(values={"WORD": "two"})
    assert body(web) == "two"
    config.write_text(FIXED)
    web.reload()
    assert body(web) == "first"


def test_a_broken_reload_changes_nothing() -> None:
    web = servers.nginx(FIXED)
    with pytest.raises(servers.ServerError, match="nginx refuses line 2 of the config"):
        web.reload("server {\n    lissten 127.0.0.1:${PORT};\n}")
    assert body(web) == "first"
    web.reload()
    assert body(web) == "first"


def test_a_reload_that_nginx_itself_gives_up() -> None:
    web = servers.nginx(FIXED)
    with servers.nginx(FIXED) as other:
        config = FIXED.replace("${PORT};", "${PORT};\n    listen 127.0.0.1:" + f"{other.port};")
        with pytest.raises(servers.ServerError, match="goes on with the old one") as error:
            web.reload(config)
    assert f"bind() to 127.0.0.1:{other.port} failed" in str(error.value)
    assert body(web) == "first"


def test_a_restart_takes_another_config_and_forgets_values_and_ports() -> None:
    web = servers.nginx(FIXED.replace("${PORT};", "${PORT};\n    listen 127.0.0.1:${STATUS_PORT};"))
    port = web.port
    web.restart(FIXED.replace("first", "${WORD}"), {"WORD": "second"})
    assert (body(web), web.port, web.ports) == ("second", port, {"PORT": port})
    web.restart()
    assert body(web) == "second"
    with pytest.raises(servers.ServerError, match="names \\$\\{WORD\\}, but has no value"):
        web.restart(values={})
    assert web.state == "stopped"
    assert body(web.restart(FIXED)) == "first"


def test_a_whole_config_keeps_its_own_directives() -> None:
    web = servers.nginx(
        "daemon off;\nworker_processes 2;\nevents {}\nhttp {\n" + FIXED + "}\n", name="whole"
    )
    assert body(web) == "first"
    assert len(web.workers()) == 2


def test_more_ports_and_static_files_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>hello</p>")
    (tmp_path / "site.conf").write_text(
        FIXED + "server {\n    listen 127.0.0.1:${ADMIN_PORT};\n    root ${HERE};\n}\n"
    )
    web = servers.nginx(tmp_path / "site.conf")
    admin = f"http://127.0.0.1:{web.ports['ADMIN_PORT']}"
    page = requests.get(f"{admin}/page.html", timeout=5)
    assert (page.text, page.headers["content-type"]) == ("<p>hello</p>", "text/html")
    web.reload()
    assert requests.get(f"{admin}/page.html", timeout=5).ok


def test_it_writes_only_into_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with servers.nginx(FIXED) as web:
        body(web)
        assert (web.folder / "nginx.pid").read_text() == f"{web.pid}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_fixed_port_in_the_config() -> None:
    port = servers.free_port()
    with servers.nginx(FIXED.replace("${PORT}", str(port)), port=port) as web:
        assert body(web) == "first"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            "server {\n    listen 127.0.0.1:${PORT};\n    lissten 3;\n}\n",
            'nginx refuses line 3 of the config: unknown directive "lissten". '
            "The line is: lissten 3;",
        ),
        (
            "server {\n    listen 127.0.0.1:${PORT};\n",
            'nginx refuses line 3 of the config: unexpected end of file, expecting "}". '
            "The line is: (end of the file)",
        ),
        (
            "server {\n    listen 127.0.0.1:${PORT};\n    include nothing.conf;\n}\n",
            None,
        ),
        (
            "server {\n    listen 127.0.0.1:${PORT};\n    proxy_pass http://${APP};\n}\n",
            "The config names ${APP}, but has no value for it. Pass values={'APP': ...}.",
        ),
        (
            "server {\n    listen 127.0.0.1:8080;\n}\n",
            "The config does not say where to listen. Write listen 127.0.0.1:${PORT}; in its "
            "server block, or pass the port that it names with port=.",
        ),
        (
            "events {\n}\nhttp {\n    server {\n        listen 127.0.0.1:${PORT};\n"
            "        return 200 'x'\n    }\n}\n",
            'nginx refuses line 7 of the config: unexpected "}". The line is: }',
        ),
    ],
)
def test_a_config_that_is_wrong(config: str, message: str | None) -> None:
    with pytest.raises(servers.ServerError) as error:
        servers.nginx(config)
    if message:
        assert str(error.value) == message
    else:
        assert "No such file or directory" in str(error.value)
    assert "\n" not in str(error.value)
    assert repr(servers.status()) == "no servers"


def test_a_file_is_named_in_its_message(tmp_path: Path) -> None:
    (tmp_path / "my.conf").write_text("server {\n    listen 127.0.0.1:${PORT};\n    x;\n}\n")
    with pytest.raises(servers.ServerError, match=r"refuses line 3 of my\.conf: unknown directive"):
        servers.nginx(tmp_path / "my.conf")
    with pytest.raises(servers.ServerError, match=r"There is no config .*other.conf"):
        servers.nginx(tmp_path / "other.conf")
