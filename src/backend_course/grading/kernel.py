"""The kernel that runs in a fork of the warm process: ipykernel, with snapshots for canaries.

A snapshot is a fork of the kernel, taken just before a test cell and kept asleep. When the notebook
has run, a snapshot wakes up, runs a mutated copy of its test cell through the same kernel code that
ran the real one, and tells what happened (see canaries.py). Nothing of the real run is disturbed:
files and servers that both share are touched only after the last real cell.
"""

import asyncio
import builtins
import gc
import io
import json
import os
import random
import select
import signal
import sys
import warnings
from typing import NoReturn

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp


class SnapshotKernel(IPythonKernel):
    """ipykernel with two more requests: `snapshot_request` and `canary_request`."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self._snapshots: dict[str, tuple[int, int]] = {}
        self.shell_handlers["snapshot_request"] = self.snapshot_request
        self.shell_handlers["canary_request"] = self.canary_request

    def snapshot_request(self, stream, ident, parent) -> None:
        """Fork a snapshot, asleep until its canary is asked for; its parent is process 1."""
        wake_read, wake_write = os.pipe()
        told_read, told_write = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # the fork has one thread, and says so
            middle = os.fork()
            if middle == 0:
                # A second fork, so that no test finds a child process that it did not start.
                if os.fork():
                    os._exit(0)
                for end in (wake_write, told_read, *sum(self._snapshots.values(), ())):
                    os.close(end)  # a pipe ends only when nobody holds its other end
                self._sleep_then_run(wake_read, told_write)
        os.waitpid(middle, 0)
        os.close(wake_read)
        os.close(told_write)
        self._snapshots[parent["content"]["cell"]] = (wake_write, told_read)

    def canary_request(self, stream, ident, parent) -> None:
        """Wake a snapshot with the mutated source and answer with what it tells."""
        content = parent["content"]
        wake, told = self._snapshots.pop(content["cell"], (None, None))
        report = {}
        if wake is not None:
            with os.fdopen(wake, "wb") as pipe:
                pipe.write(json.dumps(content).encode())
            report = _read_report(told, content["seconds"])
            os.close(told)
        self.session.send(stream, "canary_reply", report, parent, ident=ident)

    def _sleep_then_run(self, wake: int, told: int) -> NoReturn:
        try:
            interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the real cells
            with os.fdopen(wake, "rb") as pipe:
                message = pipe.read()
            if message:  # nothing means that the kernel goes, or that the cell earned no points
                signal.signal(signal.SIGINT, interrupted)
                os.write(
                    told, json.dumps(self._run_canary(**json.loads(message))).encode()[:60_000]
                )
        except BaseException as error:
            os.write(told, json.dumps({"error": type(error).__name__}).encode())
        finally:
            os._exit(0)  # on no account run on as a second kernel

    def _run_canary(self, cell: str, source: str, seconds: float) -> dict:
        gc.disable()  # a collection would touch, and so copy, every page shared with the original
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        results = []

        def collect(_stream, message, content=None, *_args, **_kwargs) -> dict:
            kind = message if isinstance(message, str) else message["msg_type"]
            if kind == "execute_result":
                shown = content if content is not None else message["content"]
                results.append(shown["data"].get("text/plain", ""))
            return {}

        self.session.send = collect
        builtins.__canary__ = record = []  # type: ignore[attr-defined]
        asyncio._set_running_loop(None)  # the loop that runs here belongs to the original
        reply = asyncio.run(self.do_execute(source, silent=False, store_history=True))
        return {
            "record": record,
            "results": results,
            "status": reply.get("status"),
            "error": reply.get("ename"),
            "message": str(reply.get("evalue"))[:500],
        }


def _read_report(told: int, seconds: float) -> dict:
    ready, _, _ = select.select([told], [], [], seconds)
    if not ready:
        return {"error": "Timeout"}
    try:
        return json.loads(os.read(told, 1 << 16) or b'{"error": "Died"}')
    except ValueError:
        return {"error": "Garbled"}


def run(arguments: list[str]) -> None:
    """Be a kernel until killed. `arguments` are those of ``python -m ipykernel_launcher``."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # forks would all draw the same numbers
    sys.argv = ["ipykernel_launcher", *arguments]
    app = IPKernelApp.instance(kernel_class=SnapshotKernel)
    app.initialize(arguments)
    if sys.modules.get("debugpy", True) is None:
        del sys.modules["debugpy"]
    app.start()
