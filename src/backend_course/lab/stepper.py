"""Small programs that are kept under a name, and run one line at a time where you can watch.

``%load_ext backend_course.lab.stepper`` gives a notebook cells such as this one. It keeps its text
as ``week`` and shows it with line numbers, without running it::

    %%program week
    total = 0
    for day in range(1, 3):
        total = total + day

Then ``week.steps()`` really runs it, and shows after each line what each name holds:

>>> Program("week", "total = 0\\nfor day in range(1, 3):\\n    total = total + day").steps()
step  line  code                     what happens             total  day
   1     1  total = 0                                         0 ←
   2     2  for day in range(1, 3):  next value               0      1 ←
   3     3      total = total + day                           1 ←    1
   4     2  for day in range(1, 3):  next value               1      2 ←
   5     3      total = total + day                           3 ←    2
   6     2  for day in range(1, 3):  none left: the loop ends  3      2
(← marks what has changed.)

It works as a debugger does: Python calls a function of ours before each line (``sys.settrace``).
A program has names of its own: it sees none of the notebook's, and leaves none behind.
"""

import ast
import contextlib
import copy
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from backend_course.lab import stepper_display

LIMIT = 60
"""Steps after which a program is stopped, unless it is told otherwise."""


_INSTRUCTIONS = 10_000  # of Python's own small steps, in a single line


class NotPythonError(Exception):
    """A text that Python cannot read; says in which line, and why."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython prints instead of a traceback (IPython's own hook)."""
        return str(self).splitlines()


@dataclass(frozen=True)
class Step:
    """One line that was run.

    * ``line``: its number, from 1, and ``code``: its text, indented as it is.
    * ``happens``: what it decided, if it is a ``for``, ``while``, ``if``, ``break``, ``continue``.
    * ``names``: what each name holds after it, as Python writes it.
    * ``printed``: what it printed.
    """

    line: int
    code: str
    happens: str
    names: dict[str, str]
    printed: str


@dataclass(frozen=True)
class Trace:
    """What happened when a program ran; a notebook shows it as a table.

    * ``steps``: the lines that were run, in their order.
    * ``given``: what names held before the first one, as Python writes it.
    * ``values``: the names and their values at the end.
    * ``stopped_at``: the line at which it was stopped; None if it came to its end.
    * ``error``: the exception that stopped it; None if there were too many steps, too.
    * ``upto``: how many steps are shown; None is all. ``folded``: each is shown when clicked on.
    """

    steps: list[Step]
    given: dict[str, str]
    values: dict[str, Any]
    stopped_at: int | None = None
    error: Exception | None = None
    upto: int | None = None
    folded: bool = False

    def __repr__(self) -> str:
        return stepper_display.as_text(*self._table(), self._remarks())

    def _repr_html_(self) -> str:
        show = stepper_display.as_folded_html if self.folded else stepper_display.as_html
        return show(*self._table(), self._remarks())

    def _table(self) -> tuple[list[str], list[list[str]]]:
        names = list(dict.fromkeys([*self.given, *(n for step in self.steps for n in step.names)]))
        prints = ["prints"] if any(step.printed for step in self.steps) else []
        befores = [self.given, *(step.names for step in self.steps)]
        rows = [
            [
                *(str(number), str(step.line), step.code, step.happens),
                *(stepper_display.changed(before.get(n), step.names.get(n)) for n in names),
                *(" / ".join(step.printed.splitlines()) for _ in prints),
            ]
            for number, (step, before) in enumerate(zip(self.steps, befores, strict=False), 1)
        ]
        return ["step", "line", "code", "what happens", *names, *prints], rows[: self.upto]

    def _remarks(self) -> list[str]:
        remarks = [f"({stepper_display.MARK} marks what has changed.)"]
        if self.upto is not None and self.upto < len(self.steps):
            return [*remarks, f"Steps 1 to {self.upto} of {len(self.steps)}."]
        if self.error:
            remarks.append(f"Line {self.stopped_at} stopped the program: {describe(self.error)}")
        elif self.stopped_at:
            remarks.append(
                f"Stopped after step {len(self.steps)}, before line {self.stopped_at}. The program "
                "was not at its end. Does anything in it end the loop?"
            )
        return remarks


