"""A small load: some clients, a bounded number of requests, a bounded time.

>>> from backend_course.lab import load
>>> result = load.run(app.url, count=200, clients=10)  # doctest: +SKIP
>>> result                                             # doctest: +SKIP
200 requests: 200 answered 200
>>> print(result.summary())                            # doctest: +SKIP

Each client sends its next request when it has the answer to the last one. So a slow server is asked
less often, as by patient people; it is not what a crowd does that keeps coming.
"""

import itertools
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Target = str | Callable[[int], requests.Request]
_MARKERS = "osD^vPX*"


@dataclass(frozen=True)
class Sample:
    """One request: when it began (seconds after the first), how long it took, how it ended."""

    began: float
    seconds: float
    outcome: str  # the status, or the name of the error
    backend: str = ""


@dataclass(frozen=True)
class Result:
    """What a load has found. Its text shows counts only; times differ from run to run."""

    samples: tuple[Sample, ...] = field(repr=False)
    wall_seconds: float = field(repr=False)

    @property
    def outcomes(self) -> Counter[str]:
        """How often each status or error came, by name: ``{"200": 198, "503": 2}``."""
        return Counter(sample.outcome for sample in self.samples)

    @property
    def backends(self) -> Counter[str]:
        """How many answers came from each backend, where ``run`` was told its header."""
        return Counter(sample.backend for sample in self.samples if sample.backend)

    @property
    def errors(self) -> int:
        """How many requests got no answer at all."""
        return sum(not sample.outcome.isdecimal() for sample in self.samples)

    def percentile(self, percent: float) -> float:
        """Return the time in seconds in which ``percent`` of the answers came (nearest rank).

        Requests without an answer do not count. NaN where there was no answer.
        """
        times = sorted(sample.seconds for sample in self.samples if sample.outcome.isdecimal())
        if not times:
            return math.nan
        return times[max(0, math.ceil(percent / 100 * len(times)) - 1)]

    def summary(self) -> str:
        """Return counts, rate and percentiles as text. Times differ from run to run."""
        rate = len(self.samples) / self.wall_seconds if self.wall_seconds else 0
        lines = [repr(self), f"{self.wall_seconds:.2f} s, {rate:.0f} requests a second"]
        lines += [f"p{p:<3} {1000 * self.percentile(p):8.1f} ms" for p in (50, 90, 95, 99, 100)]
        lines += [f"{name}: {count}" for name, count in sorted(self.backends.items())]
        return "\n".join(lines)

    def plot(self, axes: "Axes | None" = None, title: str = "") -> "Axes":
        """Draw how long each request took over time, with a marker and a colour per outcome."""
        axes = axes or _new_axes()
        for marker, outcome in zip(itertools.cycle(_MARKERS), sorted(self.outcomes)):
            chosen = [sample for sample in self.samples if sample.outcome == outcome]
            axes.plot(
                [sample.began for sample in chosen],
                [1000 * sample.seconds for sample in chosen],
                marker, markersize=4, alpha=0.7, label=f"{outcome} ({len(chosen)})",
            )  # fmt: skip
        axes.set(xlabel="seconds since the start", ylabel="milliseconds", title=title)
        axes.set_ylim(bottom=0)
        axes.legend()
        return axes

    def plot_backends(
        self, axes: "Axes | None" = None, slices: int = 20, title: str = ""
    ) -> "Axes":
        """Draw how many answers each backend gave in each slice of time."""
        axes = axes or _new_axes()
        names = sorted(self.backends)
        moments = [
            [sample.began for sample in self.samples if sample.backend == name] for name in names
        ]
        axes.hist(moments, bins=slices, range=(0, self.wall_seconds), stacked=True, label=names)
        axes.set(xlabel="seconds since the start", ylabel="answers", title=title)
        if names:
            axes.legend(title="backend")
        return axes

    def __repr__(self) -> str:
        told = ", ".join(
            f"{count} {'answered' if outcome.isdecimal() else 'failed with'} {outcome}"
            for outcome, count in sorted(self.outcomes.items())
        )
        return f"{len(self.samples)} requests: {told or 'none sent'}"


def run(
    target: Target,
    *,
    count: int = 100,
    clients: int = 10,
    seconds: float = 10.0,
    timeout: float = 5.0,
    keep_alive: bool = True,
    backend_header: str | None = None,
    **options: Any,
) -> Result:
    """Send ``count`` requests from ``clients`` threads, none of them after ``seconds``.

    ``target`` is a URL, or a function that makes the request of a given number (0, 1, 2…), for
    requests that differ. ``timeout`` is for each, in seconds. Without ``keep_alive`` each request
    has a connection of its own. ``backend_header`` is the response header that names the backend.
    ``options`` are those of ``requests.Request``: ``method="POST"``, ``json=…``, ``headers=…``.
    """
    if count < 1 or clients < 1 or seconds <= 0:
        raise ValueError(
            f"count={count}, clients={clients} and seconds={seconds} must all be more than zero."
        )
    numbers = iter(range(count))
    one_at_a_time = threading.Lock()
    start = time.perf_counter()

    def client() -> list[Sample]:
        samples = []
        with _session(keep_alive) as session:
            while time.perf_counter() - start < seconds:
                with one_at_a_time:
                    number = next(numbers, None)
                if number is None:
                    break
                request = _request(target, number, options)
                samples.append(_send(session, request, start, timeout, backend_header))
                if not keep_alive:
                    session.close()
        return samples

    with ThreadPoolExecutor(max_workers=clients) as pool:
        work = [pool.submit(client) for _ in range(clients)]
    samples = [sample for done in work for sample in done.result()]
    samples.sort(key=lambda sample: sample.began)
    return Result(tuple(samples), time.perf_counter() - start)


def _session(keep_alive: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a proxy of the environment has no business on loopback
    if not keep_alive:
        session.headers["Connection"] = "close"
    return session


def _request(target: Target, number: int, options: dict[str, Any]) -> requests.Request:
    if callable(target):
        return target(number)
    return requests.Request(**{"method": "GET", "url": target} | options)


def _send(
    session: requests.Session,
    request: requests.Request,
    start: float,
    timeout: float,
    backend_header: str | None,
) -> Sample:
    began = time.perf_counter()
    backend = ""
    try:
        answer = session.send(
            session.prepare_request(request), timeout=timeout, allow_redirects=False
        )
        outcome = str(answer.status_code)
        backend = answer.headers.get(backend_header, "") if backend_header else ""
    except requests.RequestException as error:
        outcome = type(error).__name__
    return Sample(began - start, time.perf_counter() - began, outcome, backend)


def _new_axes() -> "Axes":
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(7, 3), layout="constrained")[1]
