"""Where `tempmm-lab check` runs a notebook: in the sandbox, without one, or not at all; and that it says so."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tempmm_lab.grading import checking
from tempmm_lab.grading.checking import check_notebook
from tests.grading.conftest import sandbox  # noqa: F401  (a fixture)
from tests.grading.notebooks import NAME, cell, dumped, solved

LOOKS = "import os\nanswer_order = None\nhere = os.path.exists({place!r})\nassert not here, 'it can be read'"


def _probe(folder: Path, place: Path) -> Path:
    """Write a notebook that complains if it can see a file."""
    notebook = solved()
    cell(notebook, "ch01-order-answer")["source"] = LOOKS.format(place=str(place))
    (folder / NAME).write_bytes(dumped(notebook))
    return folder / NAME


@pytest.mark.usefixtures("sandbox")
def test_in_the_sandbox_where_there_is_one(tmp_path: Path) -> None:
    """With bubblewrap at hand the notebook cannot see the folder that it lies in, and the sandbox is named."""
    found = check_notebook(_probe(tmp_path, tmp_path))
    assert found.ran == "in a sandbox as the grader does"
    assert "it can be read" not in found.text()


def test_without_one_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without bubblewrap it is run as Jupyter would run it, and that is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = check_notebook(_probe(tmp_path, tmp_path))
    assert "Run from top to bottom, without a sandbox." in found.text()
    assert "it can be read" in found.text()


def test_on_windows_it_is_looked_at_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows nothing is run: the cells are looked at, no exercise is called fine, and that is said."""
    monkeypatch.setattr(checking, "os", SimpleNamespace(name="nt", path=os.path))
    found = check_notebook(_probe(tmp_path, tmp_path))
    assert (found.exercises, found.ran, found.wrong) == ([], "", 0)
    assert "It was not run: on Windows" in found.text()
    assert "Nothing is wrong with its cells." in found.text()
