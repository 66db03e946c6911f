"""A submission as a notebook that nbgrader does not refuse, and a result as outputs that nbgrader reads marks from.

nbgrader asks for valid metadata, each cell's name once, and the right kind of cell; else the whole submission fails.
So its cells are made anew here: the student's text, and around it nothing but what nbgrader's own gradebook says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from tempmm_lab.grading.assignment import assignments
from tempmm_lab.grading.limits import Limits
from tempmm_lab.grading.marking import Result
from tempmm_lab.grading.nbgrader_text import Cutter, Pictures, harmless, pictures_of
from tempmm_lab.grading.reading import Cell, Unreadable, cells_of

Node = dict[str, Any]
"""A cell or a notebook as JSON has it."""
WIDTH = 74
"""Characters in a line of feedback: nbgrader's page cuts off what is longer."""
GONE = "*This cell is missing in what was handed in. What was written may stand in another cell, or nowhere.*"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


@dataclass(frozen=True, slots=True)
class Noted:
    """A cell as nbgrader's gradebook has it.

    Attributes:
        metadata: what nbgrader wants to find at the cell.
    """

    name: str
    kind: str
    source: str
    metadata: Mapping[str, Any]

    @property
    def marked(self) -> bool:
        """Whether points are given at this cell, by a machine or a person."""
        return bool(self.metadata["grade"] or self.metadata["task"])

    def node(self, source: str) -> Node:
        """Give the cell with this text."""
        return _new(self.kind, source, {"nbgrader": dict(self.metadata)})


def _new(kind: str, source: str, metadata: Node) -> Node:
    made: Node = {"cell_type": kind, "metadata": metadata, "source": source}
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def rebuilt(content: bytes, noted: Sequence[Noted], limits: Limits) -> Node:
    """Give a submission as a clean notebook: every cell's text in its order, no outputs, and every marked cell once.

    Locked cells have the gradebook's text. Raw cells become prose: nbgrader would write them into its pages as HTML.

    Of several cells with one name the last is taken for it, as our runner and nbgrader do. Bytes that are no notebook
    give one that holds the marked cells alone.
    """
    try:
        cells, _ = cells_of(content, limits)
    except Unreadable:
        cells = []
    known = [(cell, _known(noted, cell)) for cell in cells]
    last = {one.name: cell.number for cell, one in known if one is not None}
    pictures, cutter = _pictures(content, cells), Cutter()
    made: list[tuple[str, Node]] = []
    for cell, one in known:
        here = one if one is not None and last[one.name] == cell.number else None
        text = here.source if here is not None and here.metadata["locked"] else cutter.cut(cell.source)
        made.append((here.name if here else "", _node(cell, here, text, pictures.get(cell.number, {}))))
    _put_back(made, noted)
    nodes = [{**node, "id": f"cell-{number}"} for number, (_, node) in enumerate(made, 1)]
    about = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return {"cells": nodes, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def _known(noted: Sequence[Noted], cell: Cell) -> Noted | None:
    """Give the gradebook's cell that this one is: by a name, else by the text of a locked one."""
    named = {one.name: one for one in noted}
    for name in cell.names:
        if name in named:
            return named[name]
    locked = (one for one in noted if one.metadata["locked"])
    return next((one for one in locked if one.source.strip() == cell.source.strip()), None)


def _node(cell: Cell, here: Noted | None, text: str, pictures: Pictures) -> Node:
    kind = here.kind if here is not None else "code" if cell.kind == "code" else "markdown"
    if kind == "markdown" and (here is None or not here.metadata["locked"]) and not _ours(text):
        text = harmless(text, pictures)
    node = here.node(text) if here is not None else _new(kind, text, {})
    return node | ({"attachments": pictures} if pictures and kind == "markdown" else {})


def _ours(text: str) -> bool:
    """Say whether this is what stands between the exercises, as it was handed out: its links may stay links."""
    return any(text.strip() in one.prose for one in assignments())


def _pictures(content: bytes, cells: Sequence[Cell]) -> dict[int, dict[str, dict[str, str]]]:
    """Give what was pasted into cells, by their number: a written answer may have a drawing in it."""
    if not cells:
        return {}
    found = json.loads(content.decode("utf-8-sig", "replace")).get("cells") or ()
    told = enumerate(found, 1)
    return {number: pictures_of(cell.get("attachments")) for number, cell in told if type(cell) is dict}


def _put_back(made: list[tuple[str, Node]], noted: Sequence[Noted]) -> None:
    """Put marked cells that are missing after the one that was handed out before them."""
    at = 0
    for one in noted:
        places = [place for place, (name, _) in enumerate(made, 1) if name == one.name]
        if places:
            at = places[0]
        elif one.marked:
            text = one.source if one.metadata["locked"] else GONE
            made.insert(at, (one.name, one.node(text)))
            at += 1


def mark(notebook: Node, result: Result) -> None:
    """Write a result into a notebook, as the outputs of the cells that a machine marks: words, and the points.

    Every such cell gets an output: nbgrader takes one without any for full marks.
    """
    marks = {one["name"]: one for one in result["exercises"]}
    first = True
    for number, cell in enumerate(notebook["cells"], 1):
        about = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] != "code" or not about.get("grade") or about.get("solution"):
            continue
        one = marks.get(about["grade_id"])
        lines = [*_words(one, result), *(_odd(result) if first else ())]
        points = _scaled(one, float(about["points"]))
        cell["execution_count"] = number
        cell["outputs"] = [
            {"output_type": "stream", "name": "stdout", "text": "\n".join(_folded(lines)) + "\n"},
            {"output_type": "execute_result", "data": {"text/plain": f"{points:g}"}, "execution_count": number,
             "metadata": {}},
        ]  # fmt: skip
        first = False


def _folded(lines: Sequence[str]) -> Iterator[str]:
    """Give the lines so that nbgrader's page shows them to their end. What has no spaces, such as a replay, stays."""
    for line in "\n".join(lines).split("\n"):
        begins = line[: len(line) - len(line.lstrip())]
        yield from wrap(line, WIDTH, subsequent_indent=f"{begins}  ", break_long_words=False,
                        break_on_hyphens=False) or [""]  # fmt: skip


def _scaled(one: Mapping[str, Any] | None, worth: float) -> float:
    """Give the points in the course's own measure, should a teacher have given a cell other points than the book."""
    return 0.0 if one is None or not one["of"] else worth * one["points"] / one["of"]


def _words(one: Mapping[str, Any] | None, result: Result) -> Iterator[str]:
    if one is None:
        yield "0 points."
        yield (
            f"  {result['why']}"
            if result["why"]
            else "  This cell is none of the book's. A person may give its points."
        )
        return
    yield f"{one['points']} of {one['of']} points"
    parts = {name: pair for name, pair in one["parts"].items() if pair[0] < pair[1]}
    if len(one["parts"]) > 1 and parts:
        yield f"  Not yet: {', '.join(f'{name} ({got} of {of})' for name, (got, of) in parts.items())}."
    yield from (f"  {message}" for message in one["messages"])
    if one["replay"]:
        yield f"  Replay: {one['replay']}"


def _odd(result: Result) -> Iterator[str]:
    if result["notes"]:
        yield ""
        yield "About the whole notebook:"
        yield from (f"  {note}" for note in result["notes"])
