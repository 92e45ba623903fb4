"""Judge a config for nginx by what comes through it: to the client, and to the application.

>>> from backend_course.check import proxy
>>> from backend_course.check.proxy import Probe
>>> proxy.check(                                                         # doctest: +SKIP
...     "nginx_q1", nginx_q1, {"APP": desk.address},
...     Probe("GET", "/parcels/LL000000018", arrives={"Host": "lockers.example"}),
...     requirement="The application learns which host was asked for.",
... )
"""

import contextlib
import http.client
import json
import re
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from backend_course.check.errors import CheckError, NotAttemptedError, message
from backend_course.lab import servers

HUNG_UP = 0
"""The status of a request whose connection was closed without an answer."""

SILENT = -1
"""The status of a request that has had no answer within the time limit."""

TIME_LIMIT = 5.0
"""Seconds in which each answer must have come."""

_WITHOUT_ANSWER = {HUNG_UP: "no answer, the connection was closed", SILENT: "no answer"}
_NAME = "nginx of the checks"
_HOST = "lockers.example"
_ROUTINE = {"connection", "content-length", "date", "server"}  # the same in every answer
_LONGEST = 300  # characters of a body in a message

# On one laptop each client is 127.0.0.1. These lines let a request say where it comes from.
_PRETEND = "\nset_real_ip_from 127.0.0.1;\nreal_ip_header X-Pretend;\n"
_WHOLE = re.compile(r"^\s*(http|events)\s*\{", re.MULTILINE)

Value = str | re.Pattern[str] | None
Count = int | range


@dataclass(frozen=True)
class Probe:
    """One request, sent once or several times, and what is to come of it.

    * ``method``, ``path``, ``sends``, ``body``: the request; ``sends`` are its headers, the body is
      a text, or a number of bytes. The path goes out as it stands. Host is ``lockers.example``
      unless ``sends`` has another.
    * ``client``: the address that the request comes from, as nginx sees it.
    * ``times``: how often it is sent, one after the other; ``pause`` seconds before the first.
    * ``status``: the status that each answer must have; of several, any one.
    * ``counts``: how often each status must come, in place of ``status``. No other may come.
    * ``headers``: headers that must come back, by a text or by a pattern of the whole value; None
      where no such header may come.
    * ``arrives``: the same, for headers that must have arrived at the application. It has to
      answer with a JSON object whose member ``headers`` has the names in lower case.
    * ``members``: members that the JSON object in the answer must have.
    * ``absent``: a text that must not be anywhere in the body.
    * ``fresh``: a header that must come back with another value each time, which is not the one
      sent, and is the one that the application has got where that has answered.
    * ``shared_by``: values of the header ``X-Backend`` that must all be seen in the answers.
    * ``within``: seconds in which each answer must have come.
    """

    method: str
    path: str
    sends: Mapping[str, str] = field(default_factory=dict)
    body: str | int = ""
    client: str = "192.0.2.1"
    times: int = 1
    pause: float = 0.0
    status: int | Collection[int] = 200
    counts: Mapping[int, Count] = field(default_factory=dict)
    headers: Mapping[str, Value] = field(default_factory=dict)
    arrives: Mapping[str, Value] = field(default_factory=dict)
    members: Mapping[str, object] = field(default_factory=dict)
    absent: str = ""
    fresh: str = ""
    shared_by: Collection[str] = ()
    within: float = TIME_LIMIT

    def __str__(self) -> str:
        """Return the request as it stands in a message."""
        text = f"{self.method} {self.path} from {self.client}"
        if self.sends:
            text += " with " + ", ".join(f"{name}: {value}" for name, value in self.sends.items())
        if self.body:
            text += f" and {len(self.payload):,} bytes"
        return text + (f", {self.times} times" if self.times > 1 else "")

    @property
    def payload(self) -> bytes:
        """The body in bytes."""
        return b"x" * self.body if isinstance(self.body, int) else self.body.encode()


