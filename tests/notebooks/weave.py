"""Write what the book says about itself: reading times, links to the appendices, and appendices B and C.

Usage:
    python -m tests.notebooks.weave                   everything: `make appendices`
    python -m tests.notebooks.weave chapters/01-*     times and links of some chapters only

Doing it twice changes nothing, byte for byte. Only Markdown is touched, never code, outputs or headings.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.notebooks import glossary, provenance, rows, times
from tests.notebooks.execute import as_text
from tests.notebooks.pages import CHAPTERS, Page, pages, read, written

PLAN = "00"
"""The chapter that holds the plan of the book, with every chapter's time."""


def woven(page: Page) -> dict[str, str]:
    """Give the Markdown of a chapter's cells as it has to be: with its time and its links."""
    cells = dict(page.markdown())
    cells[page.markdown()[0][0]] = times.timed(page)
    linked, _ = glossary.linked(cells, page.number, glossary.load())
    known = provenance.cells_of(rows.load())
    book = {each.number: each for each in written()} if page.number == PLAN else {}
    return {cell: times.planned(provenance.linked(text, known), book) for cell, text in linked.items()}


def weave(page: Page) -> bool:
    """Write a chapter's times and links, and say whether anything changed."""
    text = page.path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    cells = woven(page)
    for cell in notebook["cells"]:
        if cell["id"] in cells:
            cell["source"] = cells[cell["id"]]
    new = as_text(notebook)
    if new != text:
        page.path.write_text(new, encoding="utf-8", newline="\n")
    return new != text


def main() -> None:
    """Write the chapters that are named, or all and the two appendices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapters", nargs="*", type=Path)
    chosen = parser.parse_args().chapters
    for page in [read(path) for path in chosen] or written():
        sys.stdout.write(f"{page.path.name}: {'written' if weave(page) else 'the same'}\n")
    if not chosen:
        for made in appendices():
            sys.stdout.write(f"{made}: written\n")


def appendices() -> list[str]:
    """Write both appendices, and give the names of those that changed."""
    texts = {
        provenance.FILE: lambda: provenance.notebook(rows.load(), pages()),
        glossary.FILE: lambda: glossary.notebook(
            glossary.load(), [page for page in pages() if page.number not in "BC"]
        ),
    }
    changed = []
    for path, text in texts.items():
        new = text()
        if not path.exists() or path.read_text(encoding="utf-8") != new:
            path.write_text(new, encoding="utf-8", newline="\n")
            changed.append(str(path.relative_to(CHAPTERS.parent)))
    return changed


if __name__ == "__main__":
    main()
