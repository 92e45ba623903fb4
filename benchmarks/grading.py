"""How fast the grader is, and whether its marks are stock nbgrader's, row for row.

    python benchmarks/grading.py compare ps1 --count 100 --rounds 3
    python benchmarks/grading.py compare 03-2-joins --course . --count 100
    python benchmarks/grading.py compare 03-2-joins --course . --keep /tmp/graded
    python benchmarks/grading.py again 03-2-joins --course . --kept /tmp/graded
    python benchmarks/grading.py growth ps1
    python benchmarks/grading.py faults ps1 --count 500
    python benchmarks/grading.py alarms 03-2-joins --course .

Every figure is of the whole process tree: CPU from a control group where this machine lets one be
made, else from the system's count of ended children, which misses walled kernels (it says so).
Rounds are interleaved, figures are medians. `ps1` is the example course that comes with nbgrader.
"""

import argparse
import collections
import contextlib
import json
import os
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from submissions import hand_in_answers, make_class
from work import cpu_of_cells

_BIN = Path(sys.executable).parent
_HERE = Path(__file__).resolve().parent
_GROUPS = (
    (Path("/sys/fs/cgroup/cpuacct"), "cpuacct.usage", 1e9),
    (Path("/sys/fs/cgroup"), "cpu.stat", 1e6),
)
_ROWS = """
    select a.student_id, n.name, c.name, {column}
    from {table} r join submitted_notebook s on r.notebook_id = s.id
    join submitted_assignment a on s.assignment_id = a.id
    join notebook n on s.notebook_id = n.id join base_cell c on r.cell_id = c.id
"""


class Group:
    """A control group that counts the CPU of what runs in it."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        for root, file, unit in _GROUPS:
            folder = root / f"grading-{os.getpid()}-{time.monotonic_ns()}"
            with contextlib.suppress(OSError):
                folder.mkdir()
                if (folder / file).exists():
                    self.folder, self._file, self._unit = folder, file, unit
                    return
                folder.rmdir()

    def enter(self) -> None:
        """In a child, before it becomes the measured program."""
        if self.folder:
            (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def seconds(self) -> float | None:
        """CPU seconds so far; None without a group."""
        if not self.folder:
            return None
        text = (self.folder / self._file).read_text().split()
        return int(text[1] if text[0] == "usage_usec" else text[0]) / self._unit

    def close(self) -> None:
        """Remove the group once all its processes are gone."""
        for _ in range(50):
            with contextlib.suppress(OSError):
                if self.folder:
                    self.folder.rmdir()
                return
            time.sleep(0.1)


def measure(command: list[str], course: Path) -> tuple[float, float]:
    """Run a command in a course's folder; (wall, CPU) in seconds."""
    group = Group()
    before = os.times()
    start = time.monotonic()
    with (course / "bench.log").open("a") as log:
        environment = os.environ | {"PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run(
            command, cwd=course, stdout=log, stderr=log, env=environment, preexec_fn=group.enter
        )
    wall, after = time.monotonic() - start, os.times()
    cpu = group.seconds()
    group.close()
    if cpu is None:
        cpu = after.children_user + after.children_system
        cpu -= before.children_user + before.children_system
    return wall, cpu


def stock(assignment: str) -> list[str]:
    """nbgrader as it comes."""
    return [str(_BIN / "nbgrader"), "autograde", assignment, "--force"]


def make_stock(course: Path) -> None:
    """Have a course graded by nbgrader as it comes, whatever its own settings say."""
    with (course / "nbgrader_config.py").open("a") as config:
        config.write(f"\nload_subconfig('stock_config.py', path={str(_HERE)!r})\n")


def ours(assignment: str, *more: str) -> list[str]:
    """The grader of this project, with walls and canaries, from cold."""
    return [
        sys.executable,
        "-m",
        "backend_course.grading",
        "grade",
        assignment,
        "--no-resume",
        *more,
    ]


