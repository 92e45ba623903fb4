"""nbgrader's own commands with walls: what `configure` puts into a course's settings.

For `nbgrader autograde`, its API and a click in formgrader. `grade` does the same and more (several
at a time, resuming, links in submissions, times of receipt).
"""

import json
import sys
from typing import Any

from nbformat import NotebookNode
from nbgrader import preprocessors
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.preprocessors import NbGraderPreprocessor

from .execute import WalledExecute
from .feedback import HideTests
from .gradebook import find_alembic
from .hidden import marks
from .ingest import make_true, parse_notebook
from .lines import one_line
from .spec import read_spec


class TrustedCells(NbGraderPreprocessor):
    """Takes a submitted notebook in as `grade` does: all it says of known cells is replaced."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Rebuild the notebook by the gradebook."""
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            spec = read_spec(gradebook, names["assignment"]).notebook(names["notebook"])
        assert spec is not None, "nbgrader skips notebooks that the gradebook does not know"
        rebuilt = parse_notebook(json.dumps(nb).encode())
        if not self.config.ClearOutput.get("enabled", True):  # nbgrader autograde --no-execute
            for given, cell in zip(nb.cells, rebuilt.cells, strict=True):
                if cell.cell_type == "code":
                    cell.update(outputs=given.outputs, execution_count=given.execution_count)
        add_missing = bool(self.config.OverwriteCells.get("add_missing_cells", False))
        for flag in make_true(rebuilt, spec, marks(self.config), add_missing):
            told = f"{flag['kind']}: {flag['cell'] or 'the notebook'}: {flag['text']}"
            self.log.warning("%s", one_line(told))
        return rebuilt, resources


def configure_nbgrader(config: Any) -> None:
    """See `backend_course.grading.configure`."""
    find_alembic()
    stock = preprocessors
    own = {stock.Execute: WalledExecute, stock.OverwriteCells: TrustedCells}
    folded = {stock.DeduplicateIds, stock.OverwriteKernelspec}  # TrustedCells does what they do
    for name in ("sanitize_preprocessors", "autograde_preprocessors"):
        listed = getattr(Autograde, name).default()
        config.Autograde[name] = [own.get(each, each) for each in listed if each not in folded]
    config.WalledExecute.walled = sys.platform == "linux"
    config.GenerateFeedback.preprocessors = [HideTests, *GenerateFeedback.preprocessors.default()]
    # formgrader shows submissions in the instructor's browser through the same exporter.
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.filters = {
        "clean_html": "backend_course.grading.safe_html.clean",
        "markdown2html": "backend_course.grading.safe_html.markdown",
    }
