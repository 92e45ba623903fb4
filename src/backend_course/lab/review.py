"""``make review``: up to five questions of lessons already read, when it is time for them again."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from fsrs import Rating

from backend_course import syllabus
from backend_course.lab import recall
from backend_course.lab.course import ROOT
from backend_course.lab.recall import Memory, Question
from backend_course.lab.standing import UnreadableError, of_lesson

_RATINGS = {"1": Rating.Again, "2": Rating.Hard, "3": Rating.Good, "4": Rating.Easy}
_HOW = "How was it? 1 forgotten, 2 hard, 3 good, 4 easy, q to stop: "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the numbers of lessons that were read without their exercises."""
    parser.add_argument("lessons", nargs="*", help="lessons you have read too, as 3.2")


def run(arguments: argparse.Namespace) -> int:
    """Ask in the terminal; return 1 where a lesson is unknown or a file is broken."""
    try:
        ask(*arguments.lessons)
    except (UnreadableError, recall.StoreError, LookupError, OSError) as error:
        print(error)
        return 1
    return 0


def ask(
    *lessons: str,
    root: Path = ROOT,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Ask the questions that are due, and remember how well each was known.

    A lesson counts as read when one of its exercises has been tried, or when it is named here.
    Each answer is saved at once, so that stopping in the middle loses nothing.

    Args:
        lessons: numbers of lessons that were read without their exercises, as ``"3.2"``.
        root: the course's folder.
        now: the clock.

    Raises:
        LookupError: there is no such lesson.
        StoreError: the file of earlier answers is broken.
        UnreadableError: a lesson's notebook is broken.
        OSError: the answers cannot be saved.
    """
    written = [each for each in syllabus.load(root).lessons if not each.planned]
    numbers = [each.number for each in written]
    if unknown := [number for number in lessons if number not in numbers]:
        raise LookupError(f"There is no lesson {unknown[0]}. There are {', '.join(numbers)}.")
    memory = recall.load(root)
    if not memory.read.issuperset(lessons):
        memory.read.update(lessons)
        recall.save(memory, root)
    known = [
        lesson
        for lesson in written
        if lesson.number in memory.read or of_lesson(lesson, root).tried
    ]
    questions = [each for lesson in known for each in recall.questions_of(lesson, root)]
    due = memory.due(questions, now())
    if not due:
        print(_nothing(memory, questions, now()))
        return
    print(f"{len(due)} to recall. Say the answer aloud, then press Enter to see it.")
    for number, question in enumerate(due, start=1):
        if not _one(number, question, memory, root, now):
            return
    print("That was all for now.")


def _one(
    number: int, question: Question, memory: Memory, root: Path, now: Callable[[], datetime]
) -> bool:
    """Ask one question; tell whether to go on."""
    print(f"\n{number}. {question.question}  ({question.lesson.name})")
    try:
        if input("Enter shows the answer, q stops: ").strip().lower() == "q":
            return False
        print(f"\n{question.answer}\n")
        while (reply := input(_HOW).strip().lower()) not in _RATINGS:
            if reply == "q":
                return False
    except (EOFError, KeyboardInterrupt, NotImplementedError):
        # A notebook that is run without a person has no one to answer.
        print("Nobody answers here. Run this cell yourself, or make review in a terminal.")
        return False
    again = memory.answered(question, _RATINGS[reply], now())
    recall.save(memory, root)
    days = max(1, round((again - now()).total_seconds() / 86400))
    print(f"Comes again in {days} {'day' if days == 1 else 'days'}.")
    return True


def _nothing(memory: Memory, questions: list[Question], now: datetime) -> str:
    if not questions:
        return (
            "Nothing to recall yet. Questions come from lessons of which you have tried an "
            "exercise; review.ask('3.2') or make review LESSONS=3.2 adds one that you have read."
        )
    first = memory.next_due(questions)
    days = max(1, round((first - now).total_seconds() / 86400)) if first else 1
    return f"Nothing is due. The next question comes in {days} {'day' if days == 1 else 'days'}."
