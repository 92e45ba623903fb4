"""What the gradebook knows about an assignment: the only authority on its cells and points."""

import dataclasses
import json
from typing import Any

from nbgrader.api import Assignment, Gradebook


@dataclasses.dataclass(frozen=True)
class CellSpec:
    """One cell that nbgrader knows: its metadata, and its source if it is locked."""

    name: str
    cell_type: str
    source: str
    checksum: str | None
    locked: bool
    grade: bool
    solution: bool
    task: bool
    points: float | None

    def metadata(self) -> dict[str, Any]:
        """The cell's whole nbgrader metadata (schema 3)."""
        known = {
            "schema_version": 3,
            "grade": self.grade,
            "grade_id": self.name,
            "locked": self.locked,
            "solution": self.solution,
            "task": self.task,
            "cell_type": self.cell_type,
        }
        if self.points is not None:
            known["points"] = self.points
        if self.checksum:
            known["checksum"] = self.checksum
        return known


@dataclasses.dataclass(frozen=True)
class NotebookSpec:
    """One notebook of an assignment, with its cells in the order of the source."""

    name: str
    kernelspec: dict[str, Any] | None
    cells: tuple[CellSpec, ...]

    def cell(self, name: str) -> CellSpec | None:
        """The cell of that name, None if there is none."""
        return next((cell for cell in self.cells if cell.name == name), None)


@dataclasses.dataclass(frozen=True)
class AssignmentSpec:
    """An assignment as it was when `nbgrader generate_assignment` last ran."""

    name: str
    notebooks: tuple[NotebookSpec, ...]

    def notebook(self, name: str) -> NotebookSpec | None:
        """The notebook of that name, None if there is none."""
        return next((notebook for notebook in self.notebooks if notebook.name == name), None)

    def to_json(self) -> str:
        """As JSON; `from_json` reads it. The same assignment always gives the same text."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "AssignmentSpec":
        """Read what `to_json` wrote."""
        data = json.loads(text)
        notebooks = [
            NotebookSpec(
                notebook["name"],
                notebook["kernelspec"],
                tuple(CellSpec(**cell) for cell in notebook["cells"]),
            )
            for notebook in data["notebooks"]
        ]
        return cls(data["name"], tuple(notebooks))


def read_spec(gradebook: Gradebook, assignment: str) -> AssignmentSpec:
    """Read an assignment from the gradebook; nbgrader's MissingEntry if it is not there."""
    return _spec(gradebook.find_assignment(assignment))


def _spec(assignment: Assignment) -> AssignmentSpec:
    notebooks = []
    for notebook in assignment.notebooks:
        points = {
            cell.name: cell.max_score for cell in (*notebook.grade_cells, *notebook.task_cells)
        }
        grades = {cell.name for cell in notebook.grade_cells}
        solutions = {cell.name for cell in notebook.solution_cells}
        tasks = {cell.name for cell in notebook.task_cells}
        cells = tuple(
            CellSpec(
                name=cell.name,
                cell_type=cell.cell_type,
                source=cell.source or "",
                checksum=cell.checksum,
                locked=bool(cell.locked),
                grade=cell.name in grades,
                solution=cell.name in solutions,
                task=cell.name in tasks,
                points=points.get(cell.name),
            )
            for cell in notebook.source_cells
        )
        kernelspec = json.loads(notebook.kernelspec) if notebook.kernelspec else None
        notebooks.append(NotebookSpec(notebook.name, kernelspec, cells))
    return AssignmentSpec(assignment.name, tuple(notebooks))
