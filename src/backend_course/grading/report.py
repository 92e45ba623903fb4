"""What people see of a run: progress while it goes, a table, an HTML page and a CSV at its end."""

import csv
import io
import statistics
import sys
from collections import Counter, defaultdict
from html import escape
from pathlib import Path
from typing import Any

from .files import write_whole
from .lines import one_line
from .run import Summary

# Flags that ask for a look before the marks go out: somebody tried something, or work was not run
# as it should be. The others are for information, and a terminal is told how many there are.
_SERIOUS = {"tampered", "refused", "ended", "flood", "unwalled"}
_MOST_LINES = 20  # of one kind: a class whose notebooks all run without walls fills no screens
_BUCKETS = 5
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;"
    "border-bottom:1px solid #ccc}td.n{text-align:right}svg{vertical-align:middle}"
    "@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}}"
)


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


def questions(summary: Summary, entries: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """For each graded cell: how the scores in `entries` are spread, the lowest mean share first."""
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    for entry in entries.values():
        for notebook, grades in entry.get("grades", {}).items():
            for cell, score in grades.items():
                if score is not None and (notebook, cell) in summary.points:
                    scores[notebook, cell].append(score)
    found = []
    for (notebook, cell), values in scores.items():
        best = summary.points[notebook, cell]
        shares = [value / best for value in values]
        buckets = Counter(min(int(share * _BUCKETS), _BUCKETS - 1) for share in shares)
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
    return sorted(found, key=lambda question: question["share"])


def table(summary: Summary) -> str:
    """The run in a few lines for a terminal: of those for whom it was asked."""
    per_minute = 60 * summary.graded / summary.seconds if summary.seconds else 0
    lines = [
        f"{summary.assignment}: {summary.graded} graded, {summary.skipped} unchanged, "
        f"{summary.failed} failed, in {summary.seconds:.1f} s ({per_minute:.0f} a minute)"
    ]
    totals = [e["score"] for e in summary.entries.values() if "score" in e]
    if totals:
        most = max(e["max_score"] for e in summary.entries.values() if "score" in e)
        lines.append(
            f"Scores: median {statistics.median(totals):g}, from {min(totals):g} to "
            f"{max(totals):g}, of {most:g}"
        )
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
    """Write `ASSIGNMENT.html` and `ASSIGNMENT.csv` (student, score, max_score, flags).

    They are of everybody, also after a run for one student. Raises OSError; an earlier report then
    stays as it was.
    """
    page = folder / f"{summary.assignment}.html"
    write_whole(page, _encodable(_page(summary)))
    sheet = folder / f"{summary.assignment}.csv"
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["student", "score", "max_score", "flags"])
    for student, entry in sorted(summary.everybody.items()):
        flags = sorted({flag["kind"] for flag in entry.get("flags", [])})
        cells = [student, entry.get("score", ""), entry.get("max_score", "")]
        rows.writerow([_harmless(str(cell)) for cell in (*cells, " ".join(flags))])
    write_whole(sheet, _encodable(text.getvalue()))
    return [page, sheet]


def _encodable(text: str) -> str:
    """A file's name or an output can hold half a character, which no file can."""
    return text.encode("utf-8", "backslashreplace").decode()


def _harmless(cell: str) -> str:
    """A spreadsheet runs what begins like a formula; a student may have chosen the name."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t"} else cell


def _where(flag: dict[str, Any]) -> str:
    return "/".join(str(part) for part in (flag.get("notebook"), flag["cell"]) if part)


def _page(summary: Summary) -> str:
    rows = "".join(
        f"<tr><td>{escape(q['notebook'])}</td><td>{escape(q['cell'])}</td>"
        f"<td class=n>{q['mean']:.2f} of {q['best']:g}</td><td>{_plot(q['buckets'])}</td></tr>"
        for q in questions(summary, summary.everybody)
    )
    flags, failures, slow = [], [], []
    for student, entry in sorted(summary.everybody.items()):
        name = escape(student)
        if "failed" in entry:
            failures.append(f"<tr><td>{name}</td><td>{escape(entry['failed'])}</td></tr>")
        for flag in entry.get("flags", []):
            cells = (flag["kind"], _where(flag), flag["text"] or "")
            shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            flags.append((flag["kind"] not in _SERIOUS, f"<tr><td>{name}</td>{shown}</tr>"))
        slow += [(seconds, name, escape(cell)) for cell, seconds in entry.get("slow", {}).items()]
    slowest = "".join(
        f"<tr><td>{name}</td><td>{cell}</td><td class=n>{seconds:.1f} s</td></tr>"
        for seconds, name, cell in sorted(slow, reverse=True)[:20]
    )
    title = escape(summary.assignment)
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>",
        f"<style>{_STYLE}</style><h1>{title}</h1>",
        f"<p>Submissions: {len(summary.everybody)}. The last run was of "
        f"{escape(table(summary).splitlines()[0])}</p>",
        "<h2>Questions, hardest first</h2><table><tr><th>Notebook<th>Cell<th>Mean<th>",
        f"Submissions by share of the points: none on the left, all right</tr>{rows}</table>",
        "<h2>Flags</h2><p>A flag never changes a mark: look at the submission.</p><table>",
        "<tr><th>Student<th>Kind<th>Cell<th>What</tr>",
        "".join(row for _, row in sorted(flags)) + "</table>",
        "<h2>Failures</h2><table><tr><th>Student<th>Reason</tr>" + "".join(failures) + "</table>",
        f"<h2>Slow cells</h2><table><tr><th>Student<th>Cell<th>Time</tr>{slowest}</table></html>",
    ]
    return "".join(parts)


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
