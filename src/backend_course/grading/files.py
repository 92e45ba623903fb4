"""Files: written whole or not at all, what to say when they cannot be, and those of a notebook."""

import contextlib
import os
from pathlib import Path, PurePosixPath

_DEEPEST = 8  # folders inside each other
_MOST = 1000  # files of one notebook


def write_whole(path: Path, text: str) -> None:
    """Put `text` at `path`; what was there before stays if it cannot be written.

    Raises OSError, and UnicodeEncodeError if there is half a character in `text`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(text, encoding="utf-8", newline="")
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def new_files(folder: Path, known: set[str], most: int) -> dict[str, bytes]:
    """Read what is new in a folder and may come out: regular files by their names, in order.

    Args:
        folder: where to look.
        known: names that are not new.
        most: bytes in all; with the first such file that does not fit, reading ends.
    """
    found: dict[str, bytes] = {}
    for name in filter(_may_come, sorted(regular_files(folder) - known)):
        path = folder / name
        most -= path.stat().st_size
        if most < 0 or len(found) == _MOST:
            break
        found[name] = path.read_bytes()
    return found


def regular_files(folder: Path) -> set[str]:
    """The relative names of the regular files in a folder and those below it."""
    return {
        Path(parent, name).relative_to(folder).as_posix()
        for parent, _, names in os.walk(folder)
        for name in names
        if Path(parent, name).is_file() and not Path(parent, name).is_symlink()
    }


def _may_come(name: str) -> bool:
    """Whether a file of a notebook's may be put beside it: no other notebook, nothing hidden."""
    parts = PurePosixPath(name).parts
    return (
        0 < len(parts) <= _DEEPEST
        and parts[0] != "/"
        and not name.endswith(".ipynb")
        and all(_is_ordinary(part) for part in parts)
    )


def _is_ordinary(part: str) -> bool:
    return (
        not part.startswith(".")
        and part != "__pycache__"
        and "\\" not in part
        and all(ord(letter) >= 32 for letter in part)
        and len(part.encode("utf-8", "surrogatepass")) < 256
    )


def put_beside(folder: Path, files: dict[str, bytes], most: int) -> None:
    """Put a notebook's new files into a folder. What is there stays, what is unsafe is left out.

    Raises OSError when the disk is full.
    """
    for name, content in list(files.items())[:_MOST]:
        most -= len(content)
        target = folder / name
        if most < 0 or not _may_come(name):
            continue
        with contextlib.suppress(FileExistsError, NotADirectoryError, UnicodeEncodeError):
            if target.parent.resolve().is_relative_to(folder.resolve()):  # no link leads out
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    file.write(content)


def in_words(error: OSError, folder: Path) -> str:
    """One line on an error of the file system: what, where, and the next step.

    `folder` is named where the error names no file.
    """
    what = error.strerror or str(error)
    return (
        f"{what}: {error.filename or folder}. Mend that (room on the disk, rights), and run the "
        "same command again; what was graded stays graded."
    )
