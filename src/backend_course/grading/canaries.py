"""Canaries: does a test that passed still fail when what it asserts is made false?

A submission runs in the same process as its tests, so it can make a test pass without solving it:
drop the asserts with an AST transformer, return an object that equals everything, patch the helper
that compares, read the expected value from ``In[-1]``. Such a trick works on a mutated copy of the
test just as well; an honest answer fails it. So each test that earned points runs again, mutated,
in a snapshot of the state it started from (kernel.py). A canary that survives is a flag for the
instructor; it never changes a mark. It detects, it does not prove: code that knows of the canary
can answer it as well.

What is mutated, and so what a test must use to be watched: `assert` statements, `if …: raise`,
calls whose name has `assert` in it, and a number as the last value (partial credit).
"""

import ast
import dataclasses
import secrets

from IPython.core.inputtransformer2 import TransformerManager

_NEVER = "__canary_never__"
# Calls that say yes or no about their last argument, where another last argument must mean no.
_JUDGES = {
    "isinstance",
    "issubclass",
    "isclose",
    "allclose",
    "array_equal",
    "equals",
    "approx_equal",
}


@dataclasses.dataclass(frozen=True)
class Canary:
    """A mutated test: its source, how many checks it watches, and how it must end."""

    source: str
    checks: int
    nonce: str
    shows_value: bool


def make_canary(source: str) -> Canary | None:
    """Mutate a test cell's source (magics allowed); None if it is not Python."""
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError):
        return None
    # Both kinds of number, because a patched formatter may know only one of them.
    nonce = f"[{secrets.randbelow(10**6) + 0.5}, {secrets.randbelow(10**6) + 10**6}]"
    mutator = _Mutator()
    tree = mutator.visit(tree)
    last = tree.body[-1] if tree.body else None
    # Kept, because it may be what runs the checks; the number behind it is what must be shown.
    shows_value = isinstance(last, ast.Expr) and not source.rstrip().endswith(";")
    tree.body += ast.parse(nonce if shows_value else f"raise AssertionError({nonce!r})").body
    never = f"{_NEVER} = type('Never', (), {{'__repr__': lambda self: 'canary'}})()"
    tree.body[:0] = _after_docstring(tree, ast.parse(never).body)
    return Canary(ast.unparse(ast.fix_missing_locations(tree)), mutator.checks, nonce, shows_value)


def _after_docstring(tree: ast.Module, statements: list[ast.stmt]) -> list[ast.stmt]:
    """Move a leading ``from __future__`` in front; nothing else may precede it."""
    futures = [s for s in tree.body if isinstance(s, ast.ImportFrom) and s.module == "__future__"]
    tree.body = [s for s in tree.body if s not in futures]
    return futures + statements


def judge(canary: Canary, report: dict) -> tuple[str, str] | None:
    """What a canary's report says: None if all is well, else ("tampered" | "unproven", why)."""
    record = report.get("record")
    survived = [number for number, failed in record or [] if not failed]
    if survived:
        return "tampered", f"altered check {survived[0] + 1} of {canary.checks} still passed"
    if report.get("error") in {"Timeout", "Died", "Garbled"} or record is None:
        return "unproven", f"the canary gave no answer ({report.get('error', 'no snapshot')})"
    if canary.shows_value:
        ended = report.get("status") == "ok" and report.get("results") == [canary.nonce]
    else:
        ended = report.get("status") == "error" and report.get("message") == canary.nonce
    if ended:
        if canary.checks and not record:
            return "unproven", "no check of this test was reached"
        return None
    if report.get("status") == "ok":
        return "tampered", "the altered test passed without running"
    if report.get("error") == "SyntaxError":
        return "tampered", "the altered test was rewritten before it ran"
    return "unproven", f"the test could not be repeated ({report.get('error')})"


class _Mutator(ast.NodeTransformer):
    """Replaces each check by one that must fail, and notes whether it did."""

    def __init__(self) -> None:
        self.checks = 0

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        return self._watch(ast.Assert(test=_falsify(node.test), msg=None))

    def visit_If(self, node: ast.If) -> ast.stmt:
        if len(node.body) == 1 and isinstance(node.body[0], ast.Raise) and not node.orelse:
            return self._watch(ast.If(test=_negate(node.test), body=node.body, orelse=[]))
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        call = node.value
        if (
            isinstance(call, ast.Call)
            and "assert" in _name(call.func).lower()
            and len(call.args) > 1
        ):
            mutated = ast.Call(call.func, [*call.args[:-1], _never()], call.keywords)
            return self._watch(ast.Expr(mutated))
        return node

    def _watch(self, check: ast.stmt) -> ast.Try:
        number, self.checks = self.checks, self.checks + 1
        failed, passed = (
            ast.parse(f"__canary__.append(({number}, {outcome}))").body for outcome in (True, False)
        )
        handler = ast.ExceptHandler(type=ast.Name("Exception", ast.Load()), name=None, body=failed)
        return ast.Try(body=[check], handlers=[handler], orelse=passed, finalbody=[])


def _falsify(test: ast.expr) -> ast.expr:
    """An expression that is false wherever an honest `test` is true."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return ast.BoolOp(ast.And(), [_falsify(value) for value in test.values])
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _falsify_comparison(test)
    if isinstance(test, ast.Call) and _name(test.func) in _JUDGES and test.args:
        never = _never()
        if _name(test.func) in {"isinstance", "issubclass"}:
            never = ast.Call(ast.Name("type", ast.Load()), [never], [])
        return ast.Call(test.func, [*test.args[:-1], never], test.keywords)
    return _negate(test)


def _falsify_comparison(test: ast.Compare) -> ast.expr:
    left, operator, right = test.left, test.ops[0], test.comparators[0]
    if isinstance(operator, ast.Eq | ast.Is):
        if _is_literal(left) and not _is_literal(right):
            left = _another(left)
        else:
            right = _another(right)
    elif isinstance(operator, ast.In):
        left = _never()
    elif isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
        sign = "-" if isinstance(operator, ast.Lt | ast.LtE) else ""
        right = ast.parse(f"float('{sign}inf')", mode="eval").body
    else:
        return _negate(test)
    return ast.Compare(left, [operator], [right])


def _another(node: ast.expr) -> ast.expr:
    """Another literal of the same shape; for anything else a value that equals nothing.

    A literal, because code that reads the expected value from the source reads the wrong one then.
    """
    if not _is_literal(node):
        return _never()
    value = ast.literal_eval(node)
    if isinstance(value, bool) or value is None:
        return _never()
    if isinstance(value, int | float):
        return ast.parse(repr(value + 1), mode="eval").body if abs(value) < 1e15 else _never()
    if isinstance(value, str | bytes):
        return ast.Constant(value + (b"~" if isinstance(value, bytes) else "~"))
    if isinstance(node, ast.List | ast.Tuple) and node.elts:
        return type(node)([_another(node.elts[0]), *node.elts[1:]], ast.Load())
    return _never()


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _negate(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _never() -> ast.expr:
    return ast.Name(_NEVER, ast.Load())


def _name(function: ast.expr) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))
