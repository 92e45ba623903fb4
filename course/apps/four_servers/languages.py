"""The five languages: their program, what it needs, and how it is built and started."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend_course.lab import servers

PROGRAMS = Path(__file__).parent / "programs"
_PATIENCE = 60.0  # seconds that a compiler or a start may take


@dataclass(frozen=True)
class Language:
    """A language of the lesson.

    In ``build`` and ``run`` the words ``{program}``, ``{built}`` and ``{port}`` stand
    for the file in ``programs/``, for what the build makes, and for the port.

    * ``runtime``: what runs the program.
    * ``version``: the command that tells its version.
    * ``oldest``: the first major version that understands the program.
    * ``build``: the command that makes something to run of it, if there is one.
    """

    name: str
    file: str
    runtime: str
    version: tuple[str, ...]
    oldest: int
    run: tuple[str, ...]
    build: tuple[str, ...] = ()

    @property
    def program(self) -> Path:
        """The file that holds the program."""
        return PROGRAMS / self.file

    @property
    def tools(self) -> list[str]:
        """The names of the programs that must be on the PATH."""
        words = [self.version[0], *self.build[:1], self.run[0]]
        return list(dict.fromkeys(words))


PYTHON = Language(
    "Python",
    "availability.py",
    "Python",
    version=(sys.executable, "--version"),
    oldest=3,
    run=(sys.executable, "{program}", "{port}"),
)
JAVA = Language(
    "Java",
    "Availability.java",
    "Java",
    version=("java", "-version"),
    oldest=17,
    # Before Java 18 the source is read in the machine's own encoding.
    run=("java", "-Dfile.encoding=UTF-8", "{program}", "{port}"),
)
CSHARP = Language(
    "C#",
    "Availability.cs",
    "Mono",
    version=("mono", "--version"),
    oldest=6,
    build=("mcs", "-out:{built}", "{program}"),
    run=("mono", "{built}", "{port}"),
)
RUBY = Language(
    "Ruby",
    "availability.rb",
    "Ruby",
    version=("ruby", "--version"),
    oldest=3,
    run=("ruby", "{program}", "{port}"),
)
JAVASCRIPT = Language(
    "JavaScript",
    "availability.mjs",
    "Node.js",
    version=("node", "--version"),
    oldest=18,
    run=("node", "{program}", "{port}"),
)
LANGUAGES = [PYTHON, JAVA, CSHARP, RUBY, JAVASCRIPT]


def missing(language: Language) -> str:
    """Return why programs of a language cannot run here; nothing if they can."""
    for tool in language.tools:
        if shutil.which(tool) is None:
            return f"{tool} is not on the PATH"
    try:
        told = version(language)
    except subprocess.CalledProcessError:  # macOS has a java that only offers one
        return f"{language.version[0]} is on the PATH, and does not work"
    if int(re.search(r"\d+", told)[0]) < language.oldest:
        return f"{told} is older than {language.oldest}"
    return ""


def version(language: Language) -> str:
    """Return what runs the language and its version, such as "Mono 6.8.0.105".

    Raises CalledProcessError if its command fails.
    """
    told = _output(language.version)
    told.check_returncode()
    number = re.search(r"\d+(\.\d+)*", told.stdout or told.stderr)
    return f"{language.runtime} {number[0]}"


@contextmanager
def running(
    language: Language, program: Path | None = None
) -> Iterator[servers.Server]:
    """Build the program of a language if need be, and serve it on a free port.

    ``program`` takes another file than the language's own. Raises ServerError if it
    does not compile or does not start.
    """
    with (
        _built(language, program or language.program) as command,
        servers.command(command, timeout=_PATIENCE) as server,
    ):
        yield server


@contextmanager
def changed(language: Language, old: str, new: str) -> Iterator[Path]:
    """Give a copy of the language's program in which a text is replaced by another.

    Raises ValueError if the text is not in it.
    """
    program = language.program.read_text(encoding="utf-8")
    if old not in program:
        raise ValueError(f"{old!r} is not in {language.file}.")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / language.file
        copy.write_text(program.replace(old, new), encoding="utf-8")
        yield copy


def run_once(language: Language, program: Path) -> subprocess.CompletedProcess[str]:
    """Build a program that is no server, and run it to its end.

    Raises ServerError if it does not compile.
    """
    with _built(language, program) as command:
        return _output(command[:-1])  # without the port


@contextmanager
def _built(language: Language, program: Path) -> Iterator[list[str]]:
    """Build a program if need be; give the command that runs it."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"{program}": program, "{built}": Path(folder) / f"{program.stem}.exe"}
        if language.build:
            _compile(language, _filled(language.build, places))
        yield _filled(language.run, places)


def _compile(language: Language, command: list[str]) -> None:
    made = _output(command)
    if made.returncode:
        said = [line for line in made.stderr.splitlines() if "error" in line]
        complaint = (said or ["it gave no reason"])[0]
        raise servers.ServerError(f"{language.name}: not compiled: {complaint}")


def _output(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=_PATIENCE
    )


def _filled(command: Sequence[str], places: dict[str, Path]) -> list[str]:
    words = list(command)
    for name, path in places.items():
        words = [word.replace(name, str(path)) for word in words]
    return words
