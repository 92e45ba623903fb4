"""Kernels that are spoken to through files, and nothing of them left behind."""

import sys
import tempfile
from pathlib import Path

import nbformat.v4 as v4
import pytest
from nbclient import NotebookClient

from backend_course.kernels import without_ports

HOW = """
import ipykernel, json
print(json.loads(ipykernel.get_connection_info())["transport"])
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps ports")


def test_a_kernel_takes_no_port_and_leaves_no_file(tmp_path):
    settings = without_ports()
    notebook = v4.new_notebook(cells=[v4.new_code_cell(HOW)])
    resources = {"metadata": {"path": str(tmp_path)}}  # not the folder of this process
    NotebookClient(
        notebook, kernel_name="python3", timeout=60, resources=resources, config=settings
    ).execute()
    assert notebook.cells[0].outputs[0].text == "ipc\n"
    sockets = Path(settings.KernelManager.ip)
    assert list(sockets.parent.glob(f"{sockets.name}*")) == []


def test_two_settings_never_share_files():
    assert without_ports().KernelManager.ip != without_ports().KernelManager.ip


def test_a_long_user_name_leaves_room_for_the_sockets(monkeypatch):
    # What macOS gives each user, the longest that is usual.
    monkeypatch.setattr(tempfile, "tempdir", "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T")
    path = f"{without_ports().KernelManager.ip}-{99}"
    assert len(path.encode()) < 104
