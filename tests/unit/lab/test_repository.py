"""A repository made from a story: the same everywhere, and apart from everything else."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backend_course.lab import repository
from backend_course.lab.repository import GitError, Story, delete, edit, make, move, write


def small() -> Story:
    story = Story()
    story.commit("2024-05-01", "Backend team", "Begin", write("a.txt", "\none\ntwo\n"))
    story.commit("2024-05-01", "Site operations", "Say more\n\nWhy: so.", edit("a.txt", "two", "2"))
    story.branch("side")
    story.commit("2024-05-02", "Backend team", "Aside", write("b.txt", "side\n"))
    story.switch("main")
    story.commit("2024-05-03", "Backend team", "Move", move("a.txt", "c.txt"))
    story.merge("2024-05-04", "Platform team", "side", "Merge branch 'side'")
    story.tag("v1.0")
    return story


@pytest.fixture
def told():
    """Give a function that makes repositories, which are closed at the end."""
    made = []

    def tell(story=None, name="repository"):
        made.append(make(story or small(), name))
        return made[-1]

    yield tell
    for each in made:
        each.close()


def test_hashes_are_the_same_everywhere(told):
    assert told().git("rev-parse", "main") == "5f1b559e81020ce45b0b3bd9107b242e0b1d2f98"


def test_what_the_log_says(told):
    log = told().git("log", "--topo-order", "--format=%an <%ae> %ai %s")
    assert log.splitlines() == [
        "Platform team <platform-team@lockerline.example> 2024-05-04 09:00:00 +0000 "
        "Merge branch 'side'",
        "Backend team <backend-team@lockerline.example> 2024-05-02 09:00:00 +0000 Aside",
        "Backend team <backend-team@lockerline.example> 2024-05-03 09:00:00 +0000 Move",
        "Site operations <site-operations@lockerline.example> 2024-05-01 09:12:00 +0000 Say more",
        "Backend team <backend-team@lockerline.example> 2024-05-01 09:00:00 +0000 Begin",
    ]


def test_work_tree_is_main_and_clean(told):
    repo = told()
    assert repo.git("status", "--short", "--branch") == "## main"
    assert (repo.folder / "c.txt").read_text() == "one\n2\n"
    assert (repo.folder / "b.txt").exists()
    assert not (repo.folder / "a.txt").exists()
    assert repo.git("describe", "--tags") == "v1.0"


def test_settings_and_repositories_of_others_do_not_matter(told, tmp_path, monkeypatch):
    before = told().git("rev-parse", "main")
    (tmp_path / ".gitconfig").write_text(
        "[user]\nname = Somebody\n[core]\nautocrlf = true\nabbrev = 20\n[commit]\ngpgSign = true\n"
        "[init]\ndefaultBranch = trunk\n[color]\nui = always\n[log]\ndate = relative\n"
    )
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "other")], check=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    repo = told()
    (repo.folder / "d.txt").write_text("new\n")
    repo.git("add", ".")
    repo.git("commit", "-m", "Mine")
    assert repo.git("rev-parse", "main~1") == before
    assert repo.git("log", "-1", "--format=%an %ad") == "You 2026-01-12"
    assert len(repo.git("log", "-1", "--oneline").split()[0]) == 7
    other = tmp_path / "other" / ".git"
    assert not list((other / "refs" / "heads").iterdir())


def test_own_commits_are_the_same_each_time(told):
    tips = set()
    for _ in range(2):
        repo = told()
        repo.git("commit", "--allow-empty", "-m", "Mine")
        tips.add(repo.git("rev-parse", "main"))
    assert len(tips) == 1


def test_a_cherry_pick_keeps_its_author(told):
    repo = told()
    repo.git("switch", "--quiet", "--detach", "v1.0~2")
    repo.git("cherry-pick", "side")
    assert repo.git("log", "-1", "--format=%an %ad") == "Backend team 2024-05-02"


@pytest.mark.parametrize("end", [0, 7, 12])
def test_find_by_hash(told, end):
    repo = told()
    name = repo.git("rev-parse", "main~1")
    assert repo.find(name[:end] or "Move") == name


@pytest.mark.parametrize("name", ["Mov", "main", "", ..., "abcdef", "1234567"])
def test_find_refuses_what_names_no_commit(told, name):
    with pytest.raises(GitError, match=r"names 0 commits of main\. Give its whole subject"):
        told().find(name)


def test_find_refuses_a_subject_of_two(told):
    story = small()
    story.commit("2024-06-01", "Backend team", "Begin", write("e.txt", "e\n"))
    with pytest.raises(GitError, match="'Begin' names 2 commits of main"):
        told(story).find("Begin")


def test_show_prints_as_git_does(told, capsys):
    told().show("log -1 --format='%an: %s%n%n%b' main~2")
    assert capsys.readouterr().out == "Site operations: Say more\n\nWhy: so.\n"


def test_git_says_why_it_refuses(told):
    with pytest.raises(GitError, match=r"^git blame gone\.txt: fatal: no such path 'gone\.txt'"):
        told().git("blame", "gone.txt")


def test_run_says_how_a_program_ended(told):
    ran = told().run(sys.executable, "-c", "import sys; print('é'); sys.exit(3)")
    assert (ran.returncode, ran.stdout) == (3, "é\n")


def test_a_merge_keeps_what_it_is_told_to():
    story = small()
    story.branch("again")
    story.commit("2024-06-01", "Backend team", "There", edit("c.txt", "one", "there"))
    story.switch("main")
    story.commit("2024-06-02", "Backend team", "Here", edit("c.txt", "one", "here"))
    with pytest.raises(ValueError, match=r"both branches have changed c\.txt: name it in keeping"):
        story.merge("2024-06-03", "Backend team", "again", "Merge")
    story.merge("2024-06-03", "Backend team", "again", "Merge", keeping=["c.txt"])
    assert story.files["c.txt"] == "here\n2\n"


def test_a_merge_takes_what_the_other_side_took_away():
    story = small()
    story.branch("less")
    story.commit("2024-06-01", "Backend team", "Less", delete("b.txt"))
    story.switch("main")
    story.merge("2024-06-03", "Backend team", "less", "Merge")
    assert set(story.files) == {"c.txt"}


@pytest.mark.parametrize("piece", ["three", "o"])
def test_an_edit_finds_its_piece_once(piece):
    story = Story()
    story.commit("2024-05-01", "Backend team", "Begin", write("a.txt", "one\ntwo\n"))
    with pytest.raises(ValueError, match=r"stands [02] times in a\.txt, not once"):
        story.commit("2024-05-02", "Backend team", "More", edit("a.txt", piece, "x"))


def test_time_does_not_go_back():
    story = small()
    with pytest.raises(ValueError, match="2024-05-03 is before 2024-05-04"):
        story.commit("2024-05-03", "Backend team", "Late", write("a.txt", ""))


def test_close_removes_the_folder(told):
    repo = told()
    repo.close()
    assert not repo.folder.parent.exists()


def test_a_killed_process_leaves_no_folder(tmp_path):
    program = (
        "import os, signal; from backend_course.lab import repository\n"
        "repo = repository.Repository(); print(repo.folder.parent, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    folder, deadline = Path(ran.stdout.strip()), time.monotonic() + 30
    assert folder.parent == tmp_path
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("said", "words"), [("2.31.1", "too old"), ("2.9.0", "too old"), (None, "git does not run")]
)
def test_git_that_is_missing_or_too_old_is_named(monkeypatch, said, words):
    def answer(*_, **__):
        if said is None:
            raise FileNotFoundError(2, "No such file or directory", "git")
        return subprocess.CompletedProcess([], 0, stdout=f"git version {said}\n")

    monkeypatch.setattr(repository.subprocess, "run", answer)
    with pytest.raises(GitError, match=rf"{words}.*Install git 2\.32 or newer\."):
        repository._demand_git.__wrapped__()
