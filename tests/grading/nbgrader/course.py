"""A course on disk: the commands of docs/nbgrader.md as they stand there, and what nbgrader's gradebook then holds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

from tests.grading.notebooks import ROOT

DOC = ROOT / "docs" / "nbgrader.md"
CONFIG = "nbgrader_config.py"


def blocks(language: str) -> list[str]:
    """Give the blocks of commands, or of Python, in the order in which they stand in the document."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DOC.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def shell(script: str, folder: Path, status: int = 0) -> str:
    """Run commands as a teacher would type them; give what they print."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    told = os.environ | {"PATH": path, "BOOK": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", script], cwd=folder, env=told, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def marks(course: Path, assignment: str) -> dict[str, dict[str, dict[str, float | None]]]:
    """Give student -> notebook -> cell -> what the machine gave; None where a person has to look."""
    from nbgrader.api import Gradebook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its libraries warn about each other
        with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
            return {
                one.student.id: {
                    notebook.name: {grade.cell.name: _auto(grade) for grade in notebook.grades}
                    for notebook in one.notebooks
                }
                for one in book.find_assignment(assignment).submissions
            }


def _auto(grade: object) -> float | None:
    return None if grade.needs_manual_grade else grade.auto_score  # type: ignore[attr-defined]


def hand_in(course: Path, assignment: str, student: str, name: str, content: bytes) -> None:
    """Put a file where nbgrader looks for what a student handed in."""
    place = course / "submitted" / student / assignment
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)
