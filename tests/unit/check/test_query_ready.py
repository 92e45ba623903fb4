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


def test_all_that_the_course_wants_ready_can_be_had_before_the_fork() -> None:
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    calls = config.WalledProvisioner.warm_up
    with Warm([name.partition(":")[0] for name in calls], calls) as warm:
        assert warm.left_out == {}
