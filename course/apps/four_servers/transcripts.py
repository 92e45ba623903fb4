"""What the programs answered: asked now where that can be, else as it was recorded."""

import datetime
import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from backend_course.lab.servers import ServerError

from . import languages, probe, snippets
from .languages import Language

FOLDER = Path(__file__).parent / "transcripts"


@dataclass(frozen=True)
class Transcript:
    """A recording of one program, made by asking it.

    * ``recorded``: the day, as 2026-11-22.
    * ``version``, ``system``: what it ran with, and on.
    * ``sha256``: the fingerprint of the program, so that one of another program shows.
    * ``answers``: what came back for each exchange of the probe, as text.
    * ``snippets``: what became of each snippet of the language.
    """

    language: str
    recorded: str
    version: str
    system: str
    sha256: str
    answers: dict[str, str]
    snippets: dict[str, str]

    @property
    def raw(self) -> dict[str, bytes]:
        """The answers as the bytes that came."""
        return {what: text.encode() for what, text in self.answers.items()}

    @property
    def label(self) -> str:
        """One line that says of when and with what it is."""
        return f"transcript of {self.recorded}: {self.version}, {self.system}"


def record(language: Language) -> Transcript:
    """Run the program of a language, and write down what it answers.

    Raises ServerError if it does not start.
    """
    with languages.running(language) as server:
        answers = probe.ask_all(server.port, probe.CONTRACT + probe.BEYOND)
    return Transcript(
        language.name,
        datetime.date.today().isoformat(),
        languages.version(language),
        f"{_system()}, {platform.machine()}",
        fingerprint(language),
        {what: came.decode() for what, came in answers.items()},
        snippets.results(language),
    )


def load(language: Language) -> Transcript:
    """Return the recording of a language."""
    return Transcript(**json.loads(_place(language).read_text(encoding="utf-8")))


def save(language: Language, transcript: Transcript) -> Path:
    """Write a recording in the place of the former one, and return where."""
    text = json.dumps(asdict(transcript), ensure_ascii=False, indent=1)
    _place(language).write_text(f"{text}\n", encoding="utf-8")
    return _place(language)


def fingerprint(language: Language) -> str:
    """Return the SHA-256 of a language's program, with line ends as they are in git."""
    program = language.program.read_bytes().replace(b"\r\n", b"\n")
    return hashlib.sha256(program).hexdigest()


def hear(language: Language) -> tuple[dict[str, bytes], str]:
    """Ask the program if its language is on this machine, else read the transcript.

    Returns what came back for each exchange, and a line that says where from.
    """
    transcript = load(language)
    if lacks := languages.missing(language):
        return transcript.raw, f"{transcript.label} ({lacks})"
    try:
        with languages.running(language) as server:
            answers = probe.ask_all(server.port, probe.CONTRACT + probe.BEYOND)
    except ServerError as error:
        return transcript.raw, f"{transcript.label} ({str(error).splitlines()[0]})"
    return answers, f"live: {languages.version(language)}"


def _place(language: Language) -> Path:
    return FOLDER / f"{language.program.suffix[1:]}.json"


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:  # no Linux
        return platform.system()
