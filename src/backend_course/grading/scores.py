"""What a graded notebook's cells earned, by nbgrader's own rules."""

from nbformat import NotebookNode
from nbgrader import utils


def auto_score(cell: NotebookNode) -> float | None:
    """The automatic score of a cell with points; None if it has to be graded by hand.

    A number above a cell's points, which makes nbgrader fail the submission, counts zero.
    """
    try:
        return utils.determine_grade(cell)[0]
    except (ValueError, KeyError):
        return 0.0


def scores(notebook: NotebookNode) -> tuple[dict[str, float | None], dict[str, str | None]]:
    """The automatic score of each cell with points, and the comment on each answer.

    By the rules of `nbgrader.preprocessors.SaveAutoGrades`.
    """
    grades: dict[str, float | None] = {}
    comments: dict[str, str | None] = {}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if utils.is_grade(cell):
            grades[name] = auto_score(cell)
        if utils.is_solution(cell) or utils.is_task(cell):
            untouched = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
            comments[name] = "No response." if untouched and not utils.is_task(cell) else None
    return grades, comments
