"""Appendix C, every fact of the book with its source, made from docs/provenance.toml, and the links to it.

`python -m tests.notebooks.weave` writes both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import nbformat

from tests.notebooks.execute import as_text, normalise
from tests.notebooks.pages import CHAPTERS, Page, pieces, place
from tests.notebooks.rows import TAGS, Row
from tests.statements.table import STATEMENTS

FILE = CHAPTERS / "C-provenance.ipynb"
OPENING = """# C · Provenance

*Here you can look up, for everything that the book states as a fact, where it comes from, how sure we are of it, \
and which test holds it. It is written by `make appendices` from `docs/provenance.toml`. A page to look things up \
in, so no time is given.*

**{rows} rows. {tested} of them are held by at least one test.** {chapters} chapters and appendices cite them. \
{uncited} rows are cited by none: {model} are what the model of the machine rests on, and {memory} have not been \
read again, so no chapter may use them.

Chapters cite a row by its number, and the number is a link to its place here. A test compares both ways: what a \
chapter cites is here and names the chapter, and what names a chapter is cited there. Every test named below exists."""
HOW = """## How to read a row

**Source**: a manual's section by its title, since its number changes; a file of Linux and a function in it; a \
commit; a mail; a recording; or other rows. SDM is the *Intel 64 and IA-32 Architectures Software Developer's \
Manual*, APM the *AMD64 Architecture Programmer's Manual*. The sentences are ours.

**Tag**: how the row was come by.

| tag | means | rows |
|---|---|---|
{tags}

**Statement**: the checkable sentence that the row belongs to; they are listed at the end. **Tests**: what fails if \
the model or the book disagrees with the row. A row without a test is what somebody wrote, and no more."""
MODEL = """## What only the model rests on

No chapter cites these rows. The model of the processor follows them all the same."""
MEMORY = """## Not read again yet

These were written down from memory. No chapter may cite them, and nothing in the book rests on them."""
STATED = """## Statements

A statement is a sentence that a test can put to the six builds, or to the model of the processor. Those from S95 \
on are tests of that name (`test_S95_…`).

| statement | says | rows |
|---|---|---|
{statements}"""


@dataclass(frozen=True)
class Book:
    """What a row's links lead to: the pages by number, and the appendix's own cells by row."""

    pages: dict[str, Page]
    cells: dict[str, str]

    def here(self, row: str) -> str:
        """Give a link to a row, on the same page."""
        return f"[{row}]({place('', self.cells[row])})" if row in self.cells else row


def notebook(rows: list[Row], book: list[Page]) -> str:
    """Give the text of the appendix."""
    all_of_it = Book({page.number: page for page in book}, cells_of(rows))
    cells = {"C-opening": _opening(rows), "C-how": HOW.format(tags=_tags(rows))}
    for number in sorted({home(row) for row in rows if row.chapters}):
        _add(cells, _chapter(number, rows, all_of_it), [row for row in rows if home(row) == number], all_of_it)
    _add(cells, MODEL, [row for row in rows if not row.chapters and row.tag != "memory"], all_of_it)
    _add(cells, MEMORY, [row for row in rows if row.tag == "memory"], all_of_it)
    cells["C-statements"] = STATED.format(statements=_statements(rows, all_of_it))
    made = [nbformat.v4.new_markdown_cell(text, id=name) for name, text in cells.items()]
    return as_text(normalise(nbformat.v4.new_notebook(cells=made)))


def cells_of(rows: Iterable[Row]) -> dict[str, str]:
    """Give the id of the cell that holds each row: up to five with numbers that follow each other share one.

    JupyterLab jumps to a cell of a notebook that it has yet to open only where that has not too many.
    """
    return {row.id: f"C-{row.id[2:4]}-{(int(row.id[4:]) - 1) // 5 + 1:02}-{home(row) or row.tag[:3]}" for row in rows}


def _add(cells: dict[str, str], head: str, rows: list[Row], book: Book) -> None:
    """Add a part to the cells: its head, then its rows."""
    if rows:
        cells[f"C-before-{rows[0].id[2:]}"] = head
    for row in rows:
        name = book.cells[row.id]
        cells[name] = "\n\n".join([*([cells[name]] if name in cells else []), _row(row, book)])


def _opening(rows: list[Row]) -> str:
    return OPENING.format(
        rows=len(rows),
        tested=sum(bool(row.tests) for row in rows),
        chapters=len({number for row in rows for number in row.chapters}),
        uncited=sum(not row.chapters for row in rows),
        model=sum(not row.chapters and row.tag != "memory" for row in rows),
        memory=sum(row.tag == "memory" for row in rows),
    )


def _tags(rows: list[Row]) -> str:
    counts = Counter(row.tag for row in rows)
    return "\n".join(f"| {tag} | {means} | {counts[tag]} |" for tag, means in TAGS.items())


def _chapter(number: str, rows: list[Row], book: Book) -> str:
    """Give the head of a chapter's part, with links to the rows that it cites and that stand elsewhere."""
    also = [row.id for row in rows if number in row.chapters and home(row) != number]
    page = book.pages.get(number)
    lines = [f"## {page.label.capitalize()}: {page.title}" if page else f"## Chapter {number}"]
    return "\n\n".join(lines + ([f"Also cited there: {', '.join(map(book.here, also))}."] if also else []))


