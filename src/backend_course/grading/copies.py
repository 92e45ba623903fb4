"""Make a copied cell harmless.

nbgrader's own preprocessor empties the metadata of a cell whose grade_id stands twice. Empty
metadata then counts as an old format, and the whole batch stops there (nbgrader 0.9.6).
"""

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import DeduplicateIds


class ForgetCopies(DeduplicateIds):
    """Let the last of several cells with one grade_id count; the others become ordinary cells."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, cell_index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Take nbgrader's metadata off a cell whose grade_id was met before."""
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if cell.metadata.get("nbgrader") == {}:
            del cell.metadata["nbgrader"]
        return cell, resources