@contextlib.contextmanager
def course_with(assignment: str, count: int, course: Path | None) -> Iterator[Path]:
    """A scratch course with a class's submissions; nbgrader's example course if none is given."""
    with scratch_course(assignment, course) as scratch:
        make_class(scratch, assignment, count)
        yield scratch


@contextlib.contextmanager
def scratch_course(assignment: str, course: Path | None) -> Iterator[Path]:
    """A scratch course with an assignment, released; nbgrader's example course if none is given."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/var/tmp") as name:
        scratch = Path(name, "course")
        environment = os.environ | {"PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}"}
        if course is None:
            command = [str(_BIN / "nbgrader"), "quickstart", str(scratch)]
            subprocess.run(command, check=True, capture_output=True)
        else:
            scratch.mkdir()
            for path in course.glob("nbgrader_config.py"):
                shutil.copy(path, scratch)
            shutil.copytree(course / "source" / assignment, scratch / "source" / assignment)
        command = [str(_BIN / "nbgrader"), "generate_assignment", assignment]
        subprocess.run(command, cwd=scratch, check=True, capture_output=True, env=environment)
        yield scratch


def rows(course: Path) -> set[tuple]:
    """What is compared: every automatic score, need of a manual grade, and automatic comment."""
    found: set[tuple] = set()
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as database:
        for table, column in (
            ("grade", "r.auto_score, r.needs_manual_grade"),
            ("comment", "r.auto_comment"),
        ):
            found |= {
                (table, *row) for row in database.execute(_ROWS.format(table=table, column=column))
            }
    return found


def flag_lines(course: Path, assignment: str) -> list[str]:
    """The serious flags of a run, as its log has them."""
    found = []
    for line in _log(course, assignment):
        entry = json.loads(line)
        for flag in entry.get("flags", []):
            if flag["kind"] in {"tampered", "unproven", "ended", "flood", "refused"}:
                found.append(f"{entry['student']} {flag['cell']} {flag['kind']}: {flag['text']}")
    return found


def compare(arguments: argparse.Namespace) -> int:
    """Stock and ours on the same class: time, and whether their rows differ."""
    walls, cpus = {"stock": [], "ours": []}, {"stock": [], "ours": []}
    different = 0
    with course_with(arguments.assignment, arguments.count, arguments.course) as course:
        other = course.with_name("other")
        shutil.copytree(course, other)
        make_stock(course)
        for _ in range(arguments.rounds):
            # Ours is short: before and after stock, lest a machine that becomes slower favors one.
            for name, folder, command in (
                ("ours", other, ours(arguments.assignment)),
                ("stock", course, stock(arguments.assignment)),
                ("ours", other, ours(arguments.assignment)),
            ):
                shutil.rmtree(folder / ".grading", ignore_errors=True)  # each time from cold
                wall, cpu = measure(command, folder)
                walls[name].append(wall / arguments.count)
                cpus[name].append(cpu / arguments.count)
            ungraded = refused_by_stock(course)
            apart = {row for row in rows(course) ^ rows(other) if row[1] not in ungraded}
            different += len(apart)
            for row in sorted(apart, key=repr)[:10]:
                print("differs:", row)
        if arguments.keep:
            shutil.copytree(course, arguments.keep / arguments.assignment)
        compared = len([row for row in rows(course) if row[1] not in ungraded])
        for student, reason in sorted(ungraded.items()):
            print(f"stock nbgrader gave up on {student}: {reason}")
        for line in sorted(set(flag_lines(other, arguments.assignment))):
            print("flag:", line)
        work = cpu_of_cells(other, arguments.assignment, most=arguments.sample)
    print(f"{arguments.assignment}, {arguments.count} submissions, {arguments.rounds} rounds")
    print(f"{compared} rows compared, {different} differ")
    for what, values in (("wall", walls), ("CPU", cpus)):
        a, b = statistics.median(values["stock"]), statistics.median(values["ours"])
        print(f"{what:<5} stock {1000 * a:7.0f} ms   ours {1000 * b:7.0f} ms   {a / b:5.1f} times")
        for name in values:
            print(f"      each round, {name}: {' '.join(f'{1000 * v:.0f}' for v in values[name])}")
    a, b = (statistics.median(cpus[name]) - work for name in ("stock", "ours"))
    print(
        f"CPU of the cells themselves {1000 * work:.0f} ms; what is not that: "
        f"stock {1000 * a:.0f} ms   ours {1000 * b:.0f} ms   {a / b:5.1f} times"
    )
    return 1 if different else 0


def again(arguments: argparse.Namespace) -> int:
    """Ours on a class that stock graded before (compare --keep): whether the rows still agree."""
    kept = arguments.kept / arguments.assignment
    ungraded = refused_by_stock(kept)
    with scratch_course(arguments.assignment, arguments.course) as course:
        shutil.copytree(kept / "submitted", course / "submitted")
        wall, cpu = measure(ours(arguments.assignment), course)
        apart = {row for row in rows(kept) ^ rows(course) if row[1] not in ungraded}
        for line in sorted(set(flag_lines(course, arguments.assignment))):
            print("flag:", line)
    for row in sorted(apart, key=repr)[:10]:
        print("differs:", row)
    compared = len([row for row in rows(kept) if row[1] not in ungraded])
    print(f"{arguments.assignment}: {compared} rows compared, {len(apart)} differ")
    print(f"wall {wall:.1f} s, CPU {cpu:.1f} s")
    return 1 if apart else 0


def refused_by_stock(course: Path) -> dict[str, str]:
    """The students whose submission stock nbgrader could not grade, and its last word on it."""
    refused, reason = {}, ""
    for line in (course / "bench.log").read_text().splitlines():
        if match := re.match(r"\s+(\w+(?:Error|Exception)): (.*)", line):
            reason = f"{match[1]}: {match[2]}"
        if match := re.search(r"error processing assignment '.*' for student '(.*)'", line):
            refused[match[1]] = reason
    return refused


def alarms(arguments: argparse.Namespace) -> int:
    """False alarms of the canaries over the reference and all answers of an assignment."""
    with scratch_course(arguments.assignment, arguments.course) as course:
        count = hand_in_answers(course, arguments.assignment)
        measure(ours(arguments.assignment), course)
        entries = [json.loads(line) for line in _log(course, arguments.assignment)]
        kept = course / ".grading" / f"{arguments.assignment}.rehearsal.json"
        unwatched = json.loads(kept.read_text())["unwatched"]
    passed = sum(
        bool(score)
        for entry in entries
        for grades in entry.get("grades", {}).values()
        for score in grades.values()
    )
    flags = [flag for entry in entries for flag in entry.get("flags", [])]
    kinds = collections.Counter(flag["kind"] for flag in flags)
    print(
        f"{arguments.assignment}: {count} submissions, {passed} passed tests, "
        f"{kinds['tampered']} called tampered, {kinds['unproven']} unproven, "
        f"{len(unwatched)} tests unwatched"
    )
    return 1 if kinds["tampered"] else 0


def _log(course: Path, assignment: str) -> list[str]:
    return (course / ".grading" / f"{assignment}.jsonl").read_text().splitlines()


def growth(arguments: argparse.Namespace) -> int:
    """How time and the parent's memory grow with the class."""
    print("submissions   wall each   CPU each   parent's memory")
    measured = []
    for count in arguments.sizes:
        with course_with(arguments.assignment, count, arguments.course) as course:
            peak = [0]
            stop = threading.Event()
            watcher = threading.Thread(target=_watch_memory, args=(course, peak, stop))
            watcher.start()
            wall, cpu = measure(ours(arguments.assignment), course)
            stop.set()
            watcher.join()
        measured.append((count, wall, cpu, peak[0] >> 20))
        print(
            f"{count:>11}   {1000 * wall / count:6.0f} ms   {1000 * cpu / count:5.0f} ms"
            f"   {peak[0] >> 20:>6} MB",
            flush=True,
        )
    if arguments.plot:
        _plot_growth(arguments.assignment, measured, arguments.plot)
        print(f"Plotted: {arguments.plot}")
    return 0


