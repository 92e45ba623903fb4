"""Grading a class of any nbgrader course: fast, behind walls, resumable. See docs/grading.md.

Nothing here knows this course. `configure` puts walls and canaries into nbgrader's own
`nbgrader autograde` and formgrader; ``python -m backend_course.grading grade ASSIGNMENT`` grades a
whole class in parallel. Without either, a plain nbgrader course remains.
"""

from typing import Any


def configure(config: Any) -> None:
    """In `nbgrader_config.py`: have nbgrader run notebooks in walled kernels and mistrust cells.

    `config` is what traitlets calls ``c``. Replaces the lists of preprocessors of `Autograde` and
    `GenerateFeedback` by nbgrader's own with three exchanged or added.
    """
    from .plugin import configure_nbgrader

    configure_nbgrader(config)
