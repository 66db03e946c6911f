"""Executing a notebook again changes nothing, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.notebooks import toy
from tests.notebooks.execute import execute, notebooks
from tests.notebooks.quick import slow_but_for


@pytest.mark.parametrize("path", slow_but_for(notebooks()))
def test_a_chapter_is_as_committed(path: Path) -> None:
    """A fresh run, with another order of Python's sets, gives the committed file."""
    assert execute(path, environment={"PYTHONHASHSEED": "12345"}) == path.read_text(encoding="utf-8")


def test_twice_is_once(tmp_path: Path) -> None:
    """The first run of a notebook that was never executed already gives what the second one gives."""
    path = toy.write(toy.unexecuted(), tmp_path / "toy.ipynb")
    once = execute(path)
    path.write_text(once, encoding="utf-8")
    assert execute(path) == once
    assert once.endswith("}\n")


def test_executing_gives_what_the_toy_says(tmp_path: Path) -> None:
    """The toy's outputs, written by hand for the tests of the gate, are those of a real run."""
    path = toy.write(toy.unexecuted(), tmp_path / "toy.ipynb")
    assert execute(path) == toy.write(toy.executed(), tmp_path / "by-hand.ipynb").read_text(encoding="utf-8")


def test_a_cell_without_id_is_refused(tmp_path: Path) -> None:
    """A cell without an id would get another one at every run."""
    notebook = toy.unexecuted()
    del notebook["cells"][toy.TEXT]["id"]
    path = tmp_path / "toy.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    with pytest.raises(ValueError, match=r"cells \[1\] have no id"):
        execute(path)
