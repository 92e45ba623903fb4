"""``python -m backend_course VERB``: what the Makefile's verbs call, for those without make too."""

import argparse
import importlib
import sys

VERBS = {
    "lab": ("backend_course.lab.start", "open the course in JupyterLab"),
    "own-grade": ("backend_course.lab.own_grade", "grade your own work/ on this laptop"),
    "progress": ("backend_course.lab.progress", "see how far you are, and what comes next"),
    "review": ("backend_course.lab.review", "answer up to five questions that are due again"),
    "grade": ("backend_course.grading.grade", "grade a class's submissions of an assignment"),
    "doctor": ("backend_course.grading.doctor", "see which walls around a submission hold here"),
    "check": ("backend_course.authoring.check", "see whether all is canonical; writes nothing"),
    "norm": ("backend_course.authoring.norm", "write the canonical form of notebooks"),
    "nav": ("backend_course.authoring.nav", "write bars, header lines, index and map"),
    "lint": ("backend_course.authoring.lint", "hold notebooks to the house style"),
    "release": ("backend_course.authoring.release", "generate release/ from source/"),
    "new": ("backend_course.authoring.new", "start a lesson or an assignment"),
    "lock": ("backend_course.authoring.lock", "resolve pyproject.toml into requirements.lock"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return its exit status (0 for success).

    Args:
        arguments: the words behind the program's name; the command line's where not given.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")
    words = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="backend-course", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, (module, summary) in VERBS.items():
        subparser = verbs.add_parser(verb, help=summary, description=summary)
        # Only the verb that is asked for is imported: nbgrader alone takes seconds.
        if words[:1] == [verb]:
            chosen = importlib.import_module(module)
            chosen.add_arguments(subparser)
            subparser.set_defaults(run=chosen.run)
    parsed = parser.parse_args(words)
    return parsed.run(parsed)


if __name__ == "__main__":
    sys.exit(main())
