"""A course's folders and settings as nbgrader sees them, and what a run needs of them."""

import base64
import csv
import datetime
import io
import json
import re
import shutil
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from nbgrader import preprocessors, utils
from nbgrader.apps import NbGrader
from nbgrader.converters import Autograde
from nbgrader.plugins import BasePlugin
from traitlets import TraitError

from .execute import WalledExecute
from .gradebook import find_alembic
from .ingest import Caps, RefusedError, read_folder
from .lines import GradingError
from .provisioner import WalledProvisioner
from .settings import values_of, wrong_settings

# What `grade` does itself, in a worker or when it writes; all other preprocessors of a course run.
_OURS = {
    preprocessors.ClearOutput,
    preprocessors.DeduplicateIds,
    preprocessors.OverwriteKernelspec,
    preprocessors.OverwriteCells,
    preprocessors.CheckCellMetadata,
    preprocessors.SaveAutoGrades,
    preprocessors.AssignLatePenalties,
}
_NOT_FOR_WORKERS = {
    *("CourseDirectory", "Exchange", "NbGrader", "Authenticator", "JupyterApp"),
    "KernelManager",  # each makes its own addresses
}


class CourseError(GradingError):
    """The course is not as it must be; the text says what to do."""


class Course:
    """The course in `root`, with its `nbgrader_config.py`. Raises CourseError if that has errors.

    nbgrader itself would go on without the settings below an error.
    """

    def __init__(self, root: Path) -> None:
        find_alembic()
        self.app = NbGrader(log_level=40, raise_config_file_errors=True)
        self.app.log.disabled = True  # what it would log of an error, is in ours
        self.app.load_cwd_config = False  # who stands in another course, does not mean that one
        try:
            self.app.initialize([], root=str(root.resolve()))
            self.folder = self.app.coursedir
            self.autograde = Autograde(coursedir=self.folder, parent=self.app)
            for ours in (WalledExecute, WalledProvisioner):  # see that it takes its settings
                ours(config=self.app.config)
        except (Exception, SystemExit) as error:  # the file is a program: it can raise anything
            raise CourseError(_in_settings(error)) from error
        finally:
            self.app.log.disabled = False
        if wrong := wrong_settings(self.app.config):
            raise CourseError(" ".join(wrong))
        self.root = Path(self.folder.root)
        self.receipts: dict[str, datetime.datetime] = {}

    def path(self, step: str, student: str, assignment: str) -> Path:
        """The folder of one step, e.g. ``path("submitted", "ada", "ps1")``."""
        directory = getattr(self.folder, f"{step}_directory")
        return Path(self.folder.format_path(directory, student, assignment))

    def students(self, assignment: str) -> list[str]:
        """Who handed in the assignment, sorted. Raises CourseError if nobody did."""
        pattern = self.folder.format_path(
            self.folder.submitted_directory, "(?P<student>[^/]+)", assignment, escape=True
        )
        above = self.path("submitted", "*", assignment)
        found = []
        for candidate in self.root.glob(str(above.relative_to(self.root))):
            match = re.fullmatch(pattern, str(candidate))
            if match and candidate.is_dir():
                found.append(match["student"])
        if not found:
            raise CourseError(
                f"No submissions of {assignment!r} at {above}. Collect them (nbgrader collect or "
                "zip_collect), or check the assignment's name."
            )
        return sorted(found)

    def files(
        self, assignment: str, student: str, caps: Caps
    ) -> tuple[dict[str, bytes], list[str]]:
        """What the student handed in, under the instructor's own files; and what was left out.

        Raises OSError, and RefusedError for what cannot be taken in.
        """
        try:
            student.encode()
        except UnicodeEncodeError:
            raise RefusedError(
                "the name of the folder is not UTF-8, which a gradebook cannot hold; rename it"
            ) from None
        ignore = list(self.folder.ignore)
        files, left_out = read_folder(self.path("submitted", student, assignment), ignore, caps)
        files.pop("timestamp.txt", None)
        kept = set(self.autograde.exclude_overwriting.get(assignment, []))
        source = self.path("source", ".", assignment)
        own: dict[str, bytes] = {}
        if source.is_dir():
            given = read_folder(source, [*ignore, "*.ipynb"], caps)[0]
            own = {name: text for name, text in given.items() if name not in kept & files.keys()}
        for name in _in_the_way(files, {*own, "timestamp.txt"}):
            del files[name]
            left_out.append(f"{name}: where the instructor's own has another kind")
        return files | own, left_out

    def read_receipts(self, path: Path) -> None:
        """Take the times of receipt from a CSV with the columns `student` and `received`.

        Raises CourseError if it cannot be read.
        """
        columns = "The columns are student,received; a time reads 2026-11-22 18:30:00 UTC."
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise CourseError(
                f"No receipts. {error.strerror}: {path}. Name a CSV that can be read."
            ) from None
        except UnicodeDecodeError as error:
            raise CourseError(
                f"No receipts. {path} is not UTF-8 ({error.reason} at byte {error.start}). Save it "
                "as a CSV in UTF-8, and run the same command again."
            ) from None
        rows = csv.DictReader(io.StringIO(text, newline=""))
        try:
            for row in rows:
                self.receipts[row["student"]] = utils.parse_utc(row["received"])
        except (KeyError, ValueError, TypeError, OverflowError, csv.Error) as error:
            raise CourseError(
                f"{path}, line {rows.line_num}: no student and time ({error!r}). {columns}"
            ) from None
        if not self.receipts:
            raise CourseError(f"{path} holds no receipts. {columns}")

    def received(
        self, assignment: str, student: str
    ) -> tuple[datetime.datetime | None, str | None]:
        """When a submission came in, and what is doubtful about that.

        A receipt of the instructor's counts. If there is none, nbgrader's `timestamp.txt` does,
        which lies in the student's folder; a time after the file arrived here is not believed.
        """
        if self.receipts:
            time = self.receipts.get(student)
            return time, None if time else "no receipt for this student"
        folder = self.path("submitted", student, assignment)
        file = folder / "timestamp.txt"
        if file.is_symlink() or not file.is_file():
            return None, "timestamp.txt is a link; not read" if file.is_symlink() else None
        try:
            time = _time(file.read_text()[:100].strip())
        except Exception:  # the parser has many kinds of errors for what is no time
            return None, "timestamp.txt does not hold a time"
        arrived = datetime.datetime.fromtimestamp(file.lstat().st_ctime, datetime.UTC)
        if time and time > arrived.replace(tzinfo=None):
            return None, f"timestamp.txt names a time ({time}) after the file arrived"
        return time, None

    def late_plugin(self) -> BasePlugin:
        """What the course's settings say about late submissions."""
        assign = preprocessors.AssignLatePenalties(parent=self.autograde)
        assign.init_plugin()
        return assign.plugin_inst

    def settings(self, more: dict[str, Any]) -> dict[str, Any]:
        """What a worker needs: nbgrader's settings that are JSON, without addresses and secrets."""
        config: dict[str, dict[str, Any]] = {}
        for section, values in self.app.config.items():
            if section not in _NOT_FOR_WORKERS and isinstance(values, dict):
                plain = values_of(self.app.config, section)
                config[section] = {key: v for key, v in plain.items() if _is_json(v)}
        for section, values in more.items():
            config.setdefault(section, {}).update(values)
        config.setdefault("WalledExecute", {}).setdefault("walled", sys.platform == "linux")
        return {"config": config, "preprocessors": self._preprocessors()}

    def _preprocessors(self) -> list[str]:
        stock_execute = preprocessors.Execute
        names = []
        for each in (
            *self.autograde.sanitize_preprocessors,
            *self.autograde.autograde_preprocessors,
        ):
            if each in _OURS or each.__module__.startswith("backend_course.grading."):
                continue
            if each is not stock_execute:
                names.append(f"{each.__module__}.{each.__name__}")
        where = 0
        sanitizing = self.autograde.sanitize_preprocessors
        for each in sanitizing:
            where += f"{each.__module__}.{each.__name__}" in names
        names.insert(where, "backend_course.grading.execute.WalledExecute")
        return names

    def write_autograded(
        self, assignment: str, student: str, files: dict[str, bytes], result: dict[str, Any]
    ) -> Path:
        """Write what `autograded/` shall hold beside it; `put_in_place` swaps it in."""
        new = self._new(assignment, student)
        self.discard(new)
        contents = {name: content for name, content in files.items() if not name.endswith(".ipynb")}
        contents |= {name: base64.b64decode(text) for name, text in result["written"].items()}
        for name, notebook in result["notebooks"].items():
            if notebook["ipynb"] is not None:
                contents[f"{name}.ipynb"] = notebook["ipynb"].encode()
        if result.get("timestamp"):
            contents["timestamp.txt"] = result["timestamp"].encode()
        try:
            new.mkdir(parents=True)
            for name, content in contents.items():
                path = new / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                path.chmod(int(str(self.autograde.permissions), 8))
        except OSError:
            self.discard(new)
            raise
        return new

    def _new(self, assignment: str, student: str) -> Path:
        target = self.path("autograded", student, assignment)
        return target.with_name(f".{target.name}.new")

    def discard(self, new: Path) -> None:
        """Remove what `write_autograded` wrote, if there is any."""
        shutil.rmtree(new, ignore_errors=True)

    def tidy(self, assignment: str, students: list[str]) -> None:
        """Remove what a run wrote for these students, and was stopped before it put it in place."""
        for student in students:
            self.discard(self._new(assignment, student))

    def put_in_place(self, assignment: str, student: str, new: Path) -> None:
        """Replace the submission's folder in `autograded/` by `new`."""
        target = self.path("autograded", student, assignment)
        _remove(target)
        new.rename(target)


