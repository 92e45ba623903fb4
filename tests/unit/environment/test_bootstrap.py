"""The first start: what it says when something is missing, and that nothing half-made stays."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend_course import bootstrap

SCRIPT = Path(bootstrap.__file__)
NOWHERE = "nothing-of-this-name==1.0 --hash=sha256:" + "0" * 64


@pytest.fixture
def clone(tmp_path):
    """A clone whose lock names a package that no index has."""
    place = tmp_path / "src" / "backend_course"
    place.mkdir(parents=True)
    (place / "bootstrap.py").write_text(SCRIPT.read_text())
    (tmp_path / "requirements.lock").write_text(NOWHERE)
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def start(clone):
    """Run the first start without a network."""
    return subprocess.run(
        [sys.executable, "src/backend_course/bootstrap.py"],
        cwd=clone, capture_output=True, text=True, check=False,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull},
    )  # fmt: skip


def test_it_parses_on_an_old_python_and_imports_only_the_standard_library():
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 7))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_another_python_is_refused_in_one_line(version):
    with pytest.raises(SystemExit) as stopped:
        bootstrap.check_python(version)
    line = str(stopped.value)
    assert f"Python 3.{version[1]} cannot run the course, it needs 3.11 to 3.14" in line
    assert "make lab PYTHON=python3.14" in line
    assert "\n" not in line


def test_without_a_network_one_line_says_what_to_do_and_nothing_counts_as_ready(clone):
    ran = start(clone)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith("make: the locked packages")
    assert "Connect once and run the same command again" in ran.stderr
    assert not (clone / ".venv" / ".ready").exists()


def test_a_half_made_environment_is_made_anew(clone):
    leftover = clone / ".venv" / "lib" / "half-a-package"
    leftover.mkdir(parents=True)
    ran = start(clone)
    assert "Making .venv anew: it is half-made" in ran.stdout
    assert not leftover.exists()


def test_a_finished_environment_is_left_alone(clone):
    directory = clone / ".venv"
    directory.mkdir()
    (directory / ".ready").write_text(bootstrap.fingerprint(clone))
    ran = start(clone)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_another_lock_changes_the_fingerprint(clone):
    before = bootstrap.fingerprint(clone)
    (clone / "requirements.lock").write_text("")
    assert bootstrap.fingerprint(clone) != before
