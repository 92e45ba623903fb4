"""The story of lesson 7.2: what it shows happens, in the commits in which the lesson says so."""

import sys

import pytest
from route_sheet import story

from backend_course.lab import repository

TWO_DIGITS = "code,site,compartment,size\n" + "".join(
    f"LL000000{number:03},Main Station,{number},S\n" for number in (12, 4, 60)
)


@pytest.fixture(scope="module")
def repo():
    made = repository.make(story.tell(), "route-sheet")
    (made.folder.parent / "today.csv").write_text(TWO_DIGITS)
    yield made
    made.close()


def printed(repo, commit):
    repo.git("switch", "--quiet", "--detach", commit)
    ran = repo.run(sys.executable, "-S", "-m", "routesheet", "../today.csv")
    repo.git("switch", "--quiet", "main")
    return ran.stdout if ran.returncode == 0 else None


def compartments(repo, commit):
    lines = printed(repo, commit).splitlines()
    return [int(line.split()[0]) for line in lines if line.startswith(" ")]


def test_it_is_the_same_everywhere(repo):
    assert repo.git("rev-parse", "main") == "794834d91e971127d6bda9a556550b47fb6c8cf5"


def test_the_order_breaks_in_one_commit(repo):
    broken = repo.find("Read columns by name, not by place")
    assert compartments(repo, f"{broken}^") == [4, 12, 60]
    assert compartments(repo, broken) == compartments(repo, "main") == [12, 4, 60]


def test_one_commit_since_v1_does_not_run(repo):
    commits = repo.git("rev-list", "v1.0..main").split()
    ends = {commit: printed(repo, commit) for commit in commits}
    assert [commit for commit, text in ends.items() if text is None] == [
        repo.find("Minutes have a module of their own")
    ]


def test_the_merge_has_lost_the_large_parcels(repo):
    merge = repo.find("Merge branch 'large-parcels'")
    times = [repo.git("show", f"{merge}{side}:routesheet/times.py") for side in ("", "^1", "^2")]
    assert ["EXTRA_LARGE" in text for text in times] == [False, False, True]
    assert times[0] == times[1]


def test_its_own_tests_pass_at_the_end(repo, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    ran = repo.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert ran.returncode == 0, ran.stdout