@dataclass(frozen=True)
class Answer:
    """What a client has got: status (or HUNG_UP, SILENT), headers in lower case, body, seconds."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    def __str__(self) -> str:
        """Return the answer as it stands in a message."""
        text = self.text if len(self.text) <= _LONGEST else f"{self.text[:_LONGEST]}…"
        return f"{_named(self.status)} {text}".strip()

    @property
    def members(self) -> Mapping[str, object]:
        """The JSON object in the body; empty where the body is something else."""
        with contextlib.suppress(ValueError):
            parsed = json.loads(self.text)
            if isinstance(parsed, dict):
                return parsed
        return {}

    @property
    def arrived(self) -> Mapping[str, str]:
        """The headers that the application has got; empty where it has not answered."""
        arrived = self.members.get("headers")
        return arrived if isinstance(arrived, dict) else {}


def check(
    name: str,
    config: object,
    values: Mapping[str, object],
    *probes: Probe,
    requirement: str,
    hint: str = "",
) -> None:
    """Start nginx with a config and send requests, up to the first whose answer is not as asked.

    Args:
        name: what the learner wrote, for the messages.
        config: the learner's text, as it would stand in ``sites-enabled``.
        values: what is filled in for the config's placeholders, beside ``${PORT}``.
        probes: what to send and what is to come of it, in this order, to the same nginx.
        requirement: the sentence of the question that is checked.
        hint: where to look when it comes out otherwise.

    Raises:
        NotAttemptedError: the config is blank.
        CheckError: nginx refuses the config, or an answer is not as asked.
    """
    with _serving(name, config, values) as address:
        for probe in probes:
            answers = _send(address, probe)
            if difference := _difference(probe, answers):
                came, expected = difference
                raise CheckError(
                    message(
                        f"{name}: {requirement}",
                        f"Sent: {probe}",
                        f"Came back: {came}",
                        f"Expected: {expected}.",
                        hint,
                    )
                )


def show(name: str, config: object, values: Mapping[str, object], *probes: Probe) -> None:
    """Start nginx with a config, send requests, and print the answers, whatever they are.

    Arguments are those of :func:`check`. A blank or broken config is told in words.
    """
    try:
        with _serving(name, config, values) as address:
            for probe in probes:
                print(f"> {probe}")
                print(_shown(_send(address, probe)))
    except CheckError as error:
        print(error)


def _shown(answers: list[Answer]) -> str:
    if len(answers) > 1:
        return f"< {_statuses(answers)}"
    answer = answers[0]
    headers = [f"{n}: {v}" for n, v in answer.headers.items() if n not in _ROUTINE]
    lines = [_named(answer.status), *headers, *answer.text.splitlines()]
    return "\n".join(f"< {line}" for line in lines)


@contextlib.contextmanager
def _serving(name: str, config: object, values: Mapping[str, object]) -> Iterator[str]:
    """Run nginx with a learner's config; give its address."""
    if config is ... or config is None or (isinstance(config, str) and not config.strip()):
        raise NotAttemptedError(
            f"{name}: not attempted yet. Write your config in the place of ... and run its cell."
        )
    if not isinstance(config, str):
        kind = type(config).__name__
        raise CheckError(f'{name} is a value of type {kind}. Write the config as a text, """…""".')
    if _WHOLE.search(config):
        raise CheckError(
            f"{name} is a whole nginx.conf. Write only what goes into its http block: "
            "server, upstream, map and the like."
        )
    # One nginx for all checks, started anew for each: its supervisor costs more than itself.
    server = servers.find(_NAME)
    try:
        if server is None:
            server = servers.nginx(config + _PRETEND, values=values, name=_NAME)
        else:
            server.restart(config + _PRETEND, values)
        yield server.address
    except servers.ServerError as error:
        raise CheckError(f"{name}: {error}") from None
    finally:
        if server:
            server.stop(keep=True)


def _send(address: str, probe: Probe) -> list[Answer]:
    time.sleep(probe.pause)
    answers = []
    for _ in range(probe.times):
        answers.append(_send_once(address, probe))
        if _late(probe, answers[-1]):  # more of these would only take more time
            break
    return answers


def _late(probe: Probe, answer: Answer) -> bool:
    return answer.status == SILENT or answer.seconds > probe.within


def _send_once(address: str, probe: Probe) -> Answer:
    connection = http.client.HTTPConnection(address, timeout=TIME_LIMIT)
    headers = {"Host": _HOST, "X-Pretend": probe.client, "Connection": "close"}
    began = time.perf_counter()
    try:
        # A proxy may answer and hang up before it has read all: then its answer is there already.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(probe.method, probe.path, probe.payload, headers | dict(probe.sends))
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
        came = {header.lower(): response.getheader(header) for header in response.headers}
        return Answer(response.status, came, text, time.perf_counter() - began)
    except TimeoutError:
        return Answer(SILENT, {}, "", TIME_LIMIT)
    except (ConnectionError, http.client.HTTPException):
        return Answer(HUNG_UP, {}, "", time.perf_counter() - began)
    finally:
        connection.close()


