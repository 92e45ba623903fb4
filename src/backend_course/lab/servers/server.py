"""A server as an object: started, waited for, looked at, stopped."""

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import psutil

from . import ports, registry, supervisor
from .errors import ServerError, indented
from .lifeline import Lifeline

_POLL = 0.02  # seconds between two looks
_KEPT = 100_000  # characters of the log that stay readable after stop()


class Server:
    """One server on a loopback port, in processes of its own.

    Subclasses say what to prepare, which command to run, and how to see that it is ready; this
    class does the rest. The server ends with ``stop()``, at the end of a ``with`` block, and in
    any case when the process that started it is gone.

    Arguments that all servers share:

    * ``name``: what ``status()`` calls it. Naming a server that runs already replaces that one, so
      a cell can be run again. Without a name it gets a new one.
    * ``port``: a number, or None for a free one.
    * ``env``: variables added to the environment of this process; a value of None takes one away.
    * ``log``: a file for what the server writes. Without it, one in the server's own folder.
    * ``timeout``: seconds in which it must become ready.
    * ``grace``: seconds that it may take to stop before it is killed.
    """

    kind = "server"
    stop_signal = "SIGTERM"

    def __init__(
        self,
        *,
        default_name: str,
        name: str | None = None,
        port: int | None = None,
        env: Mapping[str, object] | None = None,
        log: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
        grace: float = 5.0,
    ) -> None:
        former = registry.find(name) if name else None
        if former:
            former.stop()
        self.name = name or registry.unused_name(default_name)
        if port:
            ports.demand_free(port)
        self.port = port or ports.free_port()
        self.timeout = timeout
        self.grace = grace
        self.directory = Path.cwd()
        self.pid: int | None = None
        self._env = dict(env or {})
        self._wanted_log = Path(log).absolute() if log else None
        self._lifeline: Lifeline | None = None
        self._process: psutil.Process | None = None
        self._log_start = 0
        self._last_words = ""

    # What a subclass says about its server.

    def prepare(self) -> None:
        """Write what the server needs into ``self.folder``. Called once for each folder."""

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        raise NotImplementedError

    def ready(self) -> bool:
        """Tell whether the server can be used. Called again and again until it says True."""
        return ports.listens(self.port) and self.owns_port()

    def identity(self) -> Mapping[str, Any]:
        """Return user, group and extra_groups to run as, or nothing for those of this process."""
        return {}

    # Its life.

    def start(self) -> Self:
        """Start the server and wait until it is ready. Raises ServerError if it does not get so."""
        if self.running:
            return self
        try:
            if self._lifeline is None:
                self._lifeline = Lifeline()
                registry.enter(self)
                self.prepare()
            self._launch()
            self._wait_until_ready()
        except BaseException:  # an interrupted cell, too, must leave nothing behind
            self.stop()
            raise
        return self

    def stop(self, keep: bool = False) -> None:
        """Stop the server; a second time does nothing.

        Its folder goes too, with the data in it. ``keep`` leaves it for a later ``start()``.
        """
        if self._lifeline is None:
            return
        try:
            self._lifeline.stop()
        except ServerError:  # somebody has killed the supervisor: do its work
            supervisor.kill(self.processes())
        self._process = None
        if keep:
            return
        self._last_words = self._read_log()
        self._lifeline.close()
        supervisor.remove(self.folder)
        self._lifeline = None
        registry.leave(self)

    def restart(self) -> Self:
        """Stop and start again on the same port, with the same data."""
        self.stop(keep=True)
        return self.start()

    def kill(self) -> None:
        """Kill all its processes at once with SIGKILL, like a power cut. Its data stay."""
        supervisor.kill(self.processes())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    # What can be asked of it.

    @property
    def folder(self) -> Path:
        """The server's own temporary folder, which goes when it stops."""
        if self._lifeline is None:
            raise ServerError(f"{self.name} has been stopped, its folder is gone. Start it again.")
        return self._lifeline.folder

    @property
    def log(self) -> Path:
        """The file in which all goes that the server writes."""
        return self._wanted_log or self.folder / "log.txt"

    @property
    def address(self) -> str:
        """Host and port, as an upstream in nginx wants it."""
        return f"{ports.LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        """The address for a client, without a slash at its end."""
        return f"http://{self.address}"

    @property
    def running(self) -> bool:
        """Whether its first process is alive."""
        return self._process is not None and supervisor.alive(self._process)

    @property
    def state(self) -> str:
        """Return ``running``, ``ended`` (by itself, or killed) or ``stopped``."""
        if self.running:
            return "running"
        return "stopped" if self._process is None else "ended"

    def processes(self) -> list[psutil.Process]:
        """Return its first process and all that this one has started."""
        return supervisor.family(self.pid) if self.running else []

    def memory(self) -> int:
        """Return the resident memory of its processes in bytes; shared pages count in each."""
        total = 0
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def tail(self, lines: int = 10) -> str:
        """Return the last lines of the log, also after the server has stopped."""
        text = self._last_words if self._lifeline is None else self._read_log()
        return "\n".join(text.splitlines()[-lines:])

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}: {self.state}>"

    # Inside.

    def environment(self) -> dict[str, str]:
        """Return the environment of the server: ours, PORT, and what ``env`` changes in it."""
        environment = os.environ | {"PORT": str(self.port)}
        for name, value in self._env.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = str(value)
        return environment

    def owns_port(self) -> bool:
        """Tell whether it is this server, and not a stranger, that listens on the port."""
        try:
            return any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == self.port
                for process in self.processes()
                for connection in process.net_connections(kind="tcp")
            )
        except psutil.NoSuchProcess:  # one of its processes has just ended: look again
            return False
        except psutil.AccessDenied:  # the system does not tell
            return True

    def last_lines(self) -> str:
        """Return the end of the log as it stands in a message."""
        text = self.tail(8).strip("\n")
        return f"Its last lines:\n{indented(text)}" if text else "It wrote nothing."

    def written(self) -> str:
        """Return what the log has got since the last start."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_start)
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def hang_up(self) -> None:
        """Have the server stopped without waiting for it (at the end of the kernel)."""
        self._lifeline.hang_up()

    def abandon(self) -> None:
        """Leave the server to the process that started it (in a fork)."""
        self._lifeline.abandon()
        self._lifeline = None

    def _launch(self) -> None:
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self.pid = self._lifeline.start(
            self.command(),
            directory=self.directory,
            environment=self.environment(),
            log=self.log,
            identity=self.identity(),
            stop_signal=self.stop_signal,
            grace=self.grace,
        )
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process = psutil.Process(self.pid)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.timeout
        while True:
            if not self.running:
                raise ServerError(self._obituary())
            if self.ready():
                return
            if time.monotonic() > deadline:
                where = f" on {self.address}" if self.port else ""
                raise ServerError(
                    f"{self.name} ({self.kind}) runs, but was not ready{where} within "
                    f"{self.timeout:g} s. {self.last_lines()}"
                )
            time.sleep(_POLL)

    def _obituary(self) -> str:
        status = self._lifeline.wait()
        how = f"exit status {status}" if status >= 0 else signal.Signals(-status).name
        return f"{self.name} ({self.kind}) ended while starting ({how}). {self.last_lines()}"

    def _read_log(self) -> str:
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")[-_KEPT:]
        except FileNotFoundError:
            return ""
