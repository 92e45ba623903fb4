"""For all tests: how they are spread over processes, and that no server is left running."""

from functools import partial
from pathlib import Path

import nbval.kernel
from xdist.scheduler import LoadScopeScheduling

from backend_course.kernels import without_ports
from leftovers import nothing_is_left  # noqa: F401  a fixture counts where it is imported

ASSIGNMENTS = [
    answers.parent.name for answers in Path(__file__).parent.glob("grading/*/answers.yml")
]

# nbval makes its kernels itself and reads no settings of theirs.
nbval.kernel.KernelManager = partial(nbval.kernel.KernelManager, config=without_ports())


class OneGradingOneProcess(LoadScopeScheduling):
    """Keep together what shares something dear: a kernel, a graded assignment, a database."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if file.startswith("tests/apps/"):
            return str(Path(file).parent)
        graded = next((name for name in ASSIGNMENTS if f"[{name}" in test), "")
        return file + graded


def pytest_xdist_make_scheduler(config, log):
    return OneGradingOneProcess(config, log)
