"""Tell from the difference of two bags of rows which usual mistake has made it.

A bag is a ``Counter`` of rows, whose numbers are floats: how often each row stands there.
"""

from collections import Counter
from collections.abc import Sequence

from backend_course.check.wording import literal, show

UNITS = {100, 1000, 0.01, 0.001}
"""Factors between units: cents and euros, percent and parts of one, grams and kilograms."""


def diagnose(came: Counter, asked: Counter, columns: Sequence[str], joined: bool = True) -> str:
    """Name the mistake whose traces the rows show; an empty text where there are none.

    Args:
        came: the bag of rows that came back.
        asked: the bag of rows that were asked for, another than ``came``.
        columns: the names of the columns, the same for both.
        joined: whether the query puts tables together, so that a join may be the cause.
    """
    general = (_no_row, _repeated, _taken_away, _null, _other_unit)
    of_joins = (_dropped, _filler_counted, _multiplied, _too_high)
    for sign in general + of_joins if joined else general:
        if words := sign(came, asked, columns):
            return words
    return ""


def _no_row(came: Counter, asked: Counter, columns: Sequence[str]) -> str:
    if came:
        return ""
    return (
        "No row meets your conditions. Does one compare with NULL? That is never true: "
        "not `= NULL`, and not NOT IN with a list that holds a NULL."
    )


def _repeated(came: Counter, asked: Counter, columns: Sequence[str]) -> str:
    extra = came - asked
    if asked - came or not all(row in asked for row in extra):
        return ""
    row = next(iter(extra))
    return (
        f"These rows are expected, but less often: {show(row, columns)} came back {came[row]} "
        f"times, expected {asked[row]}. A join multiplies a row that matches several, and "
        "UNION ALL keeps a row that both its sides have."
    )


def _taken_away(came: Counter, asked: Counter, columns: Sequence[str]) -> str:
    missing = asked - came
    if came - asked or not all(row in came for row in missing):
        return ""
    row = next(iter(missing))
    return (
        f"{show(row, columns)} came back {came[row]} times, expected {asked[row]}. "
        "Does a DISTINCT, a GROUP BY or a UNION take away rows that are to stay?"
    )


def _null(came: Counter, asked: Counter, columns: Sequence[str]) -> str:
    for word, rows, others in (
        ("missing", asked - came, came - asked),
        ("too many", came - asked, asked - came),
    ):
        for place, column in enumerate(columns):
            if rows and not others and all(row[place] is None for row in rows):
                return (
                    f"Every row that is {word} has NULL in {column}. NULL is not equal to "
                    "anything, not even to NULL: test for it with IS NULL or IS NOT NULL."
                )
    return ""


def _dropped(came: Counter, asked: Counter, columns: Sequence[str]) -> str:
    missing = asked - came
    if came - asked:
        return ""
    for place, column in enumerate(columns):
        if all(isinstance(row[place], float) and row[place] == 0 for row in missing):
            return (
                f"Every row that is missing has 0 in {column}: a row without a partner is gone. "
                "LEFT JOIN keeps it, if no later join and no WHERE drops it again."
            )
    return ""


def _filler_counted(came: Counter, asked: Counter, columns: Sequence[str]) -> str:
    differences = _differences(came, asked)
    if not differences or any((got, right) != (1, 0) for _, got, right in differences):
        return ""
    column = columns[differences[0][0]]
    return (
        f"{column} is 1 where it should be 0. For a row without a partner LEFT JOIN makes one row "
        "full of NULL, and COUNT(*) counts it: count a column of the joined table."
    )


def _other_unit(came: Counter, asked: Counter, columns: Sequence[str]) -> str:
    differences = _differences(came, asked)
    factors = {_factor(got, right) for _, got, right in differences}
    places = {place for place, _, _ in differences}
    if not factors or not factors <= UNITS or len(factors) > 1 or len(places) > 1:
        return ""
    return (
        f"{columns[places.pop()]} is {factors.pop():g} times what was expected, wherever it "
        "differs. Is it in the unit that was asked for?"
    )


def _factor(got: object, right: object) -> float | None:
    numbers = isinstance(got, float) and isinstance(right, float) and right != 0
    return round(got / right, 6) if numbers else None


def _multiplied(came: Counter, asked: Counter, columns: Sequence[str]) -> str:
    differences = [each for each in _differences(came, asked) if each[1] is not None]
    if not differences or not all(_is_multiple(got, right) for _, got, right in differences):
        return ""
    place, got, right = differences[0]
    return (
        f"{columns[place]} is {literal(got)} instead of {literal(right)}, {got / right:.0f} times "
        "as much: a fan-out. In a join one row met several, and was counted with each. Join by "
        "the whole key, or aggregate before you join."
    )


def _too_high(came: Counter, asked: Counter, columns: Sequence[str]) -> str:
    differences = [each for each in _differences(came, asked) if each[1] is not None]
    if not differences or not all(_is_more(got, right) for _, got, right in differences):
        return ""
    return (
        f"Wherever {columns[differences[0][0]]} differs it is too high: rows do not belong there, "
        "or are counted more than once (after a join: a fan-out)."
    )


def _is_more(got: object, right: object) -> bool:
    return isinstance(got, float) and isinstance(right, float) and got > right


def _is_multiple(got: object, right: object) -> bool:
    numbers = isinstance(got, float) and isinstance(right, float)
    return numbers and right != 0 and got / right > 1 and (got / right).is_integer()


def _differences(came: Counter, asked: Counter) -> list[tuple]:
    """Return (place, value that came, expected value) of each value that differs.

    Rows are paired by the columns in which both bags agree; without a sure pair for each row, the
    list is empty.
    """
    width = len(next(iter(asked), ()))
    keys = [place for place in range(width) if _values(came, place) == _values(asked, place)]
    partners = {tuple(row[place] for place in keys): row for row in came}
    expected = {tuple(row[place] for place in keys): row for row in asked}
    sure = came.total() == len(partners) and asked.total() == len(expected)
    if not sure or partners.keys() != expected.keys():
        return []
    return [
        (place, partners[key][place], row[place])
        for key, row in expected.items()
        for place in range(width)
        if partners[key][place] != row[place]
    ]


def _values(bag: Counter, place: int) -> Counter:
    return Counter(row[place] for row in bag.elements())
