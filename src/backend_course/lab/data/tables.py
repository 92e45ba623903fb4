"""Lockerline's tables in DuckDB."""

import datetime
from decimal import Decimal
from functools import lru_cache

import duckdb
import numpy as np

from backend_course.lab import spare
from backend_course.lab.data.generate import DAYS, SEED, SITES, make

# What numpy has a type for. Cents survive it: a DOUBLE holds 15 digits, a DECIMAL(8, 2) eight.
_DTYPES = {
    bool: "bool",
    int: "int64",
    Decimal: "float64",
    datetime.datetime: "datetime64[us]",
}

SCHEMA = """
CREATE TABLE sites (
    site_id   INTEGER PRIMARY KEY,
    name      VARCHAR NOT NULL,
    city      VARCHAR NOT NULL,
    time_zone VARCHAR NOT NULL,
    opened_on DATE NOT NULL
);
CREATE TABLE compartments (
    site_id    INTEGER REFERENCES sites,
    number     INTEGER,
    size       VARCHAR NOT NULL CHECK (size IN ('S', 'M', 'L')),
    in_service BOOLEAN NOT NULL,
    PRIMARY KEY (site_id, number)
);
CREATE TABLE shops (
    shop_id     INTEGER PRIMARY KEY,
    name        VARCHAR NOT NULL,
    webhook_url VARCHAR
);
CREATE TABLE couriers (
    courier_id INTEGER PRIMARY KEY,
    badge      VARCHAR NOT NULL UNIQUE,
    hired_on   DATE NOT NULL,
    trained_by INTEGER
);
CREATE TABLE recipients (
    recipient_id INTEGER PRIMARY KEY,
    name         VARCHAR NOT NULL,
    email        VARCHAR,
    phone        VARCHAR
);
CREATE TABLE parcels (
    tracking_code  VARCHAR PRIMARY KEY,
    shop_id        INTEGER NOT NULL REFERENCES shops,
    recipient_id   INTEGER NOT NULL REFERENCES recipients,
    size           VARCHAR NOT NULL CHECK (size IN ('S', 'M', 'L')),
    weight_g       INTEGER,
    declared_value DECIMAL(8, 2),
    announced_at   TIMESTAMP NOT NULL,
    state          VARCHAR NOT NULL
);
CREATE TABLE stays (
    stay_id            INTEGER PRIMARY KEY,
    tracking_code      VARCHAR NOT NULL REFERENCES parcels,
    site_id            INTEGER NOT NULL,
    compartment_number INTEGER NOT NULL,
    courier_id         INTEGER NOT NULL REFERENCES couriers,
    deposited_at       TIMESTAMP NOT NULL,
    expires_at         TIMESTAMP NOT NULL,
    left_at            TIMESTAMP,
    fee                DECIMAL(6, 2),
    FOREIGN KEY (site_id, compartment_number) REFERENCES compartments (site_id, number)
);
CREATE TABLE events (
    device_id     VARCHAR NOT NULL,
    sequence      INTEGER NOT NULL,
    kind          VARCHAR NOT NULL,
    occurred_at   TIMESTAMP NOT NULL,
    received_at   TIMESTAMP NOT NULL,
    tracking_code VARCHAR
);
"""
"""Times are UTC. ``events`` has no key: a device sends some events twice, and late."""


def load(
    connection: duckdb.DuckDBPyConnection, seed: int = SEED, sites: int = SITES, days: int = DAYS
) -> None:
    """Make Lockerline's tables in ``connection`` and fill them.

    Args:
        connection: a native DuckDB connection, without tables of these names.
        seed: which rows; see :func:`backend_course.lab.data.make`.
        sites: how many sites.
        days: how many days.

    Raises:
        duckdb.CatalogException: there is a table of one of these names already.
    """
    if (seed, sites, days) != (SEED, SITES, DAYS) or not spare.take_tables(connection):
        _make(connection, seed, sites, days)


def _make(
    connection: duckdb.DuckDBPyConnection, seed: int = SEED, sites: int = SITES, days: int = DAYS
) -> None:
    connection.execute(SCHEMA)
    for table, rows in _columns(seed, sites, days).items():
        connection.register("rows_made", rows)
        connection.execute(f"INSERT INTO {table} SELECT * FROM rows_made")
        connection.unregister("rows_made")


def get_ready(*seeds: int) -> None:
    """Make the usual rows and tables now, so that :func:`load` need not in this process's forks.

    Args:
        seeds: those of up to seven other data sets, whose rows are made.
    """
    for seed in (SEED, *seeds):
        _columns(seed, SITES, DAYS)
    spare.get_ready(_make)


@lru_cache(maxsize=8)  # a notebook loads the same rows for itself and for its checks
def _columns(seed: int, sites: int, days: int) -> dict[str, dict[str, np.ndarray]]:
    """Return the rows as DuckDB takes them fastest, by table and column."""
    return {
        table: {str(place): _array(column) for place, column in enumerate(zip(*rows, strict=True))}
        for table, rows in vars(make(seed, sites, days)).items()
    }


def _array(values: tuple) -> np.ndarray:
    """Return a column with NULL where a value is None; DuckDB looks at each value of an object."""
    missing = [value is None for value in values]
    filler = next((value for value in values if value is not None), None)
    if type(filler) not in _DTYPES:
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    filled = [filler if value is None else value for value in values]
    return np.ma.array(filled, dtype=_DTYPES[type(filler)], mask=missing)
