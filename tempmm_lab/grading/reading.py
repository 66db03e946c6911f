"""Reading a submitted file: whatever is in it, the outcome is a list of cells or a sentence that says why not."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempmm_lab.grading.limits import Limits
from tempmm_lab.grading.strict import shown


class Unreadable(Exception):
    """A file cannot be graded; the message is a sentence for the student."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it was handed in.

    Attributes:
        number: its place in the notebook, from 1.
        kind: "code", "markdown", "raw", or whatever it says.
        names: what it may be known by: nbgrader's name for it, then the notebook's.
        source: its text.
    """

    number: int
    kind: str
    names: tuple[str, ...]
    source: str


def read_bytes(path: Path, limits: Limits) -> bytes:
    """Give a file's bytes: an ordinary file's, and not what a link leads to.

    Raises:
        Unreadable: it is something else, or too large.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        link = path.is_symlink()
        raise Unreadable(
            "This is a link to another file. Hand in the notebook itself."
            if link
            else f"Cannot be read: {error.strerror}."
        ) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Unreadable("This is no ordinary file. Hand in the notebook itself.")
    with os.fdopen(handle, "rb") as file:
        found = file.read(limits.notebook + 1)
    if len(found) > limits.notebook:
        most = limits.notebook >> 20
        raise Unreadable(
            f"The file has more than {most} MiB. Clear the outputs of all cells, save, and hand it in again."
        )
    return found


def cells_of(content: bytes, limits: Limits) -> tuple[list[Cell], list[str]]:
    """Give the cells of a notebook, and what is odd about it in words.

    Raises:
        Unreadable: these bytes are no notebook.
    """
    notebook, notes = _parsed(content)
    found = notebook.get("cells")
    if found is None and type(notebook.get("worksheets")) is list:  # before version 4
        sheets = [sheet for sheet in notebook["worksheets"] if type(sheet) is dict]
        found = [cell for sheet in sheets if type(sheet.get("cells")) is list for cell in sheet["cells"]]
        notes.append("The notebook has an old format (before version 4). Its cells were read all the same.")
    if type(found) is not list:
        raise Unreadable("This is no notebook: it has no list of cells. Save it in Jupyter and hand it in again.")
    if notebook.get("nbformat") not in (3, 4):
        notes.append(f"The notebook says it has format {shown(notebook.get('nbformat'), 20)}; it was read as format 4.")
    if len(found) > limits.cells:
        raise Unreadable(f"The notebook has {len(found):,} cells. More than {limits.cells:,} are not read.")
    cells = [_cell(number, cell) for number, cell in enumerate(found, 1)]
    for cell in cells:
        if len(cell.source) > limits.source:
            raise Unreadable(f"Cell {cell.number} has more than {limits.source:,} characters.")
    return cells, notes


def _parsed(content: bytes) -> tuple[dict[str, Any], list[str]]:
    if content[:4] == b"PK\x03\x04":
        raise Unreadable("This is a zip archive and is not opened. Hand in the notebook itself.")
    try:
        text, notes = content.decode("utf-8-sig"), list[str]()
    except UnicodeDecodeError:
        text = content.decode("utf-8-sig", "replace")
        notes = ["The file is not in UTF-8. What could not be read was replaced."]
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("This is no notebook: it is not JSON. Save it in Jupyter and hand it in again.") from None
    if type(notebook) is not dict:
        raise Unreadable("This is no notebook: it has no cells. Save it in Jupyter and hand it in again.")
    return notebook, notes


def _cell(number: int, cell: Any) -> Cell:
    if type(cell) is not dict:
        return Cell(number, "raw", (), "")
    source = cell.get("source", cell.get("input", ""))
    if type(source) is list:
        source = "".join(line for line in source if type(line) is str)
    metadata = cell.get("metadata")
    noted = metadata.get("nbgrader") if type(metadata) is dict else None
    name = noted.get("grade_id") if type(noted) is dict else None
    names = tuple(one for one in (name, cell.get("id")) if type(one) is str and 0 < len(one) <= 100)
    kind = cell.get("cell_type")
    text = source if type(source) is str else ""
    known = kind if kind in ("code", "markdown") else "raw"
    return Cell(number, known, names, text.encode("utf-8", "replace").decode("utf-8"))
