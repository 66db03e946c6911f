"""Which notebooks `make test` runs several times over; `make test-all` does so with all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

QUICK = ("01", "05", "12")


def slow_but_for(paths: list[Path]) -> list[Any]:
    """Give the notebooks as parameters; all but the fixed few of `QUICK` are marked slow."""
    marks = {True: (), False: (pytest.mark.slow,)}
    return [pytest.param(path, marks=marks[path.name.partition("-")[0] in QUICK], id=path.name) for path in paths]
