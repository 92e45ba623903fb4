"""Every attack of the corpus against the grader: nothing won, and the others' marks as ever."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import corpus
from arena import POINTS, Arena, Outcome

from backend_course.grading import walls

pytestmark = pytest.mark.skipif(
    not {"root", "landlock"} & set(walls.probe().standing), reason="this host offers no walls"
)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with Arena(tmp_path_factory.mktemp("arena")).open() as arena:
        yield arena


@pytest.fixture(scope="module")
def outcomes(arena: Arena) -> dict[str, Outcome]:
    for attack in corpus.ALL:
        arena.plant(attack)
    before = arena.fingerprint()
    arena.grade()
    return {attack.name: arena.outcome(attack, before) for attack in corpus.ALL}


def test_the_corpus_has_at_least_sixty_attacks() -> None:
    assert len({attack.name for attack in corpus.ALL}) == len(corpus.ALL) >= 60


@pytest.mark.parametrize("attack", corpus.ALL, ids=lambda attack: attack.name)
def test_attack_wins_nothing(attack: corpus.Attack, outcomes: dict[str, Outcome]) -> None:
    assert not outcomes[attack.name].won, outcomes[attack.name]


def test_the_honest_submission_keeps_its_marks(arena: Arena, outcomes: dict[str, Outcome]) -> None:
    assert arena._score("honest") == POINTS
    assert arena._flags("honest") == []
