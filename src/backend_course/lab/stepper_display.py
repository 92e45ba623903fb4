"""How the steps of a program look: as stable text, as an HTML table, or to be unfolded one by one.

A table has a header and rows of texts. Its first four columns are step, line, code and what
happens; one for each name follows.
"""

from html import escape

MARK = "←"
"""Stands behind a value that has changed in a step."""

_LINE = "1px solid rgba(128,128,128,.35)"
_MONO = "font-family:var(--jp-code-font-family,monospace);font-size:13px;line-height:1.4"
_CELL = f"text-align:left;padding:2px 10px;white-space:pre;border-bottom:{_LINE};{_MONO}"
_NOTE = "font-size:13px;opacity:.85;padding:4px 10px"
_CHANGED = "font-weight:700;background:rgba(255,193,7,.25);"


def changed(before: str | None, after: str | None) -> str:
    """Return what a cell shows of a name: its value, marked if it is another than before."""
    if after is None:
        return ""
    return after if after == before else f"{after} {MARK}"


def as_text(header: list[str], rows: list[list[str]], remarks: list[str]) -> str:
    """Return the table as text: numbers to the right, the rest to the left."""
    table = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        numbers = [cell.rjust(width) for cell, width in zip(row[:2], widths, strict=False)]
        rest = [cell.ljust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join(numbers + rest).rstrip())
    return "\n".join([*lines, *remarks])


def as_html(header: list[str], rows: list[list[str]], remarks: list[str]) -> str:
    """Return the table as HTML; what has changed is bold, shaded and marked."""
    head = "".join(f'<th scope="col" style="{_CELL}">{escape(name)}</th>' for name in header)
    body = "".join(
        "<tr>" + "".join(_td(cell, place) for place, cell in enumerate(row)) + "</tr>\n"
        for row in rows
    )
    return (
        f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody></table>{_notes(remarks)}"
    )


def as_folded_html(header: list[str], rows: list[list[str]], remarks: list[str]) -> str:
    """Return a line for each step, which shows what the step did when it is clicked on."""
    parts = []
    for number, line, code, *rest in rows:
        held = "".join(
            f"<div>{escape(name)}: {escape(cell)}</div>"
            for name, cell in zip(header[3:], rest, strict=True)
            if cell
        )
        parts.append(
            f'<details style="{_MONO}"><summary>step {number}, line {line}: '
            f"<b>{escape(code.strip())}</b></summary>"
            f'<div style="padding:2px 0 8px 24px">{held}</div></details>\n'
        )
    return "".join(parts) + _notes(remarks)


def _td(cell: str, place: int) -> str:
    shade = _CHANGED if place >= 4 and cell.endswith(MARK) else ""
    return f'<td style="{shade}{_CELL}">{escape(cell)}</td>'


def _notes(remarks: list[str]) -> str:
    return "".join(f'<div style="{_NOTE}">{escape(remark)}</div>' for remark in remarks)
