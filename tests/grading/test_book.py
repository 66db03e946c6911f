"""Every notebook of exercises, through the sandbox: solved, it gets every point, and as it is handed out, none."""

from __future__ import annotations

import pytest

from tempmm_lab.grading.marking import Job, grade
from tempmm_lab.grading.sandbox import Bubblewrap
from tests.grading.notebooks import ROOT

QUICK = ("01", "05", "13")
NOTEBOOKS = [
    pytest.param(path.name, id=path.name, marks=[] if path.name[:2] in QUICK else [pytest.mark.slow])
    for path in sorted((ROOT / "exercises").glob("[0-9]*.ipynb"))
]
"""All of them; `make test` takes a fixed few."""
SECRET = b"a secret of at least 16 bytes"


def _graded(sandbox: Bubblewrap, folder: str, name: str, *, course: bool = True):
    return grade(Job("anna", name, (ROOT / folder / name).read_bytes(), SECRET, course, sandbox))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_solved_it_gets_every_point(sandbox: Bubblewrap, name: str) -> None:
    """The solution gets full marks in a student's own variant, and nothing is odd about it."""
    result = _graded(sandbox, "solutions", name)
    assert (result["status"], result["points"], result["notes"]) == ("graded", result["of"], []), result
    assert result["of"] > 0
    assert not any(mark["messages"] for mark in result["exercises"])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_handed_out_it_gets_none(sandbox: Bubblewrap, name: str) -> None:
    """What was never worked on gets no point, and every exercise says why."""
    result = _graded(sandbox, "exercises", name, course=False)
    assert (result["status"], result["points"], result["notes"]) == ("graded", 0, []), result
    assert all(mark["messages"] for mark in result["exercises"])
    assert all(words["text"] == "" for words in result["by_hand"])
