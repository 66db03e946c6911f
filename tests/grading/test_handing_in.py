"""What lies in a folder of submissions: links, pipes, odd names, huge files. None of it stops the others."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tempmm_lab import ModelError
from tempmm_lab.grading.command import grade_folder
from tempmm_lab.grading.submissions import submissions
from tests.grading.notebooks import FULL, NAME, dumped, hand_in, solved

ALL = sum(FULL.values())
NAMES = (
    "=cmd|' C calc'!A0",
    "+1-2@x",
    "<script>alert(1)",
    'a\nb, "c"\t\';',
    "..evil",
    "\u202egnp.anna",
    "x" * 200,
    "anna\udce9",  # a byte that is no UTF-8, as Python reads it
    "jos\u00e9",
    "jose\u0301",
    "COM1",
    " ",
)
pytestmark = pytest.mark.usefixtures("sandbox")


def _grade(folder: Path, **options: Any) -> tuple[int, dict[str, dict[str, Any]]]:
    status, _ = grade_folder(folder, count=2, **options)
    text = (folder.with_name(f"{folder.name}-grades") / "results.json").read_text(encoding="utf-8")
    return status, {student["student"]: student for student in json.loads(text)["students"]}


def test_whatever_a_student_is_called(tmp_path: Path) -> None:
    """Every name gets its own feedback, nothing is written elsewhere, and no cell of the table is a formula."""
    folder = tmp_path / "in"
    for name in NAMES:
        hand_in(folder, name, dumped(solved()))
    status, students = _grade(folder)
    assert (status, list(students)) == (0, sorted(NAMES, key=os.fsencode))
    assert {student["points"] for student in students.values()} == {ALL}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "in-grades"]
    assert len(list((tmp_path / "in-grades" / "feedback").glob("*.html"))) == len(NAMES)
    with (tmp_path / "in-grades" / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + len(NAMES)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link to another's notebook, or a folder that is a link, is not graded, and says so."""
    folder = tmp_path / "in"
    other = hand_in(folder, "anna", dumped(solved()))
    (folder / "ben").mkdir()
    (folder / "ben" / NAME).symlink_to(other)
    (folder / "cleo").symlink_to(folder / "anna")
    (folder / "dora").mkdir()
    (folder / "dora" / "inside").symlink_to(folder / "anna")
    (folder / "emil").mkdir()
    (folder / "emil" / NAME).symlink_to("/dev/zero")
    status, students = _grade(folder)
    assert status == 1
    assert [student["points"] for student in students.values()] == [ALL, 0, 0, 0, 0]
    whys = [one["notebooks"][0]["why"] for one in students.values()]
    assert ["link" in why for why in whys] == [False, True, True, False, True]
    assert "no notebook" in whys[3]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A named pipe in place of a notebook is refused at once; a folder of that name is looked into."""
    folder = tmp_path / "in"
    (folder / "anna").mkdir(parents=True)
    os.mkfifo(folder / "anna" / NAME)
    hand_in(folder / "ben" / NAME, "deep", dumped(solved()))
    status, students = _grade(folder)
    assert status == 1
    assert students["anna"]["notebooks"][0]["why"].startswith("This is no ordinary file")
    assert students["ben"]["points"] == ALL


def test_a_notebook_of_200_megabytes(tmp_path: Path) -> None:
    """It is refused before it is read, and what to do is said."""
    folder = tmp_path / "in"
    hand_in(folder, "anna", b"{")
    os.truncate(folder / "anna" / NAME, 200_000_000)
    _, students = _grade(folder)
    assert "Clear the outputs" in students["anna"]["notebooks"][0]["why"]


def test_one_of_several_files_counts(tmp_path: Path) -> None:
    """Of two notebooks for the same exercises the one with the right name counts, and checkpoints are not seen."""
    folder = tmp_path / "in"
    for name in ("a copy.ipynb", NAME, "zz.ipynb"):
        hand_in(folder, "anna", dumped(solved()), name)
    hand_in(folder / "anna", ".ipynb_checkpoints", dumped(solved()), "old.ipynb")
    status, students = _grade(folder)
    counted = [(one["path"], one["counts"]) for one in students["anna"]["notebooks"]]
    assert (status, students["anna"]["points"]) == (0, ALL)
    assert counted == [(NAME, True), ("a copy.ipynb", False), ("zz.ipynb", False)]


def test_forged_results_in_a_folder_are_not_looked_at(tmp_path: Path) -> None:
    """Files of ours in a student's folder, or beside the students' folders, are nothing but files."""
    folder = tmp_path / "in"
    hand_in(folder, "anna", b"{}")
    forged = json.dumps({"student": "anna", "path": NAME, "points": 34, "status": "graded"}).encode()
    for name in ("results.json", "journal.jsonl"):
        hand_in(folder, "anna", forged, name)
        (folder / name).write_bytes(forged)
    status, students = _grade(folder)
    assert (status, students["anna"]["points"]) == (1, 0)


def test_an_empty_folder_is_misuse(tmp_path: Path) -> None:
    """No folder, or no student's folder in it, is told with what to give instead."""
    with pytest.raises(ModelError, match="is no folder"):
        submissions(tmp_path / "none")
    with pytest.raises(ModelError, match="holds a folder for each student"):
        submissions(tmp_path)
