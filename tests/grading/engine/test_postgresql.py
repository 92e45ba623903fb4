"""The gradebook in a real PostgreSQL, as in SQLite."""

import psycopg
import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from small_course import ASSIGNMENT, SmallCourse

from backend_course.grading.course import Course
from backend_course.grading.run import Plan, grade_assignment
from backend_course.lab import servers


@pytest.mark.filterwarnings("ignore:Object of type")  # nbgrader's own, of SQLAlchemy
def test_a_gradebook_in_postgresql(course: SmallCourse) -> None:
    with servers.postgres() as database:
        url = database.dsn.replace("postgresql://", "postgresql+psycopg://")
        # PostgreSQL checks the reference to a course, for which nbgrader wants a name.
        folder = CourseDirectory(root=str(course.root), db_url=url, course_id="small-course")
        api = NbGraderAPI(folder)
        assert api.generate_assignment(ASSIGNMENT, force=True)["success"]
        course.hand_in("ada")
        course.hand_in("bo", None)
        (course.root / "nbgrader_config.py").write_text(
            f"c = get_config()\nc.CourseDirectory.db_url = {url!r}\n"
            "c.CourseDirectory.course_id = 'small-course'\n"
        )
        trusting = {"WalledProvisioner": {"trust_students": True}}
        summary = grade_assignment(Course(course.root), Plan(ASSIGNMENT, settings=trusting))
        assert {name: entry["score"] for name, entry in summary.entries.items()} == {
            "ada": 4.5,
            "bo": 0,
        }
        with psycopg.connect(database.dsn) as connection:
            points = connection.execute("select sum(auto_score) from grade").fetchone()
        assert points == (4.5,)
