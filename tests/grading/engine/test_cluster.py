"""Grading on a Dask cluster: the same marks, and a worker's failure is one line."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

distributed = pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
# Dask's own, when its event loop and its connections close.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

from backend_course.grading.cluster import Cluster  # noqa: E402
from backend_course.grading.pool import TaskFailedError  # noqa: E402


@pytest.fixture
def scheduler() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def twice(task: bytes) -> bytes:
    if task == b"raise":
        raise ValueError("no")
    return task * 2


def test_results_come_back_by_name_and_failures_are_told(scheduler: str) -> None:
    tasks = [(str(number), b"raise" if number == 3 else b"x") for number in range(9)]
    with contextlib.ExitStack() as stack:
        results = dict(stack.enter_context(Cluster(twice, scheduler)).run(iter(tasks)))
    assert {name for name, result in results.items() if result == b"xx"} == set("01245678")
    assert isinstance(results["3"], TaskFailedError)
