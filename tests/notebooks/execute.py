"""Execute notebooks and write them back without anything that differs from run to run.

Usage:
    python -m tests.notebooks.execute                 every notebook of chapters/ and solutions/
    python -m tests.notebooks.execute chapters/01-*   some

Doing it twice changes nothing, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.notebooks.gate import VOLATILE, WIDGET_VIEW

ROOT = Path(__file__).resolve().parents[2]
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SECONDS_PER_CELL = 60


def execute(path: Path, *, answers: str = "right", environment: Mapping[str, str] | None = None) -> str:
    """Give the text of the notebook after running it from top to bottom, normalised. The file stays as it is.

    The kernel works in an empty folder, and every prediction is answered `right`, `wrong` or `skip`.
    """
    notebook = _read(path)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=SECONDS_PER_CELL,
            kernel_name="python3",
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
        )
        client.execute(env={**os.environ, **(environment or {}), "TEMPMM_LAB_ANSWERS": answers})
    return as_text(normalise(notebook))


def normalise(notebook: dict[str, Any]) -> dict[str, Any]:
    """Take out of an executed notebook what differs from run to run: timings, widget ids, the Python version."""
    notebook["metadata"] = METADATA
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    for cell in notebook["cells"]:
        for key in VOLATILE:
            cell["metadata"].pop(key, None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return notebook


def as_text(notebook: dict[str, Any]) -> str:
    """Give the text that Jupyter itself would write: keys sorted, one blank of indentation, a newline at the end."""
    return nbformat.writes(nbformat.from_dict(notebook)).rstrip("\n") + "\n"


def notebooks() -> list[Path]:
    """Give every notebook that is kept executed."""
    return sorted(path for folder in ("chapters", "solutions") for path in (ROOT / folder).glob("*.ipynb"))


def main() -> int:
    """Execute the named notebooks, or all, and say which files changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path)
    status = 0
    for path in parser.parse_args().notebooks or notebooks():
        try:
            text = execute(path)
        except (CellExecutionError, ValueError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            status = 1
            continue
        changed = text != path.read_text(encoding="utf-8")
        if changed:
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{path}: {'written' if changed else 'the same'}")
    return status


def _read(path: Path) -> Any:
    """Read a notebook. A cell without an id would get a new one at every run, so that is refused."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    without = [number for number, cell in enumerate(raw["cells"]) if not cell.get("id")]
    if without:
        raise ValueError(f"cells {without} have no id; give each one")
    return nbformat.reads(json.dumps(raw), as_version=4)


if __name__ == "__main__":
    sys.exit(main())
