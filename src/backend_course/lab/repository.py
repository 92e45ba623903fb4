"""A git repository with a history, made from a story: the same commits and hashes everywhere.

A story says commit by commit who did what on which day; ``git fast-import`` writes all of them in
one go. The repository stands in a temporary folder. Git reads no configuration there but its own,
whatever the user has set, and sees no other repository.
"""

import datetime
import functools
import os
import re
import shlex
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NEEDED = (2, 32)
"""The oldest git that will do, of June 2021: the first that reads GIT_CONFIG_GLOBAL."""

_CONFIG = """\
[core]
    abbrev = 7
    autocrlf = false
    eol = lf
    fileMode = false
[color]
    ui = never
[commit]
    gpgSign = false
[gc]
    auto = 0
[log]
    date = short
[user]
    name = You
    email = you@lockerline.example
"""
# What is committed after the story gets this date too, so that its hashes are the same each time.
_NOW = "2026-01-12T09:00:00+00:00"
# Waits until the process that made the folder lets go of it, or is gone, be it by kill -9.
_CLEAN_UP = "import shutil, sys; sys.stdin.read(); shutil.rmtree(sys.argv[1], ignore_errors=True)"
_FIRST_HOUR = datetime.timedelta(hours=9)
_BETWEEN = datetime.timedelta(minutes=12)

Files = dict[str, str]
Change = Callable[[Files], None]


class GitError(Exception):
    """What git said when it refused a command."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython prints instead of a traceback (IPython's own hook)."""
        return str(self).splitlines()


def write(path: str, text: str) -> Change:
    """Return the change that gives a file this text; a line break at its very start is left out."""

    def change(files: Files) -> None:
        files[path] = text.removeprefix("\n")

    return change


def edit(path: str, old: str, new: str) -> Change:
    """Return the change of one piece of a file, which stands in it once, into another."""

    def change(files: Files) -> None:
        if (count := files.get(path, "").count(old)) != 1:
            raise ValueError(f"{old!r} stands {count} times in {path}, not once")
        files[path] = files[path].replace(old, new)

    return change


def move(old: str, new: str) -> Change:
    """Return the change that gives a file another path."""

    def change(files: Files) -> None:
        files[new] = files.pop(old)

    return change


def delete(path: str) -> Change:
    """Return the change that takes a file away."""

    def change(files: Files) -> None:
        del files[path]

    return change


@dataclass
class _Line:
    """A branch: the mark of its last commit, its files now, and those where it forked."""

    mark: int = 0
    files: Files = field(default_factory=dict)
    fork: Files = field(default_factory=dict)


class Story:
    """A history, told in order. It begins on the branch ``main``."""

    def __init__(self) -> None:
        self._branch = "main"
        self._lines = {"main": _Line()}
        self._stream: list[str] = ["feature done"]
        self._marks = 0
        self._time = datetime.datetime.min.replace(tzinfo=datetime.UTC)

    @property
    def files(self) -> Files:
        """The text of each file after the last commit of the current branch."""
        return dict(self._lines[self._branch].files)

    def commit(self, day: str, who: str, message: str, *changes: Change) -> None:
        """Tell a commit on the current branch.

        Args:
            day: such as ``2021-03-01``, not before that of the commit told last. The first commit
                of a day is made at 09:00 UTC, each further one twelve minutes later.
            who: its author, such as ``Backend team``; the address is made of that.
            message: the subject, and if need be an empty line and more.
            changes: what it does to the files, one after the other.

        Raises:
            ValueError: the day has passed, or an edit does not find its piece once.
        """
        line = self._lines[self._branch]
        after = dict(line.files)
        for change in changes:
            change(after)
        self._record(day, who, message, after)

    def branch(self, name: str) -> None:
        """Begin a branch at the last commit of the current one, and go on with it."""
        here = self._lines[self._branch]
        self._lines[name] = _Line(here.mark, dict(here.files), dict(here.files))
        self._branch = name

    def switch(self, name: str) -> None:
        """Go on with a branch that has been begun."""
        self._lines[name]  # KeyError here, not at the next commit
        self._branch = name

    def merge(
        self,
        day: str,
        who: str,
        name: str,
        message: str,
        *changes: Change,
        keeping: Sequence[str] = (),
    ) -> None:
        """Tell the commit that merges a branch into the current one, file by file.

        Args:
            day: see :meth:`commit`.
            who: see :meth:`commit`.
            name: the other branch.
            message: see :meth:`commit`.
            changes: what is changed by hand in this commit.
            keeping: files that both have changed, of which the current branch's text is kept
                before ``changes``.

        Raises:
            ValueError: both have changed a file that is not in ``keeping``.
        """
        other, here = self._lines[name], self._lines[self._branch]
        after = dict(here.files)
        for path in other.files.keys() | other.fork.keys():
            theirs, before, ours = (
                each.get(path) for each in (other.files, other.fork, here.files)
            )
            if theirs in (before, ours) or path in keeping:
                continue
            if ours != before:
                raise ValueError(f"both branches have changed {path}: name it in keeping")
            if theirs is None:
                del after[path]
            else:
                after[path] = theirs
        for change in changes:
            change(after)
        self._record(day, who, message, after, merged=other.mark)

    def tag(self, name: str) -> None:
        """Give the last commit of the current branch a name."""
        mark = self._lines[self._branch].mark
        self._stream.append(f"reset refs/tags/{name}\nfrom :{mark}\n")

    def stream(self) -> str:
        """Return the story in the format of ``git fast-import``."""
        return "\n".join([*self._stream, "done\n"])

    def _record(
        self, day: str, who: str, message: str, after: Files, merged: int | None = None
    ) -> None:
        line, seconds = self._lines[self._branch], self._seconds(day)
        self._marks += 1
        address = re.sub(r"[^a-z0-9]+", "-", who.lower()).strip("-")
        head = [
            f"commit refs/heads/{self._branch}",
            f"mark :{self._marks}",
            f"committer {who} <{address}@lockerline.example> {seconds} +0000",
            _data(message.strip() + "\n"),
        ]
        head += [f"from :{line.mark}"] if line.mark else []
        head += [f"merge :{merged}"] if merged else []
        gone = [f"D {path}" for path in sorted(line.files.keys() - after.keys())]
        changed = [
            f"M 100644 inline {path}\n{_data(text)}"
            for path, text in sorted(after.items())
            if line.files.get(path) != text
        ]
        self._stream += [*head, *gone, *changed, ""]
        line.mark, line.files = self._marks, after

    def _seconds(self, day: str) -> int:
        first = datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.UTC) + _FIRST_HOUR
        if first.date() < self._time.date():
            raise ValueError(f"{day} is before {self._time.date()}, the day of the last commit")
        same_day = first.date() == self._time.date()
        self._time = self._time + _BETWEEN if same_day else first
        return int(self._time.timestamp())


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}"


