"""Canaries: does a test that passed still fail when what it checks is made false?

A submission runs in the same process as its tests, so it can make a test pass without solving it:
drop the asserts with an AST transformer, return an object that equals everything, patch the helper
that compares, read the expected value from ``In[-1]``. Such a trick works on a falsified copy of
the test just as well; an honest answer fails it. So each test that earned points runs once more,
falsified, when the notebook is done (execute.py). A canary that survives is a flag for the
instructor; it never changes a mark. It detects, it does not prove: code that knows of the canary
can answer it as well.

What is falsified, and so what a test must use to be watched:

* `assert` statements, `if …: raise`, calls whose name has `assert` in it: what they ask is made
  false (falsify.py). Each must fail, in each pass of a loop.
* In a test without these, calls whose first argument is a name in quotes, as in
  ``check.values("fee", …)``: the arguments that the course calls expectations are replaced, or, if
  it names none, what the learner wrote by that name is replaced by a wrong answer while the test
  runs. Then the test must raise.
* A number as the last value (partial credit): another one must be shown in its place.
"""

import ast
import contextlib
import dataclasses
import functools
import itertools
import secrets
from collections.abc import Iterator, Mapping

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from .falsify import falsify, falsify_call, name_of, names_for, negate, never

_CHECK, _END = range(2)  # what an entry of the record tells of
_WIDTH = 4  # numbers in an entry: test, _CHECK or _END, number of the check, whether it failed
# Runs in front of the falsified tests. The error at their end draws no traceback, because drawing
# one costs more than most tests. A wrong answer is a function that returns nonsense in the place of
# a function, and a valid query that gives something else in the place of anything else.
_PRELUDE = """
import contextlib as __canary_tools__
__canary__ = {}
class __canary_end__(AssertionError):
    def _render_traceback_(self):
        return []
def __canary_wrong__(value):
    if not callable(value):
        return "SELECT 'canary' AS canary"
    def wrong(*args, **kwargs):
        return __canary_never__
    async def wrong_later(*args, **kwargs):
        return __canary_never__
    return wrong_later if getattr(value, "__code__", wrong.__code__).co_flags & 128 else wrong
@__canary_tools__.contextmanager
def __canary_instead_of__(name):
    names = globals()
    kept = names.get(name, __canary_never__)
    names[name] = __canary_wrong__(kept)
    try:
        yield
    finally:
        if kept is __canary_never__:
            del names[name]
        else:
            names[name] = kept
"""

Expectations = tuple[tuple[str, tuple[str, ...]], ...]


@dataclasses.dataclass(frozen=True)
class Canary:
    """A falsified test: what it runs, how many checks it watches, and how it must end."""

    body: tuple[ast.stmt, ...]
    checks: int
    must_raise: bool  # or else must reach its end
    shows_value: bool
    test_shows_value: bool  # what a check returns is shown, and not when it is falsified
    replaces: frozenset[str]  # the names of answers that are replaced while it runs
    test: tuple[ast.stmt, ...]  # what it cuts short: the test itself, if it must raise


@dataclasses.dataclass(frozen=True)
class CanaryCell:
    """The source of a cell that runs canaries, and the secret that it shows at its end."""

    source: str
    nonce: tuple[float, int]
    shows_value: bool


@functools.lru_cache(maxsize=1000)
def make_canary(source: str, expectations: Expectations = ()) -> Canary | None:
    """Falsify a test cell's source (magics allowed); None if it is not Python.

    `expectations` name, for calls in a test, the arguments that hold what is expected, by position
    from 0 or by keyword: ``(("Case", ("2", "expected")),)``.
    """
    try:
        plain = TransformerManager().transform_cell(source)
        tree = ast.parse(plain)
    except (SyntaxError, ValueError):
        return None
    last = tree.body[-1] if tree.body else None
    falsifier = _Falsifier(_forgives(tree))
    falsifier.visit(tree)
    must_raise, replaces = False, frozenset[str]()
    if not falsifier.checks:
        must_raise, replaces = _falsify_calls(tree, dict(expectations))
    shows = isinstance(last, ast.Expr) and not source.rstrip().endswith(";")
    shown = shows and last in tree.body and not must_raise
    test = tuple(ast.parse(plain).body) if must_raise else ()
    return Canary(tuple(tree.body), falsifier.checks, must_raise, shown, shows, replaces, test)


