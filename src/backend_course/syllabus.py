"""Read ``course/syllabus.yml``, the only list of steps, lessons and assignments.

The list is validated when it is read: whoever holds a :class:`Syllabus` holds a true one. Whether
the files it promises are there is a second question, answered by :meth:`Syllabus.file_problems`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

SYLLABUS = Path("course", "syllabus.yml")
INDEX = Path("course", "index.ipynb")

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NOT_LESSONS = {"apps", ".ipynb_checkpoints"}
_STEP_KEYS = {"number", "slug", "title", "promise", "lessons", "assignments"}
_ROW_KEYS = {"slug", "title", "promise", "minutes", "builds_on", "planned", "lint_exempt"}
_LESSON_KEYS = _ROW_KEYS | {"number", "questions", "objectives"}
_ASSIGNMENT_KEYS = _ROW_KEYS | {"id", "short", "milestone"}


class SyllabusError(Exception):
    """The list breaks one of its rules; the message names the row and the next step."""


@dataclass(frozen=True)
class Lesson:
    """One row of a step's lessons; ``number`` is ``"3.4"``, ``path`` is relative to the clone."""

    number: str
    slug: str
    title: str
    promise: str
    minutes: int
    builds_on: tuple[str, ...]
    path: Path
    questions: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()
    planned: bool = False
    lint_exempt: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The number and title, as bars and links show them."""
        return f"{self.number} {self.title}"


@dataclass(frozen=True)
class Assignment:
    """One row of a step's assignments; ``id`` is ``"03-2"``, ``path`` the instructor's notebook.

    ``short`` is the short name that every grade_id begins with: ``joins`` in ``joins-q3-visible``.
    """

    id: str
    slug: str
    short: str
    title: str
    minutes: int
    builds_on: tuple[str, ...]
    promise: str = ""
    milestone: bool = False
    planned: bool = False
    lint_exempt: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The id and title, as the map shows them."""
        return f"{self.id} {self.title}"

    @property
    def folder(self) -> str:
        """The assignment's folder name, which is nbgrader's name for it."""
        return f"{self.id}-{self.slug}"

    @property
    def path(self) -> Path:
        """The instructor's notebook, relative to the clone."""
        return Path("source", self.folder, f"{self.slug}.ipynb")


@dataclass(frozen=True)
class Step:
    """One of the steps of the course with its lessons and assignments, in teaching order."""

    number: int
    slug: str
    title: str
    promise: str
    lessons: tuple[Lesson, ...]
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True)
class Syllabus:
    """The whole list, in teaching order."""

    steps: tuple[Step, ...]

    @property
    def lessons(self) -> list[Lesson]:
        """Every lesson, planned ones too."""
        return [lesson for step in self.steps for lesson in step.lessons]

    @property
    def assignments(self) -> list[Assignment]:
        """Every assignment, planned ones too."""
        return [assignment for step in self.steps for assignment in step.assignments]

    @property
    def rows(self) -> list[Lesson | Assignment]:
        """Every row that exists as a notebook, lessons first."""
        return [row for row in (*self.lessons, *self.assignments) if not row.planned]

    def lesson(self, number: str) -> Lesson:
        """Return the lesson with this number; the list is valid, so what it names exists."""
        return next(lesson for lesson in self.lessons if lesson.number == number)

    def row_of(self, path: Path) -> Lesson | Assignment | None:
        """Return the row whose notebook is ``path`` (relative to the clone), planned or not."""
        every = (*self.lessons, *self.assignments)
        return next((row for row in every if row.path == path), None)

    def file_problems(self, root: Path) -> list[str]:
        """Return one line for each row without its file and each notebook without its row."""
        return [*self._missing(root), *self._unlisted(root)]

    def _missing(self, root: Path) -> Iterator[str]:
        for row in (*self.lessons, *self.assignments):
            there = (root / row.path).is_file()
            if not there and not row.planned:
                yield (
                    f"{SYLLABUS.as_posix()}: {row.name} has no file {row.path.as_posix()}. "
                    "Write it, or mark the row planned: true."
                )
            elif there and row.planned:
                yield (
                    f"{SYLLABUS.as_posix()}: {row.name} is planned, but "
                    f"{row.path.as_posix()} exists. Take out planned: true, or remove the file."
                )

    def _unlisted(self, root: Path) -> Iterator[str]:
        known = {row.path for row in (*self.lessons, *self.assignments)} | {INDEX}
        for path in sorted((root / "course").rglob("*.ipynb")):
            relative = path.relative_to(root)
            if relative not in known and not _NOT_LESSONS.intersection(relative.parts):
                yield (
                    f"{relative.as_posix()}: no row in {SYLLABUS.as_posix()}. "
                    "Add one, or move the notebook."
                )
        folders = {assignment.folder for assignment in self.assignments}
        for folder in sorted((root / "source").glob("*/")):
            if folder.name not in folders and not folder.name.startswith("."):
                place = folder.relative_to(root).as_posix()
                yield (
                    f"{place}: no row in {SYLLABUS.as_posix()}. Add one, or move "
                    "the folder (nbgrader takes every folder of source/ for an assignment)."
                )


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a key may not be there twice: PyYAML would let the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if keys.count(key.value) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} is there twice", key.start_mark
                )
        return super().construct_mapping(node, deep)


