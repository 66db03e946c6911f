"""Strict nbval fails where it should: faults planted in copies of the toy and of the book's own chapters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks import toy
from tests.notebooks.execute import notebooks
from tests.notebooks.gate import problems
from tests.notebooks.quick import slow_but_for

Notebook = dict[str, Any]


def test_the_toy_passes(tmp_path: Path) -> None:
    """Without a fault strict nbval passes, so each failure below is the fault's doing."""
    done = toy.nbval(toy.write(toy.executed(), tmp_path / "toy.ipynb"))
    assert "3 passed" in done.stdout, done.stdout


def _wrong_text(notebook: Notebook) -> None:
    notebook["cells"][toy.TEXT]["outputs"][1]["data"]["text/plain"] = "41"


def _wrong_stream(notebook: Notebook) -> None:
    notebook["cells"][toy.TEXT]["outputs"][0]["text"] = "six times eight\n"


def _wrong_html(notebook: Notebook) -> None:
    data = notebook["cells"][toy.HTML]["outputs"][0]["data"]
    data["text/html"] = data["text/html"].replace(toy.ALT, "three boxes")


def _broken_callback(notebook: Notebook) -> None:
    cell = notebook["cells"][toy.CLICK]
    cell["source"] = cell["source"].replace("print('clicked')", "1 / 0")


@pytest.mark.parametrize("plant", [_wrong_text, _wrong_stream, _wrong_html, _broken_callback])
def test_nbval_fails(plant: Callable[[Notebook], None], tmp_path: Path) -> None:
    """One wrong output, or a callback that raises when it is clicked, fails exactly one cell."""
    notebook = toy.executed()
    plant(notebook)
    done = toy.nbval(toy.write(notebook, tmp_path / "toy.ipynb"))
    assert done.returncode == 1
    assert "1 failed, 2 passed" in done.stdout, done.stdout


def test_a_never_executed_notebook_needs_the_gate(tmp_path: Path) -> None:
    """Strict nbval lets a notebook pass that was never run; the gate does not."""
    assert toy.nbval(toy.write(toy.unexecuted(), tmp_path / "toy.ipynb")).returncode == 0
    assert sum("not executed" in problem for problem in problems(toy.unexecuted())) == 3


@pytest.mark.parametrize("path", slow_but_for([path for path in notebooks() if path.name[0] not in "BC"]))
def test_a_changed_chapter_fails(path: Path, tmp_path: Path) -> None:
    """In a copy of each chapter, strict nbval finds a changed word of text and a changed figure.

    Appendices B and C have no code; another test compares them with what they are made of.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    planted = {_spoil(notebook, kind) for kind in ("text/plain", "text/html")} - {None}
    assert planted, "the chapter shows nothing that could be wrong"
    done = toy.nbval(toy.write(notebook, tmp_path / path.name))
    assert done.returncode == 1
    assert re.search(rf"\b{len(planted)} failed", done.stdout), done.stdout


def _spoil(notebook: Notebook, kind: str) -> str | None:
    """Add a word to the first output of a kind, and give the id of the cell it is in."""
    compared = [cell for cell in notebook["cells"] if "nbval-ignore-output" not in cell["metadata"].get("tags", [])]
    for cell in compared:
        for output in cell.get("outputs", []):
            if kind in output.get("data", {}):
                output["data"][kind] = [*output["data"][kind], " planted"]
                return str(cell["id"])
    return None
