"""Solution regions of a code cell, and the stub that a learner finds in the place of each."""

import ast
import re
import textwrap
from dataclasses import dataclass

SQL_STUB = "-- write your query here"
TESTS_STUB = "# write your tests here"
PYTHON_STUB = 'raise NotImplementedError("Write your code here")'
VALUE_STUB = "{name} = ...  # write your answer here"

_BEGIN, _END = "BEGIN SOLUTION", "END SOLUTION"
_MAGIC = re.compile(r"\s*%%(\w+)")
_STUBS = {"sql": SQL_STUB, "tests": TESTS_STUB}


@dataclass(frozen=True)
class Region:
    """The lines from ``BEGIN SOLUTION`` to ``END SOLUTION`` of one cell, and what replaces them.

    * In a ``%%sql`` or ``%%tests`` cell: a comment, which asks for nothing.
    * Inside a function: a ``raise``, which fails when the function is called.
    * At the top level, around one assignment or one class: ``name = ...``, so that the name exists
      and the rest of the notebook runs.
    * At the top level, around anything else: the ``raise``.
    """

    begin: int
    end: int
    indent: str
    body: str
    comment: str = ""

    @property
    def stub(self) -> str:
        """The line that the learner finds in place of the solution."""
        if self.comment:
            return f"{self.indent}{self.comment}"
        name = None if self.indent else _assigned_name(self.body)
        return f"{self.indent}{VALUE_STUB.format(name=name) if name else PYTHON_STUB}"

    @property
    def stops_the_notebook(self) -> bool:
        """Whether the stub raises as soon as the cell is run."""
        return not self.indent and self.stub == PYTHON_STUB


def _assigned_name(body: str) -> str | None:
    """Return the name when ``body`` is one assignment to one name, or one class, else None."""
    try:
        statements = ast.parse(body).body
    except SyntaxError:
        return None
    match statements:
        case [ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name))]:
            return name
        case [ast.ClassDef(name=name)]:
            return name
    return None


def regions(source: str) -> list[Region]:
    """Return the solution regions of a code cell in order.

    Raises:
        ValueError: a region is nested, not closed, or closed without being open.
    """
    lines = source.split("\n")
    magic = _MAGIC.match(source)
    comment = _STUBS.get(magic[1], "") if magic else ""
    found, begin = [], None
    for number, line in enumerate(lines):
        if _BEGIN in line:
            if begin is not None:
                raise ValueError("a solution region begins inside another")
            begin = number
        elif _END in line:
            if begin is None:
                raise ValueError("a solution region ends that did not begin")
            indent = re.match(r"\s*", lines[begin])[0]
            body = textwrap.dedent("\n".join(lines[begin + 1 : number]))
            found.append(Region(begin, number, indent, body, comment))
            begin = None
    if begin is not None:
        raise ValueError("a solution region does not end")
    return found


def cleared(source: str) -> str:
    """Return a code cell's text with the stub in place of each solution region."""
    lines = source.split("\n")
    for region in reversed(regions(source)):
        lines[region.begin : region.end + 1] = [region.stub]
    return "\n".join(lines)
