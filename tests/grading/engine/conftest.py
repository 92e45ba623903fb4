"""The small course that the engine's tests grade."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_course import SmallCourse


@pytest.fixture(scope="session")
def course_template(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    # nbgrader starts `alembic` by its name when it makes a gradebook.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        return SmallCourse(tmp_path_factory.mktemp("template") / "course")


@pytest.fixture
def course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, course_template: SmallCourse
) -> SmallCourse:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return SmallCourse(tmp_path / "course", course_template)
