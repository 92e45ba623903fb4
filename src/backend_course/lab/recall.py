"""The *Check yourself* questions of lessons, and when each is to be asked again.

FSRS (the package ``fsrs``) spaces the questions: the better one was remembered, the longer it
rests. What was answered and when is one JSON file in ``work/``; it stays on this laptop.
"""

import hashlib
import html
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from fsrs import Card, Rating, Scheduler

from backend_course.lab.standing import cells_of
from backend_course.syllabus import Lesson

STORE = Path("work", "recall.json")

_CELL = "check-yourself"
_FOLDED = re.compile(
    r"<details>\s*<summary>(?:\d+\.\s*)?(?P<question>.*?)</summary>(?P<answer>.*?)</details>", re.S
)
# Steps of minutes are for cramming; a course is read over weeks, so a card rests a day at least.
_SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)


class StoreError(Exception):
    """The file of answers cannot be read; the message names it and the next step."""


@dataclass(frozen=True)
class Question:
    """One question of a lesson with its answer, both in Markdown."""

    lesson: Lesson
    question: str
    answer: str

    @property
    def key(self) -> str:
        """The name under which it is remembered: a question that is reworded is a new one."""
        return f"{self.lesson.number}-{hashlib.sha256(self.question.encode()).hexdigest()[:12]}"


@dataclass
class Memory:
    """What has been asked, and the lessons that the learner has said to have read."""

    cards: dict[str, Card] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)

    def due(self, questions: list[Question], now: datetime, at_most: int = 5) -> list[Question]:
        """Return the questions to ask: those that are due, the longest first, then new ones.

        Args:
            questions: those of all lessons that have been read, in teaching order.
            now: the moment, with its time zone.
            at_most: how many.
        """
        asked = [each for each in questions if each.key in self.cards]
        due = [each for each in asked if self.cards[each.key].due <= now]
        due.sort(key=lambda each: self.cards[each.key].due)
        return [*due, *(each for each in questions if each.key not in self.cards)][:at_most]

    def next_due(self, questions: list[Question]) -> datetime | None:
        """Return when the first of the questions is due; ``None`` where none was asked yet."""
        return min(
            (self.cards[each.key].due for each in questions if each.key in self.cards), default=None
        )

    def answered(self, question: Question, rating: Rating, now: datetime) -> datetime:
        """Take how well a question was remembered; return when it is due again."""
        # A card's own id is a clock reading, and asking twice in a millisecond would repeat it.
        card = self.cards.get(question.key) or Card(card_id=len(self.cards) + 1, due=now)
        self.cards[question.key], _ = _SCHEDULER.review_card(card, rating, now)
        return self.cards[question.key].due


def questions_of(lesson: Lesson, root: Path) -> list[Question]:
    """Return the *Check yourself* questions of a lesson.

    Raises:
        UnreadableError: the notebook is broken.
    """
    source = "\n".join(
        source for cell_id, source in cells_of(root / lesson.path, root) if cell_id == _CELL
    )
    return [
        Question(lesson, _as_markdown(match["question"]), match["answer"].strip())
        for match in _FOLDED.finditer(source)
    ]


def _as_markdown(summary: str) -> str:
    """Return a summary's HTML, which holds no more than code and emphasis, as Markdown."""
    text = re.sub(r"</?code>", "`", summary.strip())
    text = re.sub(r"</?(?:em|i)>", "*", text)
    return html.unescape(re.sub(r"</?(?:strong|b)>", "**", text))


def load(root: Path) -> Memory:
    """Read what was asked so far; nothing where there is no file yet.

    Raises:
        StoreError: the file is broken.
    """
    path = root / STORE
    if not path.is_file():
        return Memory()
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        cards = {key: Card.from_dict(card) for key, card in kept["cards"].items()}
        return Memory(cards, set(kept["read"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(
            f"{STORE.as_posix()} is broken. Rename it to keep it; the questions then begin anew."
        ) from None


def save(memory: Memory, root: Path) -> None:
    """Write what was asked, whole or not at all.

    Raises:
        OSError: the disk is full, or ``work/`` may not be written.
    """
    path = root / STORE
    kept = {
        "cards": {key: card.to_dict() for key, card in sorted(memory.cards.items())},
        "read": sorted(memory.read),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
