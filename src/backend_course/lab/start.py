"""``make lab``: the learner's copies of all assignments, and JupyterLab on the course's map."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from backend_course.lab.course import ROOT

QUIET = (
    # Nothing is fetched at run time: no news, no look for updates, no catalogue of extensions.
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what stands behind ``--`` for JupyterLab."""
    parser.add_argument("lab_args", nargs="*", help="behind --: options of jupyter lab")


def run(arguments: argparse.Namespace) -> int:
    """Copy what is new, start JupyterLab, and return its exit status when it ends."""
    added = copy_assignments(ROOT / "release", ROOT / "work")
    if added:
        print(f"Your own copies are in work/: {', '.join(added)}", flush=True)
    command = [
        *(sys.executable, "-m", "jupyterlab", *QUIET),
        f"--ServerApp.root_dir={ROOT}",
        "--LabApp.default_url=/lab/tree/course/index.ipynb",
        *arguments.lab_args,
    ]
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 0


def copy_assignments(release: Path, work: Path) -> list[str]:
    """Copy each released file that is not yet in ``work``; never touch one that is.

    Args:
        release: the folder with one folder for each assignment.
        work: the learner's folder; made where it is missing.

    Returns:
        The names of the assignments of which something was copied.
    """
    added = []
    for source in sorted(path for path in release.rglob("*") if path.is_file()):
        target = work / source.relative_to(release)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(target.name + ".part")
            shutil.copyfile(source, partial)
            partial.replace(target)
            added.append(source.relative_to(release).parts[0])
    return sorted(set(added))
