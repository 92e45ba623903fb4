"""What an instructor reads at the end of a run: the marks are the gradebook's, for everybody."""

import contextlib
import csv
import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_course import ASSIGNMENT, SmallCourse

from backend_course.grading.course import Course
from backend_course.grading.gradebook import open_gradebook
from backend_course.grading.report import questions, table, write
from backend_course.grading.run import Plan, Summary, grade_assignment

TRUSTING = {"WalledProvisioner": {"trust_students": True}}
LATE = "2026-11-03 18:00:00 UTC"


def grade(course: SmallCourse, *students: str) -> Summary:
    plan = Plan(ASSIGNMENT, list(students), workers=1, settings=TRUSTING)
    return grade_assignment(Course(course.root), plan)


def change_gradebook(course: SmallCourse, marks: dict[str, float], penalty: float = 0) -> None:
    """Give marks for the written answer, as formgrader does, and a late penalty."""
    folder = Course(course.root).folder
    with open_gradebook(folder.db_url, folder.course_id) as gradebook:
        gradebook.find_assignment(ASSIGNMENT).duedate = datetime.datetime(2026, 11, 2, 12)
        for student, mark in marks.items():
            submission = gradebook.find_submission(ASSIGNMENT, student)
            submission.timestamp = datetime.datetime(2026, 11, 3, 18)
            submission.notebooks[0].late_submission_penalty = penalty
            grade = gradebook.find_grade("words", "task", ASSIGNMENT, student)
            grade.manual_score, grade.needs_manual_grade = mark, False
        gradebook.db.commit()


def sheet(summary: Summary, folder: Path) -> dict[str, dict[str, str]]:
    _, file = write(summary, folder)
    with file.open(newline="") as rows:
        return {row["student"]: row for row in csv.DictReader(rows)}


def test_marks_by_hand_and_penalties_are_in_the_report(course: SmallCourse, tmp_path: Path) -> None:
    for student in ("ada", "bo"):
        (course.hand_in(student, words="Because.") / "timestamp.txt").write_text(LATE)
    first = grade(course)
    rows = sheet(first, tmp_path)
    assert rows["ada"]["score"] == "4.5"
    assert rows["ada"]["needs_manual_grade"] == "yes"
    assert "not final before: 2" in table(first)
    assert "words" not in {question["cell"] for question in questions(first, {"ada", "bo"})}
    change_gradebook(course, {"ada": 4}, penalty=1)
    grade(course)  # another due date is another key; the mark by hand stays
    change_gradebook(course, {"ada": 4}, penalty=1)
    again = grade(course, "ada")
    assert (again.graded, again.skipped) == (0, 1)
    rows = sheet(again, tmp_path)
    expected = {"score": "7.5", "max_score": "10.0", "hours_late": "30.0", "late_penalty": "1.0"}
    assert rows["ada"] == {"student": "ada", "needs_manual_grade": "no", "flags": ""} | expected
    assert rows["bo"]["score"] == "4.5"
    assert "Scores: median 7.5, from 7.5 to 7.5, of 10" in table(again)
    assert "Late penalties, taken off the scores: 1" in table(again)
    assert "by hand" not in table(again)
    assert "7.5 of 10" in (tmp_path / f"{ASSIGNMENT}.html").read_text()
    words = [each for each in questions(again, {"ada", "bo"}) if each["cell"] == "words"]
    assert [each["mean"] for each in words] == [4]


def test_who_could_not_be_graded_has_no_mark_and_says_so(
    course: SmallCourse, tmp_path: Path
) -> None:
    course.hand_in("ada")
    grade(course)
    place = course.root / "submitted" / "ada" / ASSIGNMENT
    (course.root / "elsewhere").mkdir()
    for path in place.iterdir():
        path.unlink()
    place.rmdir()
    place.symlink_to(course.root / "elsewhere")
    summary = grade(course)
    assert summary.failed == 1
    row = sheet(summary, tmp_path)["ada"]
    assert (row["score"], row["flags"]) == ("", "failed")
    page = (tmp_path / f"{ASSIGNMENT}.html").read_text()
    assert page.index("Failures") < page.index("Students")


def test_what_there_is_nothing_of_has_no_heading(course: SmallCourse, tmp_path: Path) -> None:
    course.hand_in("ada")
    page, _ = write(grade(course), tmp_path)
    assert "Failures" not in page.read_text()
    assert "Flags</h2>" not in page.read_text()


def test_who_reads_the_report_need_not_read_all(course: SmallCourse) -> None:
    course.hand_in("ada")
    words = ["grade", ASSIGNMENT, "--course", str(course.root), "--trust-students"]
    command = [sys.executable, "-m", "backend_course.grading", *words]
    reads, writes = os.pipe()
    os.close(reads)
    try:
        ended = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(writes)
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("Missing wall")]
    assert (ended.returncode, lines) == (0, [])


@pytest.mark.parametrize("number", ["0", "-3", "two"])
def test_a_number_of_workers_is_one_or_more(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from backend_course.grading.__main__ import main

    with contextlib.suppress(SystemExit):
        main(["grade", ASSIGNMENT, "--workers", number])
        raise AssertionError("taken")
    assert (
        f"--workers: must be a whole number from 1, and '{number}' is not"
        in capsys.readouterr().err
    )
