"""The rows and the chapters name each other, statements exist, and each source has a form that we know."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.notebooks.pages import source, written
from tests.notebooks.rows import FORMS, Row, form, load, parts, source_problems

STATEMENTS = {f"S{number}" for number in range(1, 107)} | {"S66b", "S68b", "S73b", "S92b"}


def cited(pattern: str) -> set[tuple[str, str]]:
    """Give (number of the chapter, what it names) for everything of that pattern in what people wrote."""
    return {
        (page.number, name) for page in written() for cell in page.cells for name in re.findall(pattern, source(cell))
    }


def silent_chapter_problems(rows: list[Row], made: set[tuple[str, str]], there: set[str]) -> Iterator[str]:
    """Say which rows name a chapter that is there and does not cite them."""
    for row in rows:
        for chapter in row.chapters:
            if chapter in there and (chapter, row.id) not in made:
                yield f"{row.id}: chapter {chapter} does not cite it; take it out of its chapters, or cite it"


def test_rows_are_cited_by_the_chapters_they_name() -> None:
    """Every chapter that a row names cites it."""
    there = {page.number for page in written()}
    assert list(silent_chapter_problems(load(), cited(r"\bP-\d{4}\b"), there)) == []


def test_a_chapter_that_does_not_cite_is_noticed() -> None:
    """A row that names a chapter is noticed unless the chapter cites it, or is not there yet."""
    row = Row("P-9999", "A fact.", "a source", "verified", chapters=["01", "02"])
    assert "chapter 01" in " ".join(silent_chapter_problems([row], {("02", "P-9999")}, {"01", "02"}))
    assert list(silent_chapter_problems([row], {("02", "P-9999")}, {"02"})) == []


def test_chapters_name_statements_that_exist() -> None:
    """Every S-number in a chapter is that of a statement."""
    named = cited(r"\bS\d+[a-z]?\b")
    assert named
    assert sorted((chapter, name) for chapter, name in named if name not in STATEMENTS) == []


def test_every_source_has_a_form_we_know() -> None:
    """Each part of each source is a section, a file, a commit, a mail, a recording, a row, or a result of ours."""
    assert list(source_problems(load())) == []


def test_every_form_is_in_use() -> None:
    """No form is left over: each is that of some source in the table."""
    found = {form(part) for row in load() for part in parts(row.source)}
    assert found - {None} == set(FORMS)


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ('SDM vol. 3, "Access Rights" and "Global Pages"', True),
        ("SDM, somewhere", False),
        ("Linux arch/x86/mm/tlb.c use_temporary_mm(), v6.16; rows P-0101 and P-0102", True),
        ("Linux tlb", False),
        ("commit 58f8ffa91766", True),
        ("commit 58f8ffa", False),
        ("patch 5/7 of April 2025", True),
        ("patch 5/7", False),
        ("rows P-0101 and others", False),
        ("well known", False),
        ("", False),
    ],
)
def test_the_form_of_a_source(source: str, known: bool) -> None:
    """A source that nobody could look up is not taken for one."""
    row = Row("P-9999", "A fact.", source, "verified")
    assert (list(source_problems([row])) == []) is known
