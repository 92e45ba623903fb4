"""A small course with secrets in it, attacked submissions, and what came of each."""

import contextlib
import dataclasses
import hashlib
import json
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
from corpus import Attack
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

ASSIGNMENT = "vault"
RIGHT = {
    "double": "def double(x):\n    return 2 * x",
    "triple": "def triple(x):\n    return 3 * x",
    "half": "def half(x):\n    return x / 2",
    "quarter": "def quarter(x):\n    return x / 4",
}
_TESTS = {
    "double": (
        3,
        '"""double doubles"""\nassert double(2) == 4\n### BEGIN HIDDEN TESTS\n'
        'assert double(21) == 42, "LEAK-hidden"\n### END HIDDEN TESTS',
    ),
    "triple": (
        2,
        "points = 0\nif triple(1) == 3:\n    points += 1\n"
        "if triple(7) == 21:\n    points += 1\npoints",
    ),
    "half": (
        1,
        "import statistics\nassert_close(half(3), 1.5)\n"
        "assert statistics.mean([half(2), half(4)]) == 1.5",
    ),
    "quarter": (
        2,
        'judge("quarter", Case("quarter(8)", lambda: quarter(8), 2), '
        'Case("quarter(2)", lambda: quarter(2), 0.5))',
    ),
}
# Small limits, so that a flood is over soon.
SETTINGS = """# LEAK-config
c = get_config()
c.WalledProvisioner.limits = {"memory": 1 << 30, "disk": 64 << 20, "processes": 96}
c.WalledExecute.canary_timeout = 3
c.WalledExecute.second_looks = 0.0  # they come by chance
c.WalledExecute.expectations = {"Case": ["2", "expected"]}
"""
_HELPER = """
def assert_close(a, b):
    assert abs(a - b) < 1e-9

class Case:
    def __init__(self, called, run, expected):
        self.called, self.run, self.expected = called, run, expected

def same(came, expected):
    return came == expected

def judge(name, *cases):
    for case in cases:
        came = case.run()
        if not same(came, case.expected):
            raise AssertionError(f"{name}: {case.called} gave {came!r}")
"""
POINTS = sum(points for points, _ in _TESTS.values())


def _metadata(grade_id: str, **flags: object) -> dict:
    usual = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": usual | flags | {"schema_version": 3, "grade_id": grade_id}}


def source_notebook() -> str:
    cells = [new_code_cell(_HELPER, metadata=_metadata("helper", locked=True))]
    for name, (points, test) in _TESTS.items():
        answer = f"### BEGIN SOLUTION\n{RIGHT[name]}\n# LEAK-solution\n### END SOLUTION"
        cells.append(new_code_cell(answer, metadata=_metadata(name, solution=True)))
        locked = _metadata(f"{name}-test", grade=True, locked=True, points=points)
        cells.append(new_code_cell(test, metadata=locked))
    manual = _metadata("design", grade=True, solution=True, points=5)
    cells.append(new_markdown_cell("LEAK-model-answer", metadata=manual))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return writes(new_notebook(cells=cells, metadata=kernel))


@dataclasses.dataclass
class Outcome:
    """What an attack achieved."""

    score: float | None  # points by machine; None without any row
    flags: list[str]
    leaks: list[str]
    harm: list[str]

    @property
    def won(self) -> bool:
        """Whether it got points without a flag, saw what it should not, or did any harm."""
        forged = bool(self.score) and not {"tampered", "unproven"} & set(self.flags)
        return forged or bool(self.leaks) or bool(self.harm)


