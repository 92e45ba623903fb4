"""``make lock``: resolve the one list of dependencies into ``requirements.lock``."""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from backend_course.authoring.files import AuthoringError, find_root, in_one_line, write_whole

# One file for every platform and Python, with hashes and without the address of any index.
_COMPILE = ["pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes"]
_COMPILE += ["--no-emit-index-url", "--no-header", "--quiet"]
# With its extras in the lock, or pip looks at the newest release of a package that another one asks
# for with extras, finds that it is not the locked one, and gives up.
_COMPILE += ["--no-strip-extras"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take ``--upgrade PACKAGE``: dependencies change one at a time."""
    parser.add_argument("--upgrade", metavar="PACKAGE", help="let this package move; others stay")


@in_one_line
def run(arguments: argparse.Namespace) -> int:
    """Write ``requirements.lock`` anew; what it already pins stays, except for one package."""
    root = find_root()
    if (uv := shutil.which("uv")) is None:
        raise AuthoringError("make lock needs uv on the PATH. Install it: pip install uv")
    with tempfile.TemporaryDirectory() as folder:
        resolved = Path(folder) / "requirements.lock"
        shutil.copy(root / "requirements.lock", resolved)
        command = [uv, *_COMPILE, "pyproject.toml", "--output-file", str(resolved)]
        if arguments.upgrade:
            command += ["--upgrade-package", arguments.upgrade]
        if subprocess.run(command, cwd=root, check=False).returncode:
            raise AuthoringError("requirements.lock is as it was: uv's own words are above.")
        write_whole({root / "requirements.lock": resolved.read_text(encoding="utf-8")})
    print("requirements.lock: written. Run `make norm` with --all and look at what changed.")
    return 0
