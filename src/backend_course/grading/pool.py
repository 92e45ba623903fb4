"""Workers on this machine: processes that may die at any time without anything being lost.

Not `concurrent.futures`: its pool breaks, with all that is waiting in it, when one worker is
killed. Bytes go in and come out; nothing is pickled on the way.
"""

import collections
import contextlib
import gc
import multiprocessing
import multiprocessing.connection
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import psutil

from .warm import LostKernelError

# How often a task is given out when its workers die. Not fewer: a machine that is short of memory
# can kill several workers within seconds, and none of that is the task's fault.
ATTEMPTS = 10
CPUS = os.cpu_count() or 1
_STARTS = 3  # how often a task is given out when its kernels are lost before they begin
_LOOK_EVERY = 1.0  # seconds between two looks at what the machine has to spare
_GRACE = 5.0  # seconds for a worker to go
_IDLE = 50.0  # percent of the CPUs that must have been idle for one more worker

Work = Callable[[bytes], bytes]


class Equipment(Protocol):
    """Something of the parent's that a worker takes along when it is forked."""

    def take(self) -> None:
        """Take it, in the worker."""

    def let_go(self) -> None:
        """Let go of it, in the parent."""


Connection = multiprocessing.connection.Connection


class TaskFailedError(Exception):
    """One task could not be done; the text says why. The others go on."""


Task = tuple[str, bytes]  # a name and what to work on
Result = tuple[str, bytes | TaskFailedError]


class LocalPool:
    """`count` worker processes that run `work`; a context manager.

    While the machine has time to spare it becomes more, up to `most`: a worker whose notebook waits
    for a server or a time-out needs no CPU. `equip` makes each worker's equipment; where workers
    are not forked they get none.
    """

    def __init__(
        self,
        work: Work,
        count: int,
        most: int | None = None,
        equip: Callable[[], Equipment] | None = None,
    ) -> None:
        self._work = work
        self._count = max(1, count)
        self._most = most or self._count
        # Forked where that is safe, because a worker then needs no imports of its own.
        self._context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._equip = equip if self._context.get_start_method() == "fork" else None
        self._workers: dict[Connection, multiprocessing.process.BaseProcess] = {}
        self._folder = tempfile.mkdtemp(prefix="grading-")
        Path(self._folder).chmod(0o711)

    def __enter__(self) -> "LocalPool":
        psutil.cpu_times_percent()  # the next call tells what was since
        self._look_next = time.monotonic() + _LOOK_EVERY
        return self

    def __exit__(self, failure: type[BaseException] | None, *_) -> None:
        for connection, process in self._workers.items():
            connection.close()
            if failure:
                process.terminate()  # in the midst of a task: nobody waits for its end
        until = time.monotonic() + _GRACE
        for process in self._workers.values():
            _end(process, until - time.monotonic())
        self._workers.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, tasks: Iterable[Task]) -> Iterator[Result]:
        """Run `tasks`, pairs of a name and bytes; yields names with results as they come.

        Tasks are taken one by one as workers become free, so that not all are in memory at once. A
        task whose worker dies is given to another, `ATTEMPTS` times in all, and after all those
        that have not had their turn yet: one that is deadly holds nobody up.
        """
        waiting = iter(tasks)
        again: collections.deque[tuple[str, bytes, int]] = collections.deque()
        running: dict[Connection, tuple[str, bytes, int]] = {}
        more = True
        while True:
            while len(running) < self._count and (more or again):
                name, content = next(waiting, (None, b"")) if more else (None, b"")
                if name is not None:
                    item = (name, content, 1)
                else:
                    more = False
                    if not again:
                        break
                    item = again.popleft()
                connection = self._free_worker(running)
                running[connection] = item
                with contextlib.suppress(OSError):  # a dead worker is noticed below
                    connection.send_bytes(item[1])
            if not running:
                return
            for connection in multiprocessing.connection.wait(list(running), self._patience()):
                name, content, attempt = running.pop(connection)
                try:
                    kind, result = connection.recv_bytes(), connection.recv_bytes()
                except (EOFError, OSError):
                    self._stop(connection)
                    if attempt < ATTEMPTS:
                        again.append((name, content, attempt + 1))
                    else:
                        yield name, TaskFailedError(f"{ATTEMPTS} workers died over it")
                else:
                    if kind == b"lost" and attempt < _STARTS:
                        again.append((name, content, attempt + 1))
                        continue
                    yield name, result if kind == b"done" else TaskFailedError(result.decode())

    def _patience(self) -> float | None:
        """Seconds to wait for a result before the next look at the machine; None if no more."""
        if self._count >= self._most:
            return None
        if time.monotonic() > self._look_next:
            self._look_next = time.monotonic() + _LOOK_EVERY
            self._count += psutil.cpu_times_percent().idle > _IDLE
        return _LOOK_EVERY

    def _free_worker(self, running: dict) -> Connection:
        for connection, process in list(self._workers.items()):
            if connection in running:
                continue
            if process.is_alive():
                return connection
            self._stop(connection)
        ours, theirs = self._context.Pipe()
        # A fork holds copies of all these ends; a worker would never see its own one close.
        forks = self._context.get_start_method() == "fork"
        inherited = [ours, *self._workers] if forks else []
        equipment = self._equip() if self._equip else None
        process = self._context.Process(
            target=_serve,
            args=(theirs, inherited, self._work, self._folder, equipment),
            daemon=True,
        )
        process.start()
        if equipment:
            equipment.let_go()
        theirs.close()
        self._workers[ours] = process
        return ours

    def _stop(self, connection: Connection) -> None:
        process = self._workers.pop(connection)
        connection.close()
        _end(process, _GRACE)


def _end(process: multiprocessing.process.BaseProcess, patience: float) -> None:
    """Wait for a process that has been asked to go; kill it after `patience` seconds."""
    process.join(max(0, patience))
    if process.is_alive():
        process.kill()
        process.join()


def _serve(
    connection: Connection,
    inherited: list[Connection],
    work: Work,
    folder: str,
    equipment: Equipment | None,
) -> None:
    """A worker's life: a task, an answer, until the connection closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this one
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # puts away the kernel that it has
    for other in inherited:
        other.close()
    if equipment:
        equipment.take()
    gc.freeze()  # what was inherited stays; the collector need not look through it again and again
    tempfile.tempdir = tempfile.mkdtemp(dir=folder)  # removed with the pool, even if this is killed
    Path(tempfile.tempdir).chmod(0o711)
    try:
        while True:
            task = connection.recv_bytes()
            try:
                result, kind = work(task), b"done"
            except Exception as error:
                kind = b"lost" if isinstance(error, LostKernelError) else b"failed"
                result = f"{type(error).__name__}: {error}".encode("utf-8", "backslashreplace")
            connection.send_bytes(kind)
            connection.send_bytes(result)
    except (EOFError, OSError):
        pass
    finally:
        from .provisioner import close_warm_process

        close_warm_process()
        os._exit(0)  # the parent's clean-up is not the worker's to run
