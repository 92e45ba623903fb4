"""What is generated from the syllabus: written once, stable, and held by --check."""

import json

import pytest

from backend_course import syllabus
from backend_course.authoring import nav
from backend_course.authoring import notebook as notebooks
from backend_course.authoring.files import write_whole

SECOND = """\
      - number: "1.2"
        slug: later
        title: Later
        promise: Not yet.
        minutes: 40
        builds_on: ["1.1"]
"""
WRITTEN = """\
        questions: ["What then?"]
        objectives: [Do one thing., Do another., Do a third.]
"""


def write(root):
    texts, problems = nav.generate(root, syllabus.load(root))
    write_whole(texts)
    return problems


def source(path, root, cell_id):
    cells = notebooks.read(path, root)[1].cells
    return next(cell.source for cell in cells if cell.id == cell_id)


def edit(path, change):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(notebooks.write(notebooks.parse(json.dumps(notebook), "x")), encoding="utf-8")


def test_the_fresh_course_is_as_the_syllabus_says(root):
    assert nav.check(root) == []


def test_a_lesson_says_its_title_its_minutes_and_what_it_builds_on(root, lesson):
    assert source(lesson, root, "title") == (
        "# 1.1 Fees\n\nCompute a fee to the cent.\n\n30 minutes · needs no lesson before it\n\n"
        "The answers are printed below the cells. *Edit → Clear Outputs of All Cells* hides them "
        "until you have made your own guess."
    )
    assert source(lesson, root, "objectives") == (
        "## Questions\n\n- What does a stay cost?\n\n## You will be able to\n\n"
        "- Count started days.\n- Change the price of a day.\n- Find where the limit is reached."
    )


def test_bars_lead_to_the_nearest_lessons_that_exist(root, lesson):
    assert source(lesson, root, "bar") == "[Map of the course](../index.ipynb)"
    path = root / syllabus.SYLLABUS
    text = path.read_text()
    text = text.replace(SECOND + "        planned: true\n", SECOND + WRITTEN)
    path.write_text(text)
    second = lesson.with_name("02-later.ipynb")
    second.write_bytes(lesson.read_bytes())
    assert write(root) == []
    assert source(lesson, root, "bar") == (
        "[Map of the course](../index.ipynb) · [1.2 Later →](02-later.ipynb)"
    )
    assert source(second, root, "bar-end") == (
        "[← 1.1 Fees](01-fees.ipynb) · [Map of the course](../index.ipynb)"
    )
    assert "40 minutes · builds on [1.1 Fees](01-fees.ipynb)" in source(second, root, "title")


def test_an_assignment_says_its_points_and_honestly_what_it_builds_on(root, assignment):
    title = source(assignment, root, "title")
    assert title.startswith(
        "# 01-1 First fees\n\nPractise fees.\n\n60 minutes · 12 points · builds on "
    )
    assert "[1.1 Fees](../../course/01-lockers/01-fees.ipynb), 1.2 Later (not written yet)" in title
    assert "`make grade ONLY=01-1-first-fees`" in title


@pytest.mark.parametrize(
    "heading",
    ["## Started days", "### Started days", "### Question 7 · Started days (99 points)"],
)
def test_a_prompt_gets_its_number_and_points_and_keeps_its_name(heading, root, assignment):
    def change(notebook):
        for cell in notebook["cells"]:
            if cell["id"] == "fees-q1-prompt":
                rest = "".join(cell["source"]).partition("\n")[2]
                cell["source"] = f"{heading}\n{rest}"

    before = source(assignment, root, "fees-q1-prompt")
    edit(assignment, change)
    if heading not in before:
        assert "source/01-1-first-fees" in nav.check(root)[0]
    assert write(root) == []
    assert source(assignment, root, "fees-q1-prompt") == before
    assert before.startswith("## Question 1 · Started days (3 points)\n")


def test_a_prompt_without_a_heading_is_named_and_nothing_of_it_written(root, assignment):
    def change(notebook):
        for cell in notebook["cells"]:
            if cell["id"] == "fees-q1-prompt":
                cell["source"] = "No heading."

    edit(assignment, change)
    (problem,) = write(root)
    assert "cell fees-q1-prompt opens with no heading. Begin it with: ## Short name" in problem
    assert source(assignment, root, "fees-q1-prompt") == "No heading."


def test_a_change_of_the_syllabus_shows_in_every_generated_place(root):
    path = root / syllabus.SYLLABUS
    path.write_text(path.read_text().replace("title: Fees", "title: Money"))
    assert [line.split(":")[0] for line in nav.check(root)] == [
        "course/01-lockers/01-fees.ipynb",
        "source/01-1-first-fees/first-fees.ipynb",
        "course/index.ipynb",
        "README.md",
    ]
    assert write(root) == []
    assert nav.check(root) == []


def test_own_cells_with_their_outputs_and_metadata_stay(root, lesson):
    before = notebooks.read(lesson, root)[1]
    path = root / syllabus.SYLLABUS
    path.write_text(path.read_text().replace("title: Fees", "title: Money"))
    write(root)
    after = notebooks.read(lesson, root)[1]
    own = [cell for cell in before.cells if cell.id not in {"title"}]
    assert [cell for cell in after.cells if cell.id not in {"title"}] == own


def test_the_map_is_honest_about_what_is_not_there(root):
    index = root / "course" / "index.ipynb"
    step = source(index, root, "step-1")
    assert (
        "| [1.1 Fees](01-lockers/01-fees.ipynb) | Compute a fee to the cent. | 30 | none | ready |"
        in step
    )
    assert (
        "| 1.2 Later | Not yet. | 40 | [1.1](01-lockers/01-fees.ipynb) | not written yet |" in step
    )
    assert "(../work/01-1-first-fees/first-fees.ipynb)" in step
    assert "1 of 2 lessons (30 minutes) and 1 of 1 assignments" in source(index, root, "title")


def test_readme_keeps_what_is_outside_the_markers(root):
    text = (root / "README.md").read_text()
    assert text.startswith("# Course\n\n<!-- map:start -->\n| Step |")
    assert text.endswith("<!-- map:end -->\n\nThe end.\n")


@pytest.mark.parametrize("text", ["", "<!-- map:end -->\n<!-- map:start -->", "<!-- map:start -->"])
def test_readme_without_its_markers_is_named_and_left(text, root):
    (root / "README.md").write_text(text)
    (problem,) = write(root)
    assert problem.startswith("README.md: the map needs the lines <!-- map:start -->")
    assert (root / "README.md").read_text() == text


def test_a_notebook_that_is_not_json_stops_nothing_else(root, lesson):
    lesson.write_text("oops")
    (problem,) = write(root)
    assert "is not a notebook" in problem
    assert lesson.read_text() == "oops"


def test_a_row_without_a_file_is_a_problem(root, lesson):
    lesson.unlink()
    assert "has no file" in nav.check(root)[0]


def test_a_broken_syllabus_raises_before_anything_is_written(root):
    (root / syllabus.SYLLABUS).write_text("steps: []")
    with pytest.raises(syllabus.SyllabusError):
        nav.check(root)
