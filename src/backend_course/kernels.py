"""How programs of this course speak to a notebook's kernel: through files, not ports."""

import os
import secrets
import sys
import tempfile
from pathlib import Path

from traitlets.config import Config


def without_ports() -> Config:
    """Return settings of jupyter_client for kernels that listen on files.

    jupyter_client finds a free port and leaves it to the kernel to take it. When another program is
    quicker, the kernel dies as it starts, and with it what the notebook was run for. The path is
    absolute, because a kernel works in another folder than its client, and short, because a
    socket's path may have about 100 characters (108 bytes on Linux, 104 on macOS: ``sun_path``).

    Returns:
        Settings of ``KernelManager``; none on Windows, which keeps ports.
    """
    if sys.platform == "win32":
        return Config()
    name = f"kernel-{os.getpid()}-{secrets.token_hex(4)}"
    return Config(KernelManager={"transport": "ipc", "ip": str(Path(tempfile.gettempdir(), name))})
