"""A small notebook with one output of each kind, executed once; tests plant faults in copies of it."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]
ALT = "two boxes"
TEXT, HTML, CLICK = 1, 2, 3
"""The cells that print text, show HTML, and click a button."""

CLICKED = """
from ipywidgets import Button
button = Button()
button.on_click(lambda _: print('clicked'))
button.click()
""".strip()
CELLS = [
    ("markdown", f"# 1 · A toy\n\n## A part\n\n![{ALT}](data:image/gif;base64,R0lGODlhAQABAAAAACw=)"),
    ("code", 'print("six times seven")\n6 * 7'),
    ("code", f'from IPython.display import HTML\nHTML(\'<figure><img alt="{ALT}" src="data:,"></figure>\')'),
    ("code", CLICKED),
]


def unexecuted() -> dict[str, Any]:
    """Give the toy as it is written, before it was ever run."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [make[kind](source, id=f"cell-{number}") for number, (kind, source) in enumerate(CELLS)]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def executed() -> dict[str, Any]:
    """Give the toy with the outputs it has, written by hand: the gate is tested without a kernel."""
    notebook = copy.deepcopy(unexecuted())
    picture = CELLS[HTML][1].partition("'")[2].removesuffix("')")
    outputs = {
        TEXT: [_printed("six times seven\n"), _shown(1, {"text/plain": "42"})],
        HTML: [_shown(2, {"text/html": picture, "text/plain": "<IPython.core.display.HTML object>"})],
        CLICK: [_printed("clicked\n")],
    }
    for count, (number, made) in enumerate(outputs.items(), start=1):
        notebook["cells"][number].update(execution_count=count, outputs=made)
    return notebook


def write(notebook: dict[str, Any], path: Path) -> Path:
    """Write a notebook to a file and give the file."""
    nbformat.write(nbformat.from_dict(notebook), path)
    return path


def nbval(path: Path) -> subprocess.CompletedProcess[str]:
    """Compare one notebook with a fresh run of it, as strictly as `make test` does."""
    words = "-m pytest --nbval --nbval-current-env --nbval-cell-timeout 60 -p no:cacheprovider -p no:xdist -q"
    # Without the outer run's plugins and options; with the recorded answers that the committed outputs were made with.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment["TEMPMM_LAB_ANSWERS"] = "right"
    command = [sys.executable, *words.split(), f"--rootdir={path.parent}", "-c", os.devnull, str(path)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)


def _printed(text: str) -> dict[str, Any]:
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def _shown(count: int, data: dict[str, str]) -> dict[str, Any]:
    return nbformat.v4.new_output("execute_result", data=data, execution_count=count)
