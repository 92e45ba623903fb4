import pytest
from statements import releases

from backend_course.lab.wheelhouse import programs


def test_no_release_is_on_the_shelf_twice():
    shelf = releases.MONDAY + releases.TUESDAY + releases.A_YEAR_LATER
    assert len({release.stem for release in shelf}) == len(shelf)


@pytest.mark.parametrize(
    ("version", "expected"), [("1.3.0", "1.50"), ("1.4.0", "1.50"), ("2.0.0", "150")]
)
def test_feesheet_breaks_once(version, expected, tmp_path):
    # Without pip: the modules as they are in the wheels.
    for release in releases.MONDAY:
        if release.stem in (f"feesheet-{version}", "centwise-1.1.0"):
            for name, text in release.files.items():
                (tmp_path / name).write_text(text)
    program = tmp_path / "program.py"
    program.write_text("from feesheet import fee\nprint(fee(73), fee(72), fee(10_000))\n")
    assert programs.run(program, tmp_path).output.split()[0] == expected
