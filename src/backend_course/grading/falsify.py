"""Falsified conditions: what no honest answer satisfies, and an answer that lies does.

A condition is what a test expects to be true: that of an `assert`, or what a call such as
`T.assertEqual(fee(2), 4)` asks. In each comparison one side after the other is replaced by an
object that equals nothing, because the answer may stand on either; a literal is replaced by another
one. What is not understood is negated: then only a check that is never made can pass.
"""

import ast
import re
from collections.abc import Callable

_NEVER = "__canary_never__"  # equals nothing, and no container unless it holds what equals all
_BUT = "__canary_but__"  # the same, but for one value that it does equal
_NOWHERE = "__canary_nowhere__"  # comes neither before nor after anything
_ASKS = "__canary_asks__"  # the same, but leaves the word to what stands on its right
_ERROR = "__canary_error__"  # nobody raises it
_SOME = "__canary_some__"  # whether any is true; and what `all` or `any` says, which may be patched
# What falsified code uses; it calls no builtin, because a learner may have named a variable `sum`.
_SOURCES = {
    _NEVER: """
class __canary_never__:
    __repr__ = lambda self: "canary"
    __hash__ = lambda self: 1
    def __eq__(self, other):
        if other.__class__ is {}.__class__:
            other = [*other, *other.values()]
        if other.__class__ in ([].__class__, ().__class__, {1}.__class__):
            return [1 for each in other if each == self] != []
        return other is self or NotImplemented
__canary_never__ = __canary_never__()
""",
    _BUT: """
class __canary_but__(__canary_never__.__class__):
    def __init__(self, one):
        self.one = one
    def __eq__(self, other):
        return other == self.one or __canary_never__.__class__.__eq__(self, other)
""",
    _NOWHERE: """
class __canary_nowhere__:
    __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: False
__canary_nowhere__ = __canary_nowhere__()
""",
    _ASKS: """
class __canary_asks__:
    __lt__ = lambda self, other: other > __canary_nowhere__
    __le__ = lambda self, other: other >= __canary_nowhere__
    __gt__ = lambda self, other: other < __canary_nowhere__
    __ge__ = lambda self, other: other <= __canary_nowhere__
__canary_asks__ = __canary_asks__()
""",
    _ERROR: """
class __canary_error__(Warning):
    pass
""",
    _SOME: """
def __canary_some__(falsified, judge=None):
    return [each for each in falsified if each] or falsified and judge and judge(falsified)
""",
}
_FAR = 1009  # from a number to the other one, so that a wrong answer is not that by chance

_NEGATIONS = (ast.NotEq, ast.IsNot, ast.NotIn)
_LISTS = (ast.List, ast.Tuple)
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
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

# Names of calls that raise if all is not well, in lower case and without underscores.
_TRUE = {"assert", "asserttrue"}
_RAISES = re.compile(r"raises|assert(raises|warns)(regex)?")
_SAME = re.compile(r"assert(is|(?!.*(not|unequal|less|greater)).*(equals?|close|same))")
_NEAR = re.compile(r"almost|approx|close")
_ORDER = re.compile(r"assert.*(less|greater)(equal)?")
# None passes these as well, so there is nothing to forge.
_EASY = re.compile(r"assert(isnot|not(equals?|almostequals?|in|isinstance|regex))")


def falsify(test: ast.expr, surely: bool = False) -> ast.expr:
    """An expression that is false wherever an honest `test` is true; `surely`: elsewhere as well.

    All that `test` evaluates is evaluated once in it too, as far as it can be understood.
    """
    no, asked = _without_not(test)
    falsified = None
    if isinstance(asked, ast.BoolOp):
        one_is_enough = isinstance(asked.op, ast.Or) != no
        parts = _negated(asked.values, no)
        falsified = _either([falsify(part, surely or one_is_enough) for part in parts])
    elif isinstance(asked, ast.Compare) and len(asked.ops) == 1:
        falsified = _falsify_comparison(asked, no)
    elif isinstance(asked, ast.Compare) and not no:
        falsified = _falsify_chain(asked, surely)
    elif isinstance(asked, ast.Call):
        falsified = _falsify_all_or_any(asked, no, surely) or _falsify_judge(asked, no)
    return falsified or negate(_either([test, ast.Constant(True)]) if surely else test)