def _plot_growth(
    assignment: str, measured: list[tuple[int, float, float, int]], file: Path
) -> None:
    from matplotlib.figure import Figure

    counts, walls, cpus, memory = zip(*measured, strict=True)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    time_axes, memory_axes = figure.subplots(1, 2)
    for label, seconds, marker in (("wall", walls, "o-"), ("CPU", cpus, "s--")):
        time_axes.loglog(counts, seconds, marker, label=label)
    time_axes.set(title=assignment, xlabel="submissions", ylabel="seconds in all")
    time_axes.legend()
    memory_axes.semilogx(counts, memory, "o-")
    memory_axes.set(title="The writing process", xlabel="submissions", ylabel="memory, MB")
    memory_axes.set_ylim(0, 1.2 * max(memory))
    figure.savefig(file, dpi=120)


def _watch_memory(course: Path, peak: list[int], stop: threading.Event) -> None:
    while not stop.wait(0.2):
        for process in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                peak[0] = max(peak[0], process.memory_info().rss)


def faults(arguments: argparse.Namespace) -> int:
    """A worker killed every few seconds: the rows must be those of an undisturbed run."""
    with course_with(arguments.assignment, arguments.count, arguments.course) as course:
        other = course.with_name("other")
        shutil.copytree(course, other)
        measure(ours(arguments.assignment), course)
        killed = [0]
        stop = threading.Event()
        killer = threading.Thread(target=_kill_workers, args=(arguments.every, killed, stop))
        killer.start()
        measure(ours(arguments.assignment), other)
        stop.set()
        killer.join()
        different = len(rows(course) ^ rows(other))
        for name, folder in (("undisturbed", course), ("disturbed", other)):
            for line in _log(folder, arguments.assignment):
                if reason := json.loads(line).get("failed"):
                    print(f"{name}: {json.loads(line)['student']}: {reason}")
        print(
            f"{arguments.count} submissions, {killed[0]} workers killed, "
            f"{len(rows(course))} rows, {different} differ"
        )
    return 1 if different else 0


