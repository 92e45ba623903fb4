"""For each rule of the linter, a notebook that breaks it and nothing else."""

import json

import pytest

from backend_course.authoring import lint
from backend_course.authoring.rules import ASSIGNMENT, EVERY_NOTEBOOK, LESSON, SOFT


def cell(notebook, cell_id):
    return next(each for each in notebook["cells"] if each["id"] == cell_id)


def source(notebook, cell_id, text):
    cell(notebook, cell_id)["source"] = text


def append(notebook, cell_id, text):
    found = cell(notebook, cell_id)
    found["source"] = "".join(found["source"]) + text


def replace(notebook, cell_id, old, new):
    text = "".join(cell(notebook, cell_id)["source"])
    assert old in text
    source(notebook, cell_id, text.replace(old, new))


def drop(notebook, *ids):
    notebook["cells"] = [each for each in notebook["cells"] if each["id"] not in ids]


def prints(notebook, cell_id, text):
    cell(notebook, cell_id)["outputs"] = [
        {"name": "stdout", "output_type": "stream", "text": text},
    ]


def add_code(notebook, after, cell_id, text, outputs=(), **metadata):
    place = [each["id"] for each in notebook["cells"]].index(after) + 1
    notebook["cells"].insert(
        place,
        {
            "cell_type": "code",
            "execution_count": None,
            "id": cell_id,
            "metadata": metadata,
            "outputs": list(outputs),
            "source": text,
        },
    )


def table(rows):
    html = "<table>" + "".join(f"<tr><td>{row}</td></tr>" for row in rows) + "</table>"
    return {"data": {"text/html": html}, "metadata": {}, "output_type": "display_data"}


def picture():
    return {"data": {"image/png": "aGk="}, "metadata": {}, "output_type": "display_data"}


def rename(notebook, cell_id, wanted):
    found = cell(notebook, cell_id)
    found["id"] = wanted
    if "nbgrader" in found["metadata"]:
        found["metadata"]["nbgrader"]["grade_id"] = wanted


def move_last(notebook, cell_id):
    found = cell(notebook, cell_id)
    drop(notebook, cell_id)
    notebook["cells"].append(found)


def nbgrader(notebook, cell_id, **changes):
    cell(notebook, cell_id)["metadata"]["nbgrader"].update(changes)


def section(n):
    def change(notebook):
        place = [each["id"] for each in notebook["cells"]].index("common-mistakes")
        for number in range(n):
            text = {"cell_type": "markdown", "id": f"more-{'x' * (number + 1)}", "metadata": {}}
            notebook["cells"].insert(place, text | {"source": f"## More of it {number}"})
            add_code(notebook, text["id"], f"runs-{'x' * (number + 1)}", "1")

    return change


