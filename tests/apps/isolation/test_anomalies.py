"""Which anomaly PostgreSQL lets happen at which level, as its manual says (chapter 13.2)."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_course.lab import servers, sessions

FOLDER = Path(__file__).resolve().parents[3] / "course" / "apps" / "isolation"
_spec = importlib.util.spec_from_file_location("isolation_anomalies", FOLDER / "anomalies.py")
anomalies = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(anomalies)

HAPPENS = {
    anomalies.non_repeatable_read: (True, False, False),
    anomalies.lost_update: (True, False, False),
    anomalies.write_skew: (True, True, False),
    anomalies.double_claim: (False, False, False),
}


@pytest.fixture(scope="module")
def db() -> Iterator[servers.Postgres]:
    with servers.postgres(settings={"fsync": False}) as server:
        yield server


@pytest.mark.parametrize("place", range(3), ids=anomalies.LEVELS)
@pytest.mark.parametrize("anomaly", HAPPENS, ids=lambda anomaly: anomaly.__name__)
def test_what_each_level_lets_happen(db, anomaly, place):
    anna, ben = sessions.connect(db, "anna", "ben", quiet=True)
    anna.connection.execute((FOLDER / "wall.sql").read_text())
    assert anomaly(anna, ben, anomalies.LEVELS[place]) is HAPPENS[anomaly][place]
    sessions.connect(db)