def load(root: Path) -> Syllabus:
    """Read and validate the syllabus of the course in ``root``.

    Raises:
        SyllabusError: the file is not YAML, or a row breaks a rule; the message names the row.
    """
    return parse((root / SYLLABUS).read_text(encoding="utf-8"))


def parse(text: str) -> Syllabus:
    """Validate the text of a syllabus; the errors are those of :func:`load`."""
    try:
        content = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else "somewhere"
        what = getattr(error, "problem", None) or str(error)
        raise _wrong(line, f"is not YAML ({what})") from None
    if not isinstance(content, dict) or set(content) != {"steps"} or not content["steps"]:
        raise _wrong("top level", "must be a mapping with one key, steps, and a list under it")
    syllabus = Syllabus(tuple(_step(row) for row in _list(content, "steps", "top level")))
    _check_order(syllabus)
    return syllabus


def _wrong(where: str, what: str) -> SyllabusError:
    return SyllabusError(f"{SYLLABUS.as_posix()}: {where} {what}. Mend the row and try again.")


def _step(row: Any) -> Step:
    where = f"step {row.get('number', '?')}" if isinstance(row, dict) else "a step"
    _check_keys(row, where, _STEP_KEYS, required=_STEP_KEYS)
    number, slug = _whole(row, "number", where), _slug(row, where)
    return Step(
        number=number,
        slug=slug,
        title=_text(row, "title", where),
        promise=_sentence(row, where),
        lessons=tuple(_lesson(each, number, slug) for each in _list(row, "lessons", where)),
        assignments=tuple(_assignment(each, number) for each in _list(row, "assignments", where)),
    )


def _lesson(row: Any, step: int, step_slug: str) -> Lesson:
    where = (
        f"lesson {row.get('number', '?')}" if isinstance(row, dict) else f"a lesson of step {step}"
    )
    _check_keys(
        row, where, _LESSON_KEYS, {"number", "slug", "title", "promise", "minutes", "builds_on"}
    )
    number = row["number"]
    if not isinstance(number, str) or not re.fullmatch(rf"{step}\.[1-9]\d?", number):
        raise _wrong(
            where, f'needs a number of step {step} in quotes, as "{step}.1", not {number!r}'
        )
    slug, planned = _slug(row, where), _flag(row, "planned", where)
    lesson = Lesson(
        number=number,
        slug=slug,
        title=_text(row, "title", where),
        promise=_sentence(row, where),
        minutes=_whole(row, "minutes", where),
        builds_on=_texts(row, "builds_on", where),
        path=Path(
            "course", f"{step:02}-{step_slug}", f"{int(number.split('.')[1]):02}-{slug}.ipynb"
        ),
        questions=_texts(row, "questions", where),
        objectives=_texts(row, "objectives", where),
        planned=planned,
        lint_exempt=_exemptions(row, where),
    )
    if not planned and not 1 <= len(lesson.questions) <= 3:
        raise _wrong(
            where,
            f"is not planned any more: it needs 1 to 3 questions, not {len(lesson.questions)}",
        )
    if not planned and not 3 <= len(lesson.objectives) <= 5:
        raise _wrong(
            where,
            f"is not planned any more: it needs 3 to 5 objectives, not {len(lesson.objectives)}",
        )
    return lesson


