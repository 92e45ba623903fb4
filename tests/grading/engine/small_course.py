"""A small nbgrader course for the engine's tests: one notebook, three graded cells."""

import json
import shutil
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

ASSIGNMENT = "small"
RIGHT = "def double(x):\n    return 2 * x"


def _cell(source: str, grade_id: str, **flags: object):
    usual = {"grade": False, "locked": False, "solution": False, "task": False}
    metadata = {"nbgrader": usual | flags | {"schema_version": 3, "grade_id": grade_id}}
    make = new_markdown_cell if grade_id == "words" else new_code_cell
    return make(source, metadata=metadata)


def _notebook() -> str:
    cells = [
        _cell(f"### BEGIN SOLUTION\n{RIGHT}\n### END SOLUTION", "double", solution=True),
        _cell(
            "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(21) == 42\n"
            "### END HIDDEN TESTS",
            "double-test",
            grade=True,
            locked=True,
            points=3,
        ),
        _cell("(double(1) == 2) * 1.5", "part-test", grade=True, locked=True, points=2),
        _cell("Say why.", "words", grade=True, solution=True, points=5),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return writes(new_notebook(cells=cells, metadata={"kernelspec": kernel}))


class SmallCourse:
    """The course's folder, and handing in to it."""

    def __init__(self, root: Path, template: "SmallCourse | None" = None) -> None:
        self.root = root
        if template:  # making a course takes seconds, copying one does not
            shutil.copytree(template.root, root)
        else:
            self._build()

    def _build(self) -> None:
        from nbgrader.apps.api import NbGraderAPI
        from nbgrader.coursedir import CourseDirectory

        source = self.root / "source" / ASSIGNMENT
        source.mkdir(parents=True)
        (source / "task.ipynb").write_text(_notebook())
        (source / "data.txt").write_text("the instructor's")
        (self.root / "nbgrader_config.py").write_text("c = get_config()\n")
        api = NbGraderAPI(CourseDirectory(root=str(self.root)))
        assert api.generate_assignment(ASSIGNMENT)["success"]

    def hand_in(self, student: str, code: str | None = RIGHT, **answers: str) -> Path:
        """A submission whose `double` is `code`; other cells by their grade_id."""
        folder = self.root / "submitted" / student / ASSIGNMENT
        folder.mkdir(parents=True, exist_ok=True)
        notebook = json.loads((self.root / "release" / ASSIGNMENT / "task.ipynb").read_text())
        for cell in notebook["cells"]:
            name = cell["metadata"]["nbgrader"]["grade_id"]
            if name in answers:
                cell["source"] = answers[name]
            elif name == "double" and code is not None:
                cell["source"] = code
        (folder / "task.ipynb").write_text(json.dumps(notebook))
        return folder
