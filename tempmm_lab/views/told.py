"""Draw who is told of a flush: a row for each situation of a CPU, a column for each kind of flush."""

from __future__ import annotations

from tempmm_lab.kernel.builds import Build
from tempmm_lab.told import FLUSHES, SITUATIONS, Told, ToldTable, who_is_told
from tempmm_lab.views.mms import CSS
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, folded, number

LEFT, BIT, COLUMN, ROW, TOP = 214, 182, 107, 30, 78
LETTERS = 14
"""How many letters a column's head has room for."""
_CSS = CSS + ".tmm .told{fill:var(--hl);stroke:var(--fg)}"


def draw_told(build: str | Build = "v6.16") -> Picture:
    """Draw whom a flush of a process's mm interrupts on a build, and what each does then.

    Raises:
        ModelError: there is no such build.
    """
    table = who_is_told(build)
    drawing = Svg(LEFT + COLUMN * len(FLUSHES) + 11, TOP + ROW * len(SITUATIONS) + 32)
    drawing.rect(0.5, 0.5, drawing.width - 1, drawing.height - 1, "card", 6)
    _draw_heads(drawing, table)
    for place, situation in enumerate(SITUATIONS):
        _draw_row(drawing, TOP + ROW * place, [table.of(situation, flush) for flush in FLUSHES])
    y = drawing.height - 14
    _mark(drawing, 18, y)
    drawing.text(28, y, "gets an IPI, and what it does then   · gets none   bit: this CPU's, in mm_cpumask", "s m")
    name = f"Who is told on {table.build}"
    desc = " ".join(_sentence(table, flush) for flush in FLUSHES)
    return Picture(name, desc, drawing.finish(name, desc, _CSS), table.text())


def _draw_heads(drawing: Svg, table: ToldTable) -> None:
    drawing.text(14, 24, f"Who is told on {table.build}?", "h")
    drawing.text(14, TOP - 16, "a CPU that", "m s")
    drawing.text(BIT + 8, TOP - 16, "bit", "m s mid")
    for place, flush in enumerate(FLUSHES):
        x = LEFT + COLUMN * place + COLUMN / 2
        first, second = folded(flush, LETTERS)
        lines = (first, second) if second else ("", first)
        for row, words in enumerate(lines):
            drawing.text(x, TOP - 30 + 14 * row, words, "b s mid")
    drawing.line(14, TOP - 8, drawing.width - 14, TOP - 8)


def _draw_row(drawing: Svg, y: float, cases: list[Told]) -> None:
    drawing.text(14, y + 17, cases[0].situation, "s b")
    drawing.chip(BIT - 5, y + 3, str(int(cases[0].bit)), on=cases[0].bit, width=26)
    for place, case in enumerate(cases):
        x = LEFT + COLUMN * place
        if not case.sent:
            drawing.text(x + COLUMN / 2, y + 16, "·", "mid m")
            continue
        drawing.rect(x + 3, y + 1, COLUMN - 6, 22, "told")
        _mark(drawing, x + 13, y + 16)
        drawing.text(x + 22, y + 16, case.does.replace("clears its bit", "clears bit"), "s")


def _mark(drawing: Svg, x: float, y: float) -> None:
    """Draw the triangle of an interruption."""
    drawing.path(f"M{number(x - 4)} {number(y - 8)}h8l-4 9z", "mark")


def _sentence(table: ToldTable, flush: str) -> str:
    told = [(situation, table.of(situation, flush)) for situation in SITUATIONS]
    sent = [f"{situation}: {case.does}" for situation, case in told if case.sent]
    return f"Flush of {flush}, IPIs to {len(sent)} of {len(told)}: {'; '.join(sent)}."
