"""Make the course's virtual environment, from a clean clone, with the standard library alone.

Run as a file by the system's Python (``python3 src/backend_course/bootstrap.py``), before anything
is installed. It therefore imports nothing of the course, and it must *parse* on an old Python, so
that the message about the version can be shown.

A file ``.venv/.ready`` holds the fingerprint of what was installed. It is written last: an
environment without it was left half-made, and is made again from the start.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST, NEWEST = (3, 11), (3, 14)


def stop(message):
    """Print one line to stderr and exit with status 1."""
    sys.exit("make: " + message)


def fingerprint(root):
    """Return a hash of what decides the content of the environment (str, 64 hex digits)."""
    digest = hashlib.sha256(repr(sys.version_info[:3]).encode())
    for name in ("requirements.lock", "pyproject.toml"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def environment_python(directory):
    """Return the path of the interpreter inside the virtual environment ``directory``."""
    if os.name == "nt":
        return directory / "Scripts" / "python.exe"
    return directory / "bin" / "python"


def check_python(version=None):
    """Stop with one line where this Python is too old or too new for the locked packages."""
    version = version or sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        stop(
            "Python {}.{} cannot run the course, it needs {}.{} to {}.{}. Install one of them and "
            "name it: make lab PYTHON=python{}.{}".format(*(version + OLDEST + NEWEST + NEWEST))
        )


def usable(directory):
    """Tell whether ``directory`` holds a finished environment of this very Python."""
    python = environment_python(directory)
    if not (directory / ".ready").is_file() or not python.exists():
        return False
    ask = [str(python), "-c", "import sys; print(sys.version_info[:3])"]
    answer = subprocess.run(ask, stdout=subprocess.PIPE, check=False)
    return answer.stdout.decode().strip() == repr(sys.version_info[:3])


def make_empty(directory):
    """Make a fresh virtual environment, in place of a half-made one if there is one."""
    if directory.exists():
        print("Making .venv anew: it is half-made, or of another Python.", flush=True)
        shutil.rmtree(directory)
    try:
        venv.create(directory, with_pip=True)
    except (subprocess.CalledProcessError, OSError) as error:
        stop(
            f"no virtual environment could be made in {directory} ({error}). On Debian or Ubuntu: "
            "apt install python3-venv"
        )


def install(python, root):
    """Install the locked packages, then the course itself, into the environment of ``python``."""
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", str(root / "requirements.lock")]
    course = ["--no-deps", "--no-index", "--no-build-isolation", "--quiet", "-e", str(root)]
    for what, options in (
        ("the locked packages (about 900 MB on disk, a minute or two)", locked),
        ("the course itself", course),
    ):
        print(f"Installing {what} …", flush=True)
        if subprocess.run([*pip, *options], check=False).returncode:
            stop(
                f"{what} could not be installed (pip's own words are above). Without a network? "
                "Connect once and run the same command again: what is downloaded is kept."
            )


def main(root=ROOT):
    """Bring ``root/.venv`` up to date; do nothing where it already is."""
    check_python()
    directory = root / ".venv"
    ready = directory / ".ready"
    wanted = fingerprint(root)
    if ready.is_file() and ready.read_text() == wanted:
        return
    if not usable(directory):
        make_empty(directory)
    install(environment_python(directory), root)
    ready.write_text(wanted)
    print("Ready.", flush=True)


if __name__ == "__main__":
    main()
