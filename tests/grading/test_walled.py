"""Assignments whose notebooks need more than Python, run as a class is graded: behind walls."""

import sys
from collections.abc import Iterator

import nbformat
import pytest
from traitlets.config import Config

from backend_course.grading.execute import WalledExecute
from backend_course.grading.provisioner import close_warm_process
from backend_course.lab.course import ROOT

if sys.platform != "linux":
    pytest.skip("there are no walls but on Linux", allow_module_level=True)


@pytest.fixture(autouse=True)
def warm() -> Iterator[None]:
    yield
    close_warm_process()


@pytest.mark.parametrize(
    "assignment",
    [
        "04-2-deposit-and-collect",  # a module beside it, uvicorn
        "05-5-idempotent-post",  # PostgreSQL
        "06-2-nginx-from-requirements",  # nginx
    ],
)
def test_a_reference_passes_behind_walls(assignment: str) -> None:
    (path,) = (ROOT / "source" / assignment).glob("*.ipynb")
    config = Config(WalledProvisioner={"trust_students": True}, WalledExecute={"canaries": False})
    resources = {"metadata": {"path": str(path.parent)}}
    notebook, _ = WalledExecute(config=config)(nbformat.read(path, as_version=4), resources)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [each.evalue for each in outputs if each.output_type == "error"] == []
    assert len(outputs) > 5
