"""Feedback for students that gives away no hidden test and carries no script of theirs."""

import re
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from .hidden import marks, split

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_INSTEAD = "(left out: it quotes a hidden test)"


class HideTests(NbGraderPreprocessor):
    """Takes hidden tests out of sources, and out of outputs and tracebacks that quote them.

    An output that quotes one in disguise (reversed, encoded) is not recognised.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, cell_index: int
    ) -> tuple[NotebookNode, Any]:
        """Clean one cell."""
        cell.source, hidden = split(cell.source, marks(self.config))
        quotes = [line.strip() for line in hidden if len(line.strip()) > 8]
        for output in cell.get("outputs", []) if quotes else []:
            shown = _COLOURS.sub("", _text(output)).replace("\\n", "\n")
            if not any(quote in shown for quote in quotes):
                continue
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]
            elif output.output_type == "stream":
                output.text = _INSTEAD
            else:
                output.data = {"text/plain": _INSTEAD}
        return cell, resources


def _text(output: NotebookNode) -> str:
    if output.output_type == "error":
        return "\n".join(output.traceback)
    return output.text if output.output_type == "stream" else str(dict(output.data))
