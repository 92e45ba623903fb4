"""Files that are written whole or not at all, and what to say when they cannot be."""

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Put `text` at `path`; what was there before stays if it cannot be written. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(text, encoding="utf-8", newline="")
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def in_words(error: OSError, folder: Path) -> str:
    """One line on an error of the file system: what, where, and the next step.

    `folder` is named where the error names no file.
    """
    what = error.strerror or str(error)
    return (
        f"{what}: {error.filename or folder}. Mend that (room on the disk, rights), and run the "
        "same command again; what was graded stays graded."
    )