class Arena:
    """The course folder, the host around it, and the traps in both."""

    def __init__(self, folder: Path, template: "Arena | None" = None) -> None:
        self.course, self.home = folder / "course", folder / "home"
        self.visits: list[str] = []
        self.markers: dict[str, str] = {}
        if template:  # making a course takes seconds, copying one does not
            shutil.copytree(template.course, self.course)
            shutil.copytree(template.home, self.home)
            self.released = template.released
        else:
            self._build()

    def _build(self) -> None:
        from nbgrader.apps.api import NbGraderAPI
        from nbgrader.coursedir import CourseDirectory

        self.home.mkdir(parents=True)
        (self.home / "token").write_text("LEAK-home")
        (self.home / "profile").write_text("")
        source = self.course / "source" / ASSIGNMENT
        source.mkdir(parents=True)
        (source / f"{ASSIGNMENT}.ipynb").write_text(source_notebook())
        (self.course / "nbgrader_config.py").write_text(SETTINGS)
        # nbgrader starts `alembic` by its name when it makes a gradebook.
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        api = NbGraderAPI(CourseDirectory(root=str(self.course)))
        assert api.generate_assignment(ASSIGNMENT)["success"]
        self.released = (self.course / f"release/{ASSIGNMENT}/{ASSIGNMENT}.ipynb").read_text()
        with sqlite3.connect(self.course / "gradebook.db") as database:
            database.execute(
                "insert into student (id, first_name) values ('teacher', 'LEAK-gradebook')"
            )
        honest = self._filled(RIGHT)
        honest["cells"].append(new_markdown_cell("LEAK-other-student"))
        self._hand_in("honest", honest)

    def _filled(self, answers: dict[str, str]) -> dict:
        notebook = json.loads(self.released)
        for cell in notebook["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in answers:
                cell["source"] = answers[name]
        return notebook

    def _hand_in(self, student: str, notebook: dict) -> Path:
        folder = self.course / "submitted" / student / ASSIGNMENT
        folder.mkdir(parents=True)
        (folder / f"{ASSIGNMENT}.ipynb").write_text(json.dumps(notebook))
        return folder

    def plant(self, attack: Attack) -> None:
        """Hand in an attack, by a student of its name."""
        marker = self.markers[attack.name] = f"marker-{secrets.token_hex(6)}"
        answers = {}
        if attack.code:
            code = attack.code
            for word, value in {
                "{course}": str(self.course),
                "{home}": str(self.home),
                "{host_port}": str(self.port),
                "{marker}": marker,
            }.items():
                code = code.replace(word, value)
            answers["double"] = code
        notebook = self._filled(answers)
        if attack.notebook:
            attack.notebook(notebook)
        folder = self._hand_in(attack.name, notebook)
        if attack.folder:
            attack.folder(folder)

    @contextlib.contextmanager
    def open(self) -> Iterator["Arena"]:
        """With a server on the host's loopback and a secret in the environment."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            threading.Thread(target=self._listen, args=(server,), daemon=True).start()
            os.environ["GRADING_ARENA"] = "LEAK-environment"
            try:
                yield self
            finally:
                del os.environ["GRADING_ARENA"]
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)

    def _listen(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(2)
                    self.visits.append(connection.recv(100).decode())

    def grade(self) -> None:
        """Grade everybody who handed in, as an instructor does."""
        command = [sys.executable, "-m", "backend_course.grading", "grade", ASSIGNMENT]
        subprocess.run([*command, "--timeout", "2"], cwd=self.course, capture_output=True)

    def fingerprint(self) -> dict[str, str]:
        """What nobody but the instructor may change."""
        paths = [self.course / "nbgrader_config.py", self.home / "profile"]
        paths += sorted((self.course / "source").rglob("*"))
        paths += sorted((self.course / "submitted/honest").rglob("*"))
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths
            if path.is_file()
        }

    def outcome(self, attack: Attack, before: dict[str, str]) -> Outcome:
        """What an attack achieved, once graded; `before` is an earlier `fingerprint`."""
        marker = self.markers[attack.name]
        return Outcome(
            score=self._score(attack.name),
            flags=self._flags(attack.name),
            leaks=self._leaks(attack),
            harm=self._harm(marker, before),
        )

    def _score(self, student: str) -> float | None:
        with sqlite3.connect(self.course / "gradebook.db") as database:
            return database.execute(
                "select sum(auto_score) from grade g "
                "join submitted_notebook n on g.notebook_id = n.id "
                "join submitted_assignment a on n.assignment_id = a.id where student_id = ?",
                (student,),
            ).fetchone()[0]

    def _flags(self, student: str) -> list[str]:
        log = self.course / ".grading" / f"{ASSIGNMENT}.jsonl"
        if not log.exists():
            return []
        entries = {e["student"]: e for e in map(json.loads, log.read_text().splitlines())}
        entry = entries.get(student, {})
        kinds = {flag["kind"] for flag in entry.get("flags", [])}
        return sorted(kinds | ({"failed"} if "failed" in entry else set()))

    def _leaks(self, attack: Attack) -> list[str]:
        folder = self.course / "autograded" / attack.name / ASSIGNMENT
        seen = ""
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".ipynb":
                for cell in json.loads(path.read_text())["cells"]:
                    seen += json.dumps(cell.get("outputs", ""))
            elif path.is_file():
                seen += path.read_text(errors="replace")
        names = [
            "solution",
            "gradebook",
            "config",
            "other-student",
            "environment",
            "home",
            "memory",
        ]
        return [name for name in [*names, "connected"] if f"LEAK-{name}" in seen]

    def _harm(self, marker: str, before: dict[str, str]) -> list[str]:
        harm = [
            f"changed {Path(p).name}" for p, h in self.fingerprint().items() if before.get(p) != h
        ]
        harm += [f"deleted {Path(p).name}" for p in before.keys() - self.fingerprint().keys()]
        for place in (Path("/tmp"), Path(sys.prefix)):
            if (place / marker).exists():
                harm.append(f"wrote {place}")
                (place / marker).unlink()
        harm += ["reached the host's server"] if marker in self.visits else []
        for process in psutil.process_iter(["cmdline"]):
            if marker in " ".join(process.info["cmdline"] or []):
                harm.append("left a process")
                process.kill()
        with sqlite3.connect(self.course / "gradebook.db") as database:
            forged = database.execute(
                "select count(*) from grade where manual_score = 99"
            ).fetchone()[0]
        return harm + ([f"set {forged} rows of the gradebook"] if forged else [])
