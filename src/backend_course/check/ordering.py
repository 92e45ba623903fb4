"""Judge lines that a learner put in order, by running them: every order that works is right.

The lines of a puzzle stand in one text, each with a letter, two blanks, and the line as it is
indented. Some may be too many::

    A  total = 0
    B  total = total + day
    C      total = total + day
    D  for day in days:

The answer is the letters in order: ``"A D C"``.
"""

import re

from backend_course.check.errors import CheckError, NotAttemptedError, message
from backend_course.check.programs import LIMIT, Run, difference, giving, hint
from backend_course.lab.stepper import NotPythonError, Program

_LINE = re.compile(r"(?P<letter>[A-Z])  (?P<code>.+)")


def order(name: str, answer: str, puzzle: str, *runs: Run) -> None:
    """Check the order of lines by what they do when they are run.

    Args:
        name: what the learner wrote, for the messages.
        answer: letters, in capitals or not, with blanks, commas or nothing between them.
        puzzle: the lines, as the module says.
        runs: what to give them, and what is to come out.

    Raises:
        NotAttemptedError: no letter is written yet.
        CheckError: the letters are no lines of the puzzle, or a run came out otherwise.
    """
    lines = {match["letter"]: match["code"] for match in _LINE.finditer(puzzle)}
    letters = _letters(name, answer, lines)
    try:
        put = Program(name, "\n".join(lines[letter] for letter in letters))
    except NotPythonError as error:
        raise CheckError(f"{error}\nIn this order, Python cannot read the lines.") from None
    for run in runs:
        trace = put.run(run.given, LIMIT)
        if problem := difference(put, trace, run.expected):
            story = f"{name}, {giving(run.given)}: {problem}"
            raise CheckError(message(story, hint(run, trace), "These lines were run:", repr(put)))


def _letters(name: str, answer: str, lines: dict[str, str]) -> list[str]:
    if answer is ... or (isinstance(answer, str) and not answer.strip(" .?\n")):
        raise NotAttemptedError(
            f"{name}: not attempted yet. Write the letters of the lines, in order."
        )
    if not isinstance(answer, str):
        raise CheckError(f'{name} is {answer!r}. Write the letters as a text, such as "B A".')
    letters = [letter for letter in answer.upper() if not re.match(r"[\s,;.>-]", letter)]
    for letter in letters:
        if letter not in lines:
            known = ", ".join(lines)
            raise CheckError(f"{name}: there is no line {letter}. The lines are {known}.")
        if letters.count(letter) > 1:
            raise CheckError(f"{name}: line {letter} stands there twice. Each is there once.")
    return letters
