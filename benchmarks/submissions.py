"""Submissions as a class hands them in, made from any assignment's own reference."""

import json
import random
import shutil
from pathlib import Path

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

    Each answer is the reference's, blank, or one of the kinds above; now and then a cell is missing
    or there twice, or a whole notebook is missing. The same seed makes the same class.
    """
    chance = random.Random(seed)
    released = sorted((course / "release" / assignment).glob("*.ipynb"))
    for number in range(count):
        folder = course / "submitted" / f"student-{number:04}" / assignment
        folder.mkdir(parents=True)
        skill = chance.random()
        for path in released:
            if len(released) > 1 and chance.random() < 0.03:
                continue
            source = json.loads((course / "source" / assignment / path.name).read_text())
            notebook = json.loads(path.read_text())
            _answer(notebook, _references(source), skill, chance)
            _damage(notebook["cells"], chance)
            (folder / path.name).write_text(json.dumps(notebook))
        if not any(folder.iterdir()):
            shutil.copy(released[0], folder)


def _references(notebook: dict) -> dict[str, str]:
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }


def _answer(
    notebook: dict, references: dict[str, str], skill: float, chance: random.Random
) -> None:
    for cell in notebook["cells"]:
        reference = references.get(cell["metadata"].get("nbgrader", {}).get("grade_id"))
        if reference is None or chance.random() < 0.1:
            continue
        if cell["cell_type"] != "code":
            cell["source"] = "An answer in words."
        elif chance.random() > skill:
            cell["source"] = chance.choice(list(_INSTEAD.values()))
        elif chance.random() < 0.25 and not reference.lstrip().startswith("%%"):
            cell["source"] = f"{chance.choice(list(_BEFORE.values()))}\n{reference}"
        else:
            cell["source"] = reference


def _damage(cells: list[dict], chance: random.Random) -> None:
    luck = chance.random()
    if luck < 0.07:
        del cells[chance.randrange(len(cells))]
    elif luck < 0.14:
        copied = json.loads(json.dumps(chance.choice(cells)))
        cells.insert(chance.randrange(len(cells)), copied | {"id": "copied-cell"})
