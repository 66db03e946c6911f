"""The book's prose: its words, its rules, the order of its parts, and what its pictures say in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.notebooks import style
from tests.notebooks.pages import Page, pages, written
from tests.notebooks.style import faults, words

WRITTEN = written()
CHAPTERS = [page for page in WRITTEN if page.number.isdecimal()]
NAMED = pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.path.name)
EVERY = pytest.mark.parametrize("page", pages(), ids=lambda page: page.path.name)
CHAPTER = pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.path.name)


def page_of(text: str, html: str = "") -> Page:
    """Give a page with one cell of text, and one that shows something."""
    shown = {"output_type": "display_data", "data": {"text/html": html}}
    cells = [
        {"cell_type": "markdown", "id": "a", "source": text},
        {"cell_type": "code", "id": "b", "source": "1", "outputs": [shown]},
    ]
    return Page(WRITTEN[0].path, "01", cells)


@NAMED
def test_prose_keeps_the_rules(page: Page) -> None:
    """No contraction, no word that belittles, no praise, no exclamation mark, no American spelling."""
    assert list(faults(page)) == []


@EVERY
def test_every_word_is_in_the_list(page: Page) -> None:
    """Each word is one that somebody has read in tests/notebooks/words.txt."""
    known = set(style.WORDS.read_text(encoding="utf-8").split())
    assert sorted(words(page) - known) == [], "python -m tests.notebooks.style, and read what it says is new"


def test_the_list_has_no_other_word() -> None:
    """The list holds the words of the book, in order, and no word that is used no more."""
    assert style.WORDS.read_text(encoding="utf-8").split() == style.every_word()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("It doesn't.", "a contraction"),
        ("We\u2019re here.", "a contraction"),
        ("That's it.", "a contraction"),
        ("Simply look.", "how hard"),
        ("This is just one.", "how hard"),
        ("Of course it is.", "how hard"),
        ("A powerful tool.", "praise"),
        ("Look!", "exclamation"),
        ("The color.", "American"),
        ("To randomize.", "American"),
    ],
)
def test_a_planted_fault_is_seen(text: str, complaint: str) -> None:
    """Each rule finds what it is for."""
    assert complaint in " ".join(faults(page_of(text)))


@pytest.mark.parametrize(
    "text",
    [
        "The mm's table, its size, a prize; the byte had just changed.",
        "`just` and `don't`, and the mail says \"it's simply easy\".",
        "`a != b`\n\n```\nwow!\n```",
        "To randomise, in colour.",
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    """Possessives, code, quotations and British spelling are no faults."""
    assert list(faults(page_of(text))) == []


def test_a_misspelt_word_is_seen() -> None:
    """A word that is not in the list is found; code, numbers and the case of a first letter are not looked at."""
    known = set(style.WORDS.read_text(encoding="utf-8").split())
    assert words(page_of("The xyzzy table `qqq` 0x1f v6.16 Table")) - known == {"xyzzy"}


@EVERY
def test_the_title_has_the_number(page: Page) -> None:
    """The first heading is the number or letter, a dot, and the title."""
    number = page.number.removeprefix("0") or "0"
    assert page.headings[0].text.startswith(f"{number} · ")


@EVERY
def test_headings_are_sentences(page: Page) -> None:
    """A heading begins with a capital or with a name of code, has no full stop, and is there once."""
    heads = [head for head in page.headings if page in WRITTEN]
    texts = [head.text for head in heads]
    assert sorted(text for text in set(texts) if texts.count(text) > 1) == []
    assert [text for text in texts if text.endswith((".", ":")) or re.match(r"[a-z]+ ", text)] == []


@CHAPTER
def test_a_chapter_ends_as_all_do(page: Page) -> None:
    """The last three parts are Remember, with five lines, Exercises, with three to five, and Sources."""
    assert [head.text for head in page.headings][-3:] == ["Remember", "Exercises", "Sources"]
    parts = dict(re.findall(r"^## (Remember|Exercises)\n(.*?)(?=^## )", text_of(page), re.DOTALL | re.MULTILINE))
    assert len(re.findall(r"^- ", parts["Remember"], re.MULTILINE)) == 5
    assert 3 <= len(re.findall(r"^\d+\. ", parts["Exercises"], re.MULTILINE)) <= 5


def text_of(page: Page) -> str:
    """Give all of a page's Markdown."""
    return "\n".join(markdown for _, markdown in page.markdown())


def alternatives(page: Page) -> Iterator[tuple[str, str]]:
    """Give (cell, alternative text) of every picture in what the cells show, and in Markdown."""
    for cell in page.cells:
        for output in cell.get("outputs", []):
            html = "".join(output.get("data", {}).get("text/html", ""))
            for tag in re.findall(r"<img\b[^>]*>", html):
                yield cell["id"], next(iter(re.findall(r'\balt="([^"]*)"', tag)), "")
            for tag in re.findall(r"<svg\b[^>]*>", html):
                yield cell["id"], next(iter(re.findall(r'\baria-label="([^"]*)"', tag)), "")
    for cell, markdown in page.markdown():
        yield from ((cell, alt) for alt in re.findall(r"!\[([^\]]*)\]\(", markdown))


def alt_problems(page: Page) -> list[str]:
    """Say which pictures have an alternative text that tells nothing: none, a few letters, or a file's name."""
    found = list(alternatives(page))
    return [f"{cell}: {alt!r}" for cell, alt in found if len(alt) < 20 or re.search(r"\.(?:png|svg)$|^image of", alt)]


@NAMED
def test_pictures_say_what_they_show(page: Page) -> None:
    """Every picture has an alternative text of some length."""
    assert alt_problems(page) == []


def test_there_are_pictures() -> None:
    """The check above looks at something."""
    assert sum(len(list(alternatives(page))) for page in WRITTEN) > 100


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("![](a.png)", ""),
        ("![a-picture-of-a-walk.png](a.png)", ""),
        ("", '<img src="a.png">'),
        ("", '<img alt="a walk" src="a.png">'),
        ("", "<svg><title>a</title></svg>"),
    ],
)
def test_a_picture_that_says_nothing_is_seen(text: str, html: str) -> None:
    """No text, hardly any, and the name of a file are found out."""
    assert alt_problems(page_of(text, html))
