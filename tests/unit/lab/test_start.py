"""The learner's own copies: made once, never overwritten, never half-written."""

import json

import pytest

from backend_course.lab import start


@pytest.fixture
def course(tmp_path):
    released = tmp_path / "release" / "03-2-joins"
    released.mkdir(parents=True)
    (released / "joins.ipynb").write_text("as released")
    (released / "data.csv").write_text("1,2")
    return tmp_path


def copies(course):
    return start.copy_assignments(course / "release", course / "work")


def test_the_first_start_copies_all_files(course):
    assert copies(course) == ["03-2-joins"]
    assert (course / "work" / "03-2-joins" / "joins.ipynb").read_text() == "as released"
    assert (course / "work" / "03-2-joins" / "data.csv").read_text() == "1,2"


def test_what_the_learner_wrote_is_never_touched(course):
    copies(course)
    mine = course / "work" / "03-2-joins" / "joins.ipynb"
    mine.write_text("my answers")
    (course / "release" / "03-2-joins" / "joins.ipynb").write_text("released anew")
    assert copies(course) == []
    assert mine.read_text() == "my answers"


def test_a_file_that_is_gone_comes_back_and_a_new_assignment_is_added(course):
    copies(course)
    (course / "work" / "03-2-joins" / "data.csv").unlink()
    (course / "release" / "03-3-windows").mkdir()
    (course / "release" / "03-3-windows" / "windows.ipynb").write_text("new")
    assert copies(course) == ["03-2-joins", "03-3-windows"]


def test_a_copy_that_breaks_off_leaves_no_half_file(course, monkeypatch):
    def full_disk(source, target):
        target.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(start.shutil, "copyfile", full_disk)
    with pytest.raises(OSError, match="No space left"):
        copies(course)
    assert not (course / "work" / "03-2-joins" / "data.csv").exists()


def test_jupyterlab_is_asked_not_to_look_outside(course, monkeypatch):
    asked = {}

    class Done:
        returncode = 0

    def instead(command, cwd, check):
        asked["command"] = command
        return Done

    monkeypatch.setattr(start.subprocess, "run", instead)
    monkeypatch.setattr(start.sys, "prefix", str(course / "environment"))
    assert start.open_lab(course, ["--no-browser", "--port", "8888"]) == 0
    assert asked["command"][-3:] == ["--no-browser", "--port", "8888"]
    assert "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate" in asked["command"]
    settings = course / "environment" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    assert json.loads(settings.read_text()) == start.SETTINGS
