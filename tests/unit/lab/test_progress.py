"""Where the learner stands: every state is read from files, and none is claimed too early."""

import json
import shutil
from xml.etree import ElementTree

import nbformat
import pytest

from backend_course.lab import progress, road
from backend_course.lab.course import ROOT
from backend_course.lab.standing import fingerprint, marks_of, of_assignment, of_lesson
from backend_course.syllabus import load

SYLLABUS = load(ROOT)
LESSON = SYLLABUS.lesson("3.2")
ASSIGNMENT = next(each for each in SYLLABUS.assignments if each.id == "03-1")
COPY = f"{ASSIGNMENT.folder}/{ASSIGNMENT.slug}.ipynb"


@pytest.fixture
def course(tmp_path):
    """A course folder as it is after a first `make lab`."""
    shutil.copytree(ROOT / "course", tmp_path / "course")
    shutil.copytree(ROOT / "release", tmp_path / "release")
    shutil.copytree(ROOT / "release", tmp_path / "work")
    return tmp_path


def change(path, changes):
    """Give cells of a notebook, by id or grade_id, other values."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        names = {cell.id, cell.metadata.get("nbgrader", {}).get("grade_id")}
        for name in names & set(changes):
            cell.update(changes[name])
    nbformat.write(notebook, path)


def stream(text):
    return [nbformat.v4.new_output("stream", name="stdout", text=text)]


def state(course):
    return progress.assignment_state(of_assignment(ASSIGNMENT, course))


def answer_first(course, count=1, check=2, outputs=()):
    cells = {
        "first-q1": {"source": "%%sql first_q1 <<\nSELECT 1", "execution_count": count},
        "first-q1-visible": {"execution_count": check, "outputs": list(outputs)},
    }
    change(course / "work" / COPY, cells)


def test_a_new_learner_has_begun_nothing(course):
    seen = progress.read(course)
    assert [each.share for each in seen.steps] == [0] * 8
    assert not seen.unreadable
    text = progress.as_text(seen)
    assert "pass" not in text
    assert "not begun" in text
    assert "not started" in text


def test_the_course_before_a_first_start_has_begun_nothing(course):
    shutil.rmtree(course / "work")
    assert state(course) == "not started"


def test_an_exercise_counts_when_its_check_says_so(course):
    path = course / LESSON.path
    change(path, {"exercise-1-check": {"outputs": stream("✓ unreachable: right.\n")}})
    change(path, {"exercise-2-check": {"outputs": stream("✗ afternoon: 3 rows too many.\n")}})
    standing = of_lesson(LESSON, course)
    assert (standing.exercises, standing.tried, standing.solved) == (4, 2, 1)
    assert progress.lesson_state(standing) == "1 of 4 exercises solved"


def test_an_exercise_with_two_verdicts_is_solved_when_both_are_right(course):
    both = stream("✓ one: right.\n") + stream("✗ two: wrong.\n")
    change(course / LESSON.path, {"exercise-1-check": {"outputs": both}})
    assert of_lesson(LESSON, course).solved == 0


def test_an_answer_without_a_check_is_started(course):
    answer_first(course, check=None)
    assert state(course) == "started (1 of 9), no check passes yet"


def test_a_check_that_was_run_and_found_nothing_passes(course):
    answer_first(course)
    assert state(course) == "1 of 9 visible checks pass, not graded yet"


def test_a_check_that_failed_does_not_pass(course):
    error = nbformat.v4.new_output("error", ename="CheckError", evalue="no", traceback=[])
    answer_first(course, outputs=[error])
    assert "no check passes yet" in state(course)


def test_a_check_from_before_the_answer_does_not_pass(course):
    answer_first(course, count=3, check=2)
    assert "no check passes yet" in state(course)


def test_hidden_tests_of_a_release_do_not_count_as_checks(course):
    hidden = {"first-q1-hidden-seed": {"execution_count": 9}}
    change(course / "work" / COPY, hidden)
    assert state(course) == "not started"


def grade(course, points):
    path = marks_of(ASSIGNMENT.folder, course)
    path.parent.mkdir(parents=True)
    marks = {"points": points, "out_of": 22, "fingerprint": fingerprint(course / "work" / COPY)}
    path.write_text(json.dumps(marks))
    return path


def test_marks_are_shown_with_the_points(course):
    answer_first(course)
    grade(course, 17.5)
    assert state(course) == "17.5 of 22 points"


def test_running_cells_leaves_marks_valid_and_another_answer_does_not(course):
    answer_first(course)
    grade(course, 17)
    change(course / "work" / COPY, {"first-q1": {"execution_count": 12}})
    assert state(course) == "17 of 22 points"
    change(course / "work" / COPY, {"first-q1": {"source": "%%sql first_q1 <<\nSELECT 2"}})
    assert state(course) == "17 of 22 points, changed since: make grade"


def test_zero_points_are_marks_too(course):
    grade(course, 0)
    assert state(course) == "0 of 22 points"


def test_broken_files_are_named_and_the_rest_is_shown(course):
    (course / LESSON.path).write_text("{")
    (course / "work" / COPY).write_text('{"cells": [1]}')
    seen = progress.read(course)
    lines = progress.as_text(seen).splitlines()[-2:]
    assert lines[0].startswith(f"{LESSON.path.as_posix()} is no notebook any more.")
    assert lines[1].startswith(f"work/{COPY} is no notebook any more.")
    assert "3.3 Groups and aggregates" in progress.as_text(seen)


def test_broken_marks_are_named(course):
    grade(course, 1).write_text("[]")
    seen = progress.read(course)
    assert "marks.json holds no marks any more. Run make grade ONLY=03-1" in seen.unreadable[0]


def solve(course, lesson):
    """Let every check of a lesson have found its exercise right."""
    notebook = nbformat.read(course / lesson.path, as_version=4)
    for cell in notebook.cells:
        if cell.id.startswith("exercise-") and cell.cell_type == "code":
            cell.outputs = stream("✓ x: right.\n") if cell.id.endswith("-check") else []
    nbformat.write(notebook, course / lesson.path)


def test_next_is_the_first_lesson_that_is_not_solved(course):
    lessons = [each for each in SYLLABUS.lessons if not each.planned]
    assert progress.read(course).next_lesson.lesson == lessons[0]
    solve(course, lessons[0])
    assert progress.read(course).next_lesson.lesson == lessons[1]
    for lesson in lessons:
        solve(course, lesson)
    seen = progress.read(course)
    assert seen.next_lesson is None
    assert "Next:" not in progress.as_text(seen)


def test_who_began_with_step_3_goes_on_there_and_comes_back(course):
    third = next(step for step in SYLLABUS.steps if step.number == 3)
    lessons = [each for each in third.lessons if not each.planned]
    solve(course, lessons[0])
    assert progress.read(course).next_lesson.lesson == lessons[1]
    for lesson in SYLLABUS.lessons:
        if not lesson.planned and lesson.number >= "3":
            solve(course, lesson)
    earlier = [each for each in SYLLABUS.lessons if not each.planned and each.number < "3"]
    assert progress.read(course).next_lesson.lesson == earlier[0]


def test_one_step_alone(capsys):
    parser = progress.argparse.ArgumentParser()
    progress.add_arguments(parser)
    assert progress.run(parser.parse_args(["3"])) == 0
    printed = capsys.readouterr().out
    assert "3 Databases and SQL" in printed
    assert "4 Frameworks" not in printed
    assert progress.run(parser.parse_args(["9"])) == 1
    assert capsys.readouterr().out == "There is no step 9. There are 1 to 8.\n"


@pytest.mark.parametrize(("share", "full"), [(0, 0), (0.049, 0), (0.5, 10), (0.999, 19), (1, 20)])
def test_a_bar_is_full_only_when_all_is_done(share, full):
    assert progress.bar(share).count("█") == full


def test_the_picture_says_in_words_and_rings_how_far_one_is(course):
    change(
        course / LESSON.path,
        {f"exercise-{n}-check": {"outputs": stream("✓ x: right.\n")} for n in range(1, 5)},
    )
    seen = progress.read(course)
    picture = ElementTree.fromstring(road.svg(seen))
    texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    third = seen.steps[2]
    assert 0 < third.share < 1
    assert f"{int(third.share * 100)} %" in texts
    assert f"3 Databases and SQL {int(third.share * 100)} %" in picture.get("aria-label")
    rings = [each for each in picture.iter() if each.get("transform")]
    assert len(rings) == 1
