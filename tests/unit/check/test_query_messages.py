"""What a learner reads of a query: blank, not one SELECT, not running, or with other rows."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from sql.connection import Connection as MagicConnection

from backend_course import check
from backend_course.check import query
from backend_course.check.rows import compare_rows
from backend_course.lab import sql_cells

CITIES = "SELECT DISTINCT city FROM sites"


@pytest.fixture
def shell():
    """A fresh shell, as after the setup cell of an assignment."""
    InteractiveShell.clear_instance()
    sql_cells._texts.clear()
    shell = InteractiveShell.instance()
    assert shell.run_cell("from backend_course.lab import sql\ndb = sql.connect()").success
    yield shell
    shell.user_ns["db"].close()
    MagicConnection.connections.clear()
    InteractiveShell.clear_instance()


def verdict(name="answer", **options):
    with pytest.raises(check.CheckError) as caught:
        check.query_form(name, columns=["city"], **options)
    return str(caught.value)


def test_an_answer_that_was_never_given(shell):
    assert verdict("unwritten") == (
        "unwritten: not attempted yet. Write your query and run its cell; in an SQL cell keep "
        "its first line, `%%sql unwritten <<`."
    )


@pytest.mark.parametrize("blank", [..., "", "-- write your query here"])
def test_a_blank_answer(shell, blank):
    shell.user_ns["answer"] = blank
    with pytest.raises(check.NotAttemptedError, match=r"^answer: not attempted yet\."):
        check.query_rows("answer", CITIES)


def test_a_blank_sql_cell(shell):
    shell.run_cell("%%sql blank_cell <<\n-- write your query here")
    assert "not attempted yet" in verdict("blank_cell")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("SELECT 1; SELECT 2", "answer holds 2 statements, one is asked for."),
        ("DROP TABLE sites", "answer is a statement of kind DROP. A SELECT is asked for."),
        (["Turku"], "answer is a value of type list, a query is asked for."),
        ("SELECT town FROM sites", 'Referenced column "town" not found'),
        ("SELECT city, name FROM sites", "Too many: (name)."),
        ("SELECT name FROM sites", "A column gets its name by AS: … AS city."),
    ],
)
def test_what_is_no_answer_is_named(shell, answer, words):
    shell.user_ns["answer"] = answer
    assert words in verdict()


def test_a_database_that_the_learner_closed_changes_no_verdict(shell):
    shell.user_ns["answer"] = CITIES
    shell.user_ns["db"].close()
    check.query_rows("answer", CITIES)
    shell.user_ns["answer"] = "SELECT FROM WHERE"
    assert "is not SQL that DuckDB can read" in verdict()


def test_the_same_reference_gives_other_rows_after_another_setup(shell):
    shell.user_ns["answer"] = CITIES
    for setup in ("", "UPDATE sites SET city = 'Ghent'", "UPDATE sites SET city = 'Brno'"):
        check.query_rows("answer", CITIES, setup=setup)
    shell.user_ns["answer"] = "SELECT 'Brno' AS city"
    check.query_rows("answer", CITIES, setup="UPDATE sites SET city = 'Brno'")
    with pytest.raises(check.CheckError, match="on other data"):
        check.query_rows("answer", CITIES, setup="UPDATE sites SET city = 'Ghent'")


def test_a_question_asked_again_gets_the_same_answer(shell):
    def verdict_of(query, **options):
        shell.user_ns["answer"] = query
        try:
            check.query_rows("answer", "SELECT * FROM shops", seed=5, **options)
        except check.CheckError as error:
            return str(error)
        return "right"

    wider = "ALTER TABLE shops ADD COLUMN since DATE DEFAULT DATE '2025-01-01'"
    for options in ({}, {"setup": "UPDATE shops SET name = lower(name)"}, {"setup": wider}):
        queries = ("SELECT * FROM shops", "SELECT name FROM shops", "SELECT nothing FROM shops")
        first = [verdict_of(query, **options) for query in queries]
        assert [verdict_of(query, **options) for query in queries] == first
        assert first[0] == "right"
        assert "The columns are" in first[1]
        assert "does not run" in first[2]


def test_an_answer_that_was_shown_is_the_one_that_is_checked(shell, capsys):
    shell.user_ns["answer"] = "SELECT random() AS city"
    check.query_show("answer")
    fingerprint = check.answer_fingerprint("SELECT random() AS city")
    check.query_form("answer", columns=["city"], fingerprint=fingerprint)
    shell.user_ns["answer"] = "SELECT random() + 0 AS city"
    assert "not as asked" in verdict(fingerprint=fingerprint)


def test_many_answers_are_not_all_kept(shell, monkeypatch):
    monkeypatch.setattr(query, "_MOST_ANSWERS", 3)
    for number in range(9):
        shell.user_ns["answer"] = f"SELECT {number} AS city"
        check.query_rows("answer", f"SELECT {number} + 0 AS city")
        assert len(query._answers) <= 5


def test_columns_are_told_without_running_what_comes_before(shell):
    shell.user_ns["answer"] = CITIES
    slow = "INSERT INTO events SELECT * FROM events; " * 3
    check.query_rows("answer", CITIES, seed=5, setup=slow)
    shell.user_ns["answer"] = "SELECT city AS town FROM sites"
    query._loaded(5).execute("DROP TABLE events")  # so that the setup could not run
    with pytest.raises(check.CheckError, match=r"asked for are \(city\)"):
        check.query_rows("answer", CITIES, seed=5, setup=slow)
    query._loaded.cache_clear()


def test_the_visible_check_sees_a_wrong_order(shell):
    keys = {"fingerprint": check.answer_fingerprint(CITIES + " ORDER BY city", ["city"])}
    keys["order_by"] = ["city"]
    shell.user_ns["answer"] = CITIES + " ORDER BY city"
    check.query_form("answer", columns=["city"], **keys)
    shell.user_ns["answer"] = CITIES + " ORDER BY city DESC"
    assert "the rows are right, their order is not. Look at your ORDER BY." in verdict(**keys)


def test_the_visible_check_sees_wrong_values_in_the_right_number(shell):
    fingerprint = check.answer_fingerprint(CITIES)
    shell.user_ns["answer"] = f"SELECT upper(city) AS city FROM ({CITIES}) AS cities"
    words = verdict(fingerprint=fingerprint)
    assert "6 rows came back, but their values are not as asked." in words
    assert "work out by hand" in words


def test_show_gives_the_rows_or_the_reason(shell, capsys):
    shell.user_ns["answer"] = CITIES + " ORDER BY city LIMIT 1"
    check.query_show("answer")
    check.query_show("unwritten")
    shown = capsys.readouterr().out
    assert "Brno\n(1 row)" in shown
    assert "unwritten: not attempted yet." in shown


@pytest.mark.parametrize(
    ("query", "about_joins"),
    [
        ("SELECT city, 2 * count(*) AS sites FROM sites GROUP BY city", False),
        ("SELECT city, count(*) AS sites FROM sites JOIN range(2) ON true GROUP BY city", True),
        ("SELECT city, count(*) AS sites FROM sites, shops GROUP BY city", True),
    ],
)
def test_only_a_query_with_a_join_is_told_of_joins(shell, query, about_joins):
    shell.user_ns["answer"] = query
    with pytest.raises(check.CheckError) as caught:
        check.query_rows("answer", "SELECT city, count(*) AS sites FROM sites GROUP BY city")
    assert ("fan-out" in str(caught.value)) == about_joins


@pytest.mark.parametrize(
    ("came", "words"),
    [
        ([("a", 8303), ("b", 7000)], "weight is 1000 times what was expected, wherever it differs"),
        ([("a", 0.08303), ("b", 0.07)], "weight is 0.01 times what was expected"),
        ([("a", 8.303), ("b", 7), ("b", 7)], "UNION ALL keeps a row that both its sides have."),
    ],
)
def test_unit_and_doubling_are_named(came, words):
    assert words in compare_rows(came, [("a", 8.303), ("b", 7)], ["code", "weight"])


def test_factors_that_differ_are_no_unit():
    words = compare_rows([("a", 800), ("b", 7000)], [("a", 8), ("b", 7)], ["code", "weight"])
    assert "unit" not in words


def test_a_parameter_is_told_that_values_stand_in_the_query(shell):
    shell.user_ns["answer"] = "SELECT city FROM sites WHERE city = :city"
    assert "A query that is judged holds its values itself: no :name." in verdict()


def test_a_query_that_duckdb_cannot_take_apart_is_judged_all_the_same(shell):
    shell.user_ns["answer"] = "SELECT DISTINCT city FROM sites WHERE city COLLATE NOCASE <> 'brno'"
    with pytest.raises(check.CheckError, match=r"5 rows came back, 6 were expected"):
        check.query_rows("answer", CITIES)


def test_moments_with_a_zone_compare_in_utc(shell):
    shell.user_ns["answer"] = "SELECT TIMESTAMPTZ '2025-12-24 12:00:00+01' AS moment"
    check.query_rows("answer", "SELECT TIMESTAMPTZ '2025-12-24 11:00:00+00' AS moment")


def test_a_query_without_an_end_is_stopped_by_the_cpu_that_it_uses(shell, monkeypatch):
    monkeypatch.setattr(query, "CPU_LIMIT", 0.2)
    monkeypatch.setattr(query, "TIME_LIMIT", 600)
    endless = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i FROM n) SELECT i FROM n"
    shell.user_ns["answer"] = endless
    with pytest.raises(check.CheckError, match=r"longer than 0\.2 seconds and was stopped. Look"):
        query.query_rows("answer", "SELECT 1 AS i")
