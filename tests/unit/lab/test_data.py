"""Lockerline's data: the same everywhere, true to its rules, and as dirty as the lessons need."""

import datetime
import hashlib
from collections import Counter
from decimal import Decimal

import duckdb
import pytest

from backend_course.lab import data
from backend_course.lab.data import rules

TABLES = (
    "sites", "compartments", "shops", "couriers", "recipients", "parcels", "stays", "events",
)  # fmt: skip


@pytest.fixture(scope="module")
def database():
    with duckdb.connect() as connection:
        data.load(connection)
        yield connection


def value(connection, query):
    return connection.execute(query).fetchone()[0]


def digest(rows):
    return hashlib.sha256(repr(vars(rows)).encode()).hexdigest()[:16]


def test_the_rows_are_the_same_on_every_machine_and_python():
    assert digest(data.make()) == "0a8bf2d3fc01f597"


def test_the_tables_hold_the_rows_that_were_made(database):
    for table, rows in vars(data.make()).items():
        assert database.execute(f"SELECT * FROM {table}").fetchall() == rows


def test_another_seed_gives_other_rows_of_the_same_kind():
    one, other = vars(data.make(seed=1)), vars(data.make(seed=2))
    assert all(one[table] != other[table] for table in TABLES if table != "compartments")
    assert [len(one[table]) for table in TABLES[:5]] == [len(other[table]) for table in TABLES[:5]]


def test_sites_and_days_scale():
    rows = data.make(sites=30, days=10)
    assert len(rows.sites) == 30
    assert len({site[1] for site in rows.sites}) == 30
    assert max(stay[5] for stay in rows.stays) < datetime.datetime(2025, 10, 11)


@pytest.mark.parametrize(("sites", "days"), [(0, 1), (1, 0)])
def test_nothing_to_make_is_refused(sites, days):
    with pytest.raises(ValueError, match="at least 1 site and 1 day"):
        data.make(sites=sites, days=days)


def test_a_compartment_holds_one_parcel_at_a_time(database):
    overlaps = """
        SELECT count(*) FROM stays a JOIN stays b
            ON a.site_id = b.site_id AND a.compartment_number = b.compartment_number
            AND a.stay_id < b.stay_id
        WHERE b.deposited_at < coalesce(a.left_at, TIMESTAMP '2030-01-01')
    """
    assert value(database, overlaps) == 0


def test_a_parcel_lies_in_a_compartment_in_service_that_fits(database):
    wrong = """
        SELECT count(*) FROM stays JOIN parcels USING (tracking_code)
        JOIN compartments c ON c.site_id = stays.site_id AND c.number = stays.compartment_number
        WHERE NOT in_service
           OR strpos('SML', c.size) < strpos('SML', parcels.size)
    """
    assert value(database, wrong) == 0


def test_states_agree_with_stays(database):
    wrong = """
        SELECT count(*) FROM parcels LEFT JOIN stays USING (tracking_code) WHERE NOT CASE state
            WHEN 'announced' THEN stay_id IS NULL
            WHEN 'deposited' THEN stay_id IS NOT NULL AND left_at IS NULL
            WHEN 'expired' THEN left_at IS NULL AND expires_at <= '2026-01-01'
            WHEN 'collected' THEN left_at < expires_at AND fee IS NOT NULL
            WHEN 'returned' THEN left_at > expires_at AND fee IS NULL
            ELSE false END
    """
    assert value(database, wrong) == 0
    states = database.execute("SELECT DISTINCT state FROM parcels").fetchall()
    assert len(states) == 5


def test_the_dirt_that_lessons_need_is_there(database):
    assert value(database, "SELECT count(*) FROM parcels WHERE weight_g IS NULL") > 100
    assert value(database, "SELECT count(*) FROM recipients WHERE phone IS NULL") > 100
    assert value(database, "SELECT count(*) FROM couriers WHERE trained_by IS NULL") == 2
    doubles = "SELECT count(*) - count(DISTINCT (device_id, sequence)) FROM events"
    assert value(database, doubles) > 50
    late = "SELECT count(*) FROM events WHERE received_at > occurred_at + INTERVAL 5 HOUR"
    assert value(database, late) > 50
    idle = "SELECT count(*) FROM sites LEFT JOIN stays USING (site_id) WHERE stay_id IS NULL"
    assert value(database, idle) == 1
    december, october = (
        value(database, f"SELECT count(*) FROM parcels WHERE month(announced_at) = {month}")
        for month in (12, 10)
    )
    assert december > 1.4 * october


def test_the_trainers_make_no_circle(database):
    assert value(database, "SELECT count(*) FROM couriers WHERE trained_by >= courier_id") == 0


def test_a_second_load_into_the_same_database_is_refused():
    with duckdb.connect() as connection:
        data.load(connection, sites=1, days=1)
        with pytest.raises(duckdb.CatalogException, match="already exists"):
            data.load(connection, sites=1, days=1)


def test_tracking_codes_carry_luhns_check_digit():
    assert rules.luhn_digit("7992739871") == "3"  # the usual worked example
    codes = [parcel[0] for parcel in data.make().parcels]
    assert max(Counter(codes).values()) == 1
    for code in codes[:50]:
        digits = [int(digit) for digit in code.removeprefix("LL")]
        doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
        assert (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


@pytest.mark.parametrize(
    ("hours", "fee"),
    [
        (0, "0.00"), (72, "0.00"), (72.001, "1.50"), (96, "1.50"), (96.001, "3.00"),
        (240, "10.50"), (2400, "15.00"),
    ],
)  # fmt: skip
def test_storage_fee(hours, fee):
    assert rules.storage_fee(datetime.timedelta(hours=hours)) == Decimal(fee)


def test_parquet_is_the_same_for_a_seed_and_true_to_the_fee(tmp_path):
    first = data.write_parquet(tmp_path / "a.parquet", stays=20_000)
    again = data.write_parquet(tmp_path / "b.parquet", stays=20_000)
    with duckdb.connect() as connection:
        assert connection.execute(
            f"SELECT count(*), count(left_at) FROM '{first}'"
        ).fetchone() == (20_000, 19_793)  # fmt: skip
        same = f"SELECT count(*) FROM (FROM '{first}' EXCEPT FROM '{again}')"
        assert value(connection, same) == 0
        rows = connection.execute(
            f"SELECT deposited_at, left_at, fee FROM '{first}' WHERE left_at IS NOT NULL LIMIT 3000"
        ).fetchall()
    for deposited_at, left_at, fee in rows:
        assert fee == rules.storage_fee(left_at - deposited_at)


def test_a_parquet_path_with_a_quote(tmp_path):
    assert data.write_parquet(tmp_path / "it's.parquet", stays=10).is_file()


def test_what_is_remembered_is_not_made_again_and_is_what_would_be_made(monkeypatch):
    from backend_course.lab import spare
    from backend_course.lab.data import tables

    for name in ("_waiting", "_filled"):  # no test after this one finds a database that is ready
        monkeypatch.setattr(spare, name, [])

    def count(connection):
        return connection.execute(
            "SELECT count(*), sum(fee), max(deposited_at) FROM stays"
        ).fetchone()

    with duckdb.connect() as connection:
        data.load(connection, seed=99)
        made = count(connection)
    tables._columns.cache_clear()
    data.get_ready(99)
    monkeypatch.delattr(tables, "make")
    with duckdb.connect() as connection:
        data.load(connection, seed=99)
        assert count(connection) == made
    with duckdb.connect() as connection:
        data.load(connection)
        assert count(connection) != made
