"""nbgrader's settings for this course: `nbgrader VERB` in the clone's root reads this file.

Everything that is not set here is nbgrader's default. Folders are relative to the clone's root.
"""

from pathlib import Path

import nbgrader
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions

import backend_course.lab
from backend_course.authoring.clear_solutions import ClearSolutionsByLanguage
from backend_course.grading import configure
from backend_course.kernels import without_ports

c = get_config()  # noqa: F821  traitlets puts get_config into the namespace of a configuration file

# The name under which the exchange and the gradebook know this course.
c.CourseDirectory.course_id = "backend"

# source/ holds the instructor's versions, release/ what students get. These are nbgrader's own
# names, said here because the whole layout of the course hangs on them.
c.CourseDirectory.source_directory = "source"
c.CourseDirectory.release_directory = "release"

# What is never copied with an assignment: leftovers of editors, Python and operating systems, and
# the settings of ruff.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "__pycache__",
    "*.pyc",
    ".pytest_cache",
    ".ruff_cache",
    "ruff.toml",
    ".DS_Store",
    "Thumbs.db",
    "feedback",
]

# nbgrader's own list of preprocessors, with one in place of another: solutions become a stub in
# the language of the cell (SQL, a function's body, an assignment), not always a Python `raise`.
c.GenerateAssignment.preprocessors = [
    ClearSolutionsByLanguage if each is ClearSolutions else each
    for each in GenerateAssignment.preprocessors.default()
]

# Submissions run behind walls, and nothing that they say of a test is believed: docs/grading.md.
configure(c)
# Where the tests' calls hold what is expected, so that a canary can falsify it: `Case(called, run,
# expected, raises)` of backend_course.check, and of mutants.caught how a program is broken.
c.WalledExecute.expectations = {
    "Case": ["2", "3", "expected", "raises"],
    "caught": ["breaks"],
}

# What takes longer than a notebook's own work is done once for all of them: the rows of the seeds
# that lessons and tests use, and what %sql and Hypothesis make when they are first used. And what
# learners import although no reference does, is imported once.
c.WalledProvisioner.modules = ["matplotlib.pyplot"]
c.WalledProvisioner.warm_up = {
    "backend_course.lab.data:get_ready": [7, 11, 23, 31, 43],
    "backend_course.check.query:get_ready": [7, 11, 23, 31, 43],
    "backend_course.check.properties:get_ready": [],
    "backend_course.lab.sql:get_ready": [],
}

# Tests judge with functions of these packages, and on this data. A notebook that changes any of it
# is flagged.
c.WalledProvisioner.helpers = [
    "backend_course.check",
    "backend_course.lab",
    "backend_course.check.query:changed_data",
]

# Feedback fetches nothing: nbconvert's templates would load MathJax from the network. The first
# folder takes the place of that template, the second has nbgrader's own.
c.HTMLExporter.extra_template_basedirs = [
    str(Path(backend_course.lab.__file__).parent / "templates"),
    str(Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"),
]

# A test cell that a student deleted is put back before grading.
c.OverwriteCells.add_missing_cells = True

# The exchange of one machine: a folder in the clone, because nbgrader's default (/usr/local/share)
# is not writable for most people. nbgrader wants it to exist, and git does not keep it. A class on
# a JupyterHub sets a shared folder here.
_exchange = Path(__file__).resolve().parent / "exchange"
_exchange.mkdir(exist_ok=True)
c.Exchange.root = str(_exchange)

# zip_collect reads the student's name off a file: downloaded/<assignment>/archive/ann_joins.ipynb
# (or a .zip of such files) becomes submitted/ann/<assignment>/joins.ipynb.
c.FileNameCollectorPlugin.named_regexp = (
    r".*[/\\](?P<student_id>[^/\\_]+)_(?P<file_id>[^/\\]+\.ipynb)$"
)

# No kernel dies at its start because another program took its port.
c.merge(without_ports())

# Seconds that one cell of a submission may take before it is stopped and counts as failed.
c.ExecutePreprocessor.timeout = 60

# Kill a kernel when its notebook is done. Asking it to go politely is a third of all grading time.
c.ExecutePreprocessor.shutdown_kernel = "immediate"
