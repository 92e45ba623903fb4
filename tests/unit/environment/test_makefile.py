"""The Makefile: one verb each, each listed by ``make help``, each known to the package."""

import re
import shutil
import subprocess

import pytest

from backend_course.__main__ import VERBS
from backend_course.lab.course import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def targets():
    return re.search(r"\.PHONY: (.*)", MAKEFILE)[1].split()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here: Windows has none")
def test_help_lists_every_verb():
    ran = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make (\S+) +\S", ran.stdout, re.M)
    assert sorted(listed) == sorted(targets())


def test_each_verb_that_is_called_exists():
    called = set(re.findall(r"\$\(COURSE\) ([a-z-]+)", MAKEFILE))
    assert called == set(VERBS) - {"grade", "doctor"}, "a class is graded by the command itself"
