"""Appendix B, the glossary, made from docs/glossary.toml, and the links to it in the chapters.

`python -m tests.notebooks.weave` writes both.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from tests.notebooks.execute import as_text, normalise
from tests.notebooks.pages import CHAPTERS, ROOT, Page, pieces, place
from tests.notebooks.provenance import cells_of
from tests.notebooks.rows import load as load_rows

SOURCE = ROOT / "docs" / "glossary.toml"
FILE = CHAPTERS / "B-glossary.ipynb"
ROWS = "C-provenance.ipynb"
OPENING = """# B · Glossary

*Here you can look up every word that this book uses in a meaning of its own: the processor's, Linux's, and ours. It \
is written by `make appendices` from `docs/glossary.toml`. A page to look things up in, so no time is given.*

**{terms} words.** Under each stand the chapter that introduces it, the chapters that use it, with links to the first \
use in each, and the rows of [appendix C](C-provenance.ipynb) behind it. Where no row stands, the word is ours or an \
ordinary one. In every chapter the first use of a word is a link to its place here."""


@dataclass(frozen=True)
class Term:
    """A word of the book. The fields are those of the file."""

    name: str
    words: list[str]
    text: str
    chapter: str
    heading: str
    rows: list[str]
    elsewhere: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Use:
    """The first use of a term in a chapter: in which cell."""

    term: Term
    cell: str


def load(path: Path = SOURCE) -> list[Term]:
    """Give the terms, by name."""
    terms = [Term(**term) for term in tomllib.loads(path.read_text(encoding="utf-8"))["term"]]
    return sorted(terms, key=lambda term: (term.name.lower(), term.name))


def cells(terms: list[Term]) -> dict[str, str]:
    """Give the id of each term's cell in the appendix. Three terms of one letter share one, see `provenance.cell`."""
    letters: dict[str, int] = {}
    found = {}
    for term in terms:
        letter = term.name[0].lower()
        found[term.name] = f"B-{letter}-{letters.get(letter, 0) // 3 + 1}"
        letters[letter] = letters.get(letter, 0) + 1
    return found


def _form(word: str) -> str:
    """Give the expression for one form. A small first letter may also be a capital."""
    first = f"[{word[0]}{word[0].upper()}]" if word[0].islower() else re.escape(word[0])
    rest = re.escape(word[1:]).replace(r"\ ", r"[ \n]")
    return rf"(?<![\w`$\\-]){first}{rest}(?![\w`]|-\w)"


class Linker:
    """Finds the first use of each term in one chapter, and makes links of them."""

    def __init__(self, terms: Iterable[Term], number: str) -> None:
        terms = list(terms)
        self.uses: list[Use] = []
        self.cells = cells(terms)
        self.by_word = {word: term for term in terms if number not in term.elsewhere for word in term.words}
        self.words = sorted((word for word in self.by_word if "`" not in word), key=len, reverse=True)
        self.pattern = re.compile(
            "|".join(f"({_form(word)})" for word in self.words) or "(?!)"
        )  # the longest that fits is meant

    def link(self, cell: str, markdown: str) -> str:
        """Give a cell's Markdown with links at the words that no cell before it has used."""
        return "".join(self._piece(kind, text, cell) for kind, text in pieces(without_links(markdown)))

    def _piece(self, kind: str, text: str, cell: str) -> str:
        if kind == "code" and text in self.by_word:
            return self._use(text, text, cell)
        if kind == "plain":
            return self.pattern.sub(lambda found: self._use(self.words[found.lastindex - 1], found.group(), cell), text)
        return text

    def _use(self, word: str, text: str, cell: str) -> str:
        term = self.by_word[word]
        if any(use.term is term for use in self.uses):
            return text
        self.uses.append(Use(term, cell))
        return f"[{text}]({place(FILE.name, self.cells[term.name])})"


def without_links(markdown: str) -> str:
    """Give Markdown without any link to the glossary."""
    return re.sub(rf"\[([^\]]+)\]\({re.escape(FILE.name)}#[^)\s]*\)", r"\1", markdown)


def linked(cells: Mapping[str, str], number: str, terms: Iterable[Term]) -> tuple[dict[str, str], list[Use]]:
    """Give the Markdown of a chapter's cells with its links, and the uses. The opening cell stays without links."""
    linker = Linker(terms, number)
    texts = {
        cell: linker.link(cell, text) if place else without_links(text)
        for place, (cell, text) in enumerate(cells.items())
    }
    return texts, linker.uses


def notebook(terms: list[Term], book: list[Page]) -> str:
    """Give the text of the appendix."""
    uses = {
        page.number: {use.term.name: use.cell for use in linked(dict(page.markdown()), page.number, terms)[1]}
        for page in book
    }
    rows = cells_of(load_rows())
    texts = {"B-opening": OPENING.format(terms=len(terms))}
    letters: set[str] = set()
    for term in terms:
        letter, name = term.name[0].upper(), cells(terms)[term.name]
        head = [] if letter in letters else [f"## {letter}"]
        texts[name] = "\n\n".join([*([texts[name]] if name in texts else []), *head, _entry(term, book, uses, rows)])
        letters.add(letter)
    made = [nbformat.v4.new_markdown_cell(text, id=name) for name, text in texts.items()]
    return as_text(normalise(nbformat.v4.new_notebook(cells=made)))


def _entry(term: Term, book: list[Page], uses: dict[str, dict[str, str]], rows: dict[str, str]) -> str:
    first = next((page for page in book if page.number == term.chapter), None)
    where = [f"Introduced in {first.link(first.label, first.cell_of(term.heading))}"] if first is not None else []
    used = [page for page in book if term.name in uses[page.number] and page is not first]
    if used:
        where.append("Used in " + ", ".join(page.link(page.label, uses[page.number][term.name]) for page in used))
    if term.rows:
        where.append("Rows: " + ", ".join(f"[{row}]({place(ROWS, rows[row])})" for row in term.rows))
    return f"### {term.name}\n\n{term.text}\n\n{'. '.join(where)}."
