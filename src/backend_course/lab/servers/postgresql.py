"""PostgreSQL: a fresh cluster in a temporary folder, and standbys that stream from it."""

import errno
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from . import binaries, ports
from .errors import ServerError, indented
from .server import Server

SUPERUSER = "postgres"
_UNPRIVILEGED = "nobody"
_SPACE_NEEDED = 100_000_000  # bytes; a new cluster takes 40 MB, and it is going to write
_REPLAY_POLL = 0.005  # seconds


class Postgres(Server):
    """A PostgreSQL server with a cluster of its own."""

    kind = "PostgreSQL"
    # "Fast": ends sessions and shuts down cleanly. SIGTERM would wait for the sessions to end.
    # Windows has no such signals; there it is ended at once, and recovers if it starts again.
    stop_signal = "SIGTERM" if os.name == "nt" else "SIGINT"

    def __init__(
        self,
        *,
        settings: Mapping[str, object] | None = None,
        data: str | os.PathLike[str] | None = None,
        prefer: binaries.Prefer = "wheel",
        default_name: str = "postgres",
        **common: Any,
    ) -> None:
        super().__init__(default_name=default_name, **common)
        self.settings = dict(settings or {})
        self._wanted_data = Path(data).absolute() if data else None
        self._programs = binaries.postgres_folder(prefer)
        # Each role's password. Loopback is open to every user of the machine, so none goes without.
        self._passwords = {SUPERUSER: secrets.token_urlsafe(12)}

    # The server.

    @property
    def data(self) -> Path:
        """The data folder."""
        return self._wanted_data or self.folder / "data"

    def identity(self) -> Mapping[str, Any]:
        """Return whom to run as: PostgreSQL refuses root, so root lends it an ordinary account."""
        if os.name == "nt" or os.geteuid() != 0:
            return {}
        import pwd

        account = pwd.getpwnam(_UNPRIVILEGED)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def prepare(self) -> None:
        """Make the data folder, the cluster in it, and write the settings."""
        self._make_data_folder()
        self._hand_over()
        free = shutil.disk_usage(self.data).free
        if free < _SPACE_NEEDED:
            raise ServerError(
                f"{self.data} has {free / 1e6:.0f} MB of free space, PostgreSQL needs "
                f"{_SPACE_NEEDED / 1e6:.0f} MB. Free some, or name another folder with data=."
            )
        self.fill()
        self.write_settings()

    def fill(self) -> None:
        """Make a new cluster with initdb."""
        password = self.folder / "password"
        password.write_text(self._passwords[SUPERUSER])
        self._own(password)
        # The built-in locale sorts alike on each system; PostgreSQL 16 and older do not have it.
        locale = ["--locale=C"]
        if self.major_version() >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(
            "initdb", "-D", self.data, "-U", SUPERUSER, "--pwfile", password, "--encoding=UTF8",
            *locale, "--auth-local=reject", "--auth-host=scram-sha-256",
            "--no-sync",  # a crash of the machine while this runs costs nothing
        )  # fmt: skip
        password.unlink()

    def write_settings(self) -> None:
        """Append the settings to postgresql.conf, where later lines win."""
        lines = {"timezone": "UTC", "log_timezone": "UTC", "cluster_name": self.name}
        lines |= self.settings
        quoted = [
            f"{name} = '{_as_text(value)}'\n".replace("\\", "\\\\") for name, value in lines.items()
        ]
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write("\n# Settings of this server\n" + "".join(quoted))

    def command(self) -> list[str]:
        """Return the command line of the server."""
        return [
            str(self._programs / "postgres"), "-D", str(self.data), "-p", str(self.port),
            "-c", f"listen_addresses={ports.LOOPBACK}", "-c", "unix_socket_directories=",
        ]  # fmt: skip

    def ready(self) -> bool:
        """Read the state that the server notes in postmaster.pid, as pg_ctl does.

        The file holds the process id in line 1 and the state in line 8. Trying to log in instead
        would fill the log with refusals.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and int(lines[0]) == self.pid and lines[7].strip() == "ready"

    # What a lesson does with it.

    @property
    def url(self) -> str:
        """The superuser's connection string, the same as ``dsn``."""
        return self.dsn

    @property
    def dsn(self) -> str:
        """The superuser's connection string. It contains a port and a password: do not print it."""
        return self.dsn_for(SUPERUSER)

    def dsn_for(self, role: str, database: str = "postgres") -> str:
        """Return the connection string of a role that ``add_role`` has made."""
        user, password, path = (quote(s, safe="") for s in (role, self._password(role), database))
        return f"postgresql://{user}:{password}@{self.address}/{path}"

    def connect(
        self, role: str = SUPERUSER, database: str = "postgres", **options: Any
    ) -> psycopg.Connection[Any]:
        """Open a connection. ``options`` are psycopg's: ``autocommit=True``, ``row_factory=…``."""
        return psycopg.connect(self.dsn_for(role, database), **options)

    def psql(self, script: str, role: str = SUPERUSER, database: str = "postgres") -> str:
        """Run SQL or psql's own commands (``\\d parcels``) through psql; return what it prints.

        Raises ServerError with psql's message at the first statement that fails.
        """
        environment = os.environ | {"PGPASSWORD": self._password(role), "PGCONNECT_TIMEOUT": "10"}
        command = [
            self._programs / "psql", "-h", ports.LOOPBACK, "-p", str(self.port), "-U", role,
            "-d", database, "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-P", "pager=off",
            "--file=-",  # unlike plain standard input, gives each error its line
        ]  # fmt: skip
        finished = subprocess.run(
            command, input=script, env=environment, capture_output=True, encoding="utf-8"
        )
        if finished.returncode:
            raise ServerError(finished.stderr.strip().replace("psql:<stdin>:", "line "))
        return finished.stdout

    def add_role(self, name: str, password: str | None = None, options: str = "") -> str:
        """Make a role that may log in, and return its connection string.

        Without a password it gets a random one. ``options`` are those of CREATE ROLE, such as
        ``"CREATEDB CONNECTION LIMIT 5"``.
        """
        password = password or secrets.token_urlsafe(12)
        create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} ").format(
            sql.Identifier(name), sql.Literal(password)
        ) + sql.SQL(options)
        with self.connect() as connection:
            connection.execute(create)
        self._passwords[name] = password
        return self.dsn_for(name)

    def add_database(self, name: str, owner: str = SUPERUSER) -> str:
        """Make a database that belongs to ``owner``, and return the owner's connection string."""
        create = sql.SQL("CREATE DATABASE {} OWNER {}").format(
            sql.Identifier(name), sql.Identifier(owner)
        )
        with self.connect(autocommit=True) as connection:
            connection.execute(create)
        return self.dsn_for(owner, name)

    def standby(self, **options: Any) -> "Standby":
        """Start a second server that copies this one and then streams all changes from it.

        ``options`` are those of ``servers.postgres``.
        """
        return Standby(self, **options).start()

    def major_version(self) -> int:
        """Return the major version of the programs, such as 18."""
        log = self._run("postgres", "--version")
        return int(re.search(r"\(PostgreSQL\) (\d+)", log).group(1))

    # Inside.

    def _password(self, role: str) -> str:
        if role not in self._passwords:
            raise ServerError(f"No password of role {role!r} is known. Make it with add_role().")
        return self._passwords[role]

    def _run(self, program: str, *arguments: object, **env: str) -> str:
        """Run one of PostgreSQL's programs to its end, and return what it wrote.

        It runs under the supervisor, so that it too is stopped when the kernel is killed.
        """
        output = self.folder / f"{program}.txt"
        self._lifeline.start(
            [str(self._programs / program), *map(str, arguments)],
            directory=self.folder,
            environment=self.environment() | env,
            log=output,
            identity=self.identity(),
        )
        status = self._lifeline.wait()
        text = output.read_text(errors="replace")
        if status:
            told = re.findall(r"^.*(?:error|fatal):.*$", text, re.MULTILINE | re.IGNORECASE)
            raise ServerError(
                f"PostgreSQL could not make its data folder {self.data}. "
                f"Name one with data= that is empty, writable and has space.\n"
                + indented("\n".join(told) or text.strip())
            )
        return text

    def _make_data_folder(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
            empty = not any(self.data.iterdir())
        except OSError as error:
            raise ServerError(
                f"The data folder {self.data} cannot be used: {error.strerror}. Name another one "
                "with data=, or leave it out for a temporary one."
            ) from None
        if not empty:
            raise ServerError(
                f"The data folder {self.data} is not empty. Name one that is, or leave data= out "
                "for a temporary one."
            )

    def _hand_over(self) -> None:
        """Give the account that PostgreSQL runs as what it needs, where that is not our own."""
        if self.identity():
            self.folder.chmod(0o711)
            self._bring_programs_within_reach()
            self._own(self.data)

    def _own(self, path: Path) -> None:
        account = self.identity()
        if account:
            os.chown(path, account["user"], account["group"])

    def _bring_programs_within_reach(self) -> None:
        """Copy the programs if they lie where only root can go, such as below /root."""
        try:
            subprocess.run(
                [self._programs / "postgres", "--version"], capture_output=True, **self.identity()
            )
        except OSError as error:
            if error.errno != errno.EACCES:
                raise ServerError(
                    "PostgreSQL does not run as root, and this root may not lend it the account "
                    f"{_UNPRIVILEGED} ({error.strerror}). Start the notebook as an ordinary user."
                ) from None
            installed = self._programs.parents[1]
            copied = self.folder / "programs"
            # The programs find their libraries in a folder beside their own.
            for folder in installed.parent.glob(f"{installed.name}*"):
                shutil.copytree(folder, copied / folder.name)
            self._programs = copied / self._programs.relative_to(installed.parent)


class Standby(Postgres):
    """A server that streams from another one, can be read, and can take over."""

    kind = "PostgreSQL standby"

    def __init__(self, primary: Postgres, **options: Any) -> None:
        super().__init__(default_name=f"{primary.name}-standby", **options)
        self.primary = primary
        # A copy of the cluster has the same roles; the two objects know the same passwords.
        self._passwords = primary._passwords

    def fill(self) -> None:
        """Copy the running primary."""
        self._run(
            "pg_basebackup", "-D", self.data, "-h", ports.LOOPBACK, "-p", self.primary.port,
            "-U", SUPERUSER, "--write-recovery-conf", "--wal-method=stream", "--no-sync",
            "--checkpoint=fast",  # the default spreads the checkpoint over minutes
            PGPASSWORD=self._passwords[SUPERUSER],
        )  # fmt: skip

    def wait_for_replay(self, timeout: float = 10.0) -> Self:
        """Wait until the standby shows what the primary has committed up to now."""
        with self.primary.connect() as primary, self.connect(autocommit=True) as standby:
            goal = primary.execute("SELECT pg_current_wal_flush_lsn()").fetchone()[0]
            deadline = time.monotonic() + timeout
            while True:
                query = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
                if standby.execute(query, [goal]).fetchone()[0]:
                    return self
                if time.monotonic() > deadline:
                    raise ServerError(
                        f"{self.name} has not caught up with {self.primary.name} within "
                        f"{timeout:g} s. See its log: print(server.tail())"
                    )
                time.sleep(_REPLAY_POLL)

    def promote(self) -> Self:
        """Make it a primary; returns when it takes writes."""
        with self.connect(autocommit=True) as connection:
            connection.execute("SELECT pg_promote(wait => true)")
        self.kind = Postgres.kind
        return self


def postgres(
    *,
    settings: Mapping[str, object] | None = None,
    data: str | os.PathLike[str] | None = None,
    prefer: binaries.Prefer = "wheel",
    **common: Any,
) -> Postgres:
    """Start PostgreSQL with a new, empty cluster.

    ``settings`` go into postgresql.conf: ``{"max_connections": 20, "work_mem": "4MB"}``. ``data``
    is an empty folder for the cluster that stays afterwards; without it the cluster is temporary.
    ``prefer="system"`` takes the PostgreSQL on the PATH where there is one. ``common``: name, port,
    env, log, timeout, grace (see ``Server``). Raises ServerError.

    >>> with servers.postgres() as db:  # doctest: +SKIP
    ...     print(db.psql("SELECT 6 * 7 AS answer"))
    """
    return Postgres(settings=settings, data=data, prefer=prefer, **common).start()


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value).replace("'", "''")
