"""Remember what stands in the ``%%sql name <<`` cells that ran.

ipython-sql gives ``name`` the rows and forgets the query. A check judges the query, on other data
too, so it needs the text. IPython tells what a cell holds before it runs it (``pre_run_cell``).
"""

import re

from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell

_NAMED = re.compile(r"\s*%%sql\s+(?P<name>\w+)\s*<<(?P<text>.*)", re.DOTALL)
_texts: dict[str, str] = {}


def watch(shell: InteractiveShell) -> None:
    """Begin to remember the cells of a shell (idempotent)."""
    shell.events.register("pre_run_cell", _remember)


def text_of(name: str) -> str | None:
    """Return the SQL of the last ``%%sql name <<`` cell that ran, ``None`` where none did."""
    return _texts.get(name)


def _remember(info: ExecutionInfo) -> None:
    if match := _NAMED.match(info.raw_cell or ""):
        _texts[match["name"]] = match["text"].strip()
