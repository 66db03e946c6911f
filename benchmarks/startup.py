"""How long it takes to begin: importing the package, and executing a chapter."""

from __future__ import annotations

import os
import tempfile
import time
from typing import Any

from benchmarks.rounds import ROOT, ROUNDS, in_turn, python, row

IMPORT_ROUNDS = 15
QUIET = ["--log-level=CRITICAL"]
IMPORTS = {"ours": "import tempmm_lab", "NumPy": "import numpy", "bare": "pass"}


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Give the rows."""
    return {
        "title": "Beginning",
        "about": [
            "Importing: a whole Python process that imports one thing and ends.",
            "Chapters: from the start of a kernel to the end of the last cell, warm. The other has one empty cell.",
        ],
        "rows": [*_imports(), *_chapters(rounds)],
    }


def _imports() -> list[dict[str, Any]]:
    tools = {name: lambda code=code: python(code).seconds for name, code in IMPORTS.items()}
    times = in_turn(tools, IMPORT_ROUNDS)
    beyond = [mine - bare for mine, bare in zip(times["ours"], times["bare"], strict=True)]
    numpy_beyond = [its - bare for its, bare in zip(times["NumPy"], times["bare"], strict=True)]
    what = "import tempmm_lab"
    return [
        row(what, times["ours"], times["NumPy"], name="import numpy", goal=1),
        row(what, times["ours"], times["bare"], name="a bare interpreter"),
        row(f"{what}, beyond a bare interpreter", beyond, numpy_beyond, name="import numpy, beyond it")
        | {"limit": 0.06},
    ]


def _chapters(rounds: int) -> list[dict[str, Any]]:
    import nbformat

    empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")])
    paths = sorted((ROOT / "chapters").glob("*.ipynb"))
    books = {path.stem: nbformat.read(path, as_version=4) for path in paths}
    tools = {name: lambda book=book: _executed(book) for name, book in {"empty": empty, **books}.items()}
    times = in_turn(tools, rounds)
    bare = times.pop("empty")
    return [
        row(f"chapter {name}", seconds, bare, name="an empty notebook") | {"limit": 3}
        for name, seconds in times.items()
    ]


def _executed(book: Any) -> float:
    """Execute a copy of a notebook in an empty folder, as the book's own tests do; give the seconds."""
    import nbformat
    from nbclient import NotebookClient

    copy = nbformat.from_dict(book)
    environment = {**os.environ, "TEMPMM_LAB_ANSWERS": "right"}
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(copy, timeout=60, kernel_name="python3", extra_arguments=QUIET, resources=resources)
        start = time.perf_counter()
        with client.setup_kernel(env=environment):
            for number, cell in enumerate(copy.cells):
                client.execute_cell(cell, number)
            return time.perf_counter() - start
