"""Lockerline's data: one seeded generator, the same rows on every machine and Python.

    from backend_course.lab import data, sql
    db = sql.connect()
    data.load(db)

``make`` gives the rows as Python tuples, ``load`` puts them into DuckDB tables, ``write_parquet``
writes millions of stays for lessons on plans and on column stores.
"""

from backend_course.lab.data.generate import DAYS, SEED, SITES, Lockerline, make
from backend_course.lab.data.large import write_parquet
from backend_course.lab.data.tables import SCHEMA, get_ready, load

__all__ = [
    "DAYS",
    "SCHEMA",
    "SEED",
    "SITES",
    "Lockerline",
    "get_ready",
    "load",
    "make",
    "write_parquet",
]
