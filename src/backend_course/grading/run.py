"""One grading run: tasks out to the workers, results into the gradebook, one writer."""

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from . import submission
from .cluster import Cluster
from .course import Course, CourseError
from .files import in_words
from .gradebook import GradebookError, open_gradebook, save, stored
from .ingest import Caps, RefusedError
from .ledger import Ledger, environment_key, submission_key
from .lines import some
from .lock import only_run
from .pool import CPUS, LocalPool, TaskFailedError
from .provisioner import SharedWarmProcess, Wanted, close_warm_process, use_warm_process
from .rehearsal import rehearse
from .results import Result, results, scores_of_cells
from .spec import AssignmentSpec, read_spec
from .warm import Warm, WarmError


@dataclasses.dataclass
class Plan:
    """What to grade and how."""

    assignment: str
    students: list[str] = dataclasses.field(default_factory=list)  # empty: everybody
    workers: int | None = None  # None: one more than CPUs, and up to four a CPU while they idle
    engine: str = "local"  # or dask://host:port, dask+tls://host:port
    again: bool = False  # grade also what has not changed
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    caps: Caps = dataclasses.field(default_factory=Caps)


@dataclasses.dataclass
class Summary:
    """What a run did. `entries` are the ledger's lines of what it was asked for, also the skipped.

    `everybody` are the lines of all whose submission is there, whenever it was graded; `results`
    and `cells` are what the gradebook says of them now (results.py).
    """

    assignment: str
    entries: dict[str, dict[str, Any]]
    everybody: dict[str, dict[str, Any]]
    results: dict[str, Result]
    cells: dict[tuple[str, str], dict[str, float]]
    points: dict[tuple[str, str], float]  # of each cell that has any, by notebook and name
    graded: int
    skipped: int
    failed: int
    seconds: float


Progress = Callable[[int, int, float], None]  # done, of how many, seconds so far


def grade_assignment(
    course: Course,
    plan: Plan,
    progress: Progress = lambda *_: None,
    coming: Warm | None = None,
) -> Summary:
    """Grade an assignment's submissions; a failed one is in the summary, and the others are graded.

    `coming` is a warm process that has begun to import (`Warm.coming`), to be used here.
    Raises a GradingError if nothing at all can be done. A run that is stopped leaves nothing
    half written.
    """
    start = time.monotonic()
    students = course.students(plan.assignment)
    unknown = set(plan.students) - set(students)
    if unknown:
        raise CourseError(f"No submission of {plan.assignment!r} by {', '.join(sorted(unknown))}.")
    chosen = [student for student in students if not plan.students or student in plan.students]
    with (
        only_run(course.root, plan.assignment),
        open_gradebook(course.folder.db_url, course.folder.course_id) as gradebook,
    ):
        spec = known_spec(gradebook, plan.assignment)
        done = 0
        try:
            if coming:
                ready = Wanted.of(course.settings(plan.settings)["config"]["WalledProvisioner"])
                coming.preload(calls=ready.calls)
            run = _Run(course, plan, spec, gradebook, coming)
            if coming:
                _use(coming, run.settings)
            with _engine(plan, run.settings) as engine:
                for _ in run.results(chosen, engine):
                    done += 1
                    progress(done, len(chosen), time.monotonic() - start)
        except BaseException:
            course.tidy(plan.assignment, chosen)
            raise
        finally:
            close_warm_process()
        marks = results(gradebook, plan.assignment)
        cells = scores_of_cells(gradebook, plan.assignment)
    there = {*students}
    everybody = {name: entry for name, entry in run.ledger.entries.items() if name in there}
    entries = {name: everybody[name] for name in chosen if name in everybody}
    seconds = time.monotonic() - start
    points = {(n.name, c.name): c.points for n in spec.notebooks for c in n.cells if c.points}
    counts = (run.graded, run.skipped, run.failed)
    return Summary(plan.assignment, entries, everybody, marks, cells, points, *counts, seconds)


