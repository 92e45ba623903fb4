"""Workers on other machines: a Dask cluster (``pip install backend-course[cluster]``).

Dask's own messages are pickled, so whoever reaches the scheduler's port owns its workers: run it
with TLS (docs/grading.md). What students make travels inside as bytes and comes back as bytes.
"""

import os
from collections.abc import Iterable, Iterator

from .pool import Result, Task, TaskFailedError, Work


class Cluster:
    """A Dask cluster at `address`, e.g. ``tls://grader:8786``; a context manager.

    TLS keys come from Dask's configuration or from GRADING_TLS_CA, _CERT and _KEY.
    """

    def __init__(self, work: Work, address: str) -> None:
        from distributed import Client
        from distributed.security import Security

        security = None
        if address.startswith("tls://"):
            names = {"tls_ca_file": "CA", "tls_client_cert": "CERT", "tls_client_key": "KEY"}
            given = {key: os.environ.get(f"GRADING_TLS_{end}") for key, end in names.items()}
            security = Security(require_encryption=True, **{k: v for k, v in given.items() if v})
        self._client = Client(address, security=security)
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
                yield name, TaskFailedError(str(future.exception()))
            give_out()
