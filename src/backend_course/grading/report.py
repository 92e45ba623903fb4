"""What people see of a run: progress while it goes, a table, an HTML page and a CSV at its end."""

import csv
import io
import statistics
import sys
from collections import Counter
from collections.abc import Container
from html import escape
from pathlib import Path
from typing import Any

from .files import write_whole
from .lines import one_line
from .results import Result
from .run import Summary

# Flags that ask for a look before the marks go out: somebody tried something, or work was not run
# as it should be. The others are for information, and a terminal is told how many there are.
_SERIOUS = {"tampered", "refused", "ended", "flood", "unwalled"}
_SERIOUS |= {"not handed in", "other notebook", "unknown"}  # by a wrong name, or another's cells
_MOST_LINES = 20  # of one kind: a class whose notebooks all run without walls fills no screens
_BUCKETS = 5
_SHEET = ["student", "score", "max_score", "hours_late", "late_penalty", "needs_manual_grade"]
_SHEET += ["flags"]
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;"
    "border-bottom:1px solid #ccc}td.n{text-align:right}svg{vertical-align:middle}"
    "@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}}"
)


_BARS = "The bars: how many submissions got none of the points (left) … all of them (right)."
_FAILURES = ["Student", "Reason"]
_QUESTIONS = ["Notebook", "Cell", "Mean", "Submissions"]
_FLAGS = ["Student", "Kind", "Cell", "What"]
_STUDENTS = ["Student", "Score", "Late", "By hand", "Flags"]
_SLOW = ["Student", "Cell", "Time"]


class Progress:
    """A line on a terminal: how many, how fast, how long still. Silent where there is none."""

    def __call__(self, done: int, total: int, seconds: float) -> None:
        """Redraw the line."""
        if not sys.stderr.isatty():
            return
        rate = done / seconds if seconds else 0
        left = (total - done) / rate if rate else 0
        bar = "#" * (30 * done // total)
        end = "\n" if done == total else ""
        print(
            f"\r[{bar:<30}] {done}/{total}  {60 * rate:.0f}/min  {left:.0f} s left ",
            end=end,
            file=sys.stderr,
            flush=True,
        )


def questions(summary: Summary, students: Container[str]) -> list[dict[str, Any]]:
    """For each graded cell: how the scores of `students` are spread, the lowest mean share first.

    Who still waits for a mark by hand is left out.
    """
    found = []
    for (notebook, cell), scores in summary.cells.items():
        best = summary.points.get((notebook, cell), 0)
        values = [score for student, score in scores.items() if student in students]
        if not best or not values:
            continue
        shares = [value / best for value in values]
        buckets = Counter(max(0, min(int(share * _BUCKETS), _BUCKETS - 1)) for share in shares)
        found.append(
            {
                "notebook": notebook,
                "cell": cell,
                "mean": statistics.fmean(values),
                "best": best,
                "share": statistics.fmean(shares),
                "buckets": [buckets[number] for number in range(_BUCKETS)],
            }
        )
    return sorted(found, key=lambda each: (each["share"], each["notebook"], each["cell"]))


def table(summary: Summary) -> str:
    """The run in a few lines for a terminal: of those for whom it was asked."""
    per_minute = f" ({60 * summary.graded / summary.seconds:.0f} a minute)" * bool(summary.graded)
    lines = [
        f"{summary.assignment}: {summary.graded} graded, {summary.skipped} unchanged, "
        f"{summary.failed} failed, in {summary.seconds:.1f} s{per_minute}"
    ]
    if marked := [mark for student in summary.entries if (mark := _mark(summary, student))]:
        totals = [mark.score for mark in marked]
        lines.append(
            f"Scores: median {statistics.median(totals):g}, from {min(totals):g} to "
            f"{max(totals):g}, of {max(mark.max_score for mark in marked):g}"
        )
        if late := sum(mark.late_penalty > 0 for mark in marked):
            lines.append(f"Late penalties, taken off the scores: {late}")
        if by_hand := sum(mark.needs_manual_grade for mark in marked):
            lines.append(f"To be looked at by hand (formgrader), not final before: {by_hand}")
    hardest = questions(summary, summary.entries)[:5]
    if hardest:
        lines.append("Hardest questions (mean; how many got none … all of the points):")
        for q in hardest:
            spread = " ".join(f"{count:>3}" for count in q["buckets"])
            lines.append(f"  {q['cell'][:40]:<40} {q['mean']:5.2f} of {q['best']:g}   {spread}")
    counts: Counter[str] = Counter()
    for student, entry in sorted(summary.entries.items()):
        if "failed" in entry:
            lines.append(f"FAILED {student}: {entry['failed']}")
        for flag in entry.get("flags", []):
            counts[flag["kind"]] += 1
            if flag["kind"] in _SERIOUS and counts[flag["kind"]] <= _MOST_LINES:
                where = "".join(f" {place}" for place in (student, _where(flag)) if place)
                lines.append(f"{flag['kind']}{where}: {flag['text']}")
    more = {kind: count - _MOST_LINES * (kind in _SERIOUS) for kind, count in counts.items()}
    left = ", ".join(f"{count} {kind}" for kind, count in sorted(more.items()) if count > 0)
    if left:
        lines.append(f"More flags, in the report: {left}")
    return "\n".join(map(one_line, lines))


def write(summary: Summary, folder: Path) -> list[Path]:
    """Write `ASSIGNMENT.html` and `ASSIGNMENT.csv` (columns: see `_SHEET`).

    They are of everybody, also after a run for one student, and the scores are the gradebook's.
    Raises OSError; an earlier report then stays as it was.
    """
    page = folder / f"{summary.assignment}.html"
    write_whole(page, _encodable(_page(summary)))
    sheet = folder / f"{summary.assignment}.csv"
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_SHEET)
    for student, entry in sorted(summary.everybody.items()):
        mark = _mark(summary, student)
        cells: list[object] = ["", "", "", "", ""]
        if mark:
            late = round(mark.seconds_late / 3600, 2)
            cells = [mark.score, mark.max_score, late, mark.late_penalty, ""]
            cells[-1] = "yes" if mark.needs_manual_grade else "no"
        flags = " ".join(_kinds(entry))
        rows.writerow([_harmless(str(cell)) for cell in (student, *cells, flags)])
    write_whole(sheet, _encodable(text.getvalue()))
    return [page, sheet]


