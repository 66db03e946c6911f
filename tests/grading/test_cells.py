"""Cells that are missing, doubled, moved or of another kind: the rest counts, and each is named in plain words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tempmm_lab.grading.marking import Job, Result, grade
from tempmm_lab.grading.sandbox import Bubblewrap
from tests.grading.notebooks import FULL, NAME, Notebook, cell, changed

ALL = sum(FULL.values())
VA = 'va = task_indices.facts["va"]\n'
RIGHT = (
    'answer_indices = {"PML4": va >> 39 & 511, "PDPT": va >> 30 & 511, "PD": va >> 21 & 511, "PT": va >> 12 & 511,'
    ' "offset": va & 4095}'
)


def _without(*names: str) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        notebook["cells"] = [one for one in notebook["cells"] if one["id"] not in names]

    return change


def _twice(notebook: Notebook) -> None:
    place = notebook["cells"].index(cell(notebook, "ch01-indices-answer"))
    notebook["cells"].insert(place + 1, {**notebook["cells"][place], "source": "answer_indices = None"})
    notebook["cells"].insert(place + 2, notebook["cells"][place])


def _split(notebook: Notebook) -> None:
    cell(notebook, "ch01-indices-answer")["source"] = VA
    extra: dict[str, Any] = {"cell_type": "code", "metadata": {}, "id": "mine", "source": RIGHT}
    notebook["cells"].insert(4, extra)


def _backwards(notebook: Notebook) -> None:
    place = notebook["cells"].index(cell(notebook, "ch01-indices-answer"))
    notebook["cells"][place : place + 2] = reversed(notebook["cells"][place : place + 2])


def _markdown(notebook: Notebook) -> None:
    cell(notebook, "ch01-indices-answer")["cell_type"] = "markdown"


def _no_metadata(notebook: Notebook) -> None:
    for one in notebook["cells"]:
        one["metadata"] = {}
        del one["id"]


def _magic(notebook: Notebook) -> None:
    cell(notebook, "ch01-indices-answer")["source"] = f"%matplotlib inline\n!ls\n{VA}{RIGHT}\nanswer_indices?"


def _awaits(notebook: Notebook) -> None:
    cell(notebook, "ch01-indices-answer")["source"] = f"import asyncio\nawait asyncio.sleep(0)\n{VA}{RIGHT}"


def _reused_name(notebook: Notebook) -> None:
    cell(notebook, "ch01-build-answer-3")["source"] += "\n\ndef helper(): return 1"
    notebook["cells"].append(
        {"cell_type": "code", "id": "late", "metadata": {}, "source": "def walk_down(*_): return 0\nanswer_walk = 5"}
    )


CASES: list[tuple[str, Callable[[Notebook], None], int, str]] = [
    ("task missing", _without("ch01-indices-task"), ALL, "ch01-indices-task is missing. It is run all the same."),
    ("practice missing", _without("ch01-indices"), ALL, "ch01-indices is missing. That costs nothing."),
    ("answer missing", _without("ch01-indices-answer"), ALL - 5, "ch01-indices-answer is missing."),
    ("all tasks missing", _without(*(f"{name}-task" for name in FULL)), ALL, "ch01-walk-task is missing."),
    ("answer twice", _twice, ALL, "ch01-indices-answer is there 3 times."),
    ("answer in two cells", _split, ALL, ""),
    ("practice before the answer", _backwards, ALL, "in another order: ch01-indices-answer now comes after"),
    ("answer in Markdown", _markdown, ALL, "has become a markdown cell. It is run as code."),
    ("no metadata, no ids", _no_metadata, ALL, "ch01-indices-answer is missing."),
    ("lines for a notebook only", _magic, ALL, ""),
    ("await at the top", _awaits, ALL, ""),
    ("a name used again further down", _reused_name, ALL, ""),
]


def _graded(sandbox: Bubblewrap, content: bytes) -> Result:
    return grade(Job("anna", NAME, content, b"0123456789abcdef", course=True, sandbox=sandbox))


@pytest.mark.parametrize(("change", "points", "says"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_there_counts(sandbox: Bubblewrap, change: Callable[[Notebook], None], points: int, says: str) -> None:
    """A cell that is not as it was handed out costs what is not there, and is named."""
    result = _graded(sandbox, changed(change))
    assert (result["status"], result["points"]) == ("graded", points), result
    assert any(says in note for note in result["notes"]) if says else not result["notes"], result["notes"]


def test_written_words_are_kept_for_a_person(sandbox: Bubblewrap) -> None:
    """What is marked by a person is in the result, with what it can be worth."""
    (words,) = _graded(sandbox, changed(lambda _: None))["by_hand"]
    assert (words["name"], words["of"]) == ("ch01-corrupt-words", 3)
    assert words["text"].startswith("With P=0")
