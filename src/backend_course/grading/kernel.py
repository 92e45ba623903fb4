"""The kernel that runs in a fork of the warm process: ipykernel with its own random numbers."""

import random
import sys

from ipykernel.kernelapp import IPKernelApp


def run(arguments: list[str]) -> None:
    """Be a kernel until killed. `arguments` are those of ``python -m ipykernel_launcher``."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # forks would all draw the same numbers
    sys.argv = ["ipykernel_launcher", *arguments]
    app = IPKernelApp.instance()
    app.initialize(arguments)
    if sys.modules.get("debugpy", True) is None:
        del sys.modules["debugpy"]
    app.start()
