"""Finding what was handed in: a folder per student, notebooks somewhere in it. No link is followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tempmm_lab.errors import ModelError

DEEPEST = 4
MOST_FILES = 2_000
CHECKPOINTS = ".ipynb_checkpoints"


@dataclass(frozen=True, slots=True)
class Found:
    """A file that was handed in, or what stands in its place.

    Attributes:
        student: the name of the folder right below the one that is graded.
        path: the file, from the student's folder on, with "/" between names; "" where there is none.
        why: why it is not even opened; "" for a file that is.
    """

    student: str
    path: str
    file: Path
    why: str = ""


def submissions(folder: Path) -> tuple[list[Found], list[str]]:
    """Give every student's notebooks, in the order of their names' bytes, and what else lies in the folder.

    Raises:
        ModelError: there is no such folder, or nobody handed anything in.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder} is no folder. Give the folder that holds a folder for each student.")
    found, others = list[Found](), list[str]()
    for entry in _sorted(folder):
        if entry.is_dir(follow_symlinks=False):
            found += _of_student(entry)
        elif entry.is_symlink():
            found.append(
                Found(entry.name, "", Path(entry.path), "The student's folder is a link. It was not followed.")
            )
        else:
            others.append(entry.name)
    if not found:
        raise ModelError(
            f"There is no student's folder in {folder}. Give the folder that holds a folder for each student."
        )
    return found, others


def _sorted(folder: Path | str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: os.fsencode(entry.name))


def _of_student(student: os.DirEntry[str]) -> list[Found]:
    try:
        files = list(_notebooks(student.path, DEEPEST, [MOST_FILES]))
    except OSError as error:
        return [Found(student.name, "", Path(student.path), f"The folder cannot be read: {error.strerror}.")]
    if not files:
        return [Found(student.name, "", Path(student.path), "There is no notebook (.ipynb) in the folder.")]
    base = Path(student.path)
    return [Found(student.name, file.relative_to(base).as_posix(), file) for file in files]


def _notebooks(folder: str, depth: int, left: list[int]) -> Iterator[Path]:
    """Give the notebooks in a folder, links among them (which are refused when they are opened)."""
    for entry in _sorted(folder):
        left[0] -= 1
        if left[0] < 0:
            return
        if entry.is_dir(follow_symlinks=False):
            if depth and entry.name != CHECKPOINTS:
                yield from _notebooks(entry.path, depth - 1, left)
        elif entry.name.lower().endswith(".ipynb"):
            yield Path(entry.path)
