"""One PostgreSQL and one service for all these tests, and more of both for who asks for them.

Tests share the service, and each makes the sites and parcels that it needs.
"""

import contextlib
import datetime
import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from backend_course.lab import servers

HERE = Path(__file__).parent
APPS = HERE.parents[2] / "course" / "apps"
PICKUP_KEY = "a key for tests, 32 characters!!"
MIDNIGHT = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
PROBLEMS = "https://lockerline.example/problems/"
SHARED = "lockerline"
_numbers = itertools.count(1)


class Clock:
    """The hands of the clock that the service reads."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(MIDNIGHT)

    def set(self, moment: datetime.datetime) -> None:
        written = self.file.with_suffix(".new")
        written.write_text(moment.isoformat())
        os.replace(written, self.file)  # noqa: PTH105 - in one step, while the service reads

    def pass_by(self, **time: float) -> datetime.datetime:
        moment = datetime.datetime.fromisoformat(self.file.read_text())
        moment += datetime.timedelta(**time)
        self.set(moment)
        return moment


@dataclass
class Service:
    """A running service, as its clients and its operator see it."""

    app: servers.Application
    dsn: str
    clock: Clock
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.app.url + path, timeout=20, **options)

    def post(
        self, path: str, body: Any, key: str | None = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """Send JSON on a connection of its own: a session is not made for threads."""
        headers = (headers or {}) | ({"Idempotency-Key": key} if key else {})
        return requests.post(self.app.url + path, json=body, headers=headers, timeout=20)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def site(self, *sizes: str, out_of_service: tuple[int, ...] = ()) -> int:
        """Make a site with one compartment for each of ``sizes``, numbered from 1."""
        number = next(_numbers)
        with psycopg.connect(self.dsn) as connection:
            connection.execute(
                "INSERT INTO sites VALUES (%s, 'Site', 'Vienna', 'Europe/Vienna', '2026-01-01')",
                [number],
            )
            for place, size in enumerate(sizes, start=1):
                connection.execute(
                    "INSERT INTO compartments VALUES (%s, %s, %s, %s)",
                    [number, place, size, place not in out_of_service],
                )
        return number

    def parcel(self, size: str = "S") -> str:
        """Announce a parcel and return its tracking code."""
        answer = self.post("/parcels", {"size": size, "shop": "Books", "recipient": "R. Reader"})
        assert answer.status_code == 201, answer.text
        return answer.json()["tracking_code"]

    def deposit(self, site: int, tracking_code: str, key: str | None = None) -> requests.Response:
        body = {"tracking_code": tracking_code, "courier": "C-7"}
        return self.post(f"/sites/{site}/deposits", body, key)

    def collect(self, site: int, tracking_code: str, pickup_code: str) -> requests.Response:
        body = {"tracking_code": tracking_code, "pickup_code": pickup_code}
        return self.post(f"/sites/{site}/collections", body)

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.app.log.read_text().splitlines()]


@pytest.fixture(scope="package")
def cluster() -> Iterator[servers.Postgres]:
    with servers.postgres(settings={"fsync": False, "max_connections": 150}) as cluster:
        cluster.add_database(SHARED)
        yield cluster


def start_service(dsn: str, folder: Path, **env: object) -> Service:
    """Start a service; its caller stops it."""
    clock = Clock(folder / "clock")
    environment = {
        "DATABASE_URL": dsn,
        "LOCKERLINE_PICKUP_KEY": PICKUP_KEY,
        "CLOCK_FILE": clock.file,
        "PYTHONPATH": APPS,
    }
    target = f"{HERE / 'clocked.py'}:create_app"
    app = servers.app(target, factory=True, env=environment | env, grace=20)
    return Service(app, dsn, clock)


@pytest.fixture(scope="package")
def service(
    cluster: servers.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service that tests share."""
    dsn = cluster.dsn_for("postgres", SHARED)
    # Long, because twenty at once share ten connections, on a machine that may be busy.
    patience = {"LOCKERLINE_DATABASE_TIMEOUT": 30}
    service = start_service(dsn, tmp_path_factory.mktemp("service"), **patience)
    yield service
    service.app.stop()


@pytest.fixture
def database(cluster: servers.Postgres) -> str:
    """The connection string of an empty database."""
    return cluster.add_database(f"database_{next(_numbers)}")


@pytest.fixture
def start(cluster: servers.Postgres, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """A function that starts a service of the test's own, on the database that all share.

    Keyword arguments are variables of its environment.
    """
    dsn = cluster.dsn_for("postgres", SHARED)
    with contextlib.ExitStack() as stack:

        def start(**env: object) -> Service:
            service = start_service(dsn, tmp_path, **env)
            stack.callback(service.app.stop)
            return service

        yield start


@pytest.fixture
def is_problem() -> Callable[..., dict[str, Any]]:
    """A check that an answer is a problem of that status and name, in every formality."""

    def _is_problem(answer: requests.Response, status: int, name: str) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        expected = name if name == "about:blank" else PROBLEMS + name
        assert problem["type"] == expected, problem
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"]
        assert problem["request_id"] == answer.headers["X-Request-ID"]
        if "retry_after" in problem:
            assert answer.headers["Retry-After"] == str(problem["retry_after"])
        return problem

    return _is_problem