def _assignment(row: Any, step: int) -> Assignment:
    where = (
        f"assignment {row.get('id', '?')}" if isinstance(row, dict) else f"an assignment of {step}"
    )
    _check_keys(row, where, _ASSIGNMENT_KEYS, {"id", "slug", "title", "minutes", "builds_on"})
    identifier = row["id"]
    if not isinstance(identifier, str) or not re.fullmatch(rf"{step:02}-(\d+|m)", identifier):
        raise _wrong(
            where, f'needs an id of step {step} in quotes, as "{step:02}-1", not {identifier!r}'
        )
    planned = _flag(row, "planned", where)
    if not planned and "promise" not in row:
        raise _wrong(where, "is not planned any more: it needs a promise")
    return Assignment(
        id=identifier,
        slug=_slug(row, where),
        short=_slug(row, where, "short") if "short" in row else _slug(row, where),
        title=_text(row, "title", where),
        promise=_sentence(row, where) if "promise" in row else "",
        minutes=_whole(row, "minutes", where),
        builds_on=_texts(row, "builds_on", where),
        milestone=_flag(row, "milestone", where),
        planned=planned,
        lint_exempt=_exemptions(row, where),
    )


def _check_order(syllabus: Syllabus) -> None:
    """Refuse rows that are there twice and rows that build on something that comes later."""
    numbers = [step.number for step in syllabus.steps]
    if numbers != list(range(1, len(numbers) + 1)):
        raise _wrong("steps", f"must be numbered 1, 2, 3 … in order, not {numbers}")
    taught: list[str] = []
    for step in syllabus.steps:
        for lesson in step.lessons:
            _check_taught(lesson.builds_on, taught, f"lesson {lesson.number}")
            if lesson.number in taught:
                raise _wrong(f"lesson {lesson.number}", "is there twice")
            taught.append(lesson.number)
        for assignment in step.assignments:
            _check_taught(assignment.builds_on, taught, f"assignment {assignment.id}")
    ids = [assignment.id for assignment in syllabus.assignments]
    for identifier in ids:
        if ids.count(identifier) > 1:
            raise _wrong(f"assignment {identifier}", "is there twice")


def _check_taught(builds_on: tuple[str, ...], taught: list[str], where: str) -> None:
    for number in builds_on:
        if number not in taught:
            raise _wrong(where, f"builds on {number}, which is no lesson that comes before it")


def _check_keys(row: Any, where: str, known: set[str], required: set[str]) -> None:
    if not isinstance(row, dict):
        raise _wrong(where, f"must be a mapping of keys to values, not {row!r}")
    if missing := sorted(required - set(row)):
        raise _wrong(where, f"lacks {', '.join(missing)}")
    if unknown := sorted(str(key) for key in set(row) - known):
        raise _wrong(where, f"has an unknown key {', '.join(unknown)}")


def _text(row: dict, key: str, where: str) -> str:
    value = row[key]
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise _wrong(where, f"needs one line of text as {key}, not {value!r}")
    return value


def _sentence(row: dict, where: str) -> str:
    promise = _text(row, "promise", where)
    if not promise.endswith("."):
        raise _wrong(
            where, f"needs a promise that is a sentence and ends in a full stop: {promise!r}"
        )
    return promise


def _slug(row: dict, where: str, key: str = "slug") -> str:
    slug = row[key]
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        raise _wrong(where, f"needs a {key} of lower-case words joined by dashes, not {slug!r}")
    return slug


def _whole(row: dict, key: str, where: str) -> int:
    value = row[key]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _wrong(where, f"needs a whole number above 0 as {key}, not {value!r}")
    return value


def _flag(row: dict, key: str, where: str) -> bool:
    value = row.get(key, False)
    if not isinstance(value, bool):
        raise _wrong(where, f"needs true or false as {key}, not {value!r}")
    return value


def _list(row: dict, key: str, where: str) -> list:
    value = row[key]
    if not isinstance(value, list):
        raise _wrong(where, f"needs a list as {key}, not {value!r}")
    return value


def _texts(row: dict, key: str, where: str) -> tuple[str, ...]:
    values = row.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _wrong(
            where, f'needs a list of texts as {key}, numbers in quotes as "3.10": {values!r}'
        )
    return tuple(values)


def _exemptions(row: dict, where: str) -> dict[str, str]:
    value = row.get("lint_exempt", {})
    if not isinstance(value, dict) or not all(
        isinstance(reason, str) and reason.strip() for reason in value.values()
    ):
        raise _wrong(where, "needs a reason after each rule of lint_exempt, as  words: why")
    return value
