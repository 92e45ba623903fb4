"""The settings: read from the environment once, at the start, and checked there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

_SHORTEST_KEY = 32  # characters
Number = TypeVar("Number", int, float)
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(ValueError):
    """A variable is missing or wrong; the message names it and the next step."""


@dataclass(frozen=True)
class Settings:
    """What differs from one deployment to the next. Secrets stay out of its repr."""

    database_url: str = field(repr=False)
    pickup_key: bytes = field(repr=False)
    pool_size: int = 10
    database_timeout: float = 2.0
    """Seconds that a request waits for a connection before it is told to come back."""
    drain_seconds: float = 0.0
    """Seconds between "I am no longer ready" and the actual stop."""
    log_level: str = "INFO"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; README.md lists the variables. Raises SettingsError."""
        return cls(
            database_url=_database_url(environment),
            pickup_key=_key(environment),
            pool_size=_number(
                environment, "LOCKERLINE_POOL_SIZE", cls.pool_size, 1, 1000
            ),
            database_timeout=_number(
                environment,
                "LOCKERLINE_DATABASE_TIMEOUT",
                cls.database_timeout,
                0.1,
                60,
            ),
            drain_seconds=_number(
                environment, "LOCKERLINE_DRAIN_SECONDS", cls.drain_seconds, 0, 600
            ),
            log_level=_log_level(environment),
        )


def _required(environment: Mapping[str, str], name: str, example: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set. Set it to {example}.")
    return value


def _database_url(environment: Mapping[str, str]) -> str:
    name, example = "DATABASE_URL", "postgresql://user:password@host:5432/database"
    value = _required(environment, name, example)
    try:
        conninfo_to_dict(value)
    except psycopg.ProgrammingError:  # whose message may hold the password
        raise SettingsError(
            f"{name} is no connection string of PostgreSQL. Set it to {example}."
        ) from None
    return value


def _key(environment: Mapping[str, str]) -> bytes:
    name = "LOCKERLINE_PICKUP_KEY"
    example = f"a secret of at least {_SHORTEST_KEY} random characters"
    value = _required(environment, name, example)
    if len(value) < _SHORTEST_KEY:
        raise SettingsError(
            f"{name} has {len(value)} characters, which can be guessed. "
            f"Set it to {example}."
        )
    return value.encode()


def _number(
    environment: Mapping[str, str], name: str, default: Number, low: float, high: float
) -> Number:
    """Return a number of the type that ``default`` has."""
    text = environment.get(name, "").strip()
    kind = type(default)
    try:
        value = kind(text) if text else default
        within = low <= value <= high
    except ValueError:
        within = False
    if not within:
        wanted = "a whole number" if kind is int else "a number"
        raise SettingsError(
            f"{name} is {text!r}. Set it to {wanted} from {low:g} to {high:g}, "
            f"or leave it out for {default:g}."
        )
    return value


def _log_level(environment: Mapping[str, str]) -> str:
    name = "LOCKERLINE_LOG_LEVEL"
    value = environment.get(name, "").strip().upper() or Settings.log_level
    if value not in _LOG_LEVELS:
        raise SettingsError(
            f"{name} is {value!r}. Set it to one of {', '.join(_LOG_LEVELS)}."
        )
    return value
