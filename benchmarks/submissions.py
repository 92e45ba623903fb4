"""Submissions as a class hands them in, made from any assignment's own reference."""

import json
import random
import shutil
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "grading"))
import harness

_BEFORE = {
    "prints": "print('hello ' * 500)",
    "writes on stderr": "import sys\nprint('look', file=sys.stderr)",
    "warns": "import warnings\nwarnings.warn('look')",
    "plots": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "awaits": "import asyncio\nawait asyncio.sleep(0)",
    "is slow": "import time\ntime.sleep(0.2)",
    "starts a process": "import subprocess\nsubprocess.run(['true'], check=True)",
}
_INSTEAD = {
    "crashes": "1 / 0",
    "does not parse": "def answer(:\n    pass",
    "knows nothing": "pass",
    "takes other names": "import math\nx = math.pi",
    "shows a number": "0.5",
}


def make_class(course: Path, assignment: str, count: int, seed: int = 1) -> None:
    """Write `count` submissions of `assignment` into the course's submitted/.

    Each answer is right, wrong, blank, or one of the kinds above; now and then a cell is missing or
    there twice, or a whole notebook is missing. Right and wrong ones are those of the assignment's
    answers.yml; without one, the reference's and those of `_INSTEAD`. The same seed makes the same
    class.
    """
    chance = random.Random(seed)
    released = sorted((course / "release" / assignment).glob("*.ipynb"))
    right, wrong = _listed_answers(assignment)
    for number in range(count):
        folder = course / "submitted" / f"student-{number:04}" / assignment
        folder.mkdir(parents=True)
        skill = chance.random()
        for path in released:
            if len(released) > 1 and chance.random() < 0.03:
                continue
            source = json.loads((course / "source" / assignment / path.name).read_text())
            notebook = json.loads(path.read_text())
            _answer(notebook, _references(source) | right, wrong, skill, chance)
            _damage(notebook["cells"], chance)
            (folder / path.name).write_text(json.dumps(notebook))
        if not any(folder.iterdir()):
            shutil.copy(released[0], folder)


def hand_in_answers(course: Path, assignment: str) -> int:
    """Hand in every answer of answers.yml, as the tests do; returns the number of submissions."""
    known = harness.Assignment(assignment)
    submissions = known.submissions()
    for student, sources in submissions.items():
        harness.hand_in(known, course, student, sources)
    return len(submissions)


Answers = dict[str, list[str]]  # by the grade_id of the cell


def _listed_answers(assignment: str) -> tuple[Answers, Answers]:
    right: Answers = {}
    wrong: Answers = {}
    if assignment in harness.assignments():
        known = harness.Assignment(assignment)
        right = {question: [known.reference(question)] for question in known.solutions}
        for listed, trials in ((right, known.right), (wrong, known.wrong)):
            for trial in trials:
                listed.setdefault(trial.question, []).append(trial.source)
    return right, wrong


def _references(notebook: dict) -> Answers:
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: ["".join(cell["source"])]
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }


def _answer(
    notebook: dict, right: Answers, wrong: Answers, skill: float, chance: random.Random
) -> None:
    for cell in notebook["cells"]:
        question = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if question not in right or chance.random() < 0.1:
            continue
        known = chance.choice(right[question])
        if cell["cell_type"] != "code":
            cell["source"] = "An answer in words."
        elif chance.random() > skill:
            cell["source"] = chance.choice([*_INSTEAD.values(), *wrong.get(question, [])])
        elif chance.random() < 0.25 and not known.lstrip().startswith("%%"):
            cell["source"] = f"{chance.choice(list(_BEFORE.values()))}\n{known}"
        else:
            cell["source"] = known


def _damage(cells: list[dict], chance: random.Random) -> None:
    luck = chance.random()
    if luck < 0.07:
        del cells[chance.randrange(len(cells))]
    elif luck < 0.14:
        copied = json.loads(json.dumps(chance.choice(cells)))
        cells.insert(chance.randrange(len(cells)), copied | {"id": "copied-cell"})
