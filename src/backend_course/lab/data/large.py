"""Millions of stays, written by DuckDB itself into a Parquet file."""

from pathlib import Path

import duckdb

_ROWS = """
WITH numbered AS (
    SELECT
        n,
        -- One step of a linear congruential generator for each column: plain integer arithmetic,
        -- so the rows do not depend on the version of a hash function. Modulus and multiplier:
        -- S. Park and K. Miller, "Random number generators: good ones are hard to find", 1988.
        ((n + {seed}) * 48271) % 2147483647 AS a,
        ((n + {seed} + 7) * 69621) % 2147483647 AS b
    FROM range({stays}) AS source (n)
)
SELECT
    n + 1 AS stay_id,
    (1 + (a // 7) % {sites})::INTEGER AS site_id,
    (1 + (b // 11) % 11)::INTEGER AS compartment_number,
    (1 + (a // 13) % 400)::INTEGER AS courier_id,
    ['S', 'S', 'S', 'M', 'M', 'L'][1 + (b // 17) % 6] AS size,
    TIMESTAMP '2025-01-01' + to_seconds(n * 31536000 // {stays}) AS deposited_at,
    CASE WHEN b % 97 > 0
        THEN deposited_at + to_minutes(30 + (a // 19) % 9000) END AS left_at,
    CASE WHEN b % 97 > 0
        THEN (greatest(((a // 19) % 9000 - 4290 + 1439) // 1440, 0) * 1.5)::DECIMAL(6, 2) END AS fee
FROM numbered
ORDER BY n
"""


def write_parquet(
    path: str | Path, stays: int = 5_000_000, seed: int = 2026, sites: int = 400
) -> Path:
    """Write a year of stays into one Parquet file.

    Args:
        path: the file to write, replaced if it is there.
        stays: how many rows; they are spread evenly over 2025, in the order of ``deposited_at``.
        seed: another seed gives other rows of the same kind.
        sites: how many sites the rows are spread over.

    Returns:
        The path.

    Raises:
        duckdb.IOException: the file cannot be written.
    """
    path = Path(path)
    rows = _ROWS.format(seed=int(seed), stays=int(stays), sites=int(sites))
    with duckdb.connect() as connection:
        target = str(path).replace("'", "''")
        connection.execute(f"COPY ({rows}) TO '{target}' (FORMAT parquet)")
    return path
