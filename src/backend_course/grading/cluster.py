"""Workers on other machines: a Dask cluster (``pip install backend-course[cluster]``).

Dask's own messages are pickled, so whoever reaches the scheduler's port owns its workers: run it
with TLS (docs/grading.md). What students make travels inside as bytes and comes back as bytes.
"""

import os
from collections.abc import Iterable, Iterator

from .lines import GradingError
from .pool import Result, Task, TaskFailedError, Work

_PATIENCE = 20  # seconds for a scheduler to answer


class ClusterError(GradingError):
    """There is no cluster to be had; the text says why."""


class Cluster:
    """A Dask cluster at `address`, e.g. ``tls://grader:8786``; a context manager.

    TLS keys come from Dask's configuration or from GRADING_TLS_CA, _CERT and _KEY. Raises
    ClusterError.
    """

    def __init__(self, work: Work, address: str) -> None:
        try:
            from distributed import Client
            from distributed.security import Security
        except ImportError as error:
            raise ClusterError(
                f'No Dask here ({error}). Run pip install "backend-course[cluster]" first.'
            ) from None
        security = None
        if address.startswith("tls://"):
            names = {"tls_ca_file": "CA", "tls_client_cert": "CERT", "tls_client_key": "KEY"}
            given = {key: os.environ.get(f"GRADING_TLS_{end}") for key, end in names.items()}
            security = Security(require_encryption=True, **{k: v for k, v in given.items() if v})
        try:
            self._client = Client(address, security=security, timeout=_PATIENCE)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"No Dask scheduler at {address}: {' '.join(str(error).split())}. Start one with "
                "dask scheduler, or check the address and GRADING_TLS_CA, _CERT and _KEY."
            ) from error
        self._work = work

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_) -> None:
        self._client.close()

    def run(self, tasks: Iterable[Task]) -> Iterator[Result]:
        """As `LocalPool.run`; two tasks for each thread of the cluster are under way at a time."""
        from distributed import as_completed

        waiting = iter(tasks)
        most = 2 * max(1, sum(self._client.nthreads().values()))
        names = {}
        under_way = as_completed([], raise_errors=False)

        def give_out() -> None:
            while len(names) < most:
                name, content = next(waiting, (None, b""))
                if name is None:
                    return
                future = self._client.submit(self._work, content, pure=False, retries=2)
                names[future] = name
                under_way.add(future)

        give_out()
        while names:
            future = next(under_way)
            name = names.pop(future)
            if future.status == "finished":
                yield name, future.result()
            else:
                reason = future.exception() or "the cluster is gone; see whether its scheduler runs"
                yield name, TaskFailedError(str(reason))
            give_out()
