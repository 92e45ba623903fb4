"""What the checks do with a repository: let somebody work on a copy, run its tool and its tests."""

import functools
import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import history

from backend_course.lab import repository
from backend_course.lab.repository import Repository, Story

LATE = "stay,site,deposited_at,left_at\n1,Ghent,2025-01-01T08:00,2025-01-04T08:20\n"
HEADER = "stay,site,deposited_at,left_at"
ENDINGS = {0: "all tests pass", 1: "a test fails", 5: "there is no test"}

# Does in one process what `python -m feereport OPTIONS rows.csv` does, many times.
_ASK_TOOL = """
import contextlib, io, json, pathlib, runpy, sys

rows = pathlib.Path("../rows.csv")
answers = []
for options, text in json.loads(sys.argv[1]):
    rows.write_text(text)
    sys.argv[1:], out, err = [*options, str(rows)], io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_module("feereport", run_name="__main__")
        except SystemExit as end:
            print(end, file=err) if isinstance(end.code, str) else None
        except Exception as error:
            print(f"{type(error).__name__}: {error}", file=err)
    answers.append(out.getvalue().splitlines() or err.getvalue().splitlines()[-1:])
print(json.dumps(answers))
"""
# Imports pytest once, and runs it in a fork for each state of the work tree.
_RUN_TESTS = """
import json, os, pathlib, subprocess, sys, pytest

statuses = []
for commit, rules in json.loads(sys.argv[1]):
    subprocess.run(["git", "switch", "--quiet", "--force", "--detach", commit], check=True)
    if rules:
        pathlib.Path("feereport/rules.py").write_text(rules)
    child = os.fork()
    if child == 0:
        for stream in 1, 2:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        os._exit(pytest.main(["-q", "-p", "no:cacheprovider"]))
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(statuses))
"""
_copies: dict[Callable, Repository] = {}


def new(story: Story | None = None) -> Repository:
    """Make the repository of this assignment, or of another story, with ``../late.csv``."""
    copy = repository.make(story or history.tell(), "fee-report")
    (copy.folder.parent / "late.csv").write_text(LATE)
    return copy


@functools.cache
def original() -> Repository:
    """Return a copy of the checks' own, in which nobody has worked."""
    return new()


def tip() -> str:
    """Return the hash of main's last commit before anybody worked."""
    return original().git("rev-parse", "main")


def worked(function: Callable[[Repository], None]) -> Repository:
    """Let a function work on a new copy of the repository, once; return the copy."""
    if function not in _copies:
        copy = new()
        function(copy)
        _copies[function] = copy
    return _copies[function]


def standing(copy: Repository) -> dict[str, str]:
    """Return how a copy stands after the work: its branch, what is not committed, the old tip."""
    kept = copy.git("rev-list", "--count", tip(), "^main") == "0"
    return {
        "branch": copy.git("branch", "--show-current"),
        "not committed": copy.git("status", "--short"),
        "the commits that were there": "kept" if kept else "rewritten",
    }


def new_commits(copy: Repository) -> list[str]:
    """Return the hashes of the commits that main has got, the oldest first."""
    return copy.git("rev-list", "--reverse", "--topo-order", f"{tip()}..main").splitlines()


def judged(program: str, commit: str, copy: Repository | None = None) -> dict[str, int | str]:
    """Run a program in the work tree of a commit; return its status and what it left there."""
    if program is ...:
        return ...
    copy = copy or original()
    (copy.folder.parent / "judge.py").write_text(program)
    copy.git("switch", "--quiet", "--detach", commit)
    status = copy.run(sys.executable, "../judge.py").returncode
    left = copy.git("status", "--short")
    _back_to_main(copy)
    return {"exit status": status, "left in the work tree": left}


def amount(commit: str) -> str:
    """Return what the stay of ``../late.csv`` costs by the tool of a commit."""
    copy = original()
    copy.git("switch", "--quiet", "--detach", commit)
    ran = copy.run(sys.executable, "-S", "-m", "feereport", "../late.csv")
    _back_to_main(copy)
    return "nothing can be said" if ran.returncode else ran.stdout.split()[-1]


def stay(number: int, hours: int, site: str = "Ghent", minutes: int = 0, seconds: int = 0) -> str:
    """Return a row of the archive: how long a parcel was where."""
    begin = datetime(2025, 1, 1, 8)
    end = begin + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return f"{number},{site},{begin.isoformat()},{end.isoformat()}"


def ask(rows: list[str], *options: str, header: str = HEADER) -> tuple[list[str], str]:
    """Return what the tool is asked: its options, and the text of an archive."""
    return list(options), "\n".join([header, *rows, ""])


def prints(copy: Repository, **asks: tuple[list[str], str]) -> dict[str, list[str]]:
    """Return for each question the lines that the tool of a copy prints."""
    ran = copy.run(sys.executable, "-S", "-c", _ASK_TOOL, json.dumps(list(asks.values())))
    return dict(zip(asks, json.loads(ran.stdout), strict=True))


def fees(copy: Repository, *rows: str) -> list[str]:
    """Return the fee of each row, as the tool of a copy prints it with ``--list``."""
    return [line.split()[-1] for line in prints(copy, all=ask(list(rows), "--list"))["all"]]


def tested(copy: Repository, *states: tuple[str, str]) -> list[str]:
    """Run the tests of a copy with pytest, and say how each run ended.

    Args:
        copy: the repository.
        states: a commit for each run, and a text that takes the place of ``feereport/rules.py``
            there, if it is not empty.
    """
    ran = copy.run(sys.executable, "-c", _RUN_TESTS, json.dumps(states))
    _back_to_main(copy)
    return [ENDINGS.get(status, "the tests cannot be run") for status in json.loads(ran.stdout)]


def is_commit(answers: dict, key: str, subject: str) -> bool:
    """Return whether one of several answers names the commit with this subject."""
    if answers is ...:
        return ...
    answer, find = answers.get(key), original().find
    return answer is not None and find(answer) == find(subject)


def show(run: Callable[[], object]) -> None:
    """Print what comes back, or one line that says why nothing did."""
    try:
        came = run()
        print("Not attempted yet." if came is ... else came)
    except NotImplementedError:
        print("Not attempted yet.")
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


def _back_to_main(copy: Repository) -> None:
    copy.git("reset", "--quiet", "--hard")
    copy.git("clean", "-dfq")
    copy.git("switch", "--quiet", "main")
