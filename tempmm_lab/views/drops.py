"""Draw what dropping a page cost on a real machine: a bar for each line, and the interrupts beside it."""

from __future__ import annotations

from tempmm_lab.drops import COMPANY, Drop, DropTiming
from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, folded

WIDTH, LEFT, BAR, RIGHT = 760, 262, 300, 648
LETTERS = 108


def draw_drops(timing: DropTiming) -> Picture:
    """Draw a measurement: microseconds as bars, interrupts for one drop as numbers.

    Raises:
        ModelError: this is no measurement, or nothing was timed; then it says why not.
    """
    a_thing(timing, DropTiming, "draw_drops() draws what stored_drops() or time_drops() gives.")
    if not timing.drops:
        raise ModelError(f"There is nothing to draw. {timing.text()}")
    drawing = Svg(WIDTH, 96 + 24 * len(timing.drops) + 18)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(14, 24, "One drop of a page", "h")
    for place, words in enumerate(folded(f"the mean of {timing.times:,}; {timing.where}", LETTERS)):
        drawing.text(14, 42 + 14 * place, words, "s m")
    drawing.text(LEFT, 76, "microseconds", "s m")
    drawing.text(RIGHT + 40, 76, "interrupts", "s m mid")
    y, most = 86.0, max(each.us for each in timing.drops)
    for touched in (True, False):
        lines = [each for each in timing.drops if each.touched == touched]
        if lines:
            drawing.text(14, y + 14, "touched before" if touched else "not mapped", "s b")
        for each in lines:
            _draw_line(drawing, y, each, BAR / most)
            y += 24
        y += 10
    desc = ". ".join(f"{each.name}: {each.us:g} µs, {each.sent:g} interrupts" for each in timing.drops) + "."
    name = f"One drop of a page, the mean of {timing.times:,}"
    return Picture(name, f"{timing.where}. {desc}", drawing.finish(name, desc), timing.text())


def _draw_line(drawing: Svg, y: float, each: Drop, scale: float) -> None:
    short = COMPANY[each.company].removesuffix(" on another CPU")
    drawing.text(LEFT - 10, y + 14, short, "s end")
    wide = max(each.us * scale, 1)
    drawing.rect(LEFT, y + 2, wide, 16, "space-user" if each.touched else "soft", 2)
    if not each.touched:
        drawing.rect(LEFT, y + 2, wide, 16, "clear", 2)
    drawing.text(LEFT + wide + 6, y + 14, f"{each.us:.1f}", "s")
    drawing.text(RIGHT + 40, y + 14, f"{each.sent:.2f}", "s b mid" if each.sent > 0.01 else "s m mid")
