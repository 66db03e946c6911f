"""What a copy of this package goes without: one list for a student's process and for a student's archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PACKAGE = Path(__file__).resolve().parent
KEYS = ("assess/exercises/keys",)
"""Folders that hold every key and every judge."""
TEACHERS = (*KEYS, "release", "grading")
"""Folders that are the teacher's. Of `grading` an archive holds what CHECKING names; all else there stays here."""
CHECKING = (
    "__init__", "assignment", "checking", "library", "limits", "plan", "reading", "running", "sandbox", "seccomp",
    "session", "strict", "timing", "wire", "worker",
)  # fmt: skip
"""What `tempmm-lab check` needs of the grader: reading, running, and no judge."""
NOT_RUN = (*TEACHERS, "_book", "widgets", "reviews")
"""What a student's process in the sandbox does without: also the book, and what needs a browser."""
SUFFIXES = (".py", ".toml", ".json", ".gz", ".typed")
"""The kinds of files that the package is made of. Whatever else lies in its folder is handed to nobody."""


def student_files(package: Path = PACKAGE) -> Iterator[tuple[str, Path]]:
    """Give the files that a student's archive holds of the package, sorted, each with its name from there on.

    The book is not among them: it is added as readers get it.
    """
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package)
        if is_a_students(PurePosixPath(name.as_posix())) and path.is_file():
            yield name.as_posix(), path


def is_a_students(name: PurePosixPath) -> bool:
    """Say whether a file with this name is one that a student gets."""
    if name.suffix not in SUFFIXES or any(part.startswith((".", "__pycache__")) for part in name.parts):
        return False
    if name.parent == PurePosixPath("grading"):
        return name.suffix == ".py" and name.stem in CHECKING
    return not any(name.is_relative_to(folder) for folder in (*TEACHERS, "_book"))