def _difference(probe: Probe, answers: list[Answer]) -> tuple[str, str] | None:
    """Return what came and what was expected of it; None where all is as asked."""
    allowed = probe.status if isinstance(probe.status, Collection) else (probe.status,)
    wanted = " or ".join(map(_named, allowed))
    if _late(probe, answers[-1]):
        came = f"{_named(answers[-1].status)} after {answers[-1].seconds:.1f} s"
        wanted = _wanted(probe.counts) or wanted
        return came, f"{wanted}, within {probe.within:g} s"
    if probe.counts:
        if not _counted(probe.counts, answers):
            return _statuses(answers), _wanted(probe.counts)
    else:
        for answer in answers:
            if answer.status not in allowed:
                came = f"{_statuses(answers)}; the first of these:" if len(answers) > 1 else ""
                return f"{came} {answer}".strip(), wanted
    for answer in answers:
        if difference := _one_difference(probe, answer):
            return difference
    values = [answer.headers.get(probe.fresh.lower()) for answer in answers]
    if probe.fresh and len(set(values)) < len(values):
        return f"{probe.fresh}: {values[0]} more than once", "another value for each request"
    seen = {answer.headers.get("x-backend", "nobody") for answer in answers}
    if not seen.issuperset(probe.shared_by):
        who = " and ".join(sorted(seen))
        return f"answers of {who} alone", f"answers of {' and '.join(sorted(probe.shared_by))}"
    return None


def _one_difference(probe: Probe, answer: Answer) -> tuple[str, str] | None:
    """Return what is not as asked in one answer, its status and time apart."""
    for header, wanted in probe.headers.items():
        if not _fits(answer.headers.get(header.lower()), wanted):
            came = f"{_named(answer.status)} with {_line(header, answer.headers)}"
            return came, _wish(header, wanted)
    for header, wanted in probe.arrives.items():
        if not _fits(answer.arrived.get(header.lower()), wanted):
            came = f"{_named(answer.status)}, and the application got "
            came += _line(header, answer.arrived)
            return came, f"{_wish(header, wanted)} at the application"
    for member, value in probe.members.items():
        if member not in answer.members or answer.members[member] != value:
            return str(answer), f"a JSON object with {member} {json.dumps(value)}"
    if probe.absent and probe.absent in answer.text:
        return str(answer), f"nothing with {probe.absent!r} in it"
    return _stale(probe, answer) if probe.fresh else None


def _stale(probe: Probe, answer: Answer) -> tuple[str, str] | None:
    """Return what is wrong with the header that must be fresh."""
    name = probe.fresh
    came = answer.headers.get(name.lower())
    shown = f"{_named(answer.status)} with {_line(name, answer.headers)}"
    if not came:
        return shown, f"{name} in the answer"
    if came == probe.sends.get(name):
        return shown, f"{name} with a value that nginx has made"
    if answer.arrived and answer.arrived.get(name.lower()) != came:
        return (
            f"{shown}, and the application got {_line(name, answer.arrived)}",
            "the same value on both sides",
        )
    return None


def _fits(came: str | None, wanted: Value) -> bool:
    if isinstance(wanted, re.Pattern):
        return came is not None and wanted.fullmatch(came) is not None
    return came == wanted


def _line(header: str, headers: Mapping[str, str]) -> str:
    return f"{header}: {headers[header.lower()]}" if header.lower() in headers else f"no {header}"


def _wish(header: str, wanted: Value) -> str:
    if wanted is None:
        return f"no {header}"
    return f"{header}: {wanted.pattern if isinstance(wanted, re.Pattern) else wanted}"


def _counted(wanted: Mapping[int, Count], answers: list[Answer]) -> bool:
    came = Counter(answer.status for answer in answers)
    return not set(came) - set(wanted) and all(
        came[status] in (number if isinstance(number, range) else (number,))
        for status, number in wanted.items()
    )


def _statuses(answers: list[Answer]) -> str:
    came = Counter(answer.status for answer in answers)
    return ", ".join(
        f"{_times(number)} {_named(status)}" for status, number in sorted(came.items())
    )


def _wanted(counts: Mapping[int, Count]) -> str:
    return ", ".join(f"{_times(number)} {_named(status)}" for status, number in counts.items())


def _times(number: Count) -> str:
    if isinstance(number, range):
        return f"{number.start} to {number.stop - 1} times"
    return "once" if number == 1 else f"{number} times"


def _named(status: int) -> str:
    return _WITHOUT_ANSWER.get(status, str(status))
