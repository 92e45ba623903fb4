"""The questions that come back: which, when, and what becomes of the answers."""

import builtins
import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from fsrs import Rating

from backend_course.lab import recall, review
from backend_course.lab.course import ROOT
from backend_course.syllabus import load

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LESSONS = [lesson for lesson in load(ROOT).lessons if not lesson.planned]


@pytest.fixture
def course(tmp_path):
    shutil.copytree(ROOT / "course", tmp_path / "course")
    return tmp_path


@pytest.fixture
def say(monkeypatch):
    """Answer prompts with the words that the test gives, in order."""

    def answer_with(*words):
        replies = iter(words)

        def answer(prompt=""):
            try:
                return next(replies)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr(builtins, "input", answer)

    return answer_with


def at(moment):
    return lambda: moment


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_every_lesson_has_questions_with_answers(lesson):
    questions = recall.questions_of(lesson, ROOT)
    assert 5 <= len(questions) <= 7
    assert len({each.key for each in questions}) == len(questions)
    for each in questions:
        assert each.answer
        assert "<" not in each.question.replace("`<`", "").split("`")[0]
        assert not each.question[0].isdigit()


def test_html_in_a_question_becomes_markdown(course):
    questions = recall.questions_of(load(ROOT).lesson("3.2"), course)
    assert any("`NULL <> 5`" in each.question for each in questions)


def test_a_new_learner_is_asked_nothing(course, capsys):
    review.ask(root=course, now=at(NOW))
    assert capsys.readouterr().out.startswith("Nothing to recall yet.")
    assert not (course / recall.STORE).exists()


def test_five_questions_of_a_read_lesson_and_then_no_more(course, capsys, say):
    say(*["", "3"] * 5)
    review.ask("3.2", root=course, now=at(NOW))
    printed = capsys.readouterr().out
    assert printed.count("Comes again in 2 days.") == 5
    assert printed.endswith("That was all for now.\n")
    assert len(recall.load(course).cards) == 5


def test_what_is_due_comes_before_what_is_new(course, say, capsys):
    say("", "1", "", "4", "q")
    review.ask("3.2", root=course, now=at(NOW))
    memory = recall.load(course)
    questions = recall.questions_of(load(ROOT).lesson("3.2"), course)
    tomorrow = memory.due(questions, NOW + timedelta(days=1))
    assert tomorrow[0] == questions[0]
    assert questions[1] not in tomorrow
    assert len(tomorrow) == 5


def test_a_day_later_with_all_known_nothing_is_due(course, say, capsys):
    for _ in range(2):
        say(*["", "4"] * 5)
        review.ask("3.2", root=course, now=at(NOW))
    capsys.readouterr()
    review.ask(root=course, now=at(NOW + timedelta(days=1)))
    assert capsys.readouterr().out == "Nothing is due. The next question comes in 7 days.\n"


def test_remembering_makes_the_pause_longer(course):
    question = recall.questions_of(load(ROOT).lesson("3.2"), course)[0]
    memory, moment, pauses = recall.Memory(), NOW, []
    for _ in range(4):
        due = memory.answered(question, Rating.Good, moment)
        pauses.append((due - moment).days)
        moment = due
    assert pauses == sorted(set(pauses))
    forgotten = memory.answered(question, Rating.Again, moment)
    assert (forgotten - moment).days < pauses[-1]


def test_stopping_in_the_middle_keeps_what_was_answered(course, say, capsys):
    say("", "3", "q")
    review.ask("3.2", root=course, now=at(NOW))
    assert len(recall.load(course).cards) == 1


def test_another_word_than_a_rating_is_asked_again(course, say, capsys):
    say("", "well", "7", "2", "q")
    review.ask("3.2", root=course, now=at(NOW))
    assert len(recall.load(course).cards) == 1


def test_where_nobody_answers_nothing_is_remembered(course, say, capsys):
    say()
    review.ask("3.2", root=course, now=at(NOW))
    assert "Nobody answers here." in capsys.readouterr().out
    assert recall.load(course).cards == {}


def test_a_question_that_is_reworded_is_new(course, say, capsys):
    say("", "4", "q")
    review.ask("3.2", root=course, now=at(NOW))
    lesson = load(ROOT).lesson("3.2")
    first = recall.questions_of(lesson, course)[0]
    path = course / lesson.path
    text = path.read_text(encoding="utf-8").replace("a poor choice", "a bad choice")
    path.write_text(text, encoding="utf-8")
    reworded = recall.questions_of(lesson, course)[0]
    assert reworded.key != first.key
    assert reworded in recall.load(course).due([reworded], NOW)


def run(*words):
    parser = review.argparse.ArgumentParser()
    review.add_arguments(parser)
    return review.run(parser.parse_args(list(words)))


def test_an_unknown_lesson_is_named(capsys):
    assert run("9.9") == 1
    assert capsys.readouterr().out.startswith("There is no lesson 9.9. There are ")


@pytest.mark.parametrize("text", ["{", "[]", '{"cards": {"x": {}}, "read": []}', '{"cards": []}'])
def test_a_broken_store_is_named_and_left_alone(course, text, monkeypatch, capsys):
    path = course / recall.STORE
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(recall.StoreError, match=r"work/recall.json is broken. Rename it"):
        review.ask("3.2", root=course, now=at(NOW))
    assert path.read_text() == text


def test_a_failed_save_loses_nothing(course, say, monkeypatch, capsys):
    say("", "3", "q")
    review.ask("3.2", root=course, now=at(NOW))
    before = (course / recall.STORE).read_text()

    def no_space(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dumps", no_space)
    say("", "3")
    with pytest.raises(OSError, match="No space left"):
        review.ask(root=course, now=at(NOW))
    assert (course / recall.STORE).read_text() == before
    assert [path.name for path in (course / "work").iterdir()] == ["recall.json"]
