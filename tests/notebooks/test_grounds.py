"""Every text of every picture can be read, in light and in dark."""

from __future__ import annotations

import pytest

from tempmm_lab.views.style import DARK, LIGHT, SPACES
from tempmm_lab.views.svg import Svg
from tests.notebooks.grounds import LOOKS, Pair, luminance, pairs, pictures
from tests.notebooks.pages import Page, written

AA, AA_MARKS = 4.5, 3.0  # WCAG 2: text of this size, and marks


def faint(svg: str) -> set[tuple[str, str, str]]:
    """Give (ink, ground, look) of every text of a drawing that does not reach AA."""
    return {(pair.ink, pair.ground, look) for pair in pairs(svg) for look in LOOKS if pair.contrast(look) < AA}


@pytest.mark.parametrize("page", written(), ids=lambda page: page.path.name)
def test_texts_of_pictures_have_contrast(page: Page) -> None:
    """Every text of every picture that a chapter shows has 4.5 to 1 on what it stands on, in both looks."""
    assert [(cell, found) for cell, svg in pictures(page) if (found := faint(svg))] == []


def test_there_are_pairs() -> None:
    """The check above sees texts on many grounds, of the style and no other colours."""
    seen = {(pair.ink, pair.ground) for page in written() for _, svg in pictures(page) for pair in pairs(svg)}
    assert len(seen) > 12
    assert {name for pair in seen for name in pair} <= set(LIGHT)


def test_contrast_is_what_wcag_says() -> None:
    """Black on white is 21 to 1, and #767676 on white the well-known last grey that passes."""
    assert Pair("#000000", "#ffffff", "").contrast("light") == pytest.approx(21)
    assert Pair("#767676", "#ffffff", "").contrast("light") >= AA > Pair("#777777", "#ffffff", "").contrast("light")
    assert luminance("#ffffff") == pytest.approx(1)


def test_a_faint_text_is_seen() -> None:
    """Text in the colour of lines, and muted text on a filled box, are found; the same text beside the box is not."""
    drawing = Svg(200, 100)
    drawing.rect(0, 0, 100, 50, "set")
    drawing.text(5, 20, "on it", "m")
    drawing.text(150, 20, "beside", "m")
    drawing.text(5, 80, "faint", "faint")
    found = faint(drawing.finish("A drawing", "", ".tmm .faint{fill:var(--line)}"))
    assert {(ink, ground) for ink, ground, _ in found} == {("muted", "on"), ("line", "bg")}


def test_a_moved_box_is_a_ground_where_it_is() -> None:
    """A drawing that is put into another takes its boxes along."""
    inner, outer = Svg(100, 50), Svg(300, 100)
    inner.rect(0, 0, 100, 50, "set")
    outer.put(150, 0, inner)
    outer.text(160, 20, "on it", "m")
    outer.text(5, 20, "off", "m")
    assert [pair.ground for pair in pairs(outer.finish("A drawing", ""))] == ["on", "bg"]


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", [*SPACES, "bad", "ok", "muted"])
def test_marks_have_contrast(look: dict[str, str], name: str) -> None:
    """The colours that mark address spaces and outcomes have 3 to 1 on the background."""
    assert Pair(look[name], look["bg"], "").contrast("light") >= AA_MARKS