LESSON_BREAKERS = {
    "cell-ids": [
        lambda nb: rename(nb, "float-predict", "3f2a9c1b"),
        lambda nb: rename(nb, "float-predict", "Float_Predict"),
    ],
    "metadata": [
        lambda nb: cell(nb, "float-predict")["metadata"].update(collapsed=True),
        lambda nb: cell(nb, "float-predict")["metadata"].update(tags=["nbval-skip"]),
    ],
    "headings": [
        lambda nb: append(nb, "float-shows", "\n\n#### Too deep"),
        lambda nb: append(nb, "float-shows", "\n\n# Another title"),
    ],
    "links": [
        lambda nb: append(nb, "float-shows", "\n\n[The joins](07-joins.ipynb)"),
        lambda nb: append(nb, "float-shows", "\n\n[The joins](#Joins)"),
    ],
    "link-text": [lambda nb: append(nb, "float-shows", "\n\n[here](../index.ipynb)")],
    "alt-text": [
        lambda nb: append(nb, "float-shows", "\n\n![](../index.ipynb)"),
        lambda nb: append(nb, "float-shows", '\n\n<img src="attachment:x.png">'),
        lambda nb: (
            add_code(nb, "float-predict", "plot", "1", [picture()])
            or move_last(nb, "plot")
            or move_last(nb, "bar-end")
            or add_code(nb, "plot", "after-plot", "1")
        ),
    ],
    "details-answers": [
        lambda nb: replace(nb, "exercise-fix-help", "</summary>\n\n", "</summary>\n"),
        lambda nb: append(nb, "check-yourself", "\n</details>"),
    ],
    "no-absolute-path": [
        lambda nb: source(nb, "float-predict", 'open("/home/ada/parcels.csv")'),
        lambda nb: append(nb, "float-shows", " See C:\\Users."),
    ],
    "no-outside-address": [
        lambda nb: source(nb, "float-predict", 'url = "https://status.lockerline.io/health"'),
        lambda nb: source(nb, "float-predict", "%pip install requests"),
    ],
    "anatomy": [
        lambda nb: drop(nb, "words"),
        lambda nb: replace(nb, "words", "## Words", "## Glossary"),
        lambda nb: rename(nb, "setup", "imports"),
        lambda nb: move_last(nb, "bar-end") or move_last(nb, "next"),
        lambda nb: nb["cells"].insert(0, nb["cells"].pop(1)),
        lambda nb: move_last(nb, "words") or move_last(nb, "bar-end"),
    ],
    "setup-quiet": [lambda nb: prints(nb, "setup", "one\ntwo\n")],
    "sections": [
        lambda nb: drop(nb, "decimal-shows", "rounding-predict") or section(4)(nb),
        lambda nb: drop(nb, "rounding-predict", "fee-function"),
    ],
    "failure-on-purpose": [
        lambda nb: drop(nb, "failure-mixed") or add_code(nb, "why-failure", "x", "1")
    ],
    "common-mistakes": [lambda nb: source(nb, "common-mistakes", "## Common mistakes\n\n- One.")],
    "objectives-mirrored": [lambda nb: append(nb, "key-points", "\n- One more.")],
    "words-defined": [lambda nb: source(nb, "words", "## Words\n\n- float: a number.")],
    "check-yourself": [
        lambda nb: append(
            nb, "check-yourself", folded("Six?") + folded("Seven?") + folded("Eight?")
        )
    ],
    "no-duplicate-question": [
        lambda nb: append(nb, "check-yourself", folded("How many hours are free?"))
    ],
    "references": [
        lambda nb: append(nb, "next", "".join(f"\n- A book, a press, 200{n}." for n in range(6)))
    ],
    "exercise-count": [
        lambda nb: drop(
            nb, *(f"exercise-make{part}" for part in ("", "-starter", "-check", "-help"))
        )
    ],
    "exercises": [
        lambda nb: source(nb, "exercise-fix-starter", "days_for_73_hours = 0"),
        lambda nb: source(nb, "exercise-fix-check", "print(days_for_73_hours)"),
        lambda nb: replace(nb, "exercise-fix-help", "Hint", "Thought"),
        lambda nb: replace(nb, "exercise-fix-help", "Solution", "Thought"),
    ],
    "cell-length": [lambda nb: source(nb, "float-predict", "\n".join("x = 1" for _ in range(26)))],
    "line-width": [lambda nb: source(nb, "float-predict", f"x = '{'x' * 90}'")],
    "stable-outputs": [
        lambda nb: prints(nb, "float-predict", "<Connection at 0x7f3a5c0d1e20>\n"),
        lambda nb: prints(nb, "float-predict", "/tmp/parcels.csv\n"),
        lambda nb: prints(nb, "float-predict", "http://127.0.0.1:43121/parcels\n"),
    ],
    "no-stderr": [
        lambda nb: cell(nb, "float-predict")["outputs"].append(
            {"name": "stderr", "output_type": "stream", "text": "careful\n"}
        )
    ],
    "raises-exception": [
        lambda nb: cell(nb, "failure-mixed").update(outputs=[]),
        lambda nb: cell(nb, "float-predict").update(outputs=cell(nb, "failure-mixed")["outputs"]),
    ],
    "ordered-rows": [
        lambda nb: add_code(nb, "setup", "q", "%%sql\nSELECT name FROM sites", [table("ab")]),
        lambda nb: add_code(
            nb, "setup", "q", "%sql FROM x SELECT rank() OVER (ORDER BY fee)", [table("ab")]
        ),
    ],
}
LESSON_ROW_BREAKERS = {
    "minutes": lambda text: text.replace("minutes: 30", "minutes: 90"),
    "words": lambda text: text.replace("          words: fresh", "          references: fresh"),
    "code-cells": lambda text: text.replace(
        "          code-cells: fresh", "          minutes: fresh"
    ),
}


