"""A course of one step for each test: one lesson and one assignment, from the templates."""

import shutil
from pathlib import Path

import pytest

from backend_course.authoring import new

CLONE = Path(__file__).resolve().parents[3]

SYLLABUS = """\
# A comment that must stay.
steps:
  - number: 1
    slug: lockers
    title: Lockers
    promise: Meet the product.
    lessons:
      - number: "1.1"
        slug: fees
        title: Fees
        promise: Compute a fee to the cent.
        minutes: 30
        builds_on: []
        questions:
          - What does a stay cost?
        objectives:
          - Count started days.
          - Change the price of a day.
          - Find where the limit is reached.
        planned: true
      - number: "1.2"
        slug: later
        title: Later
        promise: Not yet.
        minutes: 40
        builds_on: ["1.1"]
        planned: true
    assignments:
      - id: "01-1"
        slug: first-fees
        short: fees
        title: First fees
        promise: Practise fees.
        minutes: 60
        builds_on: ["1.1", "1.2"]
        planned: true
"""
README = "# Course\n\n<!-- map:start -->\n<!-- map:end -->\n\nThe end.\n"


def empty_course(root: Path) -> Path:
    """Lay out a course in which nothing is written yet."""
    (root / "course").mkdir(parents=True)
    (root / "source").mkdir()
    (root / "course" / "syllabus.yml").write_text(SYLLABUS, encoding="utf-8")
    (root / "README.md").write_text(README, encoding="utf-8")
    for name in ("nbgrader_config.py", "pyproject.toml", "course/ruff.toml", "source/ruff.toml"):
        shutil.copy(CLONE / name, root / name)
    return root


@pytest.fixture(scope="session")
def before_new():
    """The text of the syllabus in which nothing is written yet."""
    return SYLLABUS


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """The course after ``new`` made its lesson and its assignment; not to be changed."""
    root = empty_course(tmp_path_factory.mktemp("fresh") / "clone")
    new.create(root, "1.1")
    new.create(root, "01-1")
    return root


@pytest.fixture
def root(fresh, tmp_path):
    """A copy of the fresh course that a test may change."""
    return Path(shutil.copytree(fresh, tmp_path / "clone"))


@pytest.fixture
def lesson(root):
    """The path of the lesson in the test's copy."""
    return root / "course" / "01-lockers" / "01-fees.ipynb"


@pytest.fixture
def assignment(root):
    """The path of the assignment in the test's copy."""
    return root / "source" / "01-1-first-fees" / "first-fees.ipynb"