def known_spec(gradebook: Gradebook, assignment: str) -> AssignmentSpec:
    """What the gradebook knows of an assignment; CourseError if nothing."""
    try:
        return read_spec(gradebook, assignment)
    except MissingEntry:
        raise CourseError(
            f"The gradebook does not know {assignment!r}. Run "
            f"nbgrader generate_assignment {assignment} --force first."
        ) from None


def _use(coming: Warm, settings: dict[str, Any]) -> None:
    wanted = Wanted.of(settings["config"]["WalledProvisioner"])
    with contextlib.suppress(WarmError):  # whoever needs one will start another, and say why not
        coming.finish(wanted.modules, wanted.calls, wanted.helpers)
        use_warm_process(coming, wanted)


def _engine(plan: Plan, settings: dict[str, Any]) -> LocalPool | Cluster:
    if plan.engine == "local":
        config = settings["config"]
        # One more than there are CPUs: each waits for its kernel, and its kernel for it.
        workers = (plan.workers, plan.workers) if plan.workers else (CPUS + 1, 4 * CPUS)
        if not config.get("WalledExecute", {}).get("walled", True):
            return LocalPool(submission.grade, *workers)
        wanted = Wanted.of(config["WalledProvisioner"])
        return LocalPool(
            submission.grade,
            *workers,
            lambda: SharedWarmProcess(wanted),
        )
    scheme, _, address = plan.engine.partition("://")
    if scheme not in {"dask", "dask+tls"} or not address:
        raise CourseError(
            f"No engine {plan.engine!r}: local, dask://HOST:PORT or dask+tls://HOST:PORT."
        )
    return Cluster(submission.grade, f"{'tls' if scheme.endswith('tls') else 'tcp'}://{address}")


def environment_of(course: Course, plan: Plan) -> str:
    """The `environment_key` of a run, with the packages whose functions its tests call."""
    provisioner = course.settings(plan.settings)["config"].get("WalledProvisioner", {})
    return environment_key(name.partition(".")[0] for name in provisioner.get("helpers", []))


def settings_of(
    course: Course,
    plan: Plan,
    spec: AssignmentSpec,
    environment: str,
    coming: Warm | None = None,
) -> dict[str, Any]:
    """The settings of each task: the course's, the plan's, and what the rehearsal tells.

    `environment` is that of `environment_of`. If no rehearsal is kept, it is run (`rehearse`).
    """
    more = {section: dict(values) for section, values in plan.settings.items()}
    rehearsal = rehearse(course, spec, course.settings(more), environment, coming)
    provisioner = more.setdefault("WalledProvisioner", {})
    listed = course.settings(more)["config"]["WalledProvisioner"].get("modules", [])
    provisioner["modules"] = sorted({*rehearsal.modules, *listed})
    more.setdefault("WalledExecute", {}).setdefault("unwatched", rehearsal.unwatched)
    more["WalledExecute"].setdefault("changing", rehearsal.changing)
    return course.settings(more)


