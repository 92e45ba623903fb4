"""Judge a trace table that a learner filled in. The right one is had by running the program.

A table is a text. Its first line names the columns; ``?`` stands where something is to be filled
in, and ``-`` (or nothing) where a name has no value yet::

    turn | day | total
       1 |  1  |   1
       2 |  2  |   ?

Each row tells what the names hold each time one line of the program, the same for the table, has
been run.
"""

import ast
import re

from backend_course.check.errors import CheckError, NotAttemptedError, message
from backend_course.lab.stepper import Program, Step, Trace

_BLANK = {"?", "...", "…"}
_RULE = re.compile(r"[\s|:+-]*--[\s|:+-]*")


def trace_table(name: str, table: str, program: Program, after: int, columns: list[str]) -> None:
    """Check a trace table row by row, up to the first value that is another one.

    The message says in which row that is, and what happens there; not which value it is.

    Args:
        name: the name of the table, for the messages.
        table: the table, as the module says. A text may stand there with its quotes or without.
        program: the program that it traces.
        after: the line (from 1) after which each row is taken.
        columns: the names that it must have columns for.

    Raises:
        NotAttemptedError: nothing is wrong so far, and something is still to be filled in.
        CheckError: a value is another one, or there are too many rows or too few.
    """
    rows = _rows(name, table, columns)
    filled = [cell for row in rows for cell in row if cell not in _BLANK]
    if not filled:
        raise NotAttemptedError(f"{name}: not attempted yet. Write a value in the place of each ?.")
    trace = program.run()
    segments = _segments(trace, after)
    for number, row in enumerate(rows, start=1):
        if number > len(segments):
            again = f"not run again after row {number - 1}" if number > 1 else "never run"
            raise CheckError(
                f"{name}: row {number} is one too many. Line {after} is {again}. "
                "Look once more at what ends the loop."
            )
        last = segments[number - 1][-1]
        for column, cell in zip(columns, row, strict=True):
            if cell in _BLANK:
                continue
            if not _same(cell, last.names.get(column)):
                verdict = _verdict(column, cell, last.names.get(column))
                what_happens = _story(trace, segments, number, columns)
                raise CheckError(message(f"{name}: row {number}: {verdict}", *what_happens))
        if _BLANK & set(row):
            so_far = f"right up to row {number - 1}. " if number > 1 else ""
            raise NotAttemptedError(f"{name}: {so_far}Now fill in row {number}.")
    if len(rows) < len(segments):
        raise CheckError(
            f"{name}: right up to row {len(rows)}, but line {after} is run once more at least. "
            "Add a row."
        )


def _rows(name: str, table: str, columns: list[str]) -> list[list[str]]:
    if not isinstance(table, str):
        raise CheckError(f"{name} is {table!r}. It is to be a text between three quotes.")
    drawn = [line.strip() for line in table.splitlines() if line.strip()]
    if drawn and drawn[0].startswith("|"):  # a frame to the left and to the right
        drawn = [line.removeprefix("|").removesuffix("|") for line in drawn]
    lines = [
        [_cell(text) for text in line.split("|")] for line in drawn if not _RULE.fullmatch(line)
    ]
    header = lines[0] if lines else []
    if missing := [column for column in columns if column not in header]:
        raise CheckError(
            f"{name}: the first line has no column {missing[0]}. Write it as it was: "
            f"{' | '.join(['turn', *columns])}"
        )
    for number, line in enumerate(lines[1:], start=1):
        if len(line) != len(header):
            raise CheckError(
                f"{name}: row {number} has {len(line)} cells, the first line has {len(header)}. "
                "A | stands between two cells."
            )
    places = [header.index(column) for column in columns]
    return [[line[place] for place in places] for line in lines[1:]]


def _cell(text: str) -> str:
    return text.strip().replace("\N{MINUS SIGN}", "-")


def _segments(trace: Trace, after: int) -> list[list[Step]]:
    """Return the steps cut up, each piece ending where the line has been run."""
    pieces: list[list[Step]] = [[]]
    for step in trace.steps:
        pieces[-1].append(step)
        if step.line == after:
            pieces.append([])
    return pieces[:-1]


def _same(cell: str, value: str | None) -> bool:
    if value is None or cell in ("", "-"):
        return value is None and cell in ("", "-")
    if cell == value:
        return True
    true = _value(value)
    if isinstance(true, str) and cell == true:
        return True  # written without its quotes
    mine = _value(cell)
    return type(mine) is type(true) and mine == true


def _verdict(column: str, cell: str, value: str | None) -> str:
    if value is None:
        return f"{column} has no value yet. Write - for that."
    if cell in ("", "-"):
        return f"{column} has a value by then."
    return f"{column} does not hold {cell}."


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def _story(trace: Trace, segments: list[list[Step]], number: int, columns: list[str]) -> list[str]:
    """Tell what happens up to a row: what the names held before, and the lines that are run."""
    before = segments[number - 2][-1].names if number > 1 else trace.given
    held = [f"{column} is {before[column]}" for column in columns if column in before]
    lines = [
        f"  line {step.line}: {step.code.strip()}" + (f"   ({step.happens})" * bool(step.happens))
        for step in segments[number - 1]
    ]
    start = f"Before it, {' and '.join(held)}." if held else "Before it, none of them has a value."
    return [start, "Then these lines are run:", *lines]
