"""An nbgrader preprocessor that takes solutions out and leaves a stub in the cell's language.

nbgrader's own stub is Python: in a ``%%sql`` cell it is an SQL error, and around a top-level
assignment it stops "Run all". :mod:`backend_course.authoring.solution_regions` has better ones.
"""

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import ClearSolutions

from backend_course.authoring.solution_regions import cleared, regions


class ClearSolutionsByLanguage(ClearSolutions):
    """nbgrader's ``ClearSolutions`` with stubs that fit SQL cells, functions and assignments.

    Prose answers and cells without a region are left to nbgrader.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, cell_index: int
    ) -> tuple[NotebookNode, dict]:
        """Replace the regions of one code cell.

        Raises:
            RuntimeError: a region is malformed, or the cell is no solution cell.
        """
        if cell.cell_type != "code":
            return super().preprocess_cell(cell, resources, cell_index)
        try:
            found = regions(cell.source)
        except ValueError as error:
            raise RuntimeError(f"Cell {cell.get('id')}: {error}. Pair BEGIN and END.") from None
        if not found:
            return super().preprocess_cell(cell, resources, cell_index)
        if not utils.is_solution(cell):
            raise RuntimeError(
                f"Cell {cell.get('id')}: a solution region outside a solution cell. "
                "Set solution: true in its nbgrader metadata."
            )
        cell.source = cleared(cell.source)
        return cell, resources
