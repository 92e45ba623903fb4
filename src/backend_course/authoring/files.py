"""Find the course on disk and write files whole or not at all."""

import argparse
import functools
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from backend_course.syllabus import SyllabusError


class AuthoringError(Exception):
    """Something an author can mend; the message names the place and the next step, in one line."""


def in_one_line(
    run: Callable[[argparse.Namespace], int],
) -> Callable[[argparse.Namespace], int]:
    """Let a verb's ``run`` print an error that an author can mend as its line and return 1."""

    @functools.wraps(run)
    def reporting(arguments: argparse.Namespace) -> int:
        try:
            return run(arguments)
        except (AuthoringError, SyllabusError) as error:
            print(error)
            return 1

    return reporting


def find_root(start: Path | None = None) -> Path:
    """Return the folder that holds ``course/syllabus.yml``.

    The search goes from ``start`` (the current folder by default) upwards, then to the clone
    that this package is installed from.

    Raises:
        AuthoringError: there is no course in any of these places.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[3]):
        if (folder / "course" / "syllabus.yml").is_file():
            return folder
    raise AuthoringError(
        f"No course/syllabus.yml in {here} or above it. Go to the clone's folder and try again."
    )


def write_whole(texts: Mapping[Path, str]) -> None:
    """Write each text to its path as UTF-8 with ``\\n`` line ends.

    All texts are first written beside their targets, then moved into place one by one, so that a
    full disk or an interruption leaves every file either old or new, never half.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
            staged.append((Path(name), path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            # mkstemp makes private files; a notebook is for everyone who may read the clone.
            Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        for temporary, path in staged:
            temporary.replace(path)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def shown(path: Path, root: Path) -> str:
    """Return ``path`` as a reader of the clone writes it: relative to ``root``, with slashes."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return str(path)