class Program:
    """A program as text, under a name. It runs when it is asked to.

    ``assigned`` holds the names that it gives a value to; ``empty`` says that nothing is in it but
    comments.

    Raises:
        NotPythonError: the text is no Python.
    """

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source.rstrip()
        self.lines = self.source.splitlines()
        try:
            tree = ast.parse(self.source)
            self._code = compile(tree, f"<program {name}>", "exec")
        except SyntaxError as error:
            raise NotPythonError(_unreadable(name, self.lines, error)) from None
        self._decisions = dict(_decisions(tree))
        self.empty = not tree.body
        self.assigned = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }

    def __repr__(self) -> str:
        width = len(str(len(self.lines)))
        return "\n".join(
            f"{number:{width}}  {line}".rstrip() for number, line in enumerate(self.lines, start=1)
        )

    def steps(
        self, upto: int | None = None, folded: bool = False, at_most: int = LIMIT, **given: Any
    ) -> Trace:
        """Run the program and return its steps, to look at in a notebook.

        Args:
            upto: show only so many steps.
            folded: show the lines, and what each one did when it is clicked on.
            at_most: steps after which a program that goes on is stopped.
            given: names that have a value before the program begins.
        """
        trace = self.run(given, at_most)
        return replace(trace, upto=upto, folded=folded)

    def run(self, given: dict[str, Any] | None = None, at_most: int = LIMIT) -> Trace:
        """Run the program, and record it; an error in it is recorded too, and not raised.

        A call that never ends (``sum`` of something endless) is one step, and not stopped. Nor is a
        loop with a bare ``except:``, which catches what stops it.

        Args:
            given: names that have a value before the program begins; the values are copied.
            at_most: steps after which a program that goes on is stopped.
        """
        values = copy.deepcopy(given or {})
        before = _as_written(values)
        if self.empty:
            return Trace([], before, values)
        recorder = _Recorder(self._code, values, at_most)
        stopped_at, error = recorder.run()
        del values["__builtins__"]
        coming = [line for line, _, _ in recorder.visits[1:]]
        coming.append(stopped_at)
        steps = [
            Step(line, self.lines[line - 1], self._decided(line, following), names, printed)
            for (line, names, printed), following in zip(recorder.visits, coming, strict=True)
        ]
        if error:
            steps[-1] = replace(steps[-1], happens="")  # it came to no decision
        return Trace(steps, before, values, stopped_at, error)

    def _decided(self, line: int, following: int | None) -> str:
        decision = self._decisions.get(line)
        return decision(following) if decision else ""


class _TooManyStepsError(BaseException):
    """Ends a program; ``except Exception`` in it does not keep it going."""


class _Recorder:
    """Runs code, and notes as ``visits`` each line, the names after it, and what it printed."""

    def __init__(self, code: CodeType, values: dict[str, Any], at_most: int) -> None:
        self.visits: list[tuple[int, dict[str, str], str]] = []
        self._code = code
        self._values = values
        self._at_most = at_most
        self._line: int | None = None
        self._instructions = 0  # of the line that runs
        self._output = io.StringIO()

    def run(self) -> tuple[int | None, Exception | None]:
        """Run the code; return the line and the exception that stopped it, if they did."""
        before = sys.gettrace()
        with contextlib.redirect_stdout(self._output):
            try:
                sys.settrace(self._called)
                exec(self._code, self._values)
            except _TooManyStepsError:
                return self._line, None
            except Exception as error:
                self._note()
                return self._line, error
            finally:
                sys.settrace(before)
        self._note()
        return None, None

    def _called(self, frame: FrameType, event: str, argument: Any) -> Callable | None:
        # What the program calls is part of the step that calls it.
        if frame.f_code is not self._code:
            return None
        frame.f_trace_opcodes = True
        return self._reached

    def _reached(self, frame: FrameType, event: str, argument: Any) -> Callable:
        if event == "line":
            self._note()
            self._line = frame.f_lineno
            self._instructions = 0
            if len(self.visits) == self._at_most:
                raise _TooManyStepsError
        self._instructions += 1
        if self._instructions > _INSTRUCTIONS:  # `while True: pass` reaches its line once
            self._note()
            raise _TooManyStepsError
        return self._reached

    def _note(self) -> None:
        """Note what the line has done that was reached last."""
        if self._line:
            self.visits.append((self._line, _as_written(self._values), self._output.getvalue()))
            self._output.seek(0)
            self._output.truncate()


def describe(error: Exception) -> str:
    """Return an exception as the last line of a traceback has it."""
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _as_written(values: dict[str, Any]) -> dict[str, str]:
    return {
        name: _repr(value)
        for name, value in values.items()
        if not name.startswith("_") and not isinstance(value, ModuleType | FunctionType | type)
    }


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except ValueError:  # Python writes no int of more than 4,300 digits
        return "(too long to be shown)"


def _decisions(tree: ast.AST) -> Iterator[tuple[int, Callable[[int | None], str]]]:
    """Yield the lines that decide, each with what tells from the following line what it decided."""
    words = {
        ast.For: ("next value", "none left: the loop ends"),
        ast.While: ("true", "false: the loop ends"),
        ast.If: ("true", "false"),
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Break):
            yield node.lineno, lambda following: "leaves the loop"
        elif isinstance(node, ast.Continue):
            yield node.lineno, lambda following: "on to the next turn"
        elif type(node) in words and node.body[0].lineno > node.lineno:
            inside = range(node.body[0].lineno, node.body[-1].end_lineno + 1)
            yes, no = words[type(node)]
            yield (
                node.lineno,
                lambda following, inside=inside, yes=yes, no=no: yes if following in inside else no,
            )


def _unreadable(name: str, lines: list[str], error: SyntaxError) -> str:
    number = min(error.lineno or 1, len(lines)) if lines else 1
    text = lines[number - 1] if lines else ""
    return f"{name} is no Python. Line {number}: {error.msg}\n    {text.strip()}"


def load_ipython_extension(shell: Any) -> None:
    """Give a notebook ``%%program name``."""

    def program(line: str, cell: str) -> Program:
        """Keep the cell as a program under a name, and show it with line numbers."""
        from IPython.core.error import UsageError

        name = line.strip()
        if not name.isidentifier():
            raise UsageError(f"%%program needs one name in its first line, such as week: {line!r}")
        try:
            kept = Program(name, cell)
        except NotPythonError as error:
            shell.push({name: error})  # or a check would judge the program that was there before
            raise
        shell.push({name: kept})
        return kept

    shell.register_magic_function(program, "cell")
