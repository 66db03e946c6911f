"""Notebooks as students hand them in: a solved one, with something changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NAME = "01-from-cr3-to-a-byte.ipynb"
FULL = {"ch01-indices": 5, "ch01-walk": 6, "ch01-order": 5, "ch01-corrupt": 8, "ch01-build": 10}
"""What the solved notebook is worth."""
Notebook = dict[str, Any]

_SOLVED: Notebook = json.loads((ROOT / "solutions" / NAME).read_text(encoding="utf-8"))


def solved() -> Notebook:
    """Give the solved notebook of chapter 1."""
    return copy.deepcopy(_SOLVED)


def cell(notebook: Notebook, name: str) -> dict[str, Any]:
    """Give the first cell of this name."""
    found: dict[str, Any] = next(one for one in notebook["cells"] if one["id"] == name)
    return found


def with_cells(**sources: str) -> bytes:
    """Give the solved notebook with other text in some cells; "_" stands for "-" in their names."""
    notebook = solved()
    for name, source in sources.items():
        cell(notebook, name.replace("_", "-"))["source"] = source
    return dumped(notebook)


def changed(change: Callable[[Notebook], None]) -> bytes:
    """Give the solved notebook after a change."""
    notebook = solved()
    change(notebook)
    return dumped(notebook)


def dumped(notebook: Any) -> bytes:
    """Give a notebook as the bytes of a file."""
    return json.dumps(notebook).encode()


def hand_in(folder: Path, student: str | bytes, content: bytes, name: str = NAME) -> Path:
    """Put a file into a student's folder."""
    there = Path(str(folder)) / (student.decode("utf-8", "surrogateescape") if isinstance(student, bytes) else student)
    there.mkdir(parents=True, exist_ok=True)
    (there / name).write_bytes(content)
    return there / name
