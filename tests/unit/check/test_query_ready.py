"""The data of the checks is loaded once for a class, in the process that all kernels come from."""

import os
import subprocess
import sys

import pytest
from traitlets.config.loader import PyFileConfigLoader

from backend_course.lab.course import ROOT

if sys.platform != "linux":
    pytest.skip("kernels are forked on Linux only", allow_module_level=True)

from backend_course.grading.warm import Warm

PROGRAM = """
import os
from backend_course.check import query

def threads():
    return len(os.listdir("/proc/self/task"))

before = threads()
query.get_ready(7)
print(threads() - before, "threads more")

def judge(change):
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    query.data.load = None  # nothing is to be loaded in a fork
    query.sql_text = lambda name: "SELECT count(*) AS n, sum(fee) AS fees FROM stays"
    query.query_rows("answer", "SELECT count(*) AS n, sum(fee) AS fees FROM stays", seed=7)
    if change:
        query._loaded(7).execute("DELETE FROM stays")
    rows = query._loaded(7).execute("SELECT count(*) FROM stays").fetchall()
    os._exit(rows[0][0] > 0)

print([os.waitstatus_to_exitcode(judge(change)) for change in (False, True, False)])
"""


def test_loaded_data_has_no_thread_and_each_fork_has_its_own() -> None:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("0 threads more\n[1, 0, 1]\n", "")


LEARNERS = """
import os
import duckdb
from IPython.core.interactiveshell import InteractiveShell
from backend_course.lab import data, sql

shell = InteractiveShell.instance()
before = len(os.listdir("/proc/self/task"))
for _ in range(2):
    sql.get_ready()
    data.get_ready()
data.tables._make = None  # no table is to be made in a fork
print(len(os.listdir("/proc/self/task")) - before, "threads more")
SETTINGS = "SELECT name, value FROM duckdb_settings()"
usual = duckdb.connect()
usual.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
usual = usual.execute(SETTINGS).fetchall()

def kernel():
    receives, sends = os.pipe()
    if pid := os.fork():
        os.close(sends)
        told = os.read(receives, 1000).decode()
        os.waitpid(pid, 0)
        return told
    import random
    random.seed()
    db = sql.connect()
    data.load(db)
    rows = shell.run_line_magic("sql", "SELECT count(*) FROM sites")[0][0]
    second = sql.connect()
    same = db.execute(SETTINGS).fetchall() == usual
    facts = [rows, second.execute("SELECT count(*) FROM duckdb_tables()").fetchone()[0], same]
    os.write(sends, f"{facts} {db.execute('SELECT random()').fetchone()[0]}".encode())
    os._exit(0)

told = [kernel().rpartition(" ") for _ in range(2)]
print(*[facts for facts, _, _ in told], told[0][2] != told[1][2])
"""


def test_a_learners_database_that_was_started_before_is_as_any_other() -> None:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", "-c", LEARNERS]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    facts = "[12, 0, True]"
    assert (ran.stdout, ran.stderr) == (f"0 threads more\n{facts} {facts} True\n", "")


def test_all_that_the_course_wants_ready_can_be_had_before_the_fork() -> None:
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    calls = config.WalledProvisioner.warm_up
    with Warm([name.partition(":")[0] for name in calls], calls) as warm:
        assert warm.left_out == {}
