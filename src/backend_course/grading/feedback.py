"""Feedback for students that gives away no hidden test and carries no script of theirs."""

import re
from html import unescape
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

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Clean all cells: any cell may have run beside the hidden tests of another."""
        hidden: set[str] = set()
        shown: set[str] = set()
        for cell in nb.cells:
            cell.source, left_out = split(cell.source, marks(self.config))
            hidden |= {line.strip() for line in left_out}
            shown |= {line.strip() for line in cell.source.split("\n")}
        self._quotes = [_plain(line) for line in hidden - shown if len(line) > 8]
        return super().preprocess(nb, resources) if self._quotes else (nb, resources)

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, cell_index: int
    ) -> tuple[NotebookNode, Any]:
        """Clean one cell's outputs."""
        for output in cell.get("outputs", []):
            if not self._quoted_in(_text(output)):
                continue
            if output.output_type == "error":
                for part in ("ename", "evalue"):
                    output[part] = _INSTEAD if self._quoted_in(output[part]) else output[part]
                output.traceback = [f"{output.ename}: {output.evalue}"]
            elif output.output_type == "stream":
                output.text = _INSTEAD
            else:
                output.data = {"text/plain": _INSTEAD}
        return cell, resources

    def _quoted_in(self, text: str) -> bool:
        return any(quote in _plain(text) for quote in self._quotes)


def _plain(text: str) -> str:
    """Text as it is compared: without colours, and without what `repr` or HTML writes otherwise."""
    return unescape(_COLOURS.sub("", text)).replace("\\n", "\n").replace("\\", "")


def _text(output: NotebookNode) -> str:
    if output.output_type == "error":
        return "\n".join([output.ename, output.evalue, *output.traceback])
    return output.text if output.output_type == "stream" else str(dict(output.data))
