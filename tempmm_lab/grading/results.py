"""The results of a batch, put together from its journal, as JSON and CSV. Pages are in `pages.py`."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.grading.marking import GRADED, Result
from tempmm_lab.grading.strict import shown

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


@dataclass(frozen=True)
class Student:
    """One student's results.

    Attributes:
        results: one for each file, in the order of their names.
        counted: those that count: of several files for one notebook of exercises only one does.
    """

    name: str
    results: tuple[Result, ...]
    counted: tuple[Result, ...]

    @property
    def points(self) -> int:
        """What all that counts is worth."""
        return sum(one["points"] for one in self.counted)

    @property
    def of(self) -> int:
        """What it could have been worth."""
        return sum(one["of"] for one in self.counted)

    @property
    def file(self) -> str:
        """A name for files about this student, whatever is in the student's own."""
        words = re.sub(r"[^A-Za-z0-9_-]+", "_", self.name)[:40].strip("_")
        return f"{words or 'student'}-{hashlib.sha256(os.fsencode(self.name)).hexdigest()[:8]}"


def by_student(results: Sequence[Result]) -> list[Student]:
    """Give the results by student, in the order given."""
    grouped: dict[str, list[Result]] = {}
    for result in results:
        grouped.setdefault(result["student"], []).append(result)
    return [Student(name, tuple(every), tuple(_counted(every))) for name, every in grouped.items()]


def _counted(every: Sequence[Result]) -> list[Result]:
    """Give one result for each notebook of exercises: the file with its own name, else the first."""
    chosen: dict[str, Result] = {}
    for result in every:
        if not result["assignment"]:
            continue
        there = chosen.get(result["assignment"])
        named = os.path.basename(result["path"]) == f"{result['assignment']}.ipynb"  # noqa: PTH119
        if there is None or (named and os.path.basename(there["path"]) != f"{there['assignment']}.ipynb"):  # noqa: PTH119
            chosen[result["assignment"]] = result
    return [result for result in every if any(result is one for one in chosen.values())]


def as_json(students: Sequence[Student], *, complete: bool, others: Sequence[str]) -> str:
    """Give everything as JSON. `complete` says whether the batch came to its end."""
    said = {
        "format": 1,
        "complete": complete,
        "not_in_a_students_folder": [shown(name) for name in others],
        "students": [student_data(student) for student in students],
    }
    return json.dumps(said, indent=1) + "\n"


def student_data(student: Student) -> dict[str, Any]:
    """Give one student's results as plain data."""
    kept = [{name: value for name, value in one.items() if name not in ("again", "student")} for one in student.results]
    counts = [
        {**data, "counts": any(one is c for c in student.counted)}
        for data, one in zip(kept, student.results, strict=True)
    ]
    return {"student": student.name, "points": student.points, "of": student.of, "notebooks": counts}


def as_csv(students: Sequence[Student]) -> str:
    """Give one line for each file: what it is worth, exercise by exercise."""
    names = _exercises(students)
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["student", "file", "notebook", "status", "counts", "points", "of", "by hand, of", *names, "why"])
    for student in students:
        for one in student.results:
            marks = {mark["name"]: mark["points"] for mark in one["exercises"]}
            row = [student.name, one["path"], one["assignment"], one["status"]]
            row += ["yes" if any(one is counted for counted in student.counted) else "no", one["points"], one["of"]]
            row += [sum(words["of"] for words in one["by_hand"])]
            row += [*(marks.get(name, "") for name in names), one["why"]]
            rows.writerow([_harmless(value) for value in row])
    return out.getvalue()


def _exercises(students: Sequence[Student]) -> list[str]:
    there = {mark["name"] for student in students for one in student.results for mark in one["exercises"]}
    return [name for name in EXERCISES if name in there]


def _harmless(value: Any) -> Any:
    """Give a value that no spreadsheet takes for a formula, on one line."""
    if type(value) is not str:
        return value
    text = shown(value).replace("\n", " ")
    return f"'{text}" if text.startswith(FORMULA) else text


def all_graded(students: Sequence[Student]) -> bool:
    """Say whether every file that counts, or was not known at all, was graded."""
    return all(one["status"] == GRADED for student in students for one in student.results)
