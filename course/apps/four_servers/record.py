"""Record transcripts: in course/apps, python -m four_servers.record [language …]"""

import sys

from . import transcripts
from .languages import LANGUAGES, missing


def main(names: list[str]) -> int:
    """Record the languages named, or all. Returns how many could not be recorded."""
    failed = 0
    for language in LANGUAGES:
        if names and language.name not in names:
            continue
        if lacks := missing(language):
            print(f"{language.name}: not recorded: {lacks}")
            failed += 1
            continue
        place = transcripts.save(language, transcripts.record(language))
        print(f"{language.name}: {place.name}: {transcripts.load(language).label}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