class Repository:
    """A git repository in a temporary folder.

    :meth:`close` removes the folder, and so does the end of this process, however it comes.

    Attributes:
        folder: its work tree.
    """

    def __init__(self, name: str = "repository") -> None:
        _demand_git()
        above = Path(tempfile.mkdtemp(prefix="backend-course-")).resolve()
        cleaner = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _CLEAN_UP, str(above)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._close = weakref.finalize(self, cleaner.communicate)
        self.folder = above / name
        self.folder.mkdir()
        self.git("init", "--quiet", "--template=", "--object-format=sha1", "-b", "main")
        config = self.folder / ".git" / "config"
        config.write_text(config.read_text(encoding="utf-8") + _CONFIG, encoding="utf-8")

    def git(self, *arguments: str, given: str = "") -> str:
        """Run git in the work tree, and return what it writes to stdout, without the last break.

        Args:
            arguments: the words behind ``git``, each as git is to get it.
            given: what git can read from stdin.

        Raises:
            GitError: git refused; with the first line that it wrote to stderr.
        """
        ran = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=self.environment(),
            input=given.encode(),
            capture_output=True,
            check=False,
        )
        if ran.returncode:
            said = ran.stderr.decode(errors="replace").strip() or ran.stdout.decode(
                errors="replace"
            )
            words = said.splitlines() or [f"exit status {ran.returncode}"]
            raise GitError(f"git {shlex.join(arguments)}: {words[0]}")
        return ran.stdout.decode(errors="replace").removesuffix("\n")

    def show(self, command: str) -> None:
        """Print what a git command writes, such as ``show("log --oneline -3")``."""
        print(self.git(*shlex.split(command)).rstrip("\n"))

    def find(self, name: str) -> str:
        """Return the full hash of the commit of ``main`` that is meant by a name.

        Args:
            name: at least seven digits of its hash, or its whole subject.

        Raises:
            GitError: it names no commit, or several.
        """
        wanted, rows = str(name).strip(), self.git("log", "--format=%H %s", "main").splitlines()
        commits = [row.split(" ", maxsplit=1) for row in rows]
        digits = re.fullmatch(r"[0-9a-f]{7,40}", wanted, re.IGNORECASE)
        found = [
            commit
            for commit, subject in commits
            if subject == wanted or (digits and commit.startswith(wanted.lower()))
        ]
        if len(found) != 1:
            raise GitError(
                f"{wanted!r} names {len(found)} commits of main. Give its whole subject, or at "
                "least seven digits of its hash."
            )
        return found[0]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another program in the work tree, with what it writes as texts in the answer."""
        return subprocess.run(
            arguments,
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )

    def environment(self) -> dict[str, str]:
        """Return the environment for git and for programs that are run in the work tree."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        return kept | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": str(self.folder.parent),
            "GIT_AUTHOR_DATE": _NOW,
            "GIT_COMMITTER_DATE": _NOW,
            "GIT_EDITOR": "true",  # the message stays as it is
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
        }

    def close(self) -> None:
        """Remove the folder."""
        self._close()


def make(story: Story, name: str = "repository") -> Repository:
    """Make the repository that a story tells, with the branch ``main`` checked out.

    Args:
        story: what has happened.
        name: the name of its folder.

    Raises:
        GitError: there is no git, or one that is too old.
    """
    repository = Repository(name)
    repository.git("fast-import", "--quiet", given=story.stream())
    repository.git("reset", "--quiet", "--hard")
    return repository


@functools.cache
def _demand_git() -> None:
    needed = ".".join(map(str, NEEDED))
    try:
        said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise GitError(f"git does not run ({error}). Install git {needed} or newer.") from None
    version = tuple(map(int, re.findall(r"\d+", said.stdout)[:2]))
    if version < NEEDED:
        raise GitError(f"{said.stdout.strip()} is too old. Install git {needed} or newer.")
