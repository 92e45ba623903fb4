"""What an assignment's notebooks import, read off their text: a guess, but had at once.

Imports are most of what a kernel costs, seconds where a notebook uses pandas or a database. The
rehearsal finds out which ones there are; until it has, the warm process imports what is likely.
"""

import contextlib
import json
import re
from pathlib import Path

_IMPORT = re.compile(r"^\s*import\s+(\w[\w.]*)(?:\s+as\s+(\w+))?", re.MULTILINE)
_FROM = re.compile(r"^\s*from\s+(\w[\w.]*)\s+import\s+(\([\w\s,]+|[\w ,]+)", re.MULTILINE)
_NAME = re.compile(r"(\w+)(?:\s+as\s+(\w+))?")
_ATTRIBUTE = re.compile(r"(?<![\w.])(\w+)\.(\w+)")
# What must be imported by each kernel itself; the backend of matplotlib looks for its shell then.
_NEVER = ("__main__", "debugpy", "_pydev", "pydev", "ipykernel_launcher", "__mp_main__")
_NEVER += ("matplotlib_inline",)


def kept_rehearsal(root: Path, assignment: str) -> Path:
    """The file in which a course keeps what the rehearsal of an assignment has found."""
    return root / ".grading" / f"{assignment}.rehearsal.json"


def likely_modules(root: Path, assignment: str) -> list[str]:
    """What the last rehearsal found, or what the instructor's notebooks name; never an error.

    Names of modules, and dotted names of what the notebooks use of them.
    """
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return list(json.loads(kept_rehearsal(root, assignment).read_text("utf-8"))["modules"])
    folder = root / "source" / assignment
    found: set[str] = set()
    for path in folder.glob("*.ipynb"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            cells = json.loads(path.read_text("utf-8"))["cells"]
            code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
            found |= _named("\n".join(code))
    return importable_once(found, folder)


def _named(source: str) -> set[str]:
    """Dotted names, of modules and of what is in them: a package may import lazily."""
    known = {alias or module: module for module, alias in _IMPORT.findall(source)}
    for module, names in _FROM.findall(source):
        for name, alias in _NAME.findall(names):
            known[alias or name] = f"{module}.{name}"
    used = {f"{known[name]}.{each}" for name, each in _ATTRIBUTE.findall(source) if name in known}
    return {*known.values(), *used}


def importable_once(modules: set[str], folder: Path) -> list[str]:
    """Those that all kernels can have from the warm process; `folder` has the assignment's own."""
    own = {path.stem for path in folder.glob("*.py")}
    return sorted(
        name
        for name in modules
        if name.partition(".")[0] not in own and not name.startswith(_NEVER)
    )
