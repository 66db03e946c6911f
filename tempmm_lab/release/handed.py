"""A look at the notebooks before they are handed out: is each what was made to be handed out, or did somebody solve it?

nbgrader writes a checksum beside each cell of an exercise when it makes the notebook. What was changed since shows.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tempmm_lab.errors import ModelError


def look(notebooks: Sequence[Path], names: Sequence[str]) -> None:
    """Look at all notebooks of exercises, and at the names of the chapters.

    Raises:
        ModelError: there is none; one has outputs, or a cell that is not as it was made; or there is one too many, such
            as a copy that somebody made to try something.
    """
    if not notebooks:
        raise ModelError("The notebooks of exercises are not where they should be. Install tempmm-lab again.")
    numbers = Counter(name.partition("-")[0] for name in names)
    extra = [name for name in names if numbers[name.partition("-")[0]] > 1]
    extra += [str(path) for path in notebooks if path.name not in names]
    if extra:
        raise ModelError(f"Not all of these are the book's: {', '.join(extra)}. Move away what is yours.")
    for path in notebooks:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            _look_at(cell, path)


def _look_at(cell: Mapping[str, Any], path: Path) -> None:
    if cell.get("outputs") or cell.get("execution_count"):
        raise ModelError(f"{path} was run: a cell in it has outputs. Put back the notebook as it was made.")
    noted = cell["metadata"].get("nbgrader")
    if noted is not None and checksum(cell) != noted.get("checksum"):
        raise ModelError(
            f"{path} is not as it was made: the cell {noted.get('grade_id')!r} was changed. If you solved it there, "
            "move your copy away and put back the notebook as it was made."
        )


def checksum(cell: Mapping[str, Any]) -> str:
    """Give nbgrader's checksum of a cell (version 3 of its metadata)."""
    noted, source = cell["metadata"]["nbgrader"], cell["source"]
    said = ["".join(source), cell["cell_type"], str(noted["grade"]), str(noted["solution"]), str(noted["locked"])]
    said.append(noted["grade_id"])
    if noted["grade"]:
        said.append(str(float(noted["points"])))
    return hashlib.md5("".join(said).encode(), usedforsecurity=False).hexdigest()
