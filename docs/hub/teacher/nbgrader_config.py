"""For the teacher alone, as ~/.jupyter/nbgrader_config.py: where the course is, and that our grader marks it."""
# ruff: noqa: INP001, F821  (a configuration file: nbgrader runs it, and gives it get_config)

from pathlib import Path

from tempmm_lab.grading.nbgrader import configure

c = get_config()
HOME = Path(__file__).resolve().parents[1]
c.CourseDirectory.root = str(HOME / "course")
configure(c, secret=HOME / "course-secret")
