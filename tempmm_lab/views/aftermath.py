"""Draw the weeks between the posting of the series and its merge."""

from __future__ import annotations

from datetime import date

from tempmm_lab.aftermath import HAPPENINGS, Happening
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

WIDTH, TOP, ROW, LEFT, DAY = 860, 62, 27, 470, 6
BEGIN, DAYS = date(2025, 4, 1), 61
_CSS = ".tmm .report{fill:none;stroke:var(--bad);stroke-width:2}.tmm .week{stroke:var(--line)}"


def draw_aftermath() -> Picture:
    """Draw what happened to the series in April and May 2025, a row for each, on one axis of days."""
    drawing = Svg(WIDTH, TOP + ROW * len(HAPPENINGS) + 30)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(14, 26, "April and May 2025", "h")
    for month, name in ((4, "April"), (5, "May")):
        drawing.text(_x(date(2025, month, 1)), TOP - 18, name, "m s")
    for day in range(0, DAYS + 1, 7):
        x = LEFT + DAY * day
        drawing.line(x, TOP - 10, x, drawing.height - 30, "week")
    for place, happening in enumerate(HAPPENINGS):
        _draw_row(drawing, TOP + ROW * place, happening)
    legend = "filled: the series and its fix-ups   outlined: reports   a line for each week"
    drawing.text(14, drawing.height - 12, legend, "s m")
    name = "As posted, as merged"
    desc = ". ".join(f"{happening.when}: {happening.what}" for happening in HAPPENINGS) + "."
    return Picture(name, desc, drawing.finish(name, desc, _CSS), "\n".join(map(str, HAPPENINGS)))


def _x(day: date) -> float:
    return LEFT + DAY * (day - BEGIN).days


def _draw_row(drawing: Svg, y: float, happening: Happening) -> None:
    reported = happening.kind == "report"
    drawing.text(14, y + 15, happening.when, "m")
    drawing.text(170, y + 15, happening.what, "m" if reported else "")
    width = DAY * ((happening.last - happening.first).days + 1)
    drawing.rect(_x(happening.first), y + 4, width, 13, "report" if reported else "set", 2)
