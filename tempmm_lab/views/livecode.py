"""Draw the patching of an instruction that runs: what is in memory after each round, and what a CPU may execute."""

from __future__ import annotations

from tempmm_lab.errors import a_thing
from tempmm_lab.livecode import INT3, NEW, LiveCode, Site, may_execute, whole
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

WIDTH, LEFT, ROW, TOP = 760, 14, 34, 62
FIRST, TAIL, RUNS = 250, 300, 430
NAMES = {
    "publish": "tell the INT3 handler",
    "INT3": "write INT3",
    "tail": "write the new tail",
    "first": "write the new first byte",
    "all": "write everything at once",
    "sync": "sync: IPI to every CPU",
    "withdraw": "the handler forgets",
}


def draw_live_code(model: LiveCode) -> Picture:
    """Draw the rounds of `live_code(...)`: the two parts of the instruction, and what another CPU may execute then.

    What nobody meant is marked with a cross.

    Raises:
        ModelError: this is no such model.
    """
    a_thing(model, LiveCode, "draw_live_code() draws live_code(), such as live_code() or live_code('first', 'tail').")
    rows = list(zip(("", *model.rounds), may_execute(model), strict=True))
    drawing = Svg(WIDTH, TOP + ROW * len(rows) + 14)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(LEFT, 24, "Patching an instruction while another CPU runs it", "h")
    for x, words in ((LEFT, "after this round"), (FIRST, "first"), (TAIL, "tail"), (RUNS, "a CPU may execute")):
        drawing.text(x, 48, words, "m s")
    for place, (name, (site, runs)) in enumerate(rows):
        _draw_row(drawing, TOP + ROW * place, _called(place, name), site, runs)
    text = "\n".join(_line(place, name, site, runs) for place, (name, (site, runs)) in enumerate(rows))
    title, desc = "Live code", _describe(model)
    return Picture(title, desc, drawing.finish(title, desc), f"{model}\n{text}")


def _called(place: int, name: str) -> str:
    return f"{place}  {NAMES[name]}" if name else "0  (before)"


def _draw_row(drawing: Svg, y: float, name: str, site: Site, runs: tuple[str, ...]) -> None:
    drawing.line(LEFT, y, WIDTH - LEFT, y)
    drawing.text(LEFT, y + 21, name)
    _part(drawing, FIRST, y + 7, 42, site.first)
    _part(drawing, TAIL, y + 7, 104, site.tail)
    x: float = RUNS
    for ran in runs:
        bad = not whole(Site(ran=ran))
        words = f"✗ {ran}" if bad else ran
        drawing.text(x, y + 21, words, "b s bad" if bad else "s")
        x += 7.2 * len(words) + 16


def _part(drawing: Svg, x: float, y: float, width: float, holds: str) -> None:
    """A part of the instruction: the new bytes filled, the old an outline, INT3 in the colour that warns."""
    drawing.rect(x, y, width, 20, "set" if holds == NEW else "wrong" if holds == INT3 else "clear")
    drawing.text(
        x + width / 2, y + 14.5, holds, "s mid on" if holds == NEW else "s mid b" if holds == INT3 else "s mid"
    )


def _line(place: int, name: str, site: Site, runs: tuple[str, ...]) -> str:
    told = ", ".join(ran if whole(Site(ran=ran)) else f"WRONG: {ran}" for ran in runs)
    return f"  {_called(place, name):<28} memory: {site.first:<4} {site.tail}   may execute: {told}"


def _describe(model: LiveCode) -> str:
    wrong = sorted({ran for _, runs in may_execute(model) for ran in runs if not whole(Site(ran=ran))})
    told = f"CPU 1 may execute what nobody meant: {'; '.join(wrong)}" if wrong else "CPU 1 never executes a mixture"
    return f"Rounds: {', '.join(model.rounds)}. {told}."
