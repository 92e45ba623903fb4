"""Taking in a submission without believing anything in it.

Files: regular ones only, no links, limited in number, size and depth. Notebooks: built anew from
what was read, so that nothing but cells, their sources, tags and pictures comes through.
"""

import contextlib
import dataclasses
import errno
import itertools
import json
import os
import re
import stat
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from .hidden import Marks, split
from .lines import some
from .spec import NotebookSpec

_CELL_TYPES = {"code", "markdown", "raw"}
_CELL_ID = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
_MANY = 3  # flags of a kind that are shown one by one
_IMAGE = re.compile(r"^image/(png|jpeg|gif)$")


class RefusedError(ValueError):
    """A notebook or a submission that cannot be taken in; the text says why."""


@dataclasses.dataclass(frozen=True)
class Caps:
    """Upper limits for one submission."""

    files: int = 1000
    total_bytes: int = 100 << 20
    notebook_bytes: int = 20 << 20
    depth: int = 8  # folders inside each other
    cells: int = 2000


def read_folder(
    folder: Path,
    ignore: list[str],
    caps: Caps = Caps(),
) -> tuple[dict[str, bytes], list[str]]:
    """Read a submission's folder: {relative path: content}, and what was left out and why.

    Raises RefusedError if the folder itself is a link or the caps on number and size are exceeded,
    OSError if something cannot be read, which is nothing that a student should lose points for.
    """
    if folder.is_symlink():
        raise RefusedError(f"{folder} is a link; a submission must be a folder")
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    total = 0
    for parent, folders, names in os.walk(folder, onerror=_raise):
        within = Path(parent).relative_to(folder)
        for name in list(folders):
            if Path(parent, name).is_symlink():
                left_out.append(f"{within / name}: a link")
            if _ignored(name, ignore) or len(within.parts) >= caps.depth:
                folders.remove(name)
        for name in sorted(names):
            if _ignored(name, ignore):
                continue
            path = Path(parent, name)
            content = _read_regular(path, caps.total_bytes - total)
            if isinstance(content, str):
                left_out.append(f"{within / name}: {content}")
                continue
            total += len(content)
            files[(within / name).as_posix()] = content
            if len(files) > caps.files or total > caps.total_bytes:
                raise RefusedError(
                    f"over {caps.files} files or {caps.total_bytes >> 20} MB; "
                    "look at it by hand, or raise the cap"
                )
    return files, left_out


def _raise(error: OSError) -> None:
    raise error