def _kill_workers(every: float, killed: list[int], stop: threading.Event) -> None:
    while not stop.wait(every):
        workers = []
        for run in psutil.Process().children():
            with contextlib.suppress(psutil.Error):  # gone meanwhile, or only its status is left
                workers += [
                    worker
                    for worker in run.children()
                    if "zygote" not in " ".join(worker.cmdline())
                ]
        if workers:
            random.choice(workers).kill()
            killed[0] += 1


def main() -> int:
    """Run one of the benches."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    benches = parser.add_subparsers(required=True)
    for bench in (compare, again, growth, faults, alarms):
        each = benches.add_parser(bench.__name__, help=bench.__doc__)
        each.add_argument("assignment")
        each.add_argument("--course", type=Path, help="default: nbgrader's example course")
        each.set_defaults(run=bench)
        if bench is growth:
            each.add_argument("--sizes", type=int, nargs="+", default=[10, 30, 100, 300, 1000])
            each.add_argument("--plot", type=Path, help="a picture of it, such as growth.png")
        elif bench is again:
            each.add_argument("--kept", type=Path, required=True, help="what --keep was given")
        elif bench is not alarms:
            each.add_argument("--count", type=int, default=100)
        if bench is compare:
            each.add_argument(
                "--keep", type=Path, help="where to put the course as stock graded it"
            )
            each.add_argument("--rounds", type=int, default=3)
            each.add_argument("--sample", type=int, default=20, help="cells of how many are timed")
        if bench is faults:
            each.add_argument("--every", type=float, default=3, help="seconds between two kills")
    arguments = parser.parse_args()
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
