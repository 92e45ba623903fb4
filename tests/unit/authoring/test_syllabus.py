"""The syllabus: what it refuses, and how it is held against the files."""

import pytest

from backend_course import syllabus
from backend_course.authoring.files import find_root

WRONG = {
    "not YAML": ("title: Lockers", "title: [Lockers", "is not YAML"),
    "unknown key": ("    slug: lockers", "    slog: lockers", "lacks slug"),
    "typing error": (
        "        minutes: 30",
        "        minutes: 30\n        minute: 3",
        "unknown key minute",
    ),
    "number without quotes": ('number: "1.1"', "number: 1.1", 'in quotes, as "1.1", not 1.1'),
    "reference without quotes": ('builds_on: ["1.1"]', "builds_on: [1.10]", "[1.1]"),
    "of another step": ('number: "1.2"', 'number: "2.2"', "needs a number of step 1"),
    "there twice": ('number: "1.2"', 'number: "1.1"', "lesson 1.1 is there twice"),
    "builds on what is later": (
        "builds_on: []",
        'builds_on: ["1.2"]',
        "no lesson that comes before",
    ),
    "slug": ("slug: fees", "slug: Fees_2", "needs a slug of lower-case words"),
    "minutes": ("minutes: 30", "minutes: half an hour", "whole number above 0 as minutes"),
    "promise": ("promise: Compute a fee to the cent.", "promise: Fees", "ends in a full stop"),
    "flag": ("planned: true", "planned: maybe", "needs true or false as planned"),
    "assignment id": ('id: "01-1"', 'id: "1-1"', "needs an id of step 1"),
    "exemption without a reason": (
        "words: fresh from the template; take this out when the lesson is written",
        "words:",
        "needs a reason",
    ),
    "key twice": (
        "minutes: 30",
        "minutes: 30\n        minutes: 3",
        "the key minutes is there twice",
    ),
    "step number": ("- number: 1\n", "- number: 2\n", "lesson 1.1 needs a number of step 2"),
}


@pytest.fixture
def text(root):
    return (root / syllabus.SYLLABUS).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_row_is_named_in_one_line(name, text):
    old, new, message = WRONG[name]
    assert old in text
    with pytest.raises(syllabus.SyllabusError) as caught:
        syllabus.parse(text.replace(old, new, 1))
    assert message in str(caught.value)
    assert str(caught.value).startswith("course/syllabus.yml: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("        questions:\n          - What does a stay cost?\n", "", "1 to 3 questions, not 0"),
        ("          - Count started days.\n", "", "3 to 5 objectives, not 2"),
        ("        promise: Practise fees.\n", "", "needs a promise"),
    ],
)
def test_a_row_that_exists_needs_more_than_a_planned_one(old, new, message, text):
    with pytest.raises(syllabus.SyllabusError, match=message):
        syllabus.parse(text.replace(old, new, 1))


def test_rows_know_their_files(root):
    content = syllabus.load(root)
    assert [row.path.as_posix() for row in content.rows] == [
        "course/01-lockers/01-fees.ipynb",
        "source/01-1-first-fees/first-fees.ipynb",
    ]
    assert content.file_problems(root) == []


def test_a_row_without_its_file_is_named(root, lesson):
    lesson.unlink()
    (problem,) = syllabus.load(root).file_problems(root)
    assert "1.1 Fees has no file course/01-lockers/01-fees.ipynb" in problem


def test_files_without_a_row_are_named(root, lesson):
    lesson.with_name("02-later.ipynb").write_text("{}")
    lesson.with_name("09-stray.ipynb").write_text("{}")
    (root / "source" / "01-9-stray").mkdir()
    problems = syllabus.load(root).file_problems(root)
    assert [problem.split(". ")[0] for problem in problems] == [
        "course/syllabus.yml: 1.2 Later is planned, but course/01-lockers/02-later.ipynb exists",
        "course/01-lockers/09-stray.ipynb: no row in course/syllabus.yml",
        "source/01-9-stray: no row in course/syllabus.yml",
    ]


def test_the_root_is_found_from_below(root, lesson):
    assert find_root(lesson.parent) == root.resolve()
