"""The book's notebooks as the checks of its text see them: headings, anchors, and Markdown in pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tempmm_lab.book import NAME

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ROOT / "chapters"
GENERATED = ("B", "C")
"""The appendices that commands write: nobody edits them by hand."""
PIECE = re.compile(
    r"""(?P<fence>^(?P<marks>```|~~~).*?^(?P=marks))"""
    r"""|(?P<heading>^\ {0,3}\#{1,6}\ [^\n]*)"""
    r"""|(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"""
    r"""|(?P<link>!?\[(?:[^\[\]]|\[[^\]]*\])*\](?:\([^()\s]*(?:\([^()]*\)[^()\s]*)*\)|\[[^\]]*\]))"""
    r"""|(?P<tag><[^>\n]+>)""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


@dataclass(frozen=True)
class Heading:
    """A heading: its level, its text as shown, and the id of its cell."""

    level: int
    text: str
    cell: str


@dataclass(frozen=True)
class Page:
    """One notebook of the book."""

    path: Path
    number: str
    cells: list[dict[str, Any]]

    def markdown(self) -> list[tuple[str, str]]:
        """Give (cell id, text) of every Markdown cell, in order."""
        return [(cell["id"], source(cell)) for cell in self.cells if cell["cell_type"] == "markdown"]

    @cached_property
    def headings(self) -> list[Heading]:
        """Every heading, in order."""
        return [
            Heading(len(text.strip().partition(" ")[0]), shown(text.strip().lstrip("#").strip()), cell)
            for cell, markdown in self.markdown()
            for kind, text in pieces(markdown)
            if kind == "heading"
        ]

    @property
    def title(self) -> str:
        """Its first heading, without the number."""
        first = next((heading.text for heading in self.headings), self.path.stem)
        return re.sub(r"^(?:\d+|[A-Z]) · ", "", first)

    @property
    def label(self) -> str:
        """What the book calls it: "chapter 3", or "appendix B"."""
        return f"chapter {int(self.number)}" if self.number.isdecimal() else f"appendix {self.number}"

    def cell_of(self, heading: str) -> str:
        """Give the id of the cell with a heading, or nothing."""
        return next((head.cell for head in self.headings if head.text == shown(heading)), "")

    def link(self, text: str, cell: str = "") -> str:
        """Give a Markdown link to this page, or to one of its cells."""
        return f"[{text}]({place(self.path.name, cell)})"


def place(file: str, cell: str = "") -> str:
    """Give the address of a notebook or of a cell in it.

    JupyterLab follows the address of a heading only in notebooks that are open already, and that of a cell always.
    nbconvert gives each cell of a page this anchor.
    """
    return f"{file}#cell-id={cell}" if cell else file


def source(cell: dict[str, Any]) -> str:
    """Give a cell's text."""
    return "".join(cell["source"])


def read(path: Path) -> Page:
    """Read one notebook of the book."""
    match = NAME.fullmatch(path.name)
    assert match is not None, path.name
    return Page(path, match.group(1), json.loads(path.read_text(encoding="utf-8"))["cells"])


def pages(folder: Path = CHAPTERS) -> list[Page]:
    """Give the chapters and the appendices, in the book's order."""
    return [read(path) for path in sorted(folder.glob("*.ipynb")) if NAME.fullmatch(path.name)]


def written() -> list[Page]:
    """Give those that people write: all but the generated appendices."""
    return [page for page in pages() if page.number not in GENERATED]


def pieces(markdown: str) -> Iterator[tuple[str, str]]:
    """Cut Markdown into (kind, text): fence, heading, code, link, tag, and between them plain."""
    end = 0
    for match in PIECE.finditer(markdown):
        if match.start() > end:
            yield "plain", markdown[end : match.start()]
        kind = next(name for name in ("fence", "heading", "code", "link", "tag") if match.group(name) is not None)
        yield kind, match.group()
        end = match.end()
    if end < len(markdown):
        yield "plain", markdown[end:]


def shown(inline: str) -> str:
    """Give a line of Markdown as a reader sees it: without the marks of code, emphasis and links."""
    return re.sub(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\]\([^)]*\)", r"\1", inline).replace("`", "").replace("*", "")


def _link_text(link: str) -> str:
    return re.sub(r"`[^`]*`", " ", link.rpartition("](" if "](" in link else "][")[0])


def prose(markdown: str) -> str:
    """Give the words of Markdown: no code, no addresses of links, no tags."""
    kept = {"heading": lambda text: text.strip().lstrip("#"), "plain": str, "link": _link_text}
    words = (kept[kind](text) if kind in kept else " " for kind, text in pieces(markdown))
    return "".join(words)


def _link_text(link: str) -> str:
    return re.sub(r"`[^`]*`", " ", link.rpartition("](" if "](" in link else "][")[0])
