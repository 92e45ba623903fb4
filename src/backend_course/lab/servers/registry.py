"""The servers that this process has started, and what happens to them when it ends or forks."""

import atexit
import html
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .server import Server

_servers: list["Server"] = []


def enter(server: "Server") -> None:
    """Note a server that has begun to start."""
    _servers.append(server)


def leave(server: "Server") -> None:
    """Forget a server that has been stopped."""
    if server in _servers:
        _servers.remove(server)


def find(name: str) -> "Server | None":
    """Return the server of that name, or None."""
    return next((server for server in _servers if server.name == name), None)


def unused_name(wish: str) -> str:
    """Return ``wish``, or ``wish-2``, ``wish-3``… if a server of that name is there already."""
    name, number = wish, 1
    while find(name):
        number += 1
        name = f"{wish}-{number}"
    return name


class Status:
    """A table of servers, as text and as HTML. It shows nothing that differs from run to run."""

    def __init__(self, rows: list[tuple[str, ...]], columns: tuple[str, ...]) -> None:
        self.rows = rows
        self.columns = columns

    def __repr__(self) -> str:
        if not self.rows:
            return "no servers"
        table = [self.columns, *self.rows]
        widths = [max(len(row[i]) for row in table) for i in range(len(self.columns))]
        lines = (
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in table
        )
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        if not self.rows:
            return "<p>no servers</p>"
        head = "".join(f"<th>{html.escape(column)}</th>" for column in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def status(details: bool = False) -> Status:
    """Return the table of the servers that are there, in the order of their start.

    ``details`` adds port, process id, number of processes and memory in MB. They differ from run
    to run, so keep them out of outputs that are compared.
    """
    columns: tuple[str, ...] = ("name", "kind", "state")
    rows = [(server.name, server.kind, server.state) for server in _servers]
    if details:
        columns += ("port", "pid", "processes", "MB")
        rows = [row + _details(server) for row, server in zip(rows, _servers, strict=True)]
    return Status(rows, columns)


def _details(server: "Server") -> tuple[str, ...]:
    processes = server.processes()
    memory = round(server.memory() / 1e6)
    pid = server.pid if processes else ""
    return str(server.port or ""), str(pid), str(len(processes)), str(memory)


def stop_all() -> None:
    """Stop all servers, the last started first: what builds on others goes before them."""
    for server in reversed(_servers.copy()):
        server.stop()


def _hang_up() -> None:
    """Stop all servers at the same time, because a kernel that ends may not take long."""
    for server in _servers:
        server.hang_up()
    for server in _servers.copy():
        server.stop()


def _abandon() -> None:
    """Leave the servers to the process that started them, in a fork of it."""
    for server in _servers:
        server.abandon()
    _servers.clear()


atexit.register(_hang_up)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon)