def canary_cells(canaries: Mapping[int, Canary]) -> Iterator[tuple[CanaryCell, list[int]]]:
    """The fewest cells that run all canaries, each with the keys of those in it."""
    together = {key: canary for key, canary in canaries.items() if not canary.shows_value}
    if together:
        yield canary_cell(together), list(together)
    for key in canaries.keys() - together.keys():
        yield canary_cell({key: canaries[key]}), [key]


def canary_cell(canaries: Mapping[int, Canary], goes_on: bool = False) -> CanaryCell:
    """A cell that runs canaries one after the other, whatever each of them raises.

    If it `goes_on`, then a test that is cut short runs after its canary, for what later ones need.
    """
    # Both kinds of number, because a patched formatter may know only one of them.
    nonce = (secrets.randbelow(10**6) + 0.5, secrets.randbelow(10**6) + 10**6)
    shows_value = all(canary.shows_value for canary in canaries.values())
    whole = itertools.chain.from_iterable(canary.body for canary in canaries.values())
    futures, lines = _unparse([each for each in whole if _is_future(each)]), [_PRELUDE]
    for key, canary in canaries.items():
        lines += [f"__canary_test__ = {key}", _guarded(canary)]
        if goes_on and canary.test:
            test = [each for each in canary.test if not _is_future(each)]
            lines.append(_unparse([_try(test, [ast.Pass()])]))
    told = f"[*{nonce!r}, *[number for entry in __canary__ for number in entry]]"
    lines.append(told if shows_value else f"raise __canary_end__(f'{{{told}}}')")
    source = "\n".join(lines)
    source = f"{futures}\n{names_for(source)}{source}"
    return CanaryCell(source, nonce, shows_value)


@functools.lru_cache(maxsize=1000)  # the same for each submission
def _guarded(canary: Canary) -> str:
    """The source of a canary that notes its end, whatever it raises."""
    body = [each for each in canary.body if not _is_future(each)]
    return _unparse([_try([*body, *_note(_END, 0, False)], _note(_END, 0, True))])


def _unparse(statements: list[ast.stmt]) -> str:
    return ast.unparse(ast.fix_missing_locations(ast.Module(statements, [])))


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def judge(
    canary: Canary, key: int, cell: CanaryCell, outputs: list[NotebookNode]
) -> tuple[str, str] | None:
    """What the outputs of a canary's cell say: None if all is well.

    Else ("tampered" or "unproven", why).
    """
    record = _read(cell, outputs)
    if record is None:
        errors = sorted({output.ename for output in outputs if output.output_type == "error"})
        if not errors:
            return "tampered", "the falsified test passed without running"
        if "SyntaxError" in errors:
            return "tampered", "the falsified test was rewritten before it ran"
        return "unproven", f"the test could not be repeated ({', '.join(errors)})"
    ends = [failed for test, kind, _, failed in record if (test, kind) == (key, _END)]
    if canary.must_raise and ends == [0]:
        return "tampered", "passed with another expectation, or a wrong answer in its place"
    checks = [(n, failed) for test, kind, n, failed in record if (test, kind) == (key, _CHECK)]
    survived = [number for number, failed in checks if not failed]  # in any pass of a loop
    if survived:
        return "tampered", f"falsified check {survived[0] + 1} of {canary.checks} still passed"
    if ends != [int(canary.must_raise)]:
        return "unproven", "the test could not be repeated to its end"
    if canary.checks and not checks:
        return "unproven", "no check of this test was reached"
    return None


def _read(cell: CanaryCell, outputs: list[NotebookNode]) -> list[tuple[int, ...]] | None:
    """The record that a cell shows at its end, as an error or as a value; None if it does not."""
    if cell.shows_value:
        shown = [o.data.get("text/plain", "") for o in outputs if o.output_type == "execute_result"]
    else:
        shown = [o.evalue for o in outputs if o.output_type == "error"]
    with contextlib.suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        first, second, *numbers = ast.literal_eval("".join(shown)[:100_000])
        if (first, second) == cell.nonce and len(numbers) % _WIDTH == 0:
            return list(zip(*[iter(numbers)] * _WIDTH, strict=True))
    return None


