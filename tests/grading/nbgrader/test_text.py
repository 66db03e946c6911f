"""Students' prose in nbgrader's pages: it is shown, and does nothing."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter

from tempmm_lab.grading.nbgrader_text import CUT, LONGEST, LONGEST_OF_ALL, Cutter, harmless, pictures_of

PICTURE = {"a.png": {"image/png": "iVBORw0KGgo="}}
TOKENS = [
    *("<", ">", "script", "</", "img src=x onerror=alert(1)", "[x]", "![y]", "!", "--", "?", "\\", "^", '"'),
    *("(javascript:alert(1))", "(attachment:a.png)", "(attachment:b)", ": javascript:alert(1)"),
    *("[x]: data:text/html,a", "https://a.b", "\\href{javascript:a}{b}", "&lt;", "&#60;", "&#x5d;", "\\]"),
    *("\n", "\n\n", " ", "`", "```", "$", "$$", "\\(", "\\)", "\\begin{a}", "\\end{a}", "*", "_", "|", "- ", "> ", "#"),
]
TAGS = {
    *("a", "p", "em", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "code", "blockquote", "hr", "br", "img"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "del", "div", "span", "section"),
    *("sup", "input"),
}
_EXPORTER = HTMLExporter()


class Page(HTMLParser):
    """Notes every element that has no business in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element."""
        for name, value in attrs:
            told = (value or "").strip().lower()
            if name.startswith("on") or (
                name in ("href", "src") and not told.startswith(("#", "http", "data:image/png", "attachment:a.png"))
            ):
                self.wrong.append(f"{tag} {name}={value}")
        if tag not in TAGS:
            self.wrong.append(tag)

    def handle_comment(self, data: str) -> None:
        """Note a comment."""
        self.wrong.append(f"<!{data}")


def _wrong(text: str) -> list[str]:
    page = Page()
    page.feed(_EXPORTER.markdown2html({"cell": {"attachments": PICTURE}}, text))
    page.close()
    return page.wrong


@given(st.lists(st.sampled_from(TOKENS) | st.text(max_size=3), max_size=12).map("".join))
@example("<script>alert(1)</script>")
@example("[x](javascript:alert(1))")
@example("![x](attachment:none)")
@example("[x][y]\n\n[y]: javascript:alert(1)")
@example("<javascript:alert(1)>")
@example("\\<b>")
@example("<!-- -->")
def test_no_text_becomes_more_than_text(text: str) -> None:
    """Rendered by nbconvert's own rules, nothing a student writes is a script, a handler, or a link to one."""
    assert _wrong(harmless(text, PICTURE)) == []


def test_without_our_step_they_would() -> None:
    """The check sees a script, a handler and a link where they are."""
    text = "<script>a</script>\n\n<b onclick=a>b</b> [x](javascript:a)"
    assert _wrong(text) == ["script", "b onclick=a", "b", "a href=javascript:a"]


@pytest.mark.parametrize("text", ["a < b", "`x[i]`, *so* it is", "$a<5$", "1. CPU 0\n2. CPU 1", "see [1]", "CR3 -> mm"])
def test_prose_stays(text: str) -> None:
    """Ordinary prose is not touched, so that an answer nobody touched is still known as such."""
    assert harmless(text, {}) == text


def test_pictures_stay() -> None:
    """A pasted picture is kept with its link; what is no picture is not."""
    assert harmless("![a.png](attachment:a.png) ![b](attachment:b)", PICTURE) == (
        "![a.png](attachment:a.png) ![b] (attachment:b)"
    )
    assert (
        pictures_of(PICTURE | {"b.svg": {"image/svg+xml": "PHN2Zz4="}, "c": {"image/png": '"x'}, "d d": {}}) == PICTURE
    )
    assert pictures_of([1]) == {}


def test_a_picture_has_a_plain_name() -> None:
    """Other letters are written in another way by nbconvert, which then does not find the picture."""
    assert pictures_of({"\u00e9.png": PICTURE["a.png"]}) == {}
    assert harmless("![x](attachment:\u00e9.png)", {"\u00e9.png": PICTURE["a.png"]}) == "![x] (attachment:\u00e9.png)"


def test_a_long_cell_is_cut() -> None:
    """Of a long cell the beginning is shown, and of very many only the first."""
    cutter = Cutter()
    assert cutter.cut("x" * LONGEST) == "x" * LONGEST
    assert cutter.cut("x" * (LONGEST + 1)) == "x" * LONGEST + CUT
    for _ in range(LONGEST_OF_ALL // LONGEST):
        cutter.cut("x" * LONGEST)
    assert cutter.cut("x") == CUT
    assert cutter.cut("") == ""
