"""Look after one server on behalf of a process that may die at any moment.

Run as a program, one for each server. Its standard input is a pipe whose other end is held by the
notebook's kernel, and by nobody else. Orders come down that pipe, one JSON object a line. When the
kernel is gone, however it went (``kill -9`` too), the operating system closes the pipe, reading it
gives end of file, and the supervisor stops its server and removes its folder. No polling, nothing
that only one system has.

Orders and answers::

    (at the start)                      {"folder": "/tmp/backend-course-x1y2"}
    {"start": {"command": [...], ...}}  {"pid": 4121}  or  {"error": "No such file or directory"}
    {"stop": true}                      {"stopped": true}
    (whenever the server ends)          {"exit": 0}
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PREFIX = "backend-course-"
_one_writer = threading.Lock()


def family(pid):
    """Return the process ``pid`` and all its descendants, as a list of ``psutil.Process``."""
    import psutil  # 40 ms that nobody has to wait for while a server is starting

    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def alive(process):
    """Tell whether a ``psutil.Process`` still runs; one that only waits to be reaped does not."""
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill(processes, patience=5.0):
    """Kill each of ``processes`` that still runs, and wait until it is gone (seconds at most)."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + patience
    while any(map(alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.005)


def kill_group(group):
    """Kill whatever is left in a process group (no such thing on Windows)."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def remove(folder):
    """Remove ``folder``, again if a dying process has written into it meanwhile."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not Path(folder).exists():
            return
        time.sleep(0.02)


def say(**answer):
    """Send one answer to the kernel, if there still is one."""
    with _one_writer, contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


class Child:
    """The server: one process in a session of its own, and what it starts in turn."""

    def __init__(self, command, directory, environment, log, identity):
        """Start ``command``; ``identity`` holds user, group and extra_groups, or nothing."""
        with Path(log).open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **identity,
            )
        self.ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        status = self.process.wait()
        kill_group(self.process.pid)
        self.ended.set()
        say(exit=status)

    def stop(self, signal_name, grace):
        """Ask politely, wait ``grace`` seconds, then kill all that is left.

        The descendants are listed before asking: those of PostgreSQL leave the process group, and
        once their parent is gone nothing tells any more whose they were. Nothing is done for a
        server that has ended before: its number may be another process's by now.
        """
        if self.ended.is_set():
            return
        relatives = family(self.process.pid)
        self.process.send_signal(getattr(signal, signal_name))
        if not self.ended.wait(grace):
            relatives += family(self.process.pid)
        kill(relatives)
        kill_group(self.process.pid)
        self.ended.wait()


class Supervisor:
    """Carries out orders; has at most one running child."""

    def __init__(self):
        self.child = None
        self.how_to_stop = {"signal_name": "SIGTERM", "grace": 5.0}

    def obey(self, order):
        """Carry out one order and answer it."""
        if "start" in order:
            self.start(**order["start"])
        else:
            self.stop()
            say(stopped=True)

    def start(self, signal_name, grace, **child):
        """Start a server; remember how it wants to be stopped."""
        self.how_to_stop = {"signal_name": signal_name, "grace": grace}
        try:
            self.child = Child(**child)
        except (OSError, subprocess.SubprocessError) as error:
            say(error=str(error))
        else:
            say(pid=self.child.process.pid)

    def stop(self):
        """Stop the server, if there is one."""
        if self.child:
            self.child.stop(**self.how_to_stop)
            self.child = None


def leave(signal_number, frame):
    """Turn a polite signal into an orderly end."""
    raise SystemExit


def main():
    """Obey orders until the pipe ends, then leave nothing behind."""
    polite = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    for number in polite:
        signal.signal(number, leave)
    supervisor = Supervisor()
    folder = tempfile.mkdtemp(prefix=PREFIX)
    say(folder=folder)
    try:
        for line in sys.stdin:
            supervisor.obey(json.loads(line))
    finally:
        for number in polite:
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop()
        remove(folder)


if __name__ == "__main__":
    main()