class _Falsifier(ast.NodeTransformer):
    """Replaces each check by one that must fail, and has it note whether it did.

    In a test that goes on after a failed check, a check may have failed honestly, in this pass of a
    loop or for this part of the points. `forgives` says so: then none may pass by being negated.
    """

    def __init__(self, forgives: bool) -> None:
        self.checks = 0
        self._forgives = forgives

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        return self._watch(ast.Assert(test=falsify(node.test, self._forgives), msg=None))

    def visit_If(self, node: ast.If) -> ast.stmt | list[ast.stmt]:
        if len(node.body) == 1 and isinstance(node.body[0], ast.Raise) and not node.orelse:
            # Another exception may be part of what a stand-in does, and not a failure of the test.
            surely = self._forgives or not _raises_assertion(node.body[0])
            raises = negate(falsify(negate(node.test), surely))
            return self._watch(ast.If(test=raises, body=node.body, orelse=[]))
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | list[ast.stmt]:
        calls = falsify_call(node.value, self._forgives) if isinstance(node.value, ast.Call) else []
        return self._watch(*map(ast.Expr, calls)) if calls else node

    def _watch(self, *ways: ast.stmt) -> list[ast.stmt]:
        """One check, which may be falsified in several ways."""
        number, self.checks = self.checks, self.checks + 1
        failed, passed = _note(_CHECK, number, True), _note(_CHECK, number, False)
        return [_try([way], failed, passed) for way in ways]


def _forgives(tree: ast.Module) -> bool:
    nodes = list(ast.walk(tree))
    handles = any(isinstance(node, ast.ExceptHandler) for node in nodes)
    return handles or any(isinstance(n, ast.Call) and name_of(n.func) == "suppress" for n in nodes)


def _raises_assertion(statement: ast.Raise) -> bool:
    raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    return raised is not None and name_of(raised) == "AssertionError"


def _falsify_calls(
    tree: ast.Module, expectations: dict[str, tuple[str, ...]]
) -> tuple[bool, frozenset[str]]:
    """Make a test fail that leaves judging to calls.

    Returns whether there was something to take hold of, and the names of answers that are replaced.
    """
    replaced = [
        _replace_expected(call, expectations[name_of(call.func)])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and name_of(call.func) in expectations
    ]
    if any(replaced):
        return True, frozenset()
    names = _answer_names(tree)
    if names:
        instead = [ast.Call(_load("__canary_instead_of__"), [name], []) for name in names.values()]
        futures = [each for each in tree.body if _is_future(each)]
        rest = [each for each in tree.body if each not in futures]
        tree.body = [*futures, ast.With([ast.withitem(each) for each in instead], rest)]
    return bool(names), frozenset(names)


def _answer_names(tree: ast.Module) -> dict[str, ast.expr]:
    """The names in quotes that stand first in calls, which are taken for a learner's answers."""
    statements = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    calls = [call for call in statements if isinstance(call, ast.Call) and call.args]
    return {call.args[0].value: call.args[0] for call in calls if _is_name(call.args[0])}


def _replace_expected(call: ast.Call, expected: tuple[str, ...]) -> bool:
    places = [place for place in range(len(call.args)) if str(place) in expected]
    keywords = [keyword for keyword in call.keywords if keyword.arg in expected]
    for place in places:
        call.args[place] = never()
    for keyword in keywords:
        keyword.value = never()
    return bool(places or keywords)


def _note(kind: int, number: int, failed: bool) -> list[ast.stmt]:
    # Not a list, because a loop may come by a million times.
    return ast.parse(f"__canary__[__canary_test__, {kind}, {number}, {int(failed)}] = 1").body


def _try(
    body: list[ast.stmt], failed: list[ast.stmt], passed: list[ast.stmt] | None = None
) -> ast.Try:
    handler = ast.ExceptHandler(type=_load("Exception"), name=None, body=failed)
    return ast.Try(body=body, handlers=[handler], orelse=passed or [], finalbody=[])


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _is_name(node: ast.expr) -> bool:
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and text.isidentifier()
