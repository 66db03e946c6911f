"""The appendices are what the command gives, and every chapter has the links and the time that it gives."""

from __future__ import annotations

import re

import pytest

from tempmm_lab.book import chapters
from tests.notebooks import glossary, provenance, rows, times
from tests.notebooks.glossary import Term
from tests.notebooks.pages import Page, pages, source, written
from tests.notebooks.weave import woven

TERMS = glossary.load()
WRITTEN = written()
CELL = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def term(name: str, *words: str, elsewhere: tuple[str, ...] = ()) -> Term:
    """Give a term for a test."""
    return Term(name, list(words), "A word.", "01", "", [], list(elsewhere))


def link(text: str, *terms: Term) -> str:
    """Give a cell's Markdown with its links."""
    return glossary.Linker(terms, "01").link("a", text)


def test_appendix_c_is_what_the_table_says() -> None:
    """Appendix C is what the command makes of docs/provenance.toml, byte for byte."""
    made = provenance.notebook(rows.load(), pages())
    assert provenance.FILE.read_text(encoding="utf-8") == made, "make appendices"


def test_appendix_b_is_what_the_glossary_says() -> None:
    """Appendix B is what the command makes of docs/glossary.toml and the chapters, byte for byte."""
    made = glossary.notebook(TERMS, WRITTEN)
    assert glossary.FILE.read_text(encoding="utf-8") == made, "make appendices"


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.path.name)
def test_a_chapter_is_woven(page: Page) -> None:
    """The first use of each word links to the glossary, each row to appendix C, and the time is the formula's."""
    assert dict(page.markdown()) == woven(page), f"python -m tests.notebooks.weave chapters/{page.path.name}"


def test_every_word_is_used_where_it_is_introduced() -> None:
    """The chapter that introduces a word uses it, and has the heading that is named."""
    used, headings = {}, {}
    for page in WRITTEN:
        uses = glossary.linked(dict(page.markdown()), page.number, TERMS)[1]
        used[page.number] = {use.term.name for use in uses}
        headings[page.number] = {head.text for head in page.headings}
    assert [
        (each.name, each.chapter, each.heading)
        for each in TERMS
        if each.name not in used.get(each.chapter, ()) or each.heading.replace("`", "") not in headings[each.chapter]
    ] == []


def test_the_glossary_rests_on_rows() -> None:
    """Every row that a word names is in the table, and not from memory."""
    known = {row.id for row in rows.load() if row.tag != "memory"}
    assert [(each.name, row) for each in TERMS for row in each.rows if row not in known] == []


def test_words_are_there_once() -> None:
    """No two terms share a name or a form, and the id of a term's cell is one that Jupyter allows."""
    forms = [word for each in TERMS for word in each.words]
    assert sorted(forms) == sorted(set(forms))
    assert all(CELL.fullmatch(cell) for cell in glossary.cells(TERMS).values())


def test_every_fact_has_a_place() -> None:
    """Each row is a heading of appendix C, once."""
    page = next(page for page in pages() if page.path == provenance.FILE)
    heads = [head.text for head in page.headings if head.level == 3]
    assert sorted(heads) == [row.id for row in rows.load()]