def home(row: Row) -> str:
    """Give the chapter under which a row stands: the one whose number its own begins with, else the first citing it.

    P-01.. to P-03.. are chapters 1 to 3, P-20.. is chapter 0, P-24.. chapter 4. Chapter 0 cites rows of many others.
    """
    section = int(row.id[2:4])
    number = f"{section - 20 if section >= 20 else section:02}"
    first = next((one for one in row.chapters if one != "00"), "00") if row.chapters else ""
    return number if number in row.chapters else first


def _row(row: Row, book: Book) -> str:
    facts = [
        f"**Source**: {_with_rows(row.source, book)}",
        f"**Tag**: {row.tag}{f' ({escaped(row.seen)})' if row.seen else ''}",
    ]
    facts += [f"**Statement**: {row.statement}"] if row.statement else []
    cited = [
        page.link(page.label, page.cell_of("Sources")) for page in map(book.pages.get, row.chapters) if page is not None
    ]
    facts += [f"**Cited in**: {', '.join(cited)}"] if cited else []
    facts += [f"**Tests**: {', '.join(_test(check, book) for check in row.tests) or 'none'}"]
    return f"### {row.id}\n\n{escaped(row.fact)}\n\n{'. '.join(facts)}."


def _with_rows(source: str, book: Book) -> str:
    return re.sub(r"\bP-\d{4}\b", lambda match: book.here(match.group()), escaped(source))


def _test(check: str, book: Book) -> str:
    """Give the name of a test; a cell of a chapter gets a link."""
    file, _, name = check.partition("::")
    page = book.pages.get(file.removeprefix("chapters/").partition("-")[0]) if file.startswith("chapters/") else None
    if page is None:
        return f"`{check}`"
    return page.link(f"cell `{name}` of {page.label}", name)


def _statements(rows: list[Row], book: Book) -> str:
    names = {re.sub(r"-.*", "", name) for name in STATEMENTS} | {row.statement for row in rows if row.statement}
    return "\n".join(_statement(name, rows, book) for name in sorted(names, key=_in_order))


def _statement(name: str, rows: list[Row], book: Book) -> str:
    said = (each.sentence for key, each in STATEMENTS.items() if re.sub(r"-.*", "", key) == name)
    says = " / ".join(" ".join(sentence.split()) for sentence in said)
    links = ", ".join(book.here(row.id) for row in rows if row.statement == name)
    return f"| {name} | {escaped(says).replace('|', chr(92) + '|')} | {links} |"


def _in_order(name: str) -> tuple[int, str]:
    return int(re.sub(r"\D", "", name)), name


def escaped(text: str) -> str:
    """Give plain text as Markdown: names of code in backticks, and nothing else with a meaning of its own."""
    return re.sub(r"[\w./>-]*\w\([^()]*\)[^\s;,.:]*|\S+", _word, text)


def _word(match: re.Match[str]) -> str:
    before, core, after = re.fullmatch(r"([\"'(\[]*)(.*?)((?:'s)?[\"')\],.;:]*)", match.group()).groups()  # type: ignore[union-attr]
    if core.endswith("(") or (core.count("(") > core.count(")") and after.startswith(")")):
        core, after = core + after[0], after[1:]
    if re.search(r"\w\(|_\w|\w/\w.*\.\w|->|\*|\w\.[ch]$", core) and not core.startswith(("http", "P-")):
        return f"{before}`{core}`{after}"
    return before + re.sub(r"([\\`*_\[\]<>$~|])", r"\\\1", core) + after


def linked(markdown: str, cells: Mapping[str, str]) -> str:
    """Give a chapter's Markdown with every number of a row made a link to its cell in the appendix."""
    plain = re.sub(rf"\[(P-\d{{4}})\]\({FILE.name}#[^)]*\)", r"\1", markdown)

    def link(match: re.Match[str]) -> str:
        name = match.group()
        return f"[{name}]({place(FILE.name, cells[name])})" if name in cells else name

    cut = pieces(plain)
    return "".join(re.sub(r"\bP-\d{4}\b", link, text) if kind == "plain" else text for kind, text in cut)
