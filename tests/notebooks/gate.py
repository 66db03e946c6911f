"""What a committed notebook must be, beyond what nbval compares: `problems(notebook)` gives every fault found.

Usage:
    python -m tests.notebooks.gate      look at every notebook of chapters/ and solutions/
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

VOLATILE = ("ExecuteTime", "collapsed", "execution", "scrolled", "trusted", "vscode")
"""Cell metadata that programs write and that says nothing to a reader."""
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
LONGEST_CELL = 12
SOLUTION = "### BEGIN SOLUTION"
TABLE_ROW = re.compile(r'\s*("[^"]+": ("[^"]*",|\{)|\},?)')
"""A row of a table of text, which nobody reads line by line: `"name": "text",`, or where one begins or ends."""
EXPECTED_ERROR = {"raises-exception", "nbval-raises-exception"}
Notebook = dict[str, Any]
Cell = dict[str, Any]


def problems(notebook: Notebook) -> list[str]:
    """Give one line per fault; an empty list means that the notebook may be committed."""
    cells: list[Cell] = notebook["cells"]
    found = [*_about_the_whole(notebook), *_ids(cells), *_headings(cells), *_order(cells)]
    for number, cell in enumerate(cells):
        found += [f"cell {number}: {fault}" for fault in _about_a_cell(cell)]
    return found


def _about_the_whole(notebook: Notebook) -> Iterator[str]:
    metadata = notebook.get("metadata", {})
    kernel = metadata.get("kernelspec", {}).get("name")
    if (notebook.get("nbformat"), notebook.get("nbformat_minor")) != (4, 5):
        yield "the format is not 4.5"
    if kernel != "python3":
        yield f"the kernelspec is {kernel!r}, not 'python3'"
    if "widgets" in metadata:
        yield "metadata.widgets is there"
    if set(metadata) - {"kernelspec", "language_info", "widgets"} or set(metadata.get("language_info", {})) - {"name"}:
        yield "volatile metadata of the notebook"


def _ids(cells: list[Cell]) -> Iterator[str]:
    ids = [cell.get("id") for cell in cells]
    yield from (f"cell {number}: no id" for number, name in enumerate(ids) if not name)
    yield from (f"duplicate cell id {name!r}" for name in sorted({n for n in ids if n and ids.count(n) > 1}))


def _headings(cells: list[Cell]) -> Iterator[str]:
    """Look for exactly one H1, first, and for no level left out on the way down."""
    levels = [level for cell in cells if cell["cell_type"] == "markdown" for level in _levels(_source(cell))]
    if levels.count(1) != 1:
        yield f"{levels.count(1)} first-level headings; there must be one"
    for above, below in zip([0, *levels], levels, strict=False):
        if below > above + 1:
            yield f"a heading of level {below} follows level {above}"


def _levels(markdown: str) -> list[int]:
    prose = re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return [len(marks) for marks in re.findall(r"^ {0,3}(#{1,6})(?=\s|$)", prose, re.MULTILINE)]


def _order(cells: list[Cell]) -> Iterator[str]:
    """Look whether the executed cells were run once, from top to bottom."""
    counts = [cell["execution_count"] for cell in cells if _is_code(cell) and cell.get("execution_count") is not None]
    if counts != sorted(set(counts)):
        yield "code cells were not executed from top to bottom"


def _about_a_cell(cell: Cell) -> Iterator[str]:
    source = _source(cell)
    for key in VOLATILE:
        if key in cell.get("metadata", {}):
            yield f"volatile metadata {key!r}"
    if cell["cell_type"] == "markdown":
        yield from _images(re.sub(r"^(```|~~~).*?^\1|`[^`\n]*`", "", source, flags=re.DOTALL | re.MULTILINE))
    if _is_code(cell):
        lines = len(_lines_of_code(source))
        if lines > LONGEST_CELL:
            yield f"{lines} lines of code; {LONGEST_CELL} is the most"
        if cell.get("execution_count") is None:
            yield "a code cell that was not executed"
        for output in cell.get("outputs", []):
            yield from _about_an_output(output, expected=set(cell.get("metadata", {}).get("tags", [])))


def _about_an_output(output: dict[str, Any], expected: set[str]) -> Iterator[str]:
    data = output.get("data", {})
    if output["output_type"] == "error" and not expected & EXPECTED_ERROR:
        yield f"an error output: {output.get('ename')}"
    if output.get("name") == "stderr":
        yield "something on stderr"
    if WIDGET_VIEW in data:
        yield "a widget view was left in"
    for kind in sorted(data):
        if kind.startswith("image/"):
            yield f"an image without alt text: {kind} has no place for it; show an <img alt> instead"
    for kind in ("text/html", "text/markdown"):
        yield from _images("".join(data.get(kind, "")))


def _images(text: str) -> Iterator[str]:
    """Look for images without alt text, written in Markdown or in HTML."""
    if re.search(r"!\[\s*\]\s*[\[(]", text):
        yield "an image without alt text: ![]"
    reader = _ImageReader()
    reader.feed(text)
    if reader.without_alt:
        yield "an image without alt text: <img>"


class _ImageReader(HTMLParser):
    """Counts the `<img>` that have no alt text, or a blank one."""

    without_alt = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img" and not (dict(attrs).get("alt") or "").strip():
            self.without_alt += 1


def _lines_of_code(source: str) -> list[str]:
    """Give the lines that count: all, but in a solution its marks, blank lines, and the rows of a table of text."""
    lines = source.splitlines()
    if SOLUTION not in source:
        return lines
    written = [line for line in lines if line.strip() and not line.strip().startswith(("### BEGIN", "### END"))]
    return [line for line in written if not TABLE_ROW.fullmatch(line)]


def _is_code(cell: Cell) -> bool:
    return cell["cell_type"] == "code" and bool(_source(cell).strip())


def _source(cell: Cell) -> str:
    return "".join(cell["source"])


def main() -> int:
    """Print every fault of every notebook."""
    root = Path(__file__).resolve().parents[2]
    status = 0
    for path in sorted([*root.glob("chapters/*.ipynb"), *root.glob("solutions/*.ipynb")]):
        for fault in problems(json.loads(path.read_text(encoding="utf-8"))):
            print(f"{path.relative_to(root)}: {fault}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