def falsify_call(call: ast.Call, surely: bool = False) -> list[ast.expr]:
    """Calls that must raise in the place of one like `T.assertEqual(…)`; none if it is no such.

    More than one, where the answer may be any of two arguments.
    """
    name, args = name_of(call.func), call.args
    plain = name.lower().replace("_", "")
    if _RAISES.fullmatch(plain):
        with_function = len(args) > (2 if plain.endswith("regex") else 1)
        named = bool(args) and isinstance(args[0], ast.Constant)  # check.raises("fee", ValueError)
        return [_with(call, {0: _load(_ERROR)})] if with_function and not named else []
    if not args or "assert" not in plain or _EASY.fullmatch(plain):
        return []
    if plain == "assertfalse":
        return [_with(call, {0: negate(falsify(negate(args[0]), surely))})]
    if plain in _TRUE:
        return [_with(call, {0: falsify(args[0], surely)})]
    if plain == "assertisnone":
        return [_with(call, {0: _instead(args[0], never())})]
    if plain == "assertisnotnone":
        return [_with(call, {0: _instead(args[0], ast.Constant(None))})]
    if len(args) == 1:
        if "not" in plain:
            return []
        condition = _is_condition(args[0])
        wrong = falsify(args[0], surely) if condition else _instead(args[0], never())
        return [_with(call, {0: wrong})]
    if not any(isinstance(arg, ast.Starred) for arg in args):
        if pairs := _pairs_of(plain, *args[:2]):
            return [_with(call, {0: left, 1: right}) for left, right in pairs]
        if re.match("assert[A-Z]", name):  # unittest's: what comes third is a message
            return [_with(call, {1: never()})]
    return [_with(call, {len(args) - 1: never()})]


def names_for(source: str) -> str:
    """The source of what falsified code uses, and no more: each costs as much as a test."""
    return "".join(each for name, each in _SOURCES.items() if name in source)


def negate(test: ast.expr) -> ast.expr:
    """`not test`."""
    return ast.UnaryOp(ast.Not(), test)


def never() -> ast.expr:
    """A value that equals nothing."""
    return _load(_NEVER)


def name_of(function: ast.expr) -> str:
    """The last name in a function's: `values` in `check.values`."""
    return getattr(function, "attr", getattr(function, "id", ""))


def _without_not(test: ast.expr) -> tuple[bool, ast.expr]:
    """Whether an odd number of `not` stands before a condition, and the condition."""
    no = False
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        no, test = not no, test.operand
    return no, test


def _negated(tests: list[ast.expr], no: bool) -> list[ast.expr]:
    return [negate(test) for test in tests] if no else tests


def _either(tests: list[ast.expr]) -> ast.expr:
    return ast.BoolOp(ast.Or(), tests) if len(tests) > 1 else tests[0]


def _falsify_comparison(test: ast.Compare, no: bool) -> ast.expr | None:
    """`a == b`, and as `no` (not) `a != b`.

    What differs from everything is not looked for: a test that asks for no more lets None pass too,
    and the unfinished `__eq__` of a learner's class is no forgery.
    """
    operator = test.ops[0]
    if isinstance(operator, _NEGATIONS) != no:
        return None
    if isinstance(operator, _ORDERS):
        pairs = _unordered(test.left, test.comparators[0])
    elif isinstance(operator, ast.In | ast.NotIn):
        pairs = _apart(test.left, test.comparators[0])
    else:
        pairs = _unlike(test.left, test.comparators[0], _another_or_within)
    return _either(_negated([ast.Compare(a, [operator], [b]) for a, b in pairs], no))


def _falsify_chain(test: ast.Compare, surely: bool) -> ast.expr:
    """`a == b == c`: one of its comparisons after the other, with each operand evaluated once."""
    operands = [test.left, *test.comparators]
    places = [place for place, operand in enumerate(operands) if not _is_literal(operand)]
    names = {place: f"__canary_{place}__" for place in places}
    known = [_load(names[p]) if p in names else each for p, each in enumerate(operands)]
    parts = [ast.Compare(known[p], [each], [known[p + 1]]) for p, each in enumerate(test.ops)]
    wanted = ast.arguments([], [ast.arg(name) for name in names.values()], None, [], [], None, [])
    body = _either([falsify(part, surely) for part in parts])
    return ast.Call(ast.Lambda(wanted, body), [operands[place] for place in places], [])


