"""Real servers, started and stopped from a cell.

>>> from backend_course.lab import servers
>>> db = servers.postgres()                                         # doctest: +SKIP
>>> app = servers.app("hello.py", env={"DATABASE_URL": db.dsn})     # doctest: +SKIP
>>> web = servers.nginx("site.conf", values={"APP": app.address})   # doctest: +SKIP
>>> servers.status()                                                # doctest: +SKIP
name      kind        state
postgres  PostgreSQL  running
hello     uvicorn     running
nginx     nginx       running
>>> servers.stop_all()                                              # doctest: +SKIP

Each server is a process on a loopback port, watched by a supervisor that stops it when the kernel
is gone. To see how, read ``server.py`` (what a server is), then ``lifeline.py`` and
``supervisor.py`` (the two ends of a pipe).
"""

from .application import Application, app
from .errors import ServerError
from .nginx_server import Nginx, nginx
from .ports import free_port
from .postgresql import Postgres, Standby, postgres
from .probes import answers, says
from .program import Program, command
from .registry import find, status, stop_all
from .server import Server

__all__ = [
    "Application",
    "Nginx",
    "Postgres",
    "Program",
    "Server",
    "ServerError",
    "Standby",
    "answers",
    "app",
    "command",
    "find",
    "free_port",
    "nginx",
    "postgres",
    "says",
    "status",
    "stop_all",
]
