"""What each attack does to stock nbgrader and to this project's grader.

    python tests/grading/attacks/table.py              # ours
    python tests/grading/attacks/table.py --stock      # nbgrader as it comes
    python tests/grading/attacks/table.py --stock --slice 2/4

Against stock each attack runs in a course of its own, which it may destroy. Those that would hang
it or could harm this machine are left out and named.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import corpus
from arena import ASSIGNMENT, Arena, Outcome

_SKIP = {"stock hangs", "stock not shown"}


def line(attack: corpus.Attack, outcome: Outcome) -> str:
    """One row: what the attack got, and whether that was noticed."""
    score = "no row" if outcome.score is None else f"{outcome.score:g}"
    got = ", ".join([*(f"saw {leak}" for leak in outcome.leaks), *outcome.harm]) or "-"
    verdict = "WON" if outcome.won else "held"
    flags = ", ".join(outcome.flags) or "-"
    return f"| {attack.kind} | {attack.name} | {score} | {got} | {flags} | {verdict} |"


def ours(folder: Path, attacks: list[corpus.Attack]) -> list[str]:
    """All attacks in one class."""
    with Arena(folder).open() as arena:
        for attack in attacks:
            arena.plant(attack)
        before = arena.fingerprint()
        arena.grade()
        return [line(attack, arena.outcome(attack, before)) for attack in attacks]


def stock(folder: Path, attacks: list[corpus.Attack]) -> Iterator[str]:
    """Each attack in a course of its own."""
    template = Arena(folder / "template")
    for number, attack in enumerate(attacks):
        if attack.tags & _SKIP:
            yield f"| {attack.kind} | {attack.name} | not run: {', '.join(attack.tags)} |"
            continue
        with Arena(folder / str(number), template).open() as arena:
            arena.plant(attack)
            before = arena.fingerprint()
            command = [str(Path(sys.executable).with_name("nbgrader")), "autograde", ASSIGNMENT]
            try:
                subprocess.run(
                    [*command, "--student", attack.name, "--Execute.timeout=2"],
                    cwd=arena.course,
                    env=os.environ | {"HOME": str(arena.home)},
                    capture_output=True,
                    timeout=60,
                )
            except subprocess.TimeoutExpired:
                yield f"| {attack.kind} | {attack.name} | hung for 60 s |"
                continue
            yield line(attack, arena.outcome(attack, before))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stock", action="store_true", help="attack nbgrader as it comes")
    parser.add_argument("--kind", help="only one kind, e.g. forgery")
    parser.add_argument("--slice", default="1/1", help="one part of several, e.g. 2/4")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.slice.split("/"))
    attacks = [a for a in corpus.ALL if arguments.kind in {None, a.kind}][part - 1 :: parts]
    chosen = stock if arguments.stock else ours
    print("| kind | attack | points | got | flags | |\n|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="arena-") as name:
        for row in chosen(Path(name), attacks):
            print(row, flush=True)


if __name__ == "__main__":
    main()
