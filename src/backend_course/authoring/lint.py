"""``make lint``: hold notebooks to the house style."""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

from backend_course.authoring import notebook as notebooks
from backend_course.authoring.files import AuthoringError, find_root, in_one_line, shown
from backend_course.authoring.norm import all_notebooks
from backend_course.authoring.rules import ASSIGNMENT, EVERY_NOTEBOOK, LESSON, SOFT, Rule
from backend_course.authoring.rules.outputs import IGNORED
from backend_course.authoring.rules.page import Page
from backend_course.syllabus import Assignment, Lesson, load


@dataclass
class Report:
    """What was found: findings to mend, rules set aside, cells that nbval does not compare."""

    notebooks: int = 0
    findings: list[str] = field(default_factory=list)
    exempted: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the report as lines, the summary last."""
        return [
            *self.findings,
            *(f"not compared by nbval: {cell}" for cell in self.not_compared),
            *(f"exempt: {rule}" for rule in self.exempted),
            f"lint: {self.notebooks} notebooks, {len(self.findings)} to mend, "
            f"{len(self.not_compared)} cells not compared, {len(self.exempted)} exemptions",
        ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``lint`` understands to its command-line parser."""
    parser.add_argument("notebooks", nargs="*", type=Path, help="notebooks; none means all")


@in_one_line
def run(arguments: argparse.Namespace) -> int:
    """Print what breaks the house style, one line each."""
    report = lint(find_root(), [path.resolve() for path in arguments.notebooks] or None)
    print("\n".join(report.lines()))
    return 1 if report.findings else 0


def lint(root: Path, paths: list[Path] | None = None) -> Report:
    """Hold notebooks to the house style; without ``paths`` all, and the syllabus to the files."""
    syllabus = load(root)
    report = Report()
    if paths is None:
        report.findings += syllabus.file_problems(root)
        paths = all_notebooks(root)
    for path in paths:
        report.notebooks += 1
        try:
            _, notebook = notebooks.read(path, root)
        except AuthoringError as error:
            report.findings.append(str(error))
            continue
        place = Path(shown(path, root))
        page = Page(root, place, notebook, syllabus.row_of(place))
        _hold(page, report)
    return report


def rules_for(page: Page) -> dict[str, Rule]:
    """Return the rules that hold for a page, by name."""
    match page.row:
        case Lesson():
            return EVERY_NOTEBOOK | LESSON
        case Assignment():
            return EVERY_NOTEBOOK | ASSIGNMENT
    return EVERY_NOTEBOOK


def _hold(page: Page, report: Report) -> None:
    name = page.path.as_posix()
    exempt = page.row.lint_exempt if page.row else {}
    for rule, reason in exempt.items():
        if rule not in SOFT:
            report.findings.append(
                f"{name}: title: lint-exempt: {rule} cannot be exempted. "
                f"Take it out of the syllabus; soft rules are {', '.join(sorted(SOFT))}"
            )
        else:
            report.exempted.append(f"{name}: {rule}: {reason}")
    for rule, holds in rules_for(page).items():
        found = [f"{name}: {cell_id}: {rule}: {message}" for cell_id, message in holds(page)]
        if rule not in exempt or rule not in SOFT:
            report.findings += found
        elif not found:
            report.findings.append(
                f"{name}: title: lint-exempt: {rule} needs no exemption any more. "
                "Take it out of the syllabus"
            )
    report.not_compared += [
        f"{name}: {cell.id}" for cell in page.code if IGNORED in notebooks.tags(cell)
    ]
