"""Say which walls hold here, and whether an assignment grades the same with and without them."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .lines import in_one_line, one_line

if TYPE_CHECKING:
    from .spec import AssignmentSpec

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `doctor`."""
    parser.add_argument(
        "assignment", nargs="?", help="also run this assignment's reference in both lanes"
    )
    parser.add_argument("--course", type=Path, default=Path(), help="the course's folder")


@in_one_line("Stopped.")
def run(arguments: argparse.Namespace) -> int:
    """Print what was found. 0: strangers' work can be graded here, 1: not, 2: there is no such."""
    from . import walls
    from .provisioner import NO_WALLS, keeps_files

    found = walls.probe()
    for name in walls.ALL:
        print(f"{name:<12} {found.missing.get(name, 'holds')}")
    enough = keeps_files(found.standing)
    if not enough:
        print(NO_WALLS)
    if arguments.assignment:
        enough = _compare(arguments.course, arguments.assignment) and enough
    return 0 if enough else 1


def _compare(root: Path, assignment: str) -> bool:
    """Run the instructor's own notebooks in a stock kernel and in a walled one.

    Whether both get the same, and all points.
    """
    from . import submission
    from .course import Course, CourseError
    from .gradebook import open_gradebook
    from .ingest import RefusedError, read_folder
    from .run import known_spec

    course = Course(root)
    source = course.path("source", ".", assignment)
    if not source.is_dir():  # a gradebook that is not there would be made now
        raise CourseError(
            f"No reference of {assignment!r} at {source}. Check the assignment's name, or name the "
            "course's folder with --course."
        )
    with open_gradebook(course.folder.db_url, course.folder.course_id) as gradebook:
        spec = known_spec(gradebook, assignment)
    try:
        files, _ = read_folder(source, list(course.folder.ignore))
    except RefusedError as error:
        raise CourseError(f"The reference cannot be run: {error}.") from None
    outcome, whole = {}, True
    for lane, walled in (("stock kernel", False), ("walled fork", True)):
        more = {"WalledExecute": {"walled": walled}, "WalledProvisioner": {"trust_students": True}}
        settings = course.settings(more)
        settings["config"]["WalledExecute"]["walled"] = walled
        task = submission.pack(spec, "reference", files, settings)
        result = json.loads(submission.grade(task))
        outcome[lane] = {name: n["grades"] for name, n in result["notebooks"].items()}
        total, most, short = _compare_with_points(outcome[lane], spec)
        print(f"{lane:<12} {total:g} of {most:g} points in {result['seconds']:.1f} s")
        for told in short:
            print(f"  {one_line(told)}")
        whole = whole and not short
        for name, notebook in result["notebooks"].items():
            for flag in notebook["flags"]:
                if flag["kind"] != "unwalled":
                    told = f"{name}/{flag['cell']}: {flag['kind']}, {flag['text']}"
                    print(f"  {one_line(told)}")
    same = outcome["stock kernel"] == outcome["walled fork"]
    print("Both lanes give the same scores." if same else f"The lanes differ: {outcome}")
    return same and whole


def _compare_with_points(
    grades: dict[str, dict[str, float | None]], spec: "AssignmentSpec"
) -> tuple[float, float, list[str]]:
    """The reference's points, the most there are, and a line for each test that has not all.

    Answers that are graded by hand count on neither side.
    """
    total = most = 0.0
    short = []
    for notebook in spec.notebooks:
        for cell in notebook.cells:
            by_hand = not cell.grade or cell.solution
            if by_hand or not cell.points:
                continue
            score = grades.get(notebook.name, {}).get(cell.name) or 0.0
            total, most = total + score, most + cell.points
            if score < cell.points:
                points = f"{score:g} of {cell.points:g} points"
                short.append(f"{notebook.name}/{cell.name}: the reference gets {points}")
    return total, most, short
