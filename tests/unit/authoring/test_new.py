"""A new lesson or assignment: a whole small notebook that passes what every other must pass."""

import subprocess
import sys

import pytest

from backend_course import syllabus
from backend_course.authoring import lint, nav, new, norm, release
from backend_course.authoring.files import AuthoringError


def test_what_new_makes_passes_every_check(root):
    assert norm.check(root, norm.all_notebooks(root)) == []
    assert nav.check(root) == []
    assert lint.lint(root).findings == []
    assert release.check(root) == []


def test_the_new_lesson_passes_strict_nbval(root, lesson):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "-q",
        "-p",
        "no:cacheprovider",
        str(lesson),
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_notebooks_are_lint_and_format_clean_for_ruff(root):
    for words in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "course", "source"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_syllabus_changes_in_the_rows_alone(root, before_new):
    text = (root / syllabus.SYLLABUS).read_text()
    assert text == before_new.replace(
        "limit is reached.\n        planned: true\n",
        "limit is reached.\n        lint_exempt:\n"
        + "".join(f"          {rule}: {reason}\n" for rule, reason in new.EXEMPT.items()),
    ).replace('builds_on: ["1.1", "1.2"]\n        planned: true\n', 'builds_on: ["1.1", "1.2"]\n')


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("1.1", "course/01-lockers/01-fees.ipynb is there already"),
        ("01-1", "source/01-1-first-fees/first-fees.ipynb is there already"),
        ("9.9", "there is no 9.9"),
        ("1.2", "lesson 1.2 is not planned any more: it needs 1 to 3 questions"),
    ],
)
def test_new_refuses_and_writes_nothing(what, message, root):
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises((AuthoringError, syllabus.SyllabusError), match=message):
        new.create(root, what)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_a_file_that_is_in_the_way_is_never_overwritten(root):
    path = root / "course" / "01-lockers" / "02-later.ipynb"
    path.write_text("mine")
    with pytest.raises(AuthoringError, match="is there already"):
        new.create(root, "1.2")
    assert path.read_text() == "mine"
