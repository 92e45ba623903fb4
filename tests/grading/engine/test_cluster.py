"""Grading on a Dask cluster: the same marks, and a worker's failure is one line."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

distributed = pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
# Dask's own, when its event loop and its connections close.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

from backend_course.grading import cluster  # noqa: E402
from backend_course.grading.cluster import Cluster, ClusterError  # noqa: E402
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


def wait(task: bytes) -> bytes:
    time.sleep(3)
    return task


def test_a_dead_address_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 1)
    with pytest.raises(ClusterError, match=r"No Dask scheduler at tcp://127\.0\.0\.1:1: "):
        Cluster(twice, "tcp://127.0.0.1:1")
    with pytest.raises(ClusterError, match="No Dask scheduler at tcp://nowhere: "):
        Cluster(twice, "tcp://nowhere")


def test_a_cluster_that_goes_is_named(scheduler: str) -> None:
    with Cluster(wait, scheduler) as going:
        results = going.run(iter([("a", b"x")]))
        threading.Timer(0.5, going._client.close).start()
        ((name, failure),) = results
    assert name == "a"
    assert "the cluster is gone" in str(failure)


def test_results_come_back_by_name_and_failures_are_told(scheduler: str) -> None:
    tasks = [(str(number), b"raise" if number == 3 else b"x") for number in range(9)]
    with contextlib.ExitStack() as stack:
        results = dict(stack.enter_context(Cluster(twice, scheduler)).run(iter(tasks)))
    assert {name for name, result in results.items() if result == b"xx"} == set("01245678")
    assert isinstance(results["3"], TaskFailedError)