class _Run:
    """The state of one run, on the side of the one writer."""

    def __init__(
        self,
        course: Course,
        plan: Plan,
        spec: AssignmentSpec,
        gradebook: Gradebook,
        coming: Warm | None = None,
    ) -> None:
        self.course, self.plan, self.spec, self.gradebook = course, plan, spec, gradebook
        self.ledger = Ledger(course.root, plan.assignment)
        self.environment = environment_of(course, plan)
        self.settings = settings_of(course, plan, spec, self.environment, coming)
        self.late_plugin = course.late_plugin()
        self.stored = stored(gradebook, spec.name)
        due = gradebook.find_assignment(spec.name).duedate
        self._late = f"{due} {type(self.late_plugin).__module__} {type(self.late_plugin).__name__}"
        self.graded = self.skipped = self.failed = 0
        self._taken: dict[str, tuple[str, dict[str, bytes], list[str]]] = {}

    def results(self, students: list[str], engine: LocalPool | Cluster) -> Iterator[str]:
        """Grade and store; yields each student when done, also those who were skipped or failed."""
        self._at_once: list[str] = []
        for student, outcome in engine.run(self._tasks(students)):
            yield from self._drain()
            key, files, left_out = self._taken.pop(student)
            try:
                if isinstance(outcome, TaskFailedError):
                    raise outcome
                self._store(student, key, files, left_out, json.loads(outcome))
                self.graded += 1
            except (TaskFailedError, GradebookError) as error:
                self._fail(student, str(error))
            except OSError as error:
                self._fail(student, in_words(error, self.course.root))
            except Exception as error:  # whatever it is, it is not the others' fault
                self._fail(student, f"could not be stored ({type(error).__name__}: {error})")
            yield student
        yield from self._drain()

    def _drain(self) -> Iterator[str]:
        while self._at_once:
            yield self._at_once.pop()

    def _tasks(self, students: list[str]) -> Iterator[tuple[str, bytes]]:
        for student in students:
            try:
                files, left_out = self.course.files(self.plan.assignment, student, self.plan.caps)
            except (RefusedError, OSError) as error:
                told = isinstance(error, OSError) and in_words(error, self.course.root)
                self._fail(student, told or str(error))
                self._at_once.append(student)
                continue
            task = submission.pack(self.spec, student, files, self.settings)
            received = self.course.received(self.plan.assignment, student)
            key = submission_key(task, self.environment, f"{received} {self._late}")
            place = self.course.path("autograded", student, self.plan.assignment)
            known = self.ledger.has(student, key) and student in self.stored and place.is_dir()
            if known and not self.plan.again:
                self.skipped += 1
                self._at_once.append(student)
                continue
            self._taken[student] = (key, files, left_out)
            yield student, task

    def _store(
        self, student: str, key: str, files: dict, left_out: list[str], result: dict[str, Any]
    ) -> None:
        time_received, doubt = self.course.received(self.plan.assignment, student)
        result["timestamp"] = f"{time_received} UTC" if time_received else None
        new = self.course.write_autograded(self.plan.assignment, student, files, result)
        try:
            score, most = save(self.gradebook, self.spec, result, time_received, self.late_plugin)
        except BaseException:
            self.course.discard(new)
            raise
        self.course.put_in_place(self.plan.assignment, student, new)
        flags = [
            flag | {"notebook": name}
            for name, notebook in result["notebooks"].items()
            for flag in notebook["flags"]
        ]
        flags += [_flag("left out", text) for text in left_out]
        flags += [_flag("time", doubt)] if doubt else []
        flags += _about_names(self.spec, files)
        self.ledger.add(
            {
                "student": student,
                "key": key,
                "graded_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "score": score,
                "max_score": most,
                "grades": {name: n["grades"] for name, n in result["notebooks"].items()},
                "flags": flags,
                "slow": {
                    f"{name}/{cell}": seconds
                    for name, notebook in result["notebooks"].items()
                    for cell, seconds in notebook.get("seconds", {}).items()
                },
                "seconds": result["seconds"],
            }
        )

    def _fail(self, student: str, reason: str) -> None:
        self.failed += 1
        with contextlib.suppress(OSError):  # the disk that is full may be the log's too
            self.ledger.add({"student": student, "failed": reason})
        self.ledger.entries[student] = {"student": student, "failed": reason}


def _about_names(spec: AssignmentSpec, files: Iterable[str]) -> list[dict[str, Any]]:
    """Say which notebooks are not there, and which are there by another name."""
    wanted = {f"{notebook.name}.ipynb" for notebook in spec.notebooks}
    others = sorted({name for name in files if name.endswith(".ipynb")} - wanted)
    shown = some(others)
    missing = sorted(wanted - {*files})
    there = f"; there is: {shown}" if others else ""
    flags = [_flag("not handed in", f"no {name}{there}") for name in missing]
    if others and not missing:
        flags.append(_flag("other notebook", f"not graded: {shown}"))
    return flags


def _flag(kind: str, text: str) -> dict[str, Any]:
    return {"kind": kind, "cell": None, "notebook": None, "text": text}
