"""nbgrader as it comes, for a course whose settings may say otherwise.

With one repair, without which no class can be compared: a copied cell stops the whole batch.
"""

from nbgrader.converters import Autograde
from nbgrader.preprocessors import DeduplicateIds

c = get_config()  # noqa: F821  traitlets puts get_config into the namespace of a configuration file


class ForgetCopies(DeduplicateIds):
    """Let the last of several cells with one grade_id count; the others become ordinary cells.

    nbgrader 0.9.6 empties the metadata of the others, and takes empty metadata for an old format.
    """

    def preprocess_cell(self, cell, resources, cell_index):
        """Take nbgrader's metadata off a cell whose grade_id was met before."""
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if cell.metadata.get("nbgrader") == {}:
            del cell.metadata["nbgrader"]
        return cell, resources


c.Autograde.sanitize_preprocessors = [
    ForgetCopies if each is DeduplicateIds else each
    for each in Autograde.sanitize_preprocessors.default()
]
c.Autograde.autograde_preprocessors = Autograde.autograde_preprocessors.default()
