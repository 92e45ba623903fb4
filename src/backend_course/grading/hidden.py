"""The parts of a cell that students are not shown: hidden tests and mark schemes."""

from typing import Any

# nbgrader's own marks; a course can set others (ClearHiddenTests, ClearMarkScheme).
_DEFAULTS = {
    "ClearHiddenTests": ("test", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"),
    "ClearMarkScheme": ("mark_scheme", "BEGIN MARK SCHEME", "END MARK SCHEME"),
}

Marks = list[tuple[str, str]]


def marks(config: Any) -> Marks:
    """The (begin, end) marks of a course's settings."""
    found = []
    for section, (name, begin, end) in _DEFAULTS.items():
        values = config.get(section, {})
        begin = values.get(f"begin_{name}_delimeter", begin)  # nbgrader's spelling
        found.append((begin, values.get(f"end_{name}_delimeter", end)))
    return found


def split(source: str, marks: Marks) -> tuple[str, list[str]]:
    """A source as it is released, and the lines that were hidden in it."""
    shown, hidden, end = [], [], None
    for line in source.split("\n"):
        if end is None:
            end = next((last for first, last in marks if first in line), None)
            if end is None:
                shown.append(line)
        elif end in line:
            end = None
        else:
            hidden.append(line)
    return "\n".join(shown), hidden
