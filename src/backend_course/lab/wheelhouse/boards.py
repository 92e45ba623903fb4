"""Puzzles for a resolver, on paper: a board says of each release what it requires.

``{"walltalk": {"2.10.0": ["latchwire<2"]}, "latchwire": {"1.4.0": []}}`` is a board.
"""

from collections.abc import Iterator, Mapping, Sequence

from packaging.requirements import Requirement
from packaging.version import Version

Board = Mapping[str, Mapping[str, Sequence[str]]]
Picked = dict[str, str]


def broken(board: Board, asked: Sequence[str], picked: Picked) -> str:
    """Return the first thing that is wrong with a set of releases; empty if it holds.

    Args:
        board: the releases that there are.
        asked: requirements, such as ``walltalk<3``.
        picked: one version of each package that is to be installed.
    """
    wanted = [("you", requirement) for requirement in asked]
    for name, version in picked.items():
        if version not in board.get(name, {}):
            return f"there is no {name} {version} on the board"
        wanted += [(f"{name} {version}", each) for each in board[name][version]]
    for who, requirement in wanted:
        name = Requirement(requirement).name
        if name not in picked:
            return f"{name} is missing: {who} asked for {requirement}"
        if not Requirement(requirement).specifier.contains(picked[name], prereleases=True):
            return f"{who} asked for {requirement}, and you picked {picked[name]}"
    needed = {Requirement(requirement).name for _, requirement in wanted}
    extra = sorted(picked.keys() - needed)
    return f"nobody asked for {extra[0]}" if extra else ""


def solutions(board: Board, asked: Sequence[str]) -> Iterator[Picked]:
    """Give every set of releases that holds, newest releases of what is asked first.

    A pre-release comes in only by the first requirement of its package that is met.
    That is enough for a puzzle, and less than pip does.
    """
    yield from _search(board, [Requirement(each) for each in asked], {})


def _search(board: Board, wanted: list[Requirement], picked: Picked) -> Iterator[Picked]:
    if not wanted:
        yield picked
        return
    first, *others = wanted
    if first.name in picked:
        if first.specifier.contains(picked[first.name], prereleases=True):
            yield from _search(board, others, picked)
        return
    fitting = first.specifier.filter(board[first.name])
    for version in sorted(fitting, key=Version, reverse=True):
        brought = [Requirement(each) for each in board[first.name][version]]
        yield from _search(board, [*others, *brought], picked | {first.name: version})