def _time(text: str) -> datetime.datetime:
    # dateutil looks for a file by the name of a time zone: no path may be one.
    if re.search(r"[^\W\d]/|/[^\W\d]|\.\.|//", text):
        raise ValueError("a path")
    return utils.parse_utc(text)


def _in_the_way(names: Iterable[str], of: set[str]) -> list[str]:
    """Which file names are folders in `of`, or lie in a folder that is a file in `of`."""
    folders = {str(folder) for name in of for folder in PurePosixPath(name).parents}
    return [
        name
        for name in names
        if name in folders or any(str(each) in of for each in PurePosixPath(name).parents)
    ]


def _in_settings(error: BaseException) -> str:
    """What is wrong in `nbgrader_config.py`, and where."""
    if isinstance(error, SystemExit) and isinstance(error.__context__, TraitError):
        error = error.__context__  # nbgrader's way of saying that a setting is of a wrong kind
    name = "nbgrader_config.py"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name == name
    ]
    what = f"{error}" if isinstance(error, TraitError) else f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and Path(error.filename or "").name == name:
        what = f"SyntaxError: {error.msg}"
        lines.append(error.lineno)
    where = f"{name}, line {lines[-1]}" if lines else name
    what = " ".join(what.split()).rstrip(".")
    return f"{where}: {what}. Mend that, and run the same command again."


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
