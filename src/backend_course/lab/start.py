"""``make lab``: the learner's copies of all assignments, and JupyterLab on the course's map."""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from backend_course.lab.course import ROOT

# Nothing is fetched at run time: no news, no look for updates, no catalogue of extensions.
QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
}
"""JupyterLab's own defaults, changed for this environment: it does not ask about news either."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what stands behind ``--`` for JupyterLab."""
    parser.add_argument("lab_args", nargs="*", help="behind --: options of jupyter lab")


def run(arguments: argparse.Namespace) -> int:
    """Open the course; return JupyterLab's exit status when it ends."""
    return open_lab(ROOT, arguments.lab_args)


def open_lab(root: Path, lab_args: Sequence[str]) -> int:
    """Copy the assignments that are new, and run JupyterLab until it is stopped.

    Args:
        root: the course's folder.
        lab_args: further options of ``jupyter lab``, as ``["--no-browser", "--port", "8888"]``.

    Returns:
        JupyterLab's exit status, 0 where it was stopped by Ctrl-C.
    """
    if added := copy_assignments(root / "release", root / "work"):
        print(f"Your own copies are in work/: {', '.join(added)}", flush=True)
    _write_settings(Path(sys.prefix))
    command = [
        *(sys.executable, "-m", "jupyterlab", *QUIET),
        f"--ServerApp.root_dir={root}",
        "--LabApp.default_url=/lab/tree/course/index.ipynb",
        *lab_args,
    ]
    try:
        return subprocess.run(command, cwd=root, check=False).returncode
    except KeyboardInterrupt:
        return 0


def _write_settings(environment: Path) -> None:
    overrides = environment / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    overrides.parent.mkdir(parents=True, exist_ok=True)
    overrides.write_text(json.dumps(SETTINGS, indent=1) + "\n", encoding="utf-8")


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
