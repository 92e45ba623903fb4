"""``make release``: generate ``release/`` from ``source/`` by nbgrader; nothing may leak."""

import argparse
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from backend_course.authoring import notebook as notebooks
from backend_course.authoring.files import AuthoringError, find_root, in_one_line

CONFIG = "nbgrader_config.py"
_REGION = re.compile(
    r"^[^\n]*BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME)[^\n]*\n(.*?)^[^\n]*END \1",
    re.DOTALL | re.MULTILINE,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``release`` understands to its command-line parser."""
    parser.add_argument("assignments", nargs="*", help="folders of source/; none means all")
    parser.add_argument("--check", action="store_true", help="write nothing, only say what differs")


@in_one_line
def run(arguments: argparse.Namespace) -> int:
    """Generate the students' versions, or with ``--check`` compare them with a fresh generation."""
    root = find_root()
    if arguments.check:
        problems = check(root, arguments.assignments)
        print("\n".join([*problems, f"release --check: {len(problems)} to mend"]))
        return 1 if problems else 0
    names = _names(root, arguments.assignments)
    if problems := write(root, names):
        print("\n".join([*problems, "release: nothing written"]))
        return 1
    print("\n".join(f"release/{name}: generated" for name in names))
    return 0


def write(root: Path, names: list[str]) -> list[str]:
    """Generate assignments into ``release/``; when one leaks write none and return the leaks."""
    with tempfile.TemporaryDirectory(dir=root, prefix=".release-") as folder:
        fresh = generate(root, names, Path(folder))
        problems = [leak for name in names for leak in leaks(root, name, fresh / name)]
        if not problems:
            for name in names:
                _replace(fresh / name, root / "release" / name, Path(folder))
    return problems


def check(root: Path, assignments: list[str] | None = None) -> list[str]:
    """Return a line for each assignment whose release is stale or leaks; writes nothing.

    Raises:
        AuthoringError: nbgrader refuses to generate an assignment.
    """
    names = _names(root, assignments)
    problems = [] if assignments else list(_orphans(root, names))
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        fresh = generate(root, names, Path(folder))
        for name in names:
            if difference := first_difference(fresh / name, root / "release" / name):
                problems.append(
                    f"release/{name}: {difference}. Run: make release ONLY={name}",
                )
            problems += leaks(root, name, fresh / name)
    return problems


def _names(root: Path, wanted: list[str] | None) -> list[str]:
    there = sorted(
        folder.name for folder in (root / "source").glob("*/") if not folder.name.startswith(".")
    )
    for name in wanted or []:
        if name not in there:
            raise AuthoringError(
                f"source/{name}: no such assignment. There are: {', '.join(there) or 'none'}."
            )
    return list(wanted or there)


def _orphans(root: Path, names: list[str]) -> Iterator[str]:
    for folder in sorted((root / "release").glob("*/")):
        if folder.name not in names and not folder.name.startswith("."):
            yield f"release/{folder.name}: has no source/{folder.name}. Remove it, or restore that."


def generate(root: Path, names: list[str], into: Path) -> Path:
    """Let nbgrader generate assignments under ``into`` and return the folder that holds them.

    The settings are those of the clone's ``nbgrader_config.py``; only the gradebook and the
    output folder are others, so that the clone's gradebook is not touched.

    Raises:
        AuthoringError: nbgrader refuses; the message is the last line of its log.
    """
    # nbgrader takes seconds to import, which only this verb needs.
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader(CONFIG, path=str(root)).load_config()
    release = into / "release"
    config.CourseDirectory.root = str(root.resolve())
    config.CourseDirectory.release_directory = str(release.resolve())
    config.CourseDirectory.db_url = f"sqlite:///{(into / 'gradebook.db').resolve()}"
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    for name in names:
        result = api.generate_assignment(name, force=True, create=True)
        if not result["success"]:
            raise AuthoringError(f"source/{name}: nbgrader refuses it: {_reason(result)}")
    return release


def _reason(result: dict) -> str:
    """Return the most telling line of an nbgrader log: the last exception that it caught."""
    lines = [line.strip() for line in f"{result['log']}\n{result['error']}".splitlines()]
    telling = [line for line in lines if re.match(r"\w*(Error|Exception): ", line)]
    return (telling or [line for line in lines if line] or ["no reason given"])[0]


def first_difference(fresh: Path, committed: Path) -> str | None:
    """Say where a committed release first differs from a fresh generation, or return None."""
    if not committed.is_dir():
        return "is not generated yet"
    wanted, present = _files(fresh), _files(committed)
    for name in sorted(wanted | present):
        if name not in present:
            return f"{name} is missing"
        if name not in wanted:
            return f"{name} is not generated from source/"
        if (fresh / name).read_bytes() != (committed / name).read_bytes():
            where = _first_cell(fresh / name, committed / name)
            return f"{name} differs from a fresh generation{where}"
    return None


def _files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }


def _first_cell(fresh: Path, committed: Path) -> str:
    if fresh.suffix != ".ipynb":
        return ""
    try:
        old = notebooks.read(committed, committed.parent)[1].cells
    except AuthoringError:
        return " (it is not a notebook)"
    new = notebooks.read(fresh, fresh.parent)[1].cells
    for before, after in zip(old, new, strict=False):
        if before != after:
            return f" (cell {after.id})"
    return " (the number of cells)" if len(old) != len(new) else " (the layout of the file)"


def leaks(root: Path, name: str, released: Path) -> list[str]:
    """Return a line for each released file that shows a line of a solution or a hidden test.

    A line counts as secret when the source notebook has it inside a region and nowhere else.
    """
    secret: dict[str, str] = {}
    for path in sorted((root / "source" / name).glob("*.ipynb")):
        secret |= secret_lines(notebooks.read(path, root)[1])
    problems = []
    for path in sorted(path for path in released.rglob("*") if path.is_file()):
        lines = _lines(path)
        for line, cell_id in secret.items():
            if line in lines:
                place = f"release/{name}/{path.relative_to(released).as_posix()}"
                problems.append(
                    f"{place}: shows {line!r}, which cell {cell_id} hides. Take it out of source/."
                )
    return problems


def secret_lines(notebook: NotebookNode) -> dict[str, str]:
    """Return the lines that only regions hold, each with the id of its cell."""
    secret: dict[str, str] = {}
    open_lines: set[str] = set()
    for cell in notebook.cells:
        for match in _REGION.finditer(cell.source):
            secret |= {line.strip(): cell.id for line in match[2].splitlines()}
        open_lines |= {line.strip() for line in _REGION.sub("", cell.source).splitlines()}
    # A bracket or an `else:` gives nothing away.
    return {
        line: cell_id
        for line, cell_id in secret.items()
        if line not in open_lines and len(re.findall(r"\w", line)) > 4
    }


def _lines(path: Path) -> set[str]:
    if path.suffix == ".ipynb":
        cells = notebooks.read(path, path.parent)[1].cells
        texts = [cell.source for cell in cells]
    else:
        texts = [path.read_bytes().decode("utf-8", errors="replace")]
    return {line.strip() for text in texts for line in text.splitlines()}


def _replace(fresh: Path, target: Path, aside: Path) -> None:
    """Put a generated folder in place of the old one; both are on one file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.move(target, aside / f"old-{target.name}")
    shutil.move(fresh, target)
