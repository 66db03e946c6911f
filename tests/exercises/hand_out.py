"""Make `exercises/` of `solutions/`, as nbgrader's own generate_assignment does.

Usage:
    python -m tests.exercises.hand_out      what `make exercises` runs

Everything between BEGIN SOLUTION and END SOLUTION goes, and so do the outputs; task and practice cells are locked.
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS, EXERCISES = ROOT / "solutions", ROOT / "exercises"
ASSIGNMENT = "book"


def handed_out(notebooks: list[Path]) -> dict[str, str]:
    """Give the text of each notebook as a student gets it, by file name.

    Raises:
        NbGraderException: nbgrader found fault with a notebook; it says which and why on stderr.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own libraries warn about each other
        course = Path(folder)
        source = course / "source" / ASSIGNMENT
        source.mkdir(parents=True)
        for path in notebooks:
            shutil.copy(path, source)
        _generate(course)
        release = course / "release" / ASSIGNMENT
        return {path.name: _as_written(release / path.name) for path in notebooks}


def _generate(course: Path) -> None:
    """Run nbgrader's converter over the course's source folder."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.assignment_id = ASSIGNMENT
    config.GenerateAssignment.no_database = True  # with the next line what its option --no-db does
    config.SaveCells.enabled = False
    config.ClearSolutions.code_stub = {"python": "# Your answer here."}
    config.ClearSolutions.text_stub = "*Your answer here.*"
    converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
    converter.log.addHandler(logging.StreamHandler())
    converter.log.setLevel(logging.ERROR)
    converter.start()


def _as_written(path: Path) -> str:
    """Give nbgrader's text. It leaves out the newline at the end, which every file here has."""
    return path.read_text(encoding="utf-8").rstrip("\n") + "\n"


def main() -> int:
    """Write every notebook of exercises, take away those whose solution is gone, and say which changed."""
    made = handed_out(sorted(SOLUTIONS.glob("*.ipynb")))
    for path in EXERCISES.glob("*.ipynb"):
        if path.name not in made:
            path.unlink()
            print(f"{path.name}: deleted")
    for name, text in made.items():
        path = EXERCISES / name
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {'written' if changed else 'the same'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
