"""Free loopback ports, and who holds one that is not free."""

import os
import socket

import psutil

from .errors import ServerError

LOOPBACK = "127.0.0.1"
# Below what Linux (32768) and macOS (49152) hand out to outgoing connections, so that no client
# can take the port between our look and the server's start.
_FIRST, _LAST = 10000, 32767
_SERVERS_PER_PROCESS = 16
_handed_out = 0


def free_port() -> int:
    """Return a loopback port on which nothing listens, another one at each call.

    Each process begins its search at a place of its own. Two notebooks that start servers at the
    same moment would otherwise find the same port free, and both use it.
    """
    global _handed_out
    span = _LAST - _FIRST + 1
    for _ in range(span):
        port = _FIRST + (os.getpid() * _SERVERS_PER_PROCESS + _handed_out) % span
        _handed_out += 1
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise ServerError(f"No port from {_FIRST} to {_LAST} is free. Stop some servers first.")


def listens(port: int) -> bool:
    """Tell whether something accepts connections on the loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def holder(port: int) -> psutil.Process | None:
    """Return the process that listens on ``port``; None where the system does not tell.

    macOS tells only root, Linux tells of one's own processes.
    """
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                return psutil.Process(connection.pid) if connection.pid else None
    except psutil.Error:
        pass
    return None


def demand_free(port: int) -> None:
    """Raise a ServerError that names the holder where a server could not listen on ``port``."""
    with socket.socket() as probe:
        # As servers do: a port whose last connection has just ended counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except PermissionError:
            raise ServerError(
                f"Port {port} needs root. Take one above 1023, or leave out port= for a free one."
            ) from None
        except OSError:
            taken = True
        else:
            taken = False
    # A listener on all addresses does not stop the bind above on every system.
    if taken or listens(port):
        process = holder(port)
        who = f"process {process.pid} ({process.name()})" if process else "another user's process"
        raise ServerError(
            f"Port {port} is taken by {who}. Stop that (servers.stop_all() stops your own), "
            "or leave out port= for a free one."
        )
