"""Compare the rows of two queries and say in what they differ, in a learner's words."""

import datetime
import hashlib
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from backend_course.check.diagnosis import diagnose
from backend_course.check.wording import literal, names, show

SHOWN = 3
"""How many missing or extra rows a message shows."""


def compare_columns(got: Sequence[str], wanted: Sequence[str]) -> str:
    """Say in what two lists of column names differ; an empty text where they don't.

    Names are compared without regard to case, as SQL does.
    """
    folded, asked = [name.lower() for name in got], [name.lower() for name in wanted]
    if folded == asked:
        return ""
    here = f"The columns are {names(got)}; asked for are {names(wanted)}."
    if sorted(folded) == sorted(asked):
        return f"{here} They are the right ones in another order."
    missing = [name for name in wanted if name.lower() not in folded]
    extra = [name for name in got if name.lower() not in asked]
    if missing and len(got) == len(wanted):
        return f"{here} A column gets its name by AS: … AS {missing[0]}."
    parts = [f"Missing: {names(missing)}."] if missing else []
    parts += [f"Too many: {names(extra)}."] if extra else []
    return " ".join([here, *parts])


def same_rows(got: list[tuple], wanted: list[tuple]) -> bool:
    """Tell whether two bags of rows are equal, as :func:`compare_rows` judges it."""
    return _bag(got) == _bag(wanted)


def compare_rows(
    got: list[tuple], wanted: list[tuple], columns: Sequence[str], joined: bool = True
) -> str:
    """Say in what two bags of rows differ; an empty text where they don't.

    Order does not count, how often a row stands there does. Numbers are equal when they agree to
    six decimals, whatever their type.

    Args:
        got: the rows that came back.
        wanted: the rows that were asked for.
        columns: the names of the columns, the same for both.
        joined: whether the query puts tables together, so that a join may be the cause.
    """
    came, asked = _bag(got), _bag(wanted)
    if came == asked:
        return ""
    missing, extra = asked - came, came - asked
    count = f"{len(got)} rows came back, {len(wanted)} were expected."
    lines = [count] if len(got) != len(wanted) else [f"{len(got)} rows came back, as expected."]
    if column := _only_column(came, asked, columns):
        lines += [_column_difference(got, wanted, columns, column)]
    else:
        lines += _sample("missing", missing, columns) + _sample("too many", extra, columns)
    lines += [diagnose(came, asked, columns, joined)]
    return "\n".join(line for line in lines if line)


def fingerprint(rows: list[tuple], columns: Sequence[str], keys: Sequence[str] = ()) -> str:
    """Return a short hash of a bag of rows, and one of its order by ``keys`` if there are any.

    A visible check can hold it without giving the answer away. Numbers are equal as in
    :func:`compare_rows`; names of columns are not part of it.

    Args:
        rows: the rows.
        columns: the names of the columns.
        keys: the names of those that the order is made of.

    Returns:
        Ten hexadecimal digits for the bag; with ``keys``, a dash and four more for the order.
    """
    bag = _digest(sorted(map(repr, _bag(rows).items())))[:10]
    if not keys:
        return bag
    places = [list(columns).index(key) for key in keys]
    return f"{bag}-{_digest([tuple(_plain(row[place]) for place in places) for row in rows])[:4]}"


def _digest(values: list) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()


def nearest(got: list[tuple], wanted: tuple, columns: Sequence[str], joined: bool = True) -> str:
    """Show the row that agrees with a wanted one in most columns; an empty text if none does.

    Args:
        got: the rows that came back; ``wanted`` is not among them.
        wanted: a row that was asked for.
        columns: the names of the columns.
        joined: whether the query puts tables together, so that a join may be the cause.
    """
    (asked,) = _bag([wanted])

    def agreement(row: tuple) -> int:
        return sum(value == right for value, right in zip(row, asked, strict=True))

    best = max(_bag(got), key=agreement, default=None)
    if best is None or not agreement(best):
        return ""
    hint = diagnose(_bag([best]), _bag([wanted]), columns, joined)
    return f"Nearest to it is: {show(best, columns)}. {hint}".rstrip()


def compare_order(
    got: list[tuple], wanted: list[tuple], columns: Sequence[str], keys: Sequence[str]
) -> str:
    """Say where the order first differs; an empty text where it doesn't.

    Only the values of ``keys`` count: rows that tie in all of them may stand in any order.

    Args:
        got: the rows that came back; as a bag they equal ``wanted``.
        wanted: the rows in the order that was asked for.
        columns: the names of the columns.
        keys: the names of those that the order is made of.
    """
    places = [list(columns).index(key) for key in keys]
    for number, (row, right) in enumerate(zip(got, wanted, strict=True), start=1):
        came = tuple(_plain(row[place]) for place in places)
        asked = tuple(_plain(right[place]) for place in places)
        if came != asked:
            return (
                f"The rows are right, their order is not. Row {number} has {show(came, keys)}, "
                f"expected there: {show(asked, keys)}. Look at your ORDER BY: its keys, "
                "ASC or DESC, and where NULL goes."
            )
    return ""


def _plain(value: Any) -> Any:
    """Return a value that compares and hashes alike where SQL's ``=`` does, whatever the type.

    DuckDB's ``generate_series`` gives days as timestamps; midnight equals the date.
    """
    if value is None or type(value) is str:  # which most are
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return round(float(value), 6)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date()
    if isinstance(value, list):
        return tuple(_plain(item) for item in value)
    return value


def _bag(rows: list[tuple]) -> Counter:
    return Counter(tuple(_plain(value) for value in row) for row in rows)


def _only_column(came: Counter, asked: Counter, columns: Sequence[str]) -> str:
    """Return the one column without which both bags are equal, if there is just one."""
    if came.total() != asked.total():
        return ""
    fitting = [
        column
        for place, column in enumerate(columns)
        if _without(came, place) == _without(asked, place)
    ]
    return fitting[0] if len(fitting) == 1 and len(columns) > 1 else ""


def _without(bag: Counter, place: int) -> Counter:
    left: Counter = Counter()
    for row, times in bag.items():
        left[row[:place] + row[place + 1 :]] += times
    return left


def _column_difference(
    got: list[tuple], wanted: list[tuple], columns: Sequence[str], column: str
) -> str:
    place = list(columns).index(column)
    missing = _bag(wanted) - _bag(got)
    extra = _bag(got) - _bag(wanted)
    right = next(iter(missing))
    rest = right[:place] + right[place + 1 :]
    wrong = next(row for row in extra if row[:place] + row[place + 1 :] == rest)
    others = [name for name in columns if name != column]
    hint = ""
    if wrong[place] is None or right[place] is None:
        hint = " COALESCE(value, other) puts a value in the place of NULL; CASE or NULLIF make one."
    return (
        f"Only the column {column} differs, in {extra.total()} rows. Where {show(rest, others)}: "
        f"it is {literal(wrong[place])}, expected {literal(right[place])}.{hint}"
    )


def _sample(word: str, rows: Counter, columns: Sequence[str]) -> list[str]:
    if not rows:
        return []
    shown = [show(row, columns) for row in list(rows)[:SHOWN]]
    more = rows.total() - len(shown)
    return [f"{rows.total()} {word}:", *[f"  {line}" for line in shown]] + (
        [f"  … and {more} more"] if more > 0 else []
    )
