"""JupyterLab and formgrader as people see them, in a real headless Chromium.

Without a browser on the machine these tests are skipped, and pytest's summary says so and counts.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from backend_course.lab.course import ROOT

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for name in BROWSERS if (path := shutil.which(name))), None)
# Chromium asks its vendor's hosts for updates and fonts at every start, unless it is told not to.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
QUIET += ["--no-first-run", "--disable-gpu", "--disable-quic"]
LESSON = "course/03-databases-and-sql/02-select-where-null.ipynb"
PATIENCE = 60_000
"""Milliseconds that a page may take to show something, on a busy machine."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium here: Debian's package is chromium"),
]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course, opened by what ``make lab`` calls; gives its folder and address."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("course", "release", "source"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = (
        "import sys; from pathlib import Path; from backend_course.lab.start import open_lab; "
        "sys.exit(open_lab(Path(sys.argv[1]), sys.argv[2:]))"
    )
    options = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=t"]
    home = folder / "home"
    environment = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "config")}
    with (folder / "lab.log").open("w") as log:
        lab = subprocess.Popen(
            [sys.executable, "-c", code, str(folder), *options],
            stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            wait_for(port, lab, folder / "lab.log")
            yield folder, f"http://127.0.0.1:{port}"
        finally:
            # As Ctrl-C in a terminal does it: to the whole foreground group.
            os.killpg(lab.pid, 2)
            os.killpg(lab.pid, 2)
            lab.wait(30)


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"JupyterLab did not answer:\n{log.read_text()[-2000:]}")


# A kernel may be busy for less time than lies between two looks at the page.
NOTE_WHEN_BUSY = """() => {
    const status = document.getElementById("jp-main-statusbar");
    window.wasBusy = false;
    const look = () => { window.wasBusy ||= status.textContent.includes("| Busy"); };
    new MutationObserver(look).observe(
        status, { subtree: true, childList: true, characterData: true });
}"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        sandbox = ["--no-sandbox"] if root else []
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=[*QUIET, *sandbox])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.set_default_timeout(PATIENCE)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    page.close()
    outside = [url for url in asked if url.startswith("http") and "//127.0.0.1:" not in url]
    assert not outside, f"the page asked for something outside this machine: {outside}"


def test_the_map_is_what_opens_first(course, page):
    _, address = course
    page.goto(f"{address}/?token=t")
    lesson = page.get_by_role("link", name="3.2 SELECT, WHERE and NULL").first
    expect(lesson).to_be_visible(timeout=PATIENCE)
    assert page.get_by_text("get notified about official").count() == 0


def test_a_lesson_shows_its_diagram_and_its_rows_and_runs(course, page):
    _, address = course
    page.goto(f"{address}/doc/tree/{LESSON}?token=t")
    diagram = page.locator(".jp-RenderedMermaid img, .jp-RenderedMermaid svg").first
    expect(diagram).to_be_visible(timeout=PATIENCE)
    rows = page.locator("table", has_text="Europe/Brussels").first
    expect(rows).to_be_visible(timeout=PATIENCE)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    # Not into the first cell: what lies in its middle may be a link to another lesson.
    page.locator(".jp-CodeCell .jp-InputPrompt").first.click()
    page.evaluate(NOTE_WHEN_BUSY)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function("window.wasBusy")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    expect(page.get_by_text("○ unreachable: not attempted yet")).to_have_count(1)


def test_the_learners_own_copies_are_there(course):
    folder, _ = course
    released = sorted(path.name for path in (folder / "release").iterdir())
    assert sorted(path.name for path in (folder / "work").iterdir()) == released


def test_formgrader_lists_the_assignments(course, page):
    _, address = course
    page.goto(f"{address}/formgrader?token=t")
    for released in (ROOT / "release").iterdir():
        expect(page.get_by_role("link", name=released.name).first).to_be_visible(timeout=PATIENCE)
