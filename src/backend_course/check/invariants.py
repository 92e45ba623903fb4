"""What must hold after many calls at once, in whatever order they came.

Each function makes an invariant for :meth:`backend_course.check.concurrency.Stage.at_once`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from backend_course.check.concurrency import Difference, Invariant, Outcome, Round, names_of


def never_twice(what: str) -> Invariant:
    """Nothing is given to two callers. A list that comes back is several things, None is nothing.

    Args:
        what: the word for a thing, such as ``compartment``.
    """

    def invariant(played: Round) -> Difference | None:
        takers = defaultdict(list)
        for outcome in played.outcomes:
            for thing in _things(outcome.returned):
                takers[repr(thing)].append(outcome.who)
        for thing, who in sorted(takers.items(), key=lambda item: -len(item[1])):
            if len(who) > 1:
                came = f"{what} {thing} was given to {names_of(who)}"
                return Difference(came, f"each {what} given to one caller at most")
        return None

    return invariant


def same_answer(*names: str) -> Invariant:
    """All who asked for the same are told the same.

    Args:
        names: the arguments in which calls that ask for the same agree; without any, all do.
    """

    def invariant(played: Round) -> Difference | None:
        first = {}
        for outcome in played.outcomes:
            wish = repr([outcome.call.arguments[name] for name in names])
            other = first.setdefault(wish, outcome)
            if outcome.returned != other.returned:
                came = (
                    f"{other.who} was told {other.returned!r}, "
                    f"{outcome.who} was told {outcome.returned!r}"
                )
                return Difference(came, "the same answer each time")
        return None

    return invariant


def answers_stand(
    query: str, told: Callable[[Outcome], Sequence[tuple]], *, shared: bool = False
) -> Invariant:
    """The table holds what the callers were told, and nothing else.

    Args:
        query: gives the rows in question, in any order.
        told: the rows that must be there because of one outcome.
        shared: whether several callers may be told of one row.
    """

    def invariant(played: Round) -> Difference | None:
        left = Counter(map(repr, played.rows(query)))
        seen = set()
        for outcome in played.outcomes:
            for row in map(repr, told(outcome)):
                if shared and row in seen:
                    continue
                seen.add(row)
                if not left[row]:
                    came = (
                        f"{outcome.who} was told {outcome.returned!r}, and {row} is not in the "
                        f"table, which has {_some(left)}"
                    )
                    return Difference(came, "each answer to be true in the table")
                left[row] -= 1
        if surplus := +left:
            came = f"the table has {_some(surplus)}, and nobody was told so"
            return Difference(came, "in the table nothing but what the answers say")
        return None

    return invariant


def table_is(query: str, rows: Sequence[tuple]) -> Invariant:
    """The table holds these rows, in any order.

    Args:
        query: gives the rows in question.
        rows: what it is to give.
    """

    def invariant(played: Round) -> Difference | None:
        came, asked = Counter(played.rows(query)), Counter(rows)
        if surplus := came - asked:
            row = next(iter(surplus))
            times = f"{row} is in the table {_times(came[row])}"
            return Difference(times, f"{_times(asked[row])}, however many calls there are")
        if lack := asked - came:
            return Difference(f"{_some(lack)} is not in the table", "it to be there")
        return None

    return invariant


def no_refusal_while(query: str, what: str) -> Invariant:
    """Nobody got None or False while there was something for them.

    Args:
        query: with the call's arguments by name (``%(size)s``), gives what there is for it.
        what: the word for a thing, such as ``compartment``.
    """

    def invariant(played: Round) -> Difference | None:
        for outcome in played.outcomes:
            refused = outcome.returned is None or outcome.returned is False
            if refused and (free := played.rows(query, outcome.call.arguments)):
                came = (
                    f"{outcome.call} gave {outcome.returned}, while {what} {free[0][0]} "
                    "was free, and still is"
                )
                return Difference(came, "nobody to be refused for whom there is one")
        return None

    return invariant


def nobody_waits() -> Invariant:
    """No call waits for the transaction of somebody else."""

    def invariant(played: Round) -> Difference | None:
        if slow := [outcome.who for outcome in played.outcomes if outcome.waited]:
            came = f"{names_of(slow)} had to wait for a row that somebody else has locked"
            return Difference(came, "an answer without waiting")
        return None

    return invariant


def no_deadlock() -> Invariant:
    """PostgreSQL did not have to break a deadlock, whether the caller was told or not."""

    def invariant(played: Round) -> Difference | None:
        if not played.deadlocks:
            return None
        came = f"PostgreSQL broke {played.deadlocks} deadlocks, says its log"
        return Difference(came, "no deadlock, because all take their locks in the same order")

    return invariant


def _things(returned: object) -> Sequence:
    if returned is None:
        return ()
    return returned if isinstance(returned, list) else [returned]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _some(rows: Counter) -> str:
    shown = sorted(map(str, (+rows).elements()))[:4]
    return ", ".join(shown) + (" …" if rows.total() > 4 else "") if shown else "no such rows"
