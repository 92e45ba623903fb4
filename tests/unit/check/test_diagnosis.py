"""Each usual mistake with joins and NULL is named by the rows that it leaves."""

import datetime

import pytest

from backend_course.check.rows import compare_rows, nearest

REPORT = ["site", "boxes", "stays", "fees"]
RIGHT = [("Hillside", 11, 75, 28.5), ("Library", 10, 126, 76.5), ("Airport", 11, 0, 0)]
PLACE = ["site", "city"]


@pytest.mark.parametrize(
    ("came", "words"),
    [
        pytest.param([], "No row meets your conditions. Does one compare with NULL?", id="no-row"),
        pytest.param(
            RIGHT[:2],
            "Every row that is missing has 0 in stays: a row without a partner is gone.",
            id="dropped-by-an-inner-join",
        ),
        pytest.param(
            [*RIGHT[:2], ("Airport", 11, 1, 0)],
            "stays is 1 where it should be 0. For a row without a partner LEFT JOIN makes one row",
            id="filler-counted",
        ),
        pytest.param(
            [("Hillside", 11, 75, 313.5), ("Library", 10, 126, 765), ("Airport", 11, 0, 0)],
            "fees is 313.5 instead of 28.5, 11 times as much: a fan-out.",
            id="sum-multiplied",
        ),
        pytest.param(
            [("Hillside", 825, 825, 313.5), ("Library", 1260, 1260, 765), ("Airport", 11, 0, 0)],
            "boxes is 825 instead of 11, 75 times as much: a fan-out.",
            id="counts-and-sum-multiplied",
        ),
        pytest.param(
            [("Hillside", 11, 75, 313.5), ("Library", 10, 126, 765), ("Airport", 11, 0, None)],
            "11 times as much: a fan-out.",
            id="multiplied-and-null",
        ),
        pytest.param(
            [("Hillside", 11, 78, 28.5), ("Library", 10, 127, 76.5), ("Airport", 11, 0, 0)],
            "Wherever stays differs it is too high: rows do not belong there, or are counted more",
            id="some-rows-counted-twice",
        ),
        pytest.param(
            [*RIGHT, RIGHT[0]],
            "These rows are expected, but less often: site 'Hillside'",
            id="row-repeated",
        ),
    ],
)
def test_mistake_is_named(came, words):
    assert words in compare_rows(came, RIGHT, REPORT)


@pytest.mark.parametrize(
    "came",
    [
        pytest.param(
            [("Hillside", 11, 70, 28.5), ("Library", 10, 130, 76.5), ("Airport", 11, 0, 0)],
            id="too-low-and-too-high",
        ),
        pytest.param(
            [("Hillside", 11, 75, 28.5), ("Library", 10, 126, 76.5), ("Airport", 11, 0, None)],
            id="only-null",
        ),
        pytest.param([("Castle Hill", 11, 75, 28.5), *RIGHT[1:]], id="another-name"),
    ],
)
def test_other_differences_are_no_fan_out(came):
    difference = compare_rows(came, RIGHT, REPORT)
    assert difference
    assert "fan-out" not in difference
    assert "LEFT JOIN" not in difference


def test_row_taken_away_by_distinct_is_named():
    words = compare_rows([RIGHT[0]], [RIGHT[0], RIGHT[0]], REPORT)
    assert "Does a DISTINCT, a GROUP BY or a UNION take away rows that are to stay?" in words


@pytest.mark.parametrize(
    ("came", "asked", "words"),
    [
        pytest.param(1, 2, "Every row that is missing has NULL in city.", id="missing"),
        pytest.param(2, 1, "Every row that is too many has NULL in city.", id="too-many"),
    ],
)
def test_null_is_named(came, asked, words):
    rows = [("Hillside", "Turku"), ("Ferry Pier", None)]
    assert words in compare_rows(rows[:came], rows[:asked], PLACE)


def test_rows_that_cannot_be_paired_for_sure_are_not_compared():
    assert "fan-out" not in compare_rows(
        [("S", 2), ("S", 4)], [("S", 1), ("S", 3)], ["size", "stays"]
    )


def test_nearest_row_is_shown_with_its_mistake():
    words = nearest([("Hillside", 11, 75, 313.5), ("Library", 10, 126, 765)], RIGHT[0], REPORT)
    assert words.startswith("Nearest to it is: site 'Hillside', boxes 11, stays 75, fees 313.5.")
    assert "a fan-out" in words


@pytest.mark.parametrize("got", [[], [("Castle Hill", "Brno")]], ids=["no-row", "nothing-alike"])
def test_no_nearest_row(got):
    assert nearest(got, ("Hillside", "Turku"), PLACE) == ""


def test_midnight_equals_its_date_and_no_other_moment_does():
    day = [(datetime.date(2025, 12, 1),)]
    assert compare_rows([(datetime.datetime(2025, 12, 1),)], day, ["day"]) == ""
    assert compare_rows([(datetime.datetime(2025, 12, 1, 12),)], day, ["day"])
