"""What the learner finds in place of a solution: in SQL, in a function, around an assignment."""

import nbformat
import pytest

from backend_course.authoring.clear_solutions import ClearSolutionsByLanguage
from backend_course.authoring.solution_regions import cleared, regions

RAISES = 'raise NotImplementedError("Write your code here")'


def test_a_sql_cell_keeps_its_magic_and_gets_an_sql_comment():
    source = "%%sql joins_q1 <<\n-- BEGIN SOLUTION\nSELECT 1\n-- END SOLUTION"
    assert cleared(source) == "%%sql joins_q1 <<\n-- write your query here"


def test_python_markers_are_understood_in_a_sql_cell_too():
    source = "%%sql\n### BEGIN SOLUTION\nSELECT 1\n### END SOLUTION"
    assert cleared(source) == "%%sql\n-- write your query here"


def test_a_cell_of_tests_keeps_its_magic_and_gets_a_comment():
    source = "%%tests fees\nimport pytest\n\n### BEGIN SOLUTION\ndef test(): ...\n### END SOLUTION"
    assert cleared(source) == "%%tests fees\nimport pytest\n\n# write your tests here"
    assert not regions(source)[0].stops_the_notebook


def test_a_function_gets_a_raise_with_the_indent_of_its_body():
    source = "def fee(hours):\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    assert cleared(source) == f"def fee(hours):\n    {RAISES}"


@pytest.mark.parametrize(
    "body",
    [
        'query = "SELECT 1"',
        'query = """\nSELECT 1\nFROM sites\n"""',
        "query: str = 'x'",
        "query = f(\n1)",
        "@dataclass(frozen=True)\nclass query:\n    size: str",
    ],
)
def test_an_assignment_or_a_class_keeps_its_name_so_that_the_rest_runs(body):
    source = f"# The query.\n### BEGIN SOLUTION\n{body}\n### END SOLUTION\nprint(1)"
    assert cleared(source) == "# The query.\nquery = ...  # write your answer here\nprint(1)"
    assert not regions(source)[0].stops_the_notebook


@pytest.mark.parametrize(
    "body",
    [
        "a = b = 1",
        "a, b = 1, 2",
        "a = 1\nb = 2",
        "print(1)",
        "x.y = 1",
        "def f(): pass",
        "not python",
    ],
)
def test_anything_else_at_the_top_raises_and_says_that_it_stops_the_notebook(body):
    source = f"### BEGIN SOLUTION\n{body}\n### END SOLUTION"
    assert cleared(source) == RAISES
    assert regions(source)[0].stops_the_notebook


def test_every_region_of_a_cell_is_replaced():
    region = "    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    assert cleared(f"def f():\n{region}\n\ndef g():\n{region}") == (
        f"def f():\n    {RAISES}\n\ndef g():\n    {RAISES}"
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "begins inside another"),
        ("### BEGIN SOLUTION\nx = 1", "does not end"),
        ("### END SOLUTION", "ends that did not begin"),
    ],
)
def test_unpaired_markers_are_refused(source, message):
    with pytest.raises(ValueError, match=message):
        cleared(source)
    with pytest.raises(RuntimeError, match=f"Cell answer: .*{message}"):
        preprocessed(source)


def solution_cell(source, **changes):
    cell = nbformat.v4.new_code_cell(source, id="answer")
    cell.metadata.nbgrader = nbformat.NotebookNode(
        {"solution": True, "grade": False, "locked": False, "grade_id": "answer"} | changes
    )
    return cell


def preprocessed(source, **changes):
    cell = solution_cell(source, **changes)
    resources = {"language": "python"}
    cell, _ = ClearSolutionsByLanguage().preprocess_cell(cell, resources, 0)
    return cell.source


def test_nbgraders_preprocessor_uses_these_stubs():
    assert preprocessed("### BEGIN SOLUTION\nx = 1\n### END SOLUTION").startswith("x = ...")


def test_a_cell_without_a_region_is_nbgraders_own_business():
    assert "YOUR CODE HERE" in preprocessed("x = 1")
    assert preprocessed("x = 1", solution=False) == "x = 1"


def test_a_region_outside_a_solution_cell_is_refused():
    with pytest.raises(RuntimeError, match="outside a solution cell"):
        preprocessed("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", solution=False)


def test_a_prose_answer_is_nbgraders_own_business():
    cell = nbformat.v4.new_markdown_cell("Because.")
    cell.metadata.nbgrader = nbformat.NotebookNode({"solution": True, "grade": True})
    cell, _ = ClearSolutionsByLanguage().preprocess_cell(cell, {"language": "python"}, 0)
    assert cell.source == "YOUR ANSWER HERE"
