"""A chapter runs to its end whatever the reader answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks.execute import execute, notebooks
from tests.notebooks.quick import slow_but_for

CHAPTERS = [path for path in notebooks() if path.parent.name == "chapters"]
"""Only they ask for predictions."""


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_runs_with_wrong_answers(path: Path) -> None:
    """No cell fails when every prediction is answered wrong."""
    assert execute(path, answers="wrong")


@pytest.mark.parametrize("path", slow_but_for(CHAPTERS))
def test_runs_with_skipped_questions(path: Path) -> None:
    """No cell fails when every prediction is skipped."""
    assert execute(path, answers="skip")