def test_the_numbers_on_top_are_counted() -> None:
    """The opening of appendix C says how many rows there are, and how many of them a test holds."""
    page = next(page for page in pages() if page.path == provenance.FILE)
    every = rows.load()
    tested = sum(bool(row.tests) for row in every)
    assert f"**{len(every)} rows. {tested} of them" in source(page.cells[0])


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("An mm, an mm.", "An [mm](B-glossary.ipynb#cell-id=B-m-1), an mm."),
        ("Mm first", "[Mm](B-glossary.ipynb#cell-id=B-m-1) first"),
        ("## The mm\n\nno", "## The mm\n\nno"),
        ("`mm` and ``an mm``", "`mm` and ``an mm``"),
        ("```\nmm\n```", "```\nmm\n```"),
        ("[an mm](x.ipynb) mm", "[an mm](x.ipynb) [mm](B-glossary.ipynb#cell-id=B-m-1)"),
        ("hmm mm-like comm", "hmm mm-like comm"),
        ("a temporary mm", "a [temporary mm](B-glossary.ipynb#cell-id=B-t-1)"),
        ("a temporary\nmm", "a [temporary\nmm](B-glossary.ipynb#cell-id=B-t-1)"),
        ("the `init_mm`.", "the [`init_mm`](B-glossary.ipynb#cell-id=B-i-1)."),
        ("**mm**", "**[mm](B-glossary.ipynb#cell-id=B-m-1)**"),
        ("old [mm](B-glossary.ipynb#cell-id=gone)", "old [mm](B-glossary.ipynb#cell-id=B-m-1)"),
    ],
)
def test_where_a_link_goes(text: str, made: str) -> None:
    """The first plain use is linked, the longest word wins, and code, headings and links are left alone."""
    terms = term("mm", "mm"), term("temporary mm", "temporary mm"), term("init_mm", "`init_mm`")
    assert link(text, *terms) == made
    assert link(made, *terms) == made


def test_a_word_with_another_meaning_is_left_alone() -> None:
    """In a chapter where a word means something else it is no link."""
    assert link("a frame", term("frame", "frame", elsewhere=("01",))) == "a frame"


def test_rows_become_links() -> None:
    """A number of a row becomes a link, once, and not in code; an unknown one stays as it is."""
    cells = {"P-0107": "C-01-02"}
    made = provenance.linked("P-0107, `P-0107`, P-9999", cells)
    assert made == "[P-0107](C-provenance.ipynb#cell-id=C-01-02), `P-0107`, P-9999"
    assert provenance.linked(made, cells) == made


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.path.name)
def test_a_chapter_states_its_time(page: Page) -> None:
    """The opening states the time that the formula gives, as an estimate, and `tempmm-lab list` has it."""
    assert f"About {times.minutes(page)} minutes (an estimate)" in source(page.cells[0])
    assert next(each.minutes for each in chapters() if each.number == page.number) == times.minutes(page)


def test_the_plan_has_the_times() -> None:
    """Chapter 0's plan of the book states each chapter's estimate; a row without a time stays so."""
    book = {page.number: page for page in WRITTEN}
    text = "| 1 | [From](a.ipynb) | How? | 5 |\n| B | Glossary | What? |  |\n| D | Teach | How? | 7 |"
    first, last = times.minutes(book["01"]), times.minutes(book["D"])
    made = f"| 1 | [From](a.ipynb) | How? | {first} |\n| B | Glossary | What? |  |\n| D | Teach | How? | {last} |"
    assert times.planned(text, book) == made
    plan = "\n".join(text for _, text in book["00"].markdown())
    assert sorted(re.findall(r"^\| (\d+) \|.*\| \d+ \|$", plan, re.MULTILINE), key=int) == [str(n) for n in range(16)]


def test_the_time_of_a_page() -> None:
    """1,800 words, six cells, three predictions and a widget are 10 + 2 + 3 + 4 minutes, so 20."""
    text = {"cell_type": "markdown", "id": "a", "source": "word " * 1800 + "\n## Exercises\n\n" + "word " * 900}
    code = ["1"] * 6 + ['predict("x")'] * 3 + ["bench(run)"]
    cells = [text, *({"cell_type": "code", "id": str(n), "source": each} for n, each in enumerate(code))]
    assert times.minutes(Page(pages()[0].path, "01", cells)) == 20


@pytest.mark.parametrize(
    ("plain", "markdown"),
    [
        ("use_temporary_mm() returns", "`use_temporary_mm()` returns"),
        ("(see mm/rmap.c)", "(see `mm/rmap.c`)"),
        ("2^47 - 4096 <b> a*b", r"2^47 - 4096 \<b\> `a*b`"),
        ("rows P-0101", "rows P-0101"),
        ("switch_mm_irqs_off(NULL, mm)", "`switch_mm_irqs_off(NULL, mm)`"),
    ],
)
def test_plain_text_as_markdown(plain: str, markdown: str) -> None:
    """Names of code stand in backticks, and no sign means anything by accident."""
    assert provenance.escaped(plain) == markdown
