import os

import pytest
from statements import releases

from backend_course.lab.wheelhouse import installer, programs
from backend_course.lab.wheelhouse.installer import PipError
from backend_course.lab.wheelhouse.wheels import Release, write


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf")
    write(folder, releases.MONDAY)
    return folder


@pytest.fixture(scope="module")
def installed(shelf, tmp_path_factory):
    target = tmp_path_factory.mktemp("packages") / "monday"
    return target, installer.install(shelf, target, "feesheet", "shopletter")


def test_what_pip_picked_is_told(installed):
    _, monday = installed
    assert monday.picked == {"centwise": "1.1.0", "feesheet": "1.4.0", "shopletter": "3.0.0"}
    assert monday.direct == {"feesheet", "shopletter"}
    assert monday.hashes.keys() == monday.picked.keys()
    assert monday.looked_at[0] == "feesheet-2.0.0"  # tried, and taken back


def test_settings_and_variables_of_the_user_do_not_count(shelf, tmp_path, monkeypatch):
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nno-deps = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("PIP_NO_DEPS", "1")
    assert installer.resolve(shelf, "feesheet<1.4").picked.keys() == {"feesheet", "centwise"}


def test_a_refusal_is_in_pips_words_without_paths(shelf, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(PipError) as refused:
        installer.resolve(shelf, "feesheet>=2", "shopletter")
    words = str(refused.value)
    assert words.startswith("The conflict is caused by:\n    feesheet 2.0.0 depends on centwise>=2")
    assert str(shelf.parent) not in words
    assert "\x1b" not in words


def test_an_altered_wheel_is_refused(installed, shelf, tmp_path):
    wheel = Release("centwise", "1.1.0").file_name
    stall = tmp_path / "stall"
    stall.mkdir()
    (stall / wheel).write_bytes((shelf / wheel).read_bytes() + b"!")
    locked = tmp_path / "requirements.lock"
    locked.write_text(f"centwise==1.1.0 --hash=sha256:{installed[1].hashes['centwise']}\n")
    with pytest.raises(PipError, match="DO NOT MATCH THE HASHES") as refused:
        installer.install(stall, tmp_path / "never", "-r", locked)
    assert str(tmp_path) not in str(refused.value)
    assert not (tmp_path / "never").exists()


def test_a_program_runs_with_what_is_installed(installed, tmp_path):
    program = tmp_path / "fees.py"
    program.write_text("import feesheet\nprint(feesheet.fee(73))\nfeesheet.nothing\n")
    outcome = programs.run(program, installed[0])
    assert outcome.output == "1.50"
    assert not outcome.ended_well
    assert str(tmp_path.resolve()) + os.sep + "fees.py" not in outcome.complaints
    assert "AttributeError" in outcome.complaints
