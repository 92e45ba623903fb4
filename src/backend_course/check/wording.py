"""How a row, a value and a list of columns are written in a message."""

import datetime
from collections.abc import Sequence
from typing import Any


def show(row: Sequence[Any], columns: Sequence[str]) -> str:
    """Return one row for a message: ``city 'Lisbon', stays 12``."""
    pairs = zip(columns, row, strict=True)
    return ", ".join(f"{column} {literal(value)}" for column, value in pairs)


def literal(value: Any) -> str:
    """Return one value as a learner would write it in SQL, without the word for its type."""
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return repr(value)


def names(columns: Sequence[str]) -> str:
    """Return a list of columns for a message: ``(city, stays)``."""
    return "(" + ", ".join(columns) + ")"
