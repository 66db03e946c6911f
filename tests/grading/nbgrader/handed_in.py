"""What seven students hand in for chapter 7, the honest and the others."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.grading.notebooks import ROOT, Notebook, cell, dumped

NAME = "07-writing-to-code.ipynb"
WORTH = {"ch07-holders": 8, "ch07-dance": 4, "ch07-tell": 7, "ch07-guard": 6}
HALF = 2
"""What ch07-tell is worth with the kernel's own function, which is the one that is to be mended."""
_SOLVED: Notebook = json.loads((ROOT / "solutions" / NAME).read_text(encoding="utf-8"))


def _half() -> Notebook:
    notebook = copy.deepcopy(_SOLVED)
    cell(notebook, "ch07-tell-answer")["source"] = "from tempmm_lab.kernel.fixmap import text_poke_v5_1 as text_poke"
    cell(notebook, "ch07-dance-answer")["source"] = "answer_dance = None"
    return notebook


def _looping() -> Notebook:
    notebook = copy.deepcopy(_SOLVED)
    cell(notebook, "ch07-holders-answer-2")["source"] = "while True:\n    pass"
    return notebook


def _forged(marker: str) -> Notebook:
    """Outputs that say full marks, a test cell of one's own, and an object that equals anything."""
    notebook = copy.deepcopy(_SOLVED)
    for name, points in WORTH.items():
        one = cell(notebook, name)
        result = {"output_type": "execute_result", "data": {"text/plain": "500"}, "execution_count": 1, "metadata": {}}
        one |= {"source": "500", "outputs": [result]}
        one["metadata"]["nbgrader"] |= {"points": points * 100, "locked": False, "checksum": "0"}
    cell(notebook, "ch07-holders-answer-2")["source"] = (
        f"from pathlib import Path\ntry:\n    Path({marker!r}).write_text('here')\nexcept OSError:\n    pass\n\n"
        "class Yes(dict):\n    __eq__ = lambda self, other: True\n    __hash__ = None\n\nanswer_holders = Yes()"
    )
    return notebook


def _torn() -> Notebook:
    """Right answers in a notebook that nbgrader alone would refuse, and with it the whole run."""
    notebook = copy.deepcopy(_SOLVED)
    notebook["cells"] = [one for one in notebook["cells"] if one["id"] not in {"ch07-dance", "ch07-guard-words"}]
    again = copy.deepcopy(cell(notebook, "ch07-tell-answer"))
    notebook["cells"].insert(0, {**again, "id": "ch07-tell-answer-copied"})
    for one in notebook["cells"]:
        if "nbgrader" in one["metadata"]:
            one["metadata"]["nbgrader"]["schema_version"] = 99
    cell(notebook, "ch07-holders")["cell_type"] = "markdown"
    script = {
        "cell_type": "markdown",
        "id": "s",
        "metadata": {},
        "source": "<script>alert(1)</script> [x](javascript:1)",
    }
    notebook["cells"].append(script)
    return notebook


def handed_in(marker: str) -> dict[str, bytes]:
    """Give what each student hands in; `marker` is a file that must not appear."""
    unsolved = (ROOT / "exercises" / NAME).read_bytes()
    made: dict[str, Any] = {
        "anna": _SOLVED,
        "cleo": _half(),
        "dora": _looping(),
        "eve": _forged(marker),
        "fritz": _torn(),
    }
    return {name: dumped(notebook) for name, notebook in made.items()} | {"ben": unsolved, "gina": b"not a notebook\n"}
