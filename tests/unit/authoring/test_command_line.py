"""The verbs as an author types them: lines that say what to do, and an exit status."""

import argparse
import importlib

import pytest

from backend_course.authoring import files


@pytest.fixture
def typed(root, monkeypatch, capsys):
    """Run a verb in the test's course and return its exit status and the lines it printed."""

    def run(verb, *words):
        module = importlib.import_module(f"backend_course.authoring.{verb}")
        parser = argparse.ArgumentParser()
        module.add_arguments(parser)
        monkeypatch.chdir(root)
        status = module.run(parser.parse_args(words))
        return status, capsys.readouterr().out.splitlines()

    return run


def test_a_clean_course_is_clean(typed):
    assert typed("norm", "--check") == (0, ["norm --check: 3 notebooks, 0 to mend"])
    assert typed("norm") == (
        0,
        [
            "course/01-lockers/01-fees.ipynb: as it was",
            "course/index.ipynb: as it was",
            "source/01-1-first-fees/first-fees.ipynb: as it was",
        ],
    )
    assert typed("nav", "--check") == (0, ["nav --check: 0 to mend"])
    assert typed("nav") == (0, ["nav: 0 written, 0 to mend"])
    status, lines = typed("lint")
    assert status == 0
    assert lines[-1] == "lint: 3 notebooks, 0 to mend, 2 cells not compared, 2 exemptions"


def test_what_is_wrong_is_named_and_the_status_is_1(typed, lesson, root):
    lesson.write_text(lesson.read_text() + "\n")
    assert typed("norm", "--check")[0] == 1
    (root / "README.md").write_text("")
    status, lines = typed("nav", "--check")
    assert status == 1
    assert lines[-1] == "nav --check: 1 to mend"
    assert typed("nav")[0] == 1
    lesson.write_text("oops")
    assert typed("lint", str(lesson))[0] == 1
    assert typed("norm", str(lesson))[0] == 1


def test_nav_and_norm_write_what_is_not_so(typed, lesson, root):
    (root / "course" / "index.ipynb").unlink()
    assert typed("nav") == (0, ["course/index.ipynb: written", "nav: 1 written, 0 to mend"])
    lesson.write_text(lesson.read_text() + "\n")
    assert typed("norm", "--no-run", str(lesson)) == (
        0,
        ["course/01-lockers/01-fees.ipynb: written"],
    )


def test_release_is_written(typed):
    assert typed("release", "01-1-first-fees") == (0, ["release/01-1-first-fees: generated"])


def test_an_error_is_one_line(typed):
    assert typed("release", "--check", "01-7") == (
        1,
        ["source/01-7: no such assignment. There are: 01-1-first-fees."],
    )
    status, lines = typed("new", "7.7")
    assert (status, len(lines)) == (1, 1)


def test_check_sums_up_every_verb(typed, lesson):
    lesson.write_text(lesson.read_text().replace("## Words", "## Glossary"))
    status, lines = typed("check")
    assert status == 1
    assert "course/01-lockers/01-fees.ipynb: words: anatomy: must open with" in lines[0]
    assert lines[-6:-2] == ["norm: clean", "nav: clean", "lint: 1 to mend", "release: clean"]
    assert lines[-1] == "ruff format: clean"


def test_a_course_is_missing_where_there_is_none(tmp_path, monkeypatch):
    # The package's own clone is the last place that is looked at; here there is none.
    monkeypatch.setattr(files, "__file__", str(tmp_path / "a" / "b" / "c" / "d.py"))
    with pytest.raises(files.AuthoringError, match=r"No course/syllabus.yml in .* or above it"):
        files.find_root(tmp_path)
