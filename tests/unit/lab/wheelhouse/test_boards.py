import pytest

from backend_course.lab.wheelhouse import installer
from backend_course.lab.wheelhouse.boards import broken, solutions
from backend_course.lab.wheelhouse.wheels import Release, write

MUSEUM = {
    "hingelog": {"4.0.0": ["latchwire~=1.4.0"], "4.1.0": ["latchwire~=1.5.0"]},
    "walltalk": {"2.9.0": [], "2.10.0": ["latchwire>=1.4,!=1.5.3"], "3.0.0": ["latchwire>=1.6"]},
    "latchwire": {"1.4.9": [], "1.5.2": [], "1.5.3": [], "1.6.0": [], "2.0.0rc1": []},
}
ASKED = ["hingelog", "walltalk>2.9"]
HOLDS = {"hingelog": "4.1.0", "walltalk": "2.10.0", "latchwire": "1.5.2"}


def test_the_first_solution_is_what_pip_picks(tmp_path):
    releases = [
        Release(name, version, tuple(requires))
        for name, versions in MUSEUM.items()
        for version, requires in versions.items()
    ]
    write(tmp_path, releases)
    assert next(solutions(MUSEUM, ASKED)) == installer.resolve(tmp_path, *ASKED).picked == HOLDS


def test_every_solution_holds():
    found = list(solutions(MUSEUM, ["hingelog"]))
    assert len(found) == 3  # latchwire 1.4.9, 1.5.2, 1.5.3
    assert [broken(MUSEUM, ["hingelog"], picked) for picked in found] == ["", "", ""]


def test_where_nothing_fits_there_is_no_solution():
    assert list(solutions(MUSEUM, ["hingelog", "walltalk>=3"])) == []


def test_a_pre_release_comes_in_by_name():
    assert next(solutions(MUSEUM, ["latchwire>=2.0.0rc1"])) == {"latchwire": "2.0.0rc1"}
    assert next(solutions(MUSEUM, ["latchwire"])) == {"latchwire": "1.6.0"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ""),
        ({"latchwire": "1.5.3"}, "walltalk 2.10.0 asked for latchwire>=1.4,!=1.5.3, and you"),
        ({"latchwire": "1.5.4"}, "there is no latchwire 1.5.4"),
        ({"walltalk": "2.9.0"}, "you asked for walltalk>2.9, and you picked 2.9.0"),
    ],
)
def test_what_is_broken_is_told(changed, said):
    told = broken(MUSEUM, ASKED, HOLDS | changed)
    assert told.startswith(said)
    assert bool(told) is bool(said)


def test_a_set_has_what_is_needed_and_no_more():
    assert broken(MUSEUM, ["walltalk"], {"walltalk": "3.0.0"}) == (
        "latchwire is missing: walltalk 3.0.0 asked for latchwire>=1.6"
    )
    assert broken(MUSEUM, ["walltalk"], HOLDS) == "nobody asked for hingelog"