def _ignored(name: str, patterns: list[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _read_regular(path: Path, most: int) -> bytes | str:
    """The content of a regular file, or the reason why it is not taken."""
    if "\\" in path.name or any(ord(letter) < 32 for letter in path.name):
        return "a name with control characters"
    # O_NONBLOCK: opening a pipe must not wait for a writer. O_NOFOLLOW: no race before the open.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK, errno.ENXIO}:  # BSD has its own for a link
            return "not a regular file" if error.errno == errno.ENXIO else "a link"
        raise
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return "not a regular file"
        if status.st_nlink > 1:
            return "a hard link to a file elsewhere"
        if status.st_size > most:
            raise RefusedError(f"{path.name} is too large ({status.st_size >> 20} MB)")
        return file.read()


def parse_notebook(content: bytes, caps: Caps = Caps()) -> NotebookNode:
    """Read a notebook of any version and build it anew. Raises RefusedError."""
    if len(content) > caps.notebook_bytes:
        raise RefusedError(f"over {caps.notebook_bytes >> 20} MB")
    try:
        raw = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
        if not isinstance(raw, dict):
            raise RefusedError("not a notebook: its JSON is no object")
        if raw.get("nbformat", 4) != 4:
            raw = nbformat.convert(nbformat.from_dict(raw), 4)
        cells = raw["cells"]
        if not isinstance(cells, list) or len(cells) > caps.cells:
            raise RefusedError(f"no list of at most {caps.cells} cells")
        notebook = NotebookNode(
            nbformat=4,
            nbformat_minor=5,
            metadata=NotebookNode(),
            cells=_with_own_ids([_rebuild(cell) for cell in cells]),
        )
        metadata = raw.get("metadata")
        kernelspec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
        if isinstance(kernelspec, dict):
            kept = {
                k: _whole(v)
                for k, v in kernelspec.items()
                if k in {"name", "language", "display_name"}
            }
            notebook.metadata["kernelspec"] = nbformat.from_dict(kept)
    except RefusedError:
        raise
    except RecursionError:
        raise RefusedError("its JSON is nested too deeply") from None
    except Exception as error:  # whatever a hostile structure makes nbformat's converters raise
        raise RefusedError(f"not a notebook ({type(error).__name__}: {str(error)[:200]})") from None
    return notebook


def _no_constant(name: str) -> None:
    raise RefusedError(f"{name} is not JSON")


def _rebuild(cell: Any) -> NotebookNode:
    if not isinstance(cell, dict) or cell.get("cell_type") not in _CELL_TYPES:
        raise RefusedError("a cell without a known type")
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(str(line) for line in source)
    if not isinstance(source, str):
        raise RefusedError("a cell without a source")
    with contextlib.suppress(UnicodeEncodeError):
        source.encode()
        rebuilt = _new_cell(cell["cell_type"], source)
        _keep_metadata(cell, rebuilt)
        return rebuilt
    raise RefusedError("a cell with broken characters")


def _whole(value: Any) -> str:
    """As text that can be written to a file: JSON may hold one half of a surrogate pair."""
    return str(value).encode("utf-8", "replace").decode()


def _new_cell(cell_type: str, source: str) -> NotebookNode:
    # Not nbformat's constructors: each of them validates, which is most of what they cost.
    cell = NotebookNode(cell_type=cell_type, metadata=NotebookNode(), source=source)
    if cell_type == "code":
        cell.update(execution_count=None, outputs=[])
    return cell


def _with_own_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Give an id to each cell that has none or another cell's: the same ones each time."""
    taken = {cell.get("id") for cell in cells}
    free = (name for number in itertools.count(1) if (name := f"cell-{number}") not in taken)
    seen: set[str] = set()
    for cell in cells:
        if cell.get("id") is None or cell["id"] in seen:
            cell["id"] = next(free)
        seen.add(cell["id"])
    return cells


def _keep_metadata(cell: dict, rebuilt: NotebookNode) -> None:
    if isinstance(cell.get("id"), str) and _CELL_ID.match(cell["id"]):
        rebuilt["id"] = cell["id"]
    metadata = cell.get("metadata")
    if isinstance(metadata, dict):
        nbgrader = metadata.get("nbgrader")
        if isinstance(nbgrader, dict) and isinstance(nbgrader.get("grade_id"), str):
            # All the rest of it comes from the gradebook.
            rebuilt.metadata["nbgrader"] = NotebookNode(grade_id=_whole(nbgrader["grade_id"]))
        tags = metadata.get("tags")
        if isinstance(tags, list):
            rebuilt.metadata["tags"] = [_whole(tag) for tag in tags[:50]]
    attachments = cell.get("attachments")
    if isinstance(attachments, dict) and cell["cell_type"] == "markdown":
        pictures = {
            _whole(name): {k: _whole(v) for k, v in bundle.items() if _IMAGE.match(str(k))}
            for name, bundle in attachments.items()
            if isinstance(bundle, dict)
        }
        rebuilt["attachments"] = nbformat.from_dict(pictures)


def make_true(
    notebook: NotebookNode, spec: NotebookSpec, marks: Marks, add_missing: bool = False
) -> list[dict[str, str | None]]:
    """Give the known cells what the gradebook says of them, in place; return what was mended.

    `marks` say which parts of a cell students are not given (hidden.py).

    Of cells with the same id the last one counts, as in nbgrader; the others become plain cells.
    Missing cells that carry points are put back if `add_missing` (nbgrader's
    `OverwriteCells.add_missing_cells`); if not, they get no score at all, as in nbgrader.
    """
    flags = []
    seen: set[str] = set()
    for number in range(len(notebook.cells) - 1, -1, -1):
        cell = notebook.cells[number]
        claimed = cell.metadata.pop("nbgrader", None)
        if claimed is None:
            continue
        name = claimed["grade_id"]
        known = spec.cell(name)
        if known is None:
            flags.append(_flag("unknown", name[:80], "the assignment has no such cell"))
            continue
        if name in seen:
            flags.append(_flag("copied", name, "there more than once; the last one counts"))
            continue
        seen.add(name)
        if cell.cell_type != known.cell_type:
            flags.append(_flag("changed", name, f"was turned into {cell.cell_type}"))
            identity = cell["id"]
            notebook.cells[number] = cell = _new_cell(known.cell_type, cell.source)
            cell["id"] = identity
        released = split(known.source, marks)[0].strip()
        if known.locked and cell.source.strip() not in {released, known.source.strip()}:
            flags.append(_flag("changed", name, "a locked cell was edited; restored"))
        if known.locked:
            cell.source = known.source
        cell.metadata = NotebookNode(nbgrader=NotebookNode(known.metadata()))
    notebook.metadata.pop(
        "kernelspec", None
    )  # or the student's would choose a kernel without walls
    if spec.kernelspec:
        notebook.metadata["kernelspec"] = nbformat.from_dict(spec.kernelspec)
    missing = [cell.name for cell in spec.cells if cell.name not in seen]
    flags += [_flag("missing", name, "deleted") for name in missing]
    if add_missing:
        _put_back(notebook, spec)
    return _together(flags)


def _together(flags: list[dict[str, str | None]]) -> list[dict[str, str | None]]:
    """One flag for many of a kind: of another assignment's notebook every cell is unknown."""
    kinds = itertools.groupby(sorted(flags, key=_kind_and_text), _kind_and_text)
    found = []
    for (kind, text), group in kinds:
        cells = [str(flag["cell"]) for flag in group]
        if len(cells) > _MANY:
            told = f"{len(cells)} cells: {text} ({some(cells)})"
            found.append({"kind": kind, "cell": None, "text": told})
        else:
            found += [{"kind": kind, "cell": cell, "text": text} for cell in cells]
    return found


def _kind_and_text(flag: dict[str, str | None]) -> tuple[str, str]:
    return str(flag["kind"]), str(flag["text"])


def _put_back(notebook: NotebookNode, spec: NotebookSpec) -> None:
    """Insert missing cells that carry points, each behind the known cell that precedes it."""
    places = _places(notebook)
    for number, known in enumerate(spec.cells):
        if known.name in places or not (known.grade or known.task):
            continue
        before = [places[earlier.name] for earlier in spec.cells[:number] if earlier.name in places]
        cell = _new_cell(known.cell_type, known.source)
        cell.metadata["nbgrader"] = NotebookNode(known.metadata())
        notebook.cells.insert(before[-1] + 1 if before else 0, cell)
        places = _places(notebook)
    _with_own_ids(notebook.cells)


def _places(notebook: NotebookNode) -> dict[str, int]:
    return {
        cell.metadata.nbgrader.grade_id: place
        for place, cell in enumerate(notebook.cells)
        if "nbgrader" in cell.metadata
    }


def _flag(kind: str, cell: str, text: str) -> dict[str, str | None]:
    return {"kind": kind, "cell": cell, "text": text}
