"""The map of the course: the notebook ``course/index.ipynb`` and the table in ``README.md``."""

from pathlib import Path

from nbformat import NotebookNode

from backend_course.authoring.canonical import KERNEL
from backend_course.authoring.files import AuthoringError
from backend_course.authoring.headers import counted, link
from backend_course.authoring.notebook import code, markdown
from backend_course.syllabus import INDEX, Assignment, Lesson, Step, Syllabus

START, END = "<!-- map:start -->", "<!-- map:end -->"


_STANDING = (
    "## Where you stand\n\n"
    "Begin a day here: the first cell asks up to five questions of lessons that you have read, "
    "when it is time for them again. The second shows how far you are, from the exercises in your "
    "lessons, the checks in your copies, and your last `make grade`. All of it is read from files "
    "on this laptop and stays there. In a terminal: `make review` and `make progress`."
)
# Their outputs are the learner's own, so none is kept.
_RECALL = "from backend_course.lab import review\n\nreview.ask()"
_PROGRESS = "from backend_course.lab import road\n\nroad.show()"


def index(syllabus: Syllabus) -> NotebookNode:
    """Return the map as a notebook of Markdown cells, with links relative to ``course/``."""
    cells = [
        markdown("title", _title(syllabus)),
        markdown("start", _start(syllabus)),
        markdown("standing", _STANDING),
        code("recall", _RECALL, "nbval-ignore-output"),
        code("progress", _PROGRESS, "nbval-ignore-output"),
        markdown("road", _road(syllabus)),
        *(markdown(f"step-{step.number}", _step(step, syllabus)) for step in syllabus.steps),
    ]
    return NotebookNode(cells=cells, metadata=NotebookNode(KERNEL), nbformat=4, nbformat_minor=5)


def readme(before: str, syllabus: Syllabus) -> str:
    """Return the README with the table between its two markers written anew.

    Raises:
        AuthoringError: the markers are not there, once each and in order.
    """
    if (
        before.count(START) != 1
        or before.count(END) != 1
        or before.index(START) > before.index(END)
    ):
        raise AuthoringError(
            f"README.md: the map needs the lines {START} and {END}, once each. "
            "Add them where it belongs."
        )
    top, rest = before.split(START)
    bottom = rest.split(END)[1]
    return f"{top}{START}\n{_readme_table(syllabus)}\n{END}{bottom}"


def _written(rows: list | tuple) -> list:
    return [row for row in rows if not row.planned]


def _hours(rows: list | tuple) -> str:
    minutes = sum(row.minutes for row in rows)
    hours = f"{minutes / 60:.1f}".removesuffix(".0")
    return f"{minutes} minutes" if minutes < 120 else f"{hours} hours"


def _title(syllabus: Syllabus) -> str:
    lessons, assignments = syllabus.lessons, syllabus.assignments
    there, graded = _written(lessons), _written(assignments)
    return (
        "# Map of the course\n\n"
        "From never having written a server to the work of a junior backend developer, in "
        f"{len(syllabus.steps)} steps. Everything runs on this laptop, without a network.\n\n"
        f"**Written so far:** {len(there)} of {len(lessons)} lessons ({_hours(there)}) and "
        f"{len(graded)} of {len(assignments)} assignments ({_hours(graded)}). "
        f"**When all is written:** {_hours(lessons)} of lessons and {_hours(assignments)} of "
        "assignments. Minutes are estimates. The tables say for each row whether it is there."
    )


def _start(syllabus: Syllabus) -> str:
    first = _written(syllabus.lessons)[:1]
    begin = f"Begin with {link(first[0].name, first[0].path, INDEX)}." if first else ""
    return (
        "## How to start\n\n"
        f"1. {begin or 'No lesson is written yet.'} Run its cells one by one "
        "with Shift+Enter, and answer each question in your head before you run the cell below.\n"
        "2. Do the exercises under *Your turn*, then the questions under *Check yourself*.\n"
        "3. Open the assignment that the lesson names. Your own copy is in the folder `work/`; "
        "nothing overwrites it. `make grade` in a terminal shows your points and what is missing."
        "\n\nA lesson says what it builds on. Where that is not written yet, the lesson explains "
        "what it needs."
    )


