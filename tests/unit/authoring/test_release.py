"""release/ is a golden file: what nbgrader generates today, byte by byte, and without a leak."""

import json
import shutil

import pytest

from backend_course.authoring import notebook as notebooks
from backend_course.authoring import release
from backend_course.authoring.files import AuthoringError

NAME = "01-1-first-fees"


def released(root):
    return root / "release" / NAME / "first-fees.ipynb"


def test_the_fresh_release_holds_no_answer(root):
    text = released(root).read_text()
    assert "Write your code here" in text
    assert "BEGIN" not in text
    assert "return max(0" not in text
    assert "(97, 2)" not in text


def test_generation_is_deterministic_and_leaves_nothing_else(root):
    before = released(root).read_bytes()
    files = sorted(path.relative_to(root) for path in root.rglob("*") if ".ruff" not in path.name)
    assert release.write(root, [NAME]) == []
    assert released(root).read_bytes() == before
    assert (
        sorted(path.relative_to(root) for path in root.rglob("*") if ".ruff" not in path.name)
        == files
    )
    assert not (root / "gradebook.db").exists()


def test_stale_and_orphaned_releases_are_named_with_the_next_step(root, assignment):
    text = assignment.read_text()
    assignment.write_text(text.replace("returns the number of days", "counts the days"))
    (root / "release" / "01-9-old").mkdir()
    assert release.check(root) == [
        "release/01-9-old: has no source/01-9-old. Remove it, or restore that.",
        "release/01-1-first-fees: first-fees.ipynb differs from a fresh generation "
        "(cell fees-q1-prompt). Run: make release ONLY=01-1-first-fees",
    ]


def test_the_first_difference_of_two_releases_is_named(root, tmp_path):
    old, new = released(root).parent, tmp_path / "new"
    shutil.copytree(old, new)
    assert release.first_difference(new, old) is None
    assert release.first_difference(new, tmp_path / "none") == "is not generated yet"
    (new / "sites.csv").write_text("site_id,name\n")
    assert release.first_difference(new, old) == "sites.csv is missing"
    assert release.first_difference(old, new) == "sites.csv is not generated from source/"
    (old / "sites.csv").write_text("site_id\n")
    assert release.first_difference(new, old) == "sites.csv differs from a fresh generation"
    (old / "first-fees.ipynb").write_text("oops")
    assert "(it is not a notebook)" in release.first_difference(new, old)


def test_an_unknown_assignment_is_refused_with_those_that_exist(root):
    with pytest.raises(AuthoringError, match=r"no such assignment\. There are: 01-1-first-fees"):
        release.check(root, ["01-7"])


def test_nbgraders_refusal_is_one_line_and_the_old_release_stays(root, assignment):
    before = released(root).read_bytes()
    assignment.write_text(assignment.read_text().replace("### END SOLUTION", "### END", 1))
    with pytest.raises(AuthoringError) as caught:
        release.write(root, [NAME])
    assert "nbgrader refuses it" in str(caught.value)
    assert "fees-q1: a solution region" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert released(root).read_bytes() == before
    assert not list(root.glob(".release-*"))


def test_a_solution_in_a_file_beside_the_notebook_is_a_leak_and_nothing_is_written(
    root, assignment
):
    (assignment.parent / "notes.py").write_text("    return max(0, -(-(hours - 72) // 24))\n")
    (leak,) = release.write(root, [NAME])
    assert "release/01-1-first-fees/notes.py: shows 'return max(0" in leak
    assert "which cell fees-q1 hides" in leak
    assert not (released(root).parent / "notes.py").exists()


def test_a_hidden_test_left_in_the_notebook_is_a_leak(root, assignment):
    notebook = json.loads(assignment.read_text())
    hidden = next(cell for cell in notebook["cells"] if cell["id"] == "fees-q1-hidden-edges")
    lines = "".join(hidden["source"])
    secret = release.secret_lines(notebooks.read(assignment, root)[1])
    assert "for hours, wanted in [(0, 0), (72, 0), (96, 1), (97, 2)]:" in secret
    folder = root / "leaky"
    folder.mkdir()
    hidden["source"] = lines.replace("### BEGIN HIDDEN TESTS\n", "")
    (folder / "first-fees.ipynb").write_text(json.dumps(notebook))
    assert any("(97, 2)" in line for line in release.leaks(root, NAME, folder))


def test_a_line_that_the_learner_sees_anyway_is_no_secret(root, assignment):
    notebook = notebooks.read(assignment, root)[1]
    answer = next(cell for cell in notebook.cells if cell.id == "fees-q1")
    prompt = next(cell for cell in notebook.cells if cell.id == "fees-q1-prompt")
    prompt.source += "\n\n    return max(0, -(-(hours - 72) // 24))"
    assert "### BEGIN SOLUTION" in answer.source
    assert "return max(0, -(-(hours - 72) // 24))" not in release.secret_lines(notebook)
