"""uvicorn with an application of the learner's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from backend_course.lab import servers
from backend_course.lab.servers import application

ASGI = """\
import os

async def app(scope, receive, send):
    assert scope["type"] == "http"
    headers = [(b"x-worker", str(os.getpid()).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": os.environ.get("GREETING", "hi").encode()})

def make():
    return app
"""
WSGI = """\
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"from wsgi"]
"""


@pytest.fixture(autouse=True)
def none_stays() -> Iterator[None]:
    yield
    servers.stop_all()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hello.py").write_text(ASGI)
    return tmp_path


def body(server: servers.Server) -> str:
    return requests.get(server.url, timeout=5).text


@pytest.mark.parametrize("target", ["hello.py", "hello.py:app", "hello:app", Path("hello.py")])
def test_a_file_or_a_module(folder: Path, target: str | Path) -> None:
    with servers.app(target, env={"GREETING": "good day"}) as server:
        assert body(server) == "good day"
        assert repr(server) == "<uvicorn hello: running>"


def test_a_package_of_the_courses_apps(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "apps" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "main.py").write_text(ASGI)
    monkeypatch.setattr(application, "COURSE_APPS", tmp_path / "apps")
    with servers.app("shop.main:app") as server:
        assert body(server) == "hi"


def test_the_courses_apps_are_where_they_should_be() -> None:
    assert application.COURSE_APPS.parts[-2:] == ("course", "apps")
    assert (application.COURSE_APPS.parents[1] / "pyproject.toml").is_file()


def test_a_factory_and_more_options(folder: Path) -> None:
    options = ["--header", "x-extra:1"]
    with servers.app("hello.py:make", factory=True, options=options) as server:
        assert requests.get(server.url, timeout=5).headers["x-extra"] == "1"


def test_wsgi(folder: Path) -> None:
    (folder / "old.py").write_text(WSGI)
    with servers.app("old.py", interface="wsgi") as server:
        assert body(server) == "from wsgi"


def test_all_workers_are_there_from_the_first_request_and_after_a_restart(folder: Path) -> None:
    with servers.app("hello.py", workers=2) as server:
        assert server.tail(100).count("Application startup complete") == 2
        server.restart()
        assert server.written().count("Application startup complete") == 2
        worker = int(requests.get(server.url, timeout=5).headers["x-worker"])
        assert worker in [process.pid for process in server.processes()]
        assert worker not in (server.pid, os.getpid())


def test_an_application_that_cannot_be_imported(folder: Path) -> None:
    (folder / "broken.py").write_text("import no_such_module\n")
    with pytest.raises(servers.ServerError) as error:
        servers.app("broken.py")
    assert str(error.value).startswith("broken (uvicorn) ended while starting (exit status 1).")
    assert str(error.value).endswith("ModuleNotFoundError: No module named 'no_such_module'")


def test_workers_that_cannot_import_the_application(folder: Path) -> None:
    (folder / "broken.py").write_text("import no_such_module\n")
    with pytest.raises(servers.ServerError) as error:
        servers.app("broken.py", workers=2)
    assert str(error.value).startswith("A worker of broken died while starting.")
    assert "ModuleNotFoundError: No module named 'no_such_module'" in str(error.value)


def test_a_name_that_is_not_in_the_file(folder: Path) -> None:
    with pytest.raises(servers.ServerError, match='Attribute "nope" not found in module "hello"'):
        servers.app("hello.py:nope")


def test_a_file_and_a_module_that_are_not_there(folder: Path) -> None:
    with pytest.raises(servers.ServerError) as error:
        servers.app("helo.py")
    assert str(error.value) == f"There is no file helo.py in {folder.name}/. Check its name."
    with pytest.raises(servers.ServerError) as error:
        servers.app("helo:app")
    assert str(error.value) == (
        f"There is no module 'helo' in {folder.name}/ or in course/apps/. "
        "Check its name, or give the path of the file."
    )
