"""What a submission's own cells cost, apart from everything that a grader does around them."""

import random
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from traitlets.config import Config

from backend_course.grading.course import Course
from backend_course.grading.execute import WalledExecute
from backend_course.grading.gradebook import open_gradebook
from backend_course.grading.hidden import marks
from backend_course.grading.ingest import RefusedError, make_true, parse_notebook
from backend_course.grading.provisioner import close_warm_process
from backend_course.grading.run import Plan, environment_of, settings_of
from backend_course.grading.spec import read_spec

_CLOCK = """
import resource as _resource
print(sum(sum(_resource.getrusage(each)[:2])
          for each in (_resource.RUSAGE_SELF, _resource.RUSAGE_CHILDREN)))
"""


def cpu_of_cells(root: Path, assignment: str, most: int) -> float:
    """Run submissions again, between two looks at the kernel's clock.

    Args:
        root: a course whose submissions were graded.
        assignment: its name.
        most: how many submissions, drawn at random, always the same.

    Returns:
        CPU seconds of a submission's cells, of the kernel and what it started and waited for: a
        mean. It is too small by the notebooks that end their kernel, whose last look never comes:
        they count as nothing.
    """
    course = Course(root)
    with open_gradebook(course.folder.db_url, course.folder.course_id) as gradebook:
        spec = read_spec(gradebook, assignment)
        plan = Plan(assignment)
        settings = settings_of(course, plan, spec, environment_of(course, plan))
    students = course.students(assignment)
    seconds = []
    for student in random.Random(1).sample(students, min(most, len(students))):
        config = Config(settings["config"])
        config.WalledExecute.update(canaries=False, largest_files=0)
        spent = 0.0
        for notebook in spec.notebooks:
            path = course.path("submitted", student, assignment) / f"{notebook.name}.ipynb"
            if not path.is_file():
                continue
            try:
                cells = parse_notebook(path.read_bytes())
            except RefusedError:
                continue
            make_true(cells, notebook, marks(config), add_missing=True)
            # There lie the instructor's own files, too.
            spent += _between(cells, course.path("autograded", student, assignment), config)
        seconds.append(spent)
    close_warm_process()
    return sum(seconds) / len(seconds)


def _between(notebook: NotebookNode, folder: Path, config: Config) -> float:
    notebook.cells = [new_code_cell(_CLOCK), *notebook.cells, new_code_cell(_CLOCK)]
    ran, _ = WalledExecute(config=config)(notebook, {"metadata": {"path": str(folder)}})
    looks = [
        float(output.text)
        for cell in (ran.cells[0], ran.cells[-1])
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    ]
    return looks[1] - looks[0] if len(looks) == 2 else 0.0
