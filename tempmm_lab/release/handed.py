"""A look at the notebooks before they are handed out: is each what was made to be handed out, or did somebody solve it?

nbgrader writes a checksum beside each cell of an exercise when it makes the notebook. What was changed since shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tempmm_lab.errors import ModelError


def look(notebooks: tuple[Path, ...]) -> None:
    """Look at all notebooks of exercises.

    Raises:
        ModelError: there is none; or one has outputs, or a cell that is not as it was made.
    """
    if not notebooks:
        raise ModelError("The notebooks of exercises are not where they should be. Install tempmm-lab again.")
    for path in notebooks:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell.get("outputs") or cell.get("execution_count"):
                raise ModelError(f"{path} was run: a cell in it has outputs. Put back the notebook as it was made.")
            noted = cell["metadata"].get("nbgrader")
            if noted is not None and checksum(cell) != noted.get("checksum"):
                raise ModelError(
                    f"{path} is not as it was made: the cell {noted.get('grade_id')!r} was changed. If you solved it "
                    "there, move your copy away and put back the notebook as it was made."
                )


def checksum(cell: Mapping[str, Any]) -> str:
    """Give nbgrader's checksum of a cell (version 3 of its metadata)."""
    noted, source = cell["metadata"]["nbgrader"], cell["source"]
    said = ["".join(source), cell["cell_type"], str(noted["grade"]), str(noted["solution"]), str(noted["locked"])]
    said.append(noted["grade_id"])
    if noted["grade"]:
        said.append(str(float(noted["points"])))
    return hashlib.md5("".join(said).encode(), usedforsecurity=False).hexdigest()
