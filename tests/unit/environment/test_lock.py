"""One list of dependencies: pyproject.toml, requirements.lock and environment.yml agree."""

import re
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from backend_course import bootstrap
from backend_course.lab.course import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = [
    Requirement(line.removesuffix("\\").strip())
    for line in LOCK.splitlines()
    if re.match(r"[a-z0-9]", line)
]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
MACHINES = [
    ("linux", "x86_64", "Linux"),
    ("darwin", "arm64", "Darwin"),
    ("win32", "AMD64", "Windows"),
]


def test_every_pin_has_hashes_and_no_address_is_in_the_lock():
    blocks = re.split(r"\n(?=[a-z0-9])", LOCK.strip())
    assert len(blocks) == len(PINS) > 100
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in LOCK
    assert "--index" not in LOCK


def test_a_package_that_is_asked_for_with_extras_is_pinned_with_them():
    """Or pip tries the package's newest release for the extras, and finds it has no hash."""
    pinned = {canonicalize_name(pin.name): pin.extras for pin in PINS}
    asked = [
        requirement
        for name in pinned
        for requirement in map(Requirement, _requires(name))
        if requirement.extras
        and (requirement.marker is None or requirement.marker.evaluate({"extra": ""}))
    ]
    assert "jsonschema" in {requirement.name for requirement in asked}
    for requirement in [*asked, *map(Requirement, PROJECT["dependencies"])]:
        assert requirement.extras <= pinned[canonicalize_name(requirement.name)], requirement


def _requires(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # of another platform
        return []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("platform", "machine", "system"), MACHINES)
def test_each_dependency_is_pinned_once_for_each_python_and_platform(
    python, platform, machine, system
):
    here = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": platform,
        "platform_machine": machine,
        "platform_system": system,
        "os_name": "nt" if platform == "win32" else "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    pins = [pin for pin in PINS if pin.marker is None or pin.marker.evaluate(here)]
    versions = {pin.name: Version(str(pin.specifier).removeprefix("==")) for pin in pins}
    assert len(versions) == len(pins), "a package is pinned twice"
    for dependency in map(Requirement, PROJECT["dependencies"]):
        if dependency.marker is None or dependency.marker.evaluate(here):
            assert dependency.name in versions
            assert versions[dependency.name] in dependency.specifier


def test_conda_reads_the_same_lock_and_the_same_pythons():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, _, pip = environment["dependencies"]
    assert SpecifierSet(python.removeprefix("python ")) == SpecifierSet(PROJECT["requires-python"])
    assert pip == {"pip": ["--require-hashes", "-r requirements.lock"]}


def test_the_first_start_knows_the_same_pythons():
    oldest, newest = bootstrap.OLDEST, bootstrap.NEWEST
    assert PROJECT["requires-python"] == f">=3.{oldest[1]},<3.{newest[1] + 1}"
    assert [f"3.{minor}" for minor in range(oldest[1], newest[1] + 1)] == PYTHONS