def folded(question):
    return f"\n\n<details><summary>{question}</summary>\n\nYes.\n\n</details>"


ASSIGNMENT_BREAKERS = {
    "assignment-size": [
        lambda nb: [add_code(nb, "setup", f"more-{'x' * n}", "1") for n in range(1, 50)],
    ],
    "questions": [
        lambda nb: [
            rename(nb, each["id"], each["id"].replace("fees-q4", "fees-q5"))
            for each in list(nb["cells"])
            if each["id"].startswith("fees-q4")
        ],
    ],
    "question-cells": [
        lambda nb: drop(nb, "fees-q1-prompt"),
        lambda nb: drop(nb, "fees-q2-hidden-none-fits"),
        lambda nb: nb["cells"].append(nb["cells"].pop(-3)),
    ],
    "grade-ids": [
        lambda nb: nbgrader(nb, "fees-q1", grade_id="q1"),
        lambda nb: cell(nb, "setup")["metadata"].update(
            nbgrader=cell(nb, "fees-q1-prompt")["metadata"]["nbgrader"] | {"grade_id": "setup"}
        ),
    ],
    "locked-cells": [
        lambda nb: nbgrader(nb, "fees-q1-prompt", locked=False),
        lambda nb: nbgrader(nb, "fees-q1", locked=True),
        lambda nb: nbgrader(nb, "fees-q1-visible", locked=False),
        lambda nb: (
            cell(nb, "fees-q1-try")["metadata"].update(
                nbgrader=cell(nb, "fees-q1")["metadata"]["nbgrader"] | {"grade_id": "fees-q1-try"}
            )
            or append(nb, "fees-q1-try", "\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION")
        ),
    ],
    "points": [
        lambda nb: nbgrader(nb, "fees-q1-visible", points=30),
        lambda nb: nbgrader(nb, "fees-q1-visible", points=1.5),
        lambda nb: (
            nbgrader(nb, "fees-q1-visible", points=0)
            or nbgrader(nb, "fees-q1-hidden-edges", points=0)
            or nbgrader(nb, "fees-q2-visible", points=9)
        ),
    ],
    "points-in-prose": [lambda nb: append(nb, "fees-q1-prompt", "\n\nThis gives 3 points.")],
    "solution-region": [
        lambda nb: source(nb, "fees-q1", "started_days = len"),
        lambda nb: append(nb, "fees-q1", "\n    ### BEGIN SOLUTION"),
        lambda nb: source(nb, "fees-q1", "### BEGIN SOLUTION\nimport os\nx = 1\n### END SOLUTION"),
        lambda nb: append(nb, "fees-q1-try", "\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION"),
    ],
    "hidden-region": [
        lambda nb: replace(nb, "fees-q1-hidden-edges", "### BEGIN HIDDEN TESTS", ""),
        lambda nb: append(nb, "fees-q1-visible", "\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS"),
    ],
    "test-docstring": [lambda nb: source(nb, "fees-q1-visible", "assert started_days(73) == 1")],
}


def cases(breakers):
    return [
        pytest.param(rule, change, id=f"{rule}-{number}")
        for rule, changes in breakers.items()
        for number, change in enumerate(changes, start=1)
    ]


def findings_after(path, root, change):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return lint.lint(root, [path]).findings


def rules_in(findings):
    return [line.split(": ")[2] for line in findings]


def test_the_clean_course_passes(root):
    report = lint.lint(root)
    assert report.findings == []
    assert report.notebooks == 3
    assert len(report.exempted) == 2


@pytest.mark.parametrize(("rule", "change"), cases(LESSON_BREAKERS))
def test_a_lesson_that_breaks_a_rule_is_reported_once(rule, change, lesson, root):
    findings = findings_after(lesson, root, change)
    assert rules_in(findings) == [rule], "\n".join(findings)


