"""Run the real pip on a folder of wheels: no index, no network, no cache.

Settings of the user and of the machine do not count. pip is a program, so it is run as
one: its own modules are not made for being imported.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_ALWAYS = (
    "--isolated",
    "--no-input",
    "--no-cache-dir",
    "--no-color",
    "--disable-pip-version-check",
)
_DULL = ("Looking in links", "Processing", "Preparing", "Getting", "INFO", "WARNING")


class PipError(Exception):
    """pip has refused; the message is its words, without the paths of this machine."""


@dataclass(frozen=True)
class Resolution:
    """What pip would install, from its own report and output.

    * ``picked``: the version of each package by its name, in the order of the alphabet.
    * ``direct``: the names that were asked for; the others came along.
    * ``hashes``: the SHA-256 of each wheel, by name.
    * ``looked_at``: the releases that pip opened on its way, as in ``feesheet-1.4.0``.
    """

    picked: dict[str, str]
    direct: set[str]
    hashes: dict[str, str]
    looked_at: list[str]


def pip(command: str, source: Path, *arguments: str | Path) -> str:
    """Run ``pip COMMAND`` and return its output.

    Args:
        command: such as ``install`` or ``lock``.
        source: a folder of wheels, or an HTML file with links to wheels.
        arguments: whatever else pip gets.

    Raises:
        PipError: pip ended with an error.
    """
    links = ["--no-index", "--find-links", source]
    call = [sys.executable, "-m", "pip", *_ALWAYS, command, *links, *arguments]
    # --isolated makes pip deaf to PIP_… and the user's file, this to the machine's.
    settings = os.environ | {"PIP_CONFIG_FILE": os.devnull, "PYTHONWARNINGS": "ignore"}
    ran = subprocess.run(
        [str(part) for part in call],
        env=settings,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if ran.returncode:
        raise PipError(_words(ran.stdout + ran.stderr, [source, *arguments]))
    return ran.stdout


def resolve(source: Path, *requirements: str | Path) -> Resolution:
    """Return what pip would install for requirements, such as ``feesheet>=1,<2``.

    Raises:
        PipError: no set of versions fits.
    """
    return _install(source, "--dry-run", "--ignore-installed", *requirements)


def install(source: Path, target: Path, *requirements: str | Path) -> Resolution:
    """Install into a folder, and return what was picked.

    A program finds the folder by ``PYTHONPATH``.

    Raises:
        PipError: pip refused, and nothing is installed.
    """
    return _install(source, "--no-compile", "--target", target, *requirements)


def _install(source: Path, *arguments: str | Path) -> Resolution:
    # The report is described in pip's documentation, "Installation Report".
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.json")
        output = pip("install", source, "--report", path, *arguments)
        items = json.loads(path.read_text(encoding="utf-8"))["install"]
    by_name = {item["metadata"]["name"]: item for item in items}
    by_name = dict(sorted(by_name.items()))
    lines = [line.split() for line in output.splitlines()]
    opened = [Path(words[1]).name for words in lines if words[:1] == ["Processing"]]
    return Resolution(
        picked={name: item["metadata"]["version"] for name, item in by_name.items()},
        direct={name for name, item in by_name.items() if item["requested"]},
        hashes={
            name: item["download_info"]["archive_info"]["hashes"]["sha256"]
            for name, item in by_name.items()
            if "archive_info" in item["download_info"]  # a project's folder has no hash
        },
        looked_at=["-".join(wheel.split("-")[:2]) for wheel in opened],
    )


def _words(output: str, parts: list[str | Path]) -> str:
    for path in (part for part in parts if isinstance(part, Path)):
        for written in (path.resolve().as_uri(), str(path)):
            output = output.replace(f"{written}/", "").replace(written, path.name)
    lines = output.splitlines()
    lines = [line for line in lines if not line.lstrip().startswith(_DULL)]
    return "\n".join(lines).strip()
