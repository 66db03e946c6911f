"""A chapter runs to its end whatever the reader answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks.execute import execute, notebooks


@pytest.mark.parametrize("answers", ["wrong", "skip"])
@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.name)
def test_runs_with(path: Path, answers: str) -> None:
    """No cell fails when every prediction is answered wrong, or skipped."""
    assert execute(path, answers=answers)
