"""``%sql`` on DuckDB, each promise in a fresh IPython shell."""

import duckdb
import pytest
import sqlalchemy
from IPython.core.interactiveshell import InteractiveShell
from sql.connection import Connection as MagicConnection

from backend_course.lab import sql


@pytest.fixture
def shell():
    """A fresh shell, with ``%sql`` pointed at an empty DuckDB as ``db``."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    assert shell.run_cell("from backend_course.lab import sql\ndb = sql.connect()").success
    yield shell
    shell.user_ns["db"].close()
    MagicConnection.connections.clear()
    InteractiveShell.clear_instance()


def run(shell, cell):
    """Run a cell that must succeed, and return its value."""
    outcome = shell.run_cell(cell)
    outcome.raise_error()
    return outcome.result


def shown(shell, result):
    return shell.display_formatter.format(result)[0]


def test_rows_come_back(shell):
    assert list(run(shell, "%sql SELECT 1 AS a, 'x' AS b")) == [(1, "x")]


def test_a_second_connect_says_nothing(shell, capsys):
    run(shell, "db.close(); db = sql.connect()")
    assert capsys.readouterr().out == ""


def test_tables_stay_between_cells(shell):
    run(shell, "%sql CREATE TABLE t (a INTEGER)")
    run(shell, "%sql INSERT INTO t VALUES (1), (2)")
    assert list(run(shell, "%sql SELECT a FROM t ORDER BY a")) == [(1,), (2,)]


def test_the_last_of_several_statements_answers(shell):
    cell = "%%sql\nCREATE TABLE t (a INTEGER);\nINSERT INTO t VALUES (7);\nSELECT a FROM t"
    assert list(run(shell, cell)) == [(7,)]


def test_a_native_connection_sees_the_same_tables(shell):
    run(shell, "%sql CREATE TABLE t AS SELECT 3 AS a")
    assert shell.user_ns["db"].execute("SELECT a FROM t").fetchall() == [(3,)]
    shell.user_ns["db"].execute("INSERT INTO t VALUES (4)")
    assert len(run(shell, "%sql SELECT a FROM t")) == 2
    assert duckdb.sql("SELECT a FROM t").fetchall() == [(3,), (4,)]


def test_assignment_to_a_variable(shell, capsys):
    run(shell, "%%sql answer <<\nSELECT 5 AS a")
    assert list(shell.user_ns["answer"]) == [(5,)]


def test_a_python_variable_is_sent_beside_the_statement(shell):
    shell.user_ns["wanted"] = "x' OR 'a' = 'a"
    assert list(run(shell, "%sql SELECT :wanted AS a")) == [("x' OR 'a' = 'a",)]


def test_a_missing_variable_is_one_line_without_the_namespace(shell, capsys):
    shell.user_ns["secret"] = "do not print me"
    assert not shell.run_cell("%sql SELECT :nowhere AS a").success
    told = capsys.readouterr().out
    assert "SQLError: A value is required for bind parameter 'nowhere'" in told
    assert "do not print me" not in told


def test_a_failing_statement_fails_the_cell_in_duckdbs_own_words(shell, capsys):
    outcome = shell.run_cell("%sql SELECT citty FROM (SELECT 1 AS city)")
    assert isinstance(outcome.error_in_exec, sql.SQLError)
    told = capsys.readouterr().out
    assert 'Referenced column "citty" not found' in told
    assert "LINE 1: SELECT citty" in told
    assert "Traceback" not in told


def test_the_next_cell_works_after_a_failure(shell, capsys):
    assert not shell.run_cell("%sql SELECT nonsense").success
    assert list(run(shell, "%sql SELECT 1 AS a")) == [(1,)]


def test_what_is_ready_is_not_looked_for_again(monkeypatch):
    import importlib.metadata

    from sqlalchemy.dialects import registry

    registry.impls.pop("duckdb", None)
    monkeypatch.setattr(sql.spare, "_waiting", [])  # and none after this test
    sql.get_ready()
    monkeypatch.delattr(importlib.metadata, "entry_points")
    assert sqlalchemy.engine.make_url("duckdb://").get_dialect().name == "duckdb"


def test_an_endless_query_is_stopped_with_a_clear_line():
    with (
        duckdb.connect() as connection,
        pytest.raises(sql.SQLTimeoutError, match=r"longer than 0\.2 seconds and was stopped"),
    ):
        sql.run(
            connection, "SELECT count(*) FROM range(10000000) a, range(1000000) b", time_limit=0.2
        )


def test_an_endless_query_is_stopped_by_the_cpu_that_it_uses():
    endless = "SELECT count(*) FROM range(10000000) a, range(1000000) b"
    with (
        duckdb.connect() as connection,
        pytest.raises(sql.SQLTimeoutError, match=r"longer than 0\.2 seconds and was stopped"),
    ):
        sql.run(connection, endless, time_limit=600, cpu_limit=0.2)


def test_the_connection_is_of_use_after_a_time_out():
    with duckdb.connect() as connection:
        with pytest.raises(sql.SQLTimeoutError):
            sql.run(
                connection, "SELECT count(*) FROM range(10000000) a, range(1000000) b", None, 0.2
            )
        assert sql.run(connection, "SELECT 1 AS a") == (["a"], [(1,)])


def test_an_interrupt_by_the_learner_is_no_time_out():
    class Interrupted:
        def extract_statements(self, statement):
            return [statement]

        def execute(self, statement, parameters):
            raise duckdb.InterruptException("interrupted")

        def interrupt(self):
            pytest.fail("the time limit did not run out")

    with pytest.raises(KeyboardInterrupt):
        sql.run(Interrupted(), "SELECT 1")


def test_a_blank_cell_is_no_error(shell, capsys):
    run(shell, "%%sql answer <<\n-- write your query here")
    assert list(shell.user_ns["answer"]) == []
    assert shown(shell, shell.user_ns["answer"])["text/plain"] == "Done."


def test_a_statement_without_rows_says_done(shell):
    result = run(shell, "%sql CREATE TABLE t (a INTEGER)")
    assert shown(shell, result)["text/plain"] == "Done."
    assert shown(shell, run(shell, "%sql SELECT a FROM t"))["text/plain"].endswith("(0 rows)")


def test_text_is_small_and_stable(shell):
    run(shell, "%sql CREATE TABLE t (a INTEGER, b VARCHAR, c DECIMAL(5, 2))")
    run(shell, "%sql INSERT INTO t VALUES (1, 'x', 1.5), (20, NULL, NULL)")
    text = shown(shell, run(shell, "%sql SELECT * FROM t ORDER BY a"))["text/plain"]
    assert text.splitlines() == [
        "a  |  b   |  c",
        "---+------+-----",
        " 1 | x    | 1.50",
        "20 | NULL | NULL",
        "(2 rows)",
    ]


def test_a_moment_with_a_zone_prints_in_utc(shell):
    result = run(shell, "%sql SELECT TIMESTAMPTZ '2025-12-24 12:00:00+01' AS moment")
    assert "2025-12-24 11:00:00+00:00" in shown(shell, result)["text/plain"]


def test_html_is_escaped(shell):
    html = shown(shell, run(shell, "%sql SELECT '<b>' AS \"<i>\", 1 AS n"))["text/html"]
    assert "&lt;b&gt;" in html
    assert "&lt;i&gt;" in html
    assert '<td style="text-align: right">1</td>' in html


def test_a_long_result_says_that_it_is_cut(shell):
    result = run(shell, "%sql SELECT n FROM range(30) r (n) ORDER BY n")
    assert len(result) == 30
    lines = shown(shell, result)["text/plain"].splitlines()
    assert lines[-1] == "(30 rows, the first 20 are shown)"
    assert len(lines) == 23


def test_a_second_connect_moves_the_magic(shell, tmp_path):
    run(shell, "%sql CREATE TABLE t AS SELECT 1 AS a")
    path = str(tmp_path / "other.duckdb")
    shell.user_ns["path"] = path
    run(shell, "other = sql.connect(path)")
    run(shell, "%sql CREATE TABLE u AS SELECT 2 AS a")
    assert not shell.run_cell("%sql SELECT a FROM t").success
    shell.user_ns["other"].close()
    with duckdb.connect(path) as again:
        assert again.execute("SELECT a FROM u").fetchall() == [(2,)]


def test_a_file_that_is_no_database_is_one_clear_error(shell, tmp_path, capsys):
    path = tmp_path / "broken.duckdb"
    path.write_text("not a database at all, but long enough to be read as one" * 100)
    shell.user_ns["path"] = str(path)
    outcome = shell.run_cell("sql.connect(path)")
    assert isinstance(outcome.error_in_exec, sql.SQLError)


def test_outside_a_notebook_connect_says_so():
    InteractiveShell.clear_instance()
    with pytest.raises(RuntimeError, match="in a notebook or in IPython"):
        sql.connect()


def test_upstream_is_not_mended_yet():
    """Fails when duckdb-engine gives rows without our cure: then lab/sql.py can go."""
    engine = sqlalchemy.create_engine("duckdb://")
    with engine.connect() as connection:
        result = connection.execute(sqlalchemy.text("SELECT 1 AS a"))
        connection.commit()
        rows = result.fetchall()
    engine.dispose()
    assert rows == [], "A SELECT keeps its rows over a commit: try to do without lab/sql.py."