def _mark(summary: Summary, student: str) -> Result | None:
    """A student's mark; None if the submission that is there now could not be graded."""
    failed = "failed" in summary.everybody.get(student, {})
    return None if failed else summary.results.get(student)


def _kinds(entry: dict[str, Any]) -> list[str]:
    failed = ["failed"] if "failed" in entry else []
    return failed + sorted({flag["kind"] for flag in entry.get("flags", [])})


def _encodable(text: str) -> str:
    """A file's name or an output can hold half a character, which no file can."""
    return text.encode("utf-8", "backslashreplace").decode()


def _harmless(cell: str) -> str:
    """A spreadsheet runs what begins like a formula; a student may have chosen the name."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t"} else cell


def _where(flag: dict[str, Any]) -> str:
    return "/".join(str(part) for part in (flag.get("notebook"), flag["cell"]) if part)


def _page(summary: Summary) -> str:
    rows = [
        f"<tr><td>{escape(q['notebook'])}</td><td>{escape(q['cell'])}</td>"
        f"<td class=n>{q['mean']:.2f} of {q['best']:g}</td><td>{_plot(q['buckets'])}</td></tr>"
        for q in questions(summary, summary.everybody)
    ]
    students, flags, failures, slow = [], [], [], []
    for student, entry in sorted(summary.everybody.items()):
        name = escape(student)
        students.append(_student(name, _mark(summary, student), _kinds(entry)))
        if "failed" in entry:
            failures.append(f"<tr><td>{name}</td><td>{escape(entry['failed'])}</td></tr>")
        for flag in entry.get("flags", []):
            cells = (flag["kind"], _where(flag), flag["text"] or "")
            shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            flags.append((flag["kind"] not in _SERIOUS, f"<tr><td>{name}</td>{shown}</tr>"))
        slow += [(seconds, name, escape(cell)) for cell, seconds in entry.get("slow", {}).items()]
    slowest = [
        f"<tr><td>{name}</td><td>{cell}</td><td class=n>{seconds:.1f} s</td></tr>"
        for seconds, name, cell in sorted(slow, reverse=True)[:20]
    ]
    title = escape(summary.assignment)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>",
        f"<style>{_STYLE}</style><h1>{title}</h1>",
        f"<p>Submissions: {len(summary.everybody)}. The last run was of "
        f"{escape(table(summary).splitlines()[0])}</p>",
        _table("Failures", "They have no mark: mend that and grade again.", _FAILURES, failures),
        _table("Questions, hardest first", _BARS, _QUESTIONS, rows),
        _table(
            "Flags",
            "A flag never changes a mark: look at the submission.",
            _FLAGS,
            [row for _, row in sorted(flags)],
        ),
        _table("Students", "", _STUDENTS, students),
        _table("Slow cells", "", _SLOW, slowest),
        "</html>",
    ]
    return "".join(parts)


def _table(title: str, text: str, heads: list[str], rows: list[str]) -> str:
    """A section of the page; none where there is nothing to say."""
    if not rows:
        return ""
    above = f"<p>{text}</p>" if text else ""
    head = "".join(f"<th>{each}" for each in heads)
    return f"<h2>{title}</h2>{above}<table><tr>{head}</tr>{''.join(rows)}</table>"


def _student(name: str, mark: Result | None, kinds: list[str]) -> str:
    cells = "<td class=n><td class=n><td>"
    if mark:
        penalty = f"{-mark.late_penalty:g}" if mark.late_penalty else ""
        by_hand = "to be looked at" if mark.needs_manual_grade else ""
        cells = (
            f"<td class=n>{mark.score:g} of {mark.max_score:g}<td class=n>{penalty}<td>{by_hand}"
        )
    return f"<tr><td>{name}</td>{cells}<td>{escape(', '.join(kinds))}</tr>"


def _plot(buckets: list[int]) -> str:
    """A small bar chart as SVG, with the numbers as its text for those who do not see it."""
    highest = max(buckets) or 1
    bars = "".join(
        f'<rect x="{34 * number}" y="{40 - 38 * count / highest:.1f}" width="30" '
        f'height="{38 * count / highest:.1f}" fill="#36c"/>'
        for number, count in enumerate(buckets)
    )
    label = ", ".join(str(count) for count in buckets)
    return (
        f'<svg width="170" height="40" role="img" aria-label="{label}">'
        f"<title>{label}</title>{bars}</svg> {label}"
    )
