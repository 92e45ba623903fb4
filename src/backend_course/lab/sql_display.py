"""How a query's rows look: psql's layout as text, a plain table as HTML, both small and stable.

Numbers stand to the right, NULL is written as ``NULL`` (so that it cannot be taken for an empty
text), and beyond :data:`LIMIT` rows only a count is shown; a variable still holds them all.
"""

import datetime
from decimal import Decimal
from html import escape
from typing import Any

from IPython.core.formatters import DisplayFormatter
from sql.run import ResultSet

LIMIT = 20
"""Rows that are shown of one result."""


def cell_text(value: Any) -> str:
    """Return how one value is written."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return str(value)


def is_number(value: Any) -> bool:
    """Tell whether a value is aligned to the right."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def footer(count: int) -> str:
    """Return the line below the table, with how many rows there are and how many are shown."""
    rows = "1 row" if count == 1 else f"{count} rows"
    return f"({rows})" if count <= LIMIT else f"({rows}, the first {LIMIT} are shown)"


def as_text(columns: list[str], rows: list[tuple]) -> str:
    """Return rows in psql's layout.

    Args:
        columns: column names.
        rows: tuples, one value for each column.
    """
    shown = [[cell_text(value) for value in row] for row in rows[:LIMIT]]
    if any("\n" in text for row in shown for text in row):
        return "\n".join(text for row in shown for text in row if "\n" in text)
    widths = [max(map(len, column)) for column in zip(columns, *shown, strict=True)]
    lines = [
        " | ".join(name.center(width) for name, width in zip(columns, widths, strict=True)),
        "-+-".join("-" * width for width in widths),
    ]
    for row, texts in zip(rows, shown, strict=False):
        lines.append(
            " | ".join(
                text.rjust(width) if is_number(value) else text.ljust(width)
                for value, text, width in zip(row, texts, widths, strict=True)
            )
        )
    return "\n".join([line.rstrip() for line in lines] + [footer(len(rows))])


def as_html(columns: list[str], rows: list[tuple]) -> str:
    """Return rows as an HTML table, every value escaped.

    Args:
        columns: column names.
        rows: tuples, one value for each column.
    """
    head = "".join(
        f'<th style="text-align: {_side(next((v for v in values if v is not None), ""))}">'
        f"{escape(name)}</th>"
        for name, *values in zip(columns, *rows[:LIMIT], strict=True)
    )
    body = "".join(
        "<tr>" + "".join(_html_cell(value) for value in row) + "</tr>\n" for row in rows[:LIMIT]
    )
    return (
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"
        f"<small>{footer(len(rows))}</small>"
    )


def _side(value: Any) -> str:
    return "right" if is_number(value) else "left"


def _html_cell(value: Any) -> str:
    text = escape(cell_text(value))
    if value is None:
        text = f"<em>{text}</em>"
    elif "\n" in text:
        text = f"<pre>{text}</pre>"
    return f'<td style="text-align: {_side(value)}">{text}</td>'


def register(formatter: DisplayFormatter) -> None:
    """Teach IPython to show ipython-sql's results in this layout (idempotent)."""
    formatter.formatters["text/plain"].for_type(
        ResultSet, lambda result, printer, cycle: printer.text(_of(result, as_text))
    )
    formatter.formatters["text/html"].for_type(ResultSet, lambda result: _of(result, as_html))


def _of(result: ResultSet, layout: Any) -> str:
    if result.pretty is None:
        return "Done."
    return layout(list(result.keys), list(result))
