"""Two processes of the post office: what they share, and what not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from backend_course.lab import servers

Offices = dict[str, servers.Application]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("post-office") / "journal.txt"


@pytest.fixture(scope="module")
def offices(journal: Path) -> Iterator[Offices]:
    running = {
        name: servers.app("post_office.app", env={"NAME": name, "JOURNAL": journal})
        for name in "AB"
    }
    yield running
    for office in running.values():
        office.stop()


def post(office: servers.Application, path: str) -> requests.Response:
    return requests.post(office.url + path, timeout=5)


def test_each_process_tells_its_name(offices: Offices) -> None:
    for name, office in offices.items():
        for path in ("/parcels/LL000000018", "/parcels/LL000000018?slow=B", "/manifest"):
            assert requests.get(office.url + path, timeout=5).headers["X-Backend"] == name


def test_the_waiting_line_is_not_shared(offices: Offices) -> None:
    drawn = [post(offices[name], "/numbers").json()["number"] for name in "AABA"]
    assert drawn == [1, 2, 1, 3]


def test_the_manifest_comes_in_pieces_and_ends(offices: Offices) -> None:
    with requests.get(f"{offices['A'].url}/manifest", stream=True, timeout=5) as listing:
        lines = list(listing.iter_lines(decode_unicode=True))
    assert lines == [*(f"stop {number}" for number in range(1, 6)), "end of the list"]


def test_a_power_cut_comes_after_the_work(offices: Offices, journal: Path) -> None:
    assert post(offices["B"], "/deposits/LL000000018?power_cut=A").status_code == 201
    with pytest.raises(requests.ConnectionError):
        post(offices["A"], "/deposits/LL000000026?power_cut=A")
    assert journal.read_text().splitlines() == ["LL000000018 B", "LL000000026 A"]
    offices["A"].restart()
    assert post(offices["A"], "/deposits/LL000000034").status_code == 201