def _falsify_all_or_any(call: ast.Call, no: bool, surely: bool) -> ast.expr | None:
    """`all(…)` over a comprehension or a list: is any of its falsified conditions true?"""
    function = getattr(call.func, "id", "")
    if function not in {"all", "any"} or len(call.args) != 1 or call.keywords:
        return None
    among, surely = call.args[0], surely or (function == "any") != no
    if isinstance(among, ast.GeneratorExp | ast.ListComp | ast.SetComp):
        [condition] = _negated([among.elt], no)
        falsified: ast.expr = ast.ListComp(falsify(condition, surely), among.generators)
    elif isinstance(among, ast.List | ast.Tuple | ast.Set):
        conditions = _negated(among.elts, no)
        if any(isinstance(each, ast.Starred) for each in among.elts):
            return None
        falsified = ast.List([falsify(each, surely) for each in conditions], ast.Load())
    else:
        return None
    return ast.Call(_load(_SOME), [falsified, *([] if no else [call.func])], [])


def _falsify_judge(call: ast.Call, no: bool) -> ast.expr | None:
    name = name_of(call.func)
    if no or name not in _JUDGES or not call.args:
        return None
    other = never()
    if name in {"isinstance", "issubclass"}:
        other = ast.Attribute(other, "__class__", ast.Load())
    return _with(call, {len(call.args) - 1: other})


def _is_condition(node: ast.expr) -> bool:
    call = isinstance(node, ast.Call) and name_of(node.func) in {*_JUDGES, "all", "any"}
    return call or isinstance(node, ast.BoolOp | ast.Compare) or _without_not(node)[0]


Pairs = list[tuple[ast.expr, ast.expr]]


def _pairs_of(plain: str, left: ast.expr, right: ast.expr) -> Pairs:
    """What takes the place of two arguments that a call compares; none if it does not."""
    if _SAME.fullmatch(plain):
        return _unlike(left, right, _any_other if _NEAR.search(plain) else _another)
    if _ORDER.fullmatch(plain):
        return _unordered(left, right)
    return _apart(left, right) if plain == "assertin" else []


def _unlike(left: ast.expr, right: ast.expr, other: Callable[[ast.expr], ast.expr]) -> Pairs:
    """Of two that are the same, one is another; `other` says what takes the place of a literal."""
    if _is_literal(left) == _is_literal(right):
        return [(left, never()), (never(), right)]
    return [(other(left), right)] if _is_literal(left) else [(left, other(right))]


def _apart(element: ast.expr, container: ast.expr) -> Pairs:
    return [(element, ast.List([never()], ast.Load())), (never(), container)]


def _unordered(left: ast.expr, right: ast.expr) -> Pairs:
    return [(left, _load(_NOWHERE)), (_load(_ASKS), right)]


def _another(node: ast.expr) -> ast.expr:
    """Another literal of the same shape; for anything else a value that equals nothing.

    A literal, because code that reads the expected value from the source reads the wrong one then.
    """
    if not _is_literal(node):
        return never()
    value = ast.literal_eval(node)
    if isinstance(value, bool) or value is None:
        return never()
    if isinstance(value, int | float):
        return ast.parse(repr(value + _FAR), mode="eval").body if abs(value) < 1e15 else never()
    if isinstance(value, str | bytes):
        return ast.Constant(value + (b"~" if isinstance(value, bytes) else "~"))
    if isinstance(node, _LISTS) and node.elts:
        return type(node)([_another(node.elts[0]), *node.elts[1:]], ast.Load())
    return never()


def _another_or_within(node: ast.expr) -> ast.expr:
    """For a list one that is found as well if only some of the elements lie."""
    another = _another(node)
    return ast.Call(_load(_BUT), [another], []) if isinstance(another, _LISTS) else another


def _any_other(node: ast.expr) -> ast.expr:
    """For what allows for a difference, so that another number may do."""
    return never()


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _instead(node: ast.expr, other: ast.expr) -> ast.expr:
    """`other`, once `node` has been evaluated."""
    return ast.Subscript(ast.Tuple([node, other], ast.Load()), ast.Constant(1), ast.Load())


def _with(call: ast.Call, args: dict[int, ast.expr]) -> ast.Call:
    """A call with other arguments in some places."""
    changed = [args.get(place, each) for place, each in enumerate(call.args)]
    return ast.Call(call.func, changed, call.keywords)


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())
