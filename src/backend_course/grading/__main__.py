"""``python -m backend_course.grading grade ASSIGNMENT`` and ``… doctor``."""

import argparse
import sys

# jsonschema builds the grammar of a format check when this package is importable: 1.5 seconds for a
# check that no notebook needs. It treats the package as optional, so it is told that it is absent.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit status."""
    from . import doctor, grade

    parser = argparse.ArgumentParser(prog="python -m backend_course.grading", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, module in (("grade", grade), ("doctor", doctor)):
        verb = verbs.add_parser(name, help=module.__doc__.splitlines()[0])
        module.add_arguments(verb)
        verb.set_defaults(run=module.run)
    parsed = parser.parse_args(arguments)
    return parsed.run(parsed)


if __name__ == "__main__":
    sys.exit(main())