@pytest.mark.parametrize(("rule", "change"), cases(ASSIGNMENT_BREAKERS))
def test_an_assignment_that_breaks_a_rule_is_reported_once(rule, change, assignment, root):
    findings = findings_after(assignment, root, change)
    assert rules_in(findings) == [rule], "\n".join(findings)


@pytest.mark.parametrize("rule", LESSON_ROW_BREAKERS)
def test_a_row_that_breaks_a_rule_is_reported_once(rule, lesson, root):
    syllabus = root / "course" / "syllabus.yml"
    syllabus.write_text(LESSON_ROW_BREAKERS[rule](syllabus.read_text()))
    assert rules_in(lint.lint(root, [lesson]).findings).count(rule) == 1


def test_every_rule_has_a_notebook_that_breaks_it():
    broken = {*LESSON_BREAKERS, *LESSON_ROW_BREAKERS, *ASSIGNMENT_BREAKERS}
    assert broken == {*EVERY_NOTEBOOK, *LESSON, *ASSIGNMENT}
    assert broken >= SOFT


def test_a_message_names_the_notebook_the_cell_the_rule_and_the_next_step(lesson, root):
    (line,) = findings_after(lesson, root, lambda nb: append(nb, "key-points", "\n- One more."))
    assert line == (
        "course/01-lockers/01-fees.ipynb: key-points: objectives-mirrored: "
        "4 key points for 3 objectives. Write one for each, in order"
    )


def test_an_exemption_that_is_not_needed_is_reported(lesson, root):
    syllabus = root / "course" / "syllabus.yml"
    syllabus.write_text(
        syllabus.read_text().replace("          words:", "          minutes: x\n          words:")
    )
    (line,) = lint.lint(root, [lesson]).findings
    assert "minutes needs no exemption any more" in line


def test_a_hard_rule_cannot_be_exempted(lesson, root):
    syllabus = root / "course" / "syllabus.yml"
    syllabus.write_text(
        syllabus.read_text().replace("          words:", "          anatomy: x\n          words:")
    )
    (line,) = lint.lint(root, [lesson]).findings
    assert "anatomy cannot be exempted" in line


def test_cells_that_nbval_ignores_are_listed_and_may_vary(lesson, root):
    notebook = json.loads(lesson.read_text())
    cell(notebook, "float-predict")["metadata"]["tags"] = ["nbval-ignore-output"]
    prints(notebook, "float-predict", "0x7f3a5c0d1e20")
    lesson.write_text(json.dumps(notebook))
    report = lint.lint(root, [lesson])
    assert report.findings == []
    assert report.not_compared == ["course/01-lockers/01-fees.ipynb: float-predict"]


def test_a_link_to_the_learners_copy_of_an_assignment_is_good(lesson, root):
    target = "../../work/01-1-first-fees/first-fees.ipynb"
    assert (
        findings_after(lesson, root, lambda nb: append(nb, "next", f"\n\n[01-1]({target})")) == []
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8000/",
        "https://shop.example/hook",
        "http://localhost/",
        "{url}",
        "https://shop.example{path}",
        "proxy_pass http://${APP};",
        "proxy_pass http://desk.test;",
        "return 301 https://shop.example$request_uri;",
    ],
)
def test_addresses_of_this_machine_and_reserved_names_are_good(address, lesson, root):
    change = f'url = f"{address}"'
    assert findings_after(lesson, root, lambda nb: source(nb, "float-predict", change)) == []


@pytest.mark.parametrize(
    "query",
    ["SELECT name FROM sites ORDER BY name", "DESCRIBE sites", "SELECT count(*) FROM sites"],
)
def test_queries_that_are_ordered_or_show_one_row_are_good(query, lesson, root):
    rows = "a" if "count" in query else "ab"
    change = lambda nb: add_code(nb, "setup", "q", f"%%sql\n{query}", [table(rows)])  # noqa: E731
    assert findings_after(lesson, root, change) == []


def test_a_notebook_that_is_not_json_is_one_finding(lesson, root):
    lesson.write_text('{"cells": [\n  oops')
    (line,) = lint.lint(root, [lesson]).findings
    assert "is not a notebook (line 2 column 3: Expecting value)" in line