def _road(syllabus: Syllabus) -> str:
    boxes = [f'    s{step.number}["{step.number} {step.title}"]' for step in syllabus.steps]
    arrows = " --> ".join(f"s{step.number}" for step in syllabus.steps)
    lines = [
        f"{step.number}. [{step.title}](#{step.number}-{step.title.replace(' ', '-')}): "
        f"{step.promise} {_progress(step)}"
        for step in syllabus.steps
    ]
    return "\n".join(
        [
            "## The road",
            "",
            "One product, a network of parcel lockers called Lockerline, runs through all steps.",
            "",
            "```mermaid",
            "flowchart LR",
            *boxes,
            f"    {arrows}",
            "```",
            "",
            *lines,
        ]
    )


def _progress(step: Step) -> str:
    lessons, graded = _written(step.lessons), _written(step.assignments)
    if not lessons and not graded:
        return "*Not written yet.*"
    return (
        f"*Written: {len(lessons)} of {len(step.lessons)} lessons, "
        f"{len(graded)} of {len(step.assignments)} assignments.*"
    )


def _step(step: Step, syllabus: Syllabus) -> str:
    lessons = [_lesson_row(lesson, syllabus) for lesson in step.lessons]
    assignments = [_assignment_row(assignment, syllabus) for assignment in step.assignments]
    return "\n".join(
        [
            f"## {step.number} {step.title}",
            "",
            step.promise,
            "",
            "| Lesson | What you do | Minutes | Builds on | Status |",
            "| :-- | :-- | --: | :-- | :-- |",
            *lessons,
            "",
            "| Assignment | Minutes | Builds on | Status |",
            "| :-- | --: | :-- | :-- |",
            *assignments,
        ]
    )


def _lesson_row(lesson: Lesson, syllabus: Syllabus) -> str:
    name = lesson.name if lesson.planned else link(lesson.name, lesson.path, INDEX)
    return (
        f"| {name} | {lesson.promise} | {lesson.minutes} | {_numbers(lesson, syllabus)} "
        f"| {_status(lesson)} |"
    )


def _assignment_row(assignment: Assignment, syllabus: Syllabus) -> str:
    # The learner's own copy, which `make lab` puts there, and never the instructor's.
    copy = Path("work", assignment.folder, f"{assignment.slug}.ipynb")
    name = assignment.name if assignment.planned else link(assignment.name, copy, INDEX)
    return (
        f"| {name} | {assignment.minutes} | {_numbers(assignment, syllabus)} "
        f"| {_status(assignment)} |"
    )


def _numbers(row: Lesson | Assignment, syllabus: Syllabus) -> str:
    lessons = [syllabus.lesson(number) for number in row.builds_on]
    return (
        ", ".join(
            lesson.number if lesson.planned else link(lesson.number, lesson.path, INDEX)
            for lesson in lessons
        )
        or "none"
    )


def _status(row: Lesson | Assignment) -> str:
    return "not written yet" if row.planned else "ready"


def _readme_table(syllabus: Syllabus) -> str:
    lines = ["| Step | What you do | Written |", "| :-- | :-- | :-- |"]
    for step in syllabus.steps:
        lessons, graded = _written(step.lessons), _written(step.assignments)
        there = (
            f"{len(lessons)} of {counted(len(step.lessons), 'lesson')}, "
            f"{len(graded)} of {counted(len(step.assignments), 'assignment')}"
        )
        lines.append(f"| {step.number} {step.title} | {step.promise} | {there} |")
    ready = _written(syllabus.lessons)
    if ready:
        lines += ["", "Ready to read:", ""]
        lines += [
            f"- [{lesson.name}]({lesson.path.as_posix()}): {lesson.promise} "
            f"{lesson.minutes} minutes."
            for lesson in ready
        ]
    graded = _written(syllabus.assignments)
    if graded:
        lines += ["", "Ready to solve:", ""]
        lines += [
            f"- {assignment.name}: {assignment.promise} {assignment.minutes} minutes."
            for assignment in graded
        ]
    return "\n".join(lines)
