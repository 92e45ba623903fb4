"""The house style as rules: each is a small function from a page to what breaks it.

A rule takes a :class:`~backend_course.authoring.rules.page.Page` and yields ``(cell id, message)``;
the message says what is wrong and what to do next. Its name in the tables below is what an author
reads in front of the message and what ``lint_exempt`` in the syllabus refers to.
"""

from collections.abc import Callable, Iterator

from backend_course.authoring.rules import (
    assignment,
    cells,
    exercises,
    lesson,
    links,
    outputs,
    prose,
    sizes,
)
from backend_course.authoring.rules.page import Page

Rule = Callable[[Page], Iterator[tuple[str, str]]]

EVERY_NOTEBOOK: dict[str, Rule] = {
    "cell-ids": cells.cell_ids,
    "metadata": cells.metadata,
    "headings": prose.headings,
    "links": links.links,
    "link-text": links.link_text,
    "alt-text": links.alt_text,
    "details-answers": prose.details_answers,
    "no-absolute-path": cells.no_absolute_path,
    "no-outside-address": links.no_outside_address,
}

LESSON: dict[str, Rule] = {
    "anatomy": lesson.anatomy,
    "setup-quiet": lesson.setup_quiet,
    "sections": lesson.sections,
    "failure-on-purpose": lesson.failure_on_purpose,
    "common-mistakes": lesson.common_mistakes,
    "objectives-mirrored": lesson.objectives_mirrored,
    "words-defined": lesson.words_defined,
    "check-yourself": lesson.check_yourself,
    "no-duplicate-question": lesson.no_duplicate_question,
    "references": lesson.references,
    "exercise-count": exercises.exercise_count,
    "exercises": exercises.exercises,
    "minutes": sizes.minutes,
    "code-cells": sizes.code_cells,
    "words": sizes.words,
    "cell-length": sizes.cell_length,
    "line-width": sizes.line_width,
    "stable-outputs": outputs.stable_outputs,
    "no-stderr": outputs.no_stderr,
    "raises-exception": outputs.raises_exception,
    "ordered-rows": outputs.ordered_rows,
}

ASSIGNMENT: dict[str, Rule] = {
    "assignment-size": assignment.assignment_size,
    "questions": assignment.questions,
    "question-cells": assignment.question_cells,
    "grade-ids": assignment.grade_ids,
    "locked-cells": assignment.locked_cells,
    "points": assignment.points,
    "points-in-prose": assignment.points_in_prose,
    "solution-region": assignment.solution_region,
    "hidden-region": assignment.hidden_region,
    "test-docstring": assignment.test_docstring,
}

# Soft numbers and habits: a lesson may break them for a reason that the syllabus gives.
SOFT = {
    "sections",
    "failure-on-purpose",
    "common-mistakes",
    "check-yourself",
    "exercise-count",
    "references",
    "minutes",
    "code-cells",
    "words",
    "cell-length",
    "line-width",
    "no-absolute-path",
    "assignment-size",
    "questions",
    "points",
}
