"""Draw what comes of one interruption at every moment of a run: what the CPU was on then, and the verdict below it."""

from __future__ import annotations

from tempmm_lab.arriving import BAD, HELD, LOUD, QUIET, Arrivals
from tempmm_lab.errors import a_thing
from tempmm_lab.views.lanes import read
from tempmm_lab.views.mms import CSS, bar, short, swatch
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

WIDTH, LEFT, RIGHT, HEIGHT = 760, 104, 748, 176
CHAR = 6.7
LOOKS = {HELD: "held", QUIET: "harmless", LOUD: "loud", BAD: "hurts"}
MARKS = {HELD: "", QUIET: "✓", LOUD: "!", BAD: "✗"}
LOOK = (
    ".tmm .held{fill:none;stroke:var(--muted);stroke-dasharray:2 3}.tmm .loud{fill:var(--hl);stroke:var(--fg)}"
    ".tmm .harmless{fill:var(--bg);stroke:var(--ok);stroke-width:1.5}.tmm .hurts{fill:var(--bad);stroke:var(--bad)}"
)
NAMES = {"irq": "An interrupt", "nmi": "An NMI", "tick": "A tick"}


def draw_arrivals(found: Arrivals) -> Picture:
    """Draw one interruption at every moment of a run. Column k is after k steps.

    From above: which mm CR3 holds, where interrupts are off, and what comes of the interruption there: an outline of
    dots where it is held back, ✓ harmless, ! the kernel prints something, ✗ it hurts.

    Raises:
        ModelError: this is not what `arrivals` gives.
    """
    a_thing(found, Arrivals, "draw_arrivals() draws what arrivals(scenario) gives.")
    drawing = Svg(WIDTH, HEIGHT)
    drawing.rect(0.5, 0.5, WIDTH - 1, HEIGHT - 1, "card", 6)
    heading = f"{NAMES[found.kind]} on CPU {found.cpu}, at every moment"
    title = f"{heading} of {found.quiet.scenario}"
    drawing.text(12, 22, heading, "h")
    drawing.text(26 + 8.5 * len(heading), 22, found.quiet.scenario, "t m")
    scale = (RIGHT - LEFT) / len(found.rows)
    _draw_cpu(drawing, found, scale)
    for first, last, verdict, says in found.moments:
        words = says if verdict == QUIET != says else MARKS[verdict]
        _draw_verdict(drawing, LEFT + first * scale, (last + 1 - first) * scale, verdict, words)
    _draw_axis(drawing, len(found.rows), scale)
    _draw_legend(drawing, found)
    desc = _describe(found)
    return Picture(title, desc, drawing.finish(title, desc, CSS + LOOK), found.text())


def _draw_cpu(drawing: Svg, found: Arrivals, scale: float) -> None:
    lane, end = read(found.quiet).lanes[found.cpu], len(found.rows)
    drawing.text(LEFT - 8, 52, "CR3", "t m end")
    for span in lane.cr3:
        first, last = span.first, min(span.last + 1, end)
        bar(drawing, LEFT + first * scale, 38, (last - first) * scale, 20, span.value)
        words = short(span.value)
        if CHAR * len(words) + 14 <= (last - first) * scale:
            drawing.rect(LEFT + first * scale + 4, 40, CHAR * len(words) + 8, 16, "tag", 2)
            drawing.text(LEFT + first * scale + 8, 51, words, "s")
    drawing.text(LEFT - 8, 71, "IRQs off", "t m end")
    drawing.line(LEFT, 68, RIGHT, 68)
    for span in lane.irqs_off:
        drawing.rect(LEFT + span.first * scale, 65, (min(span.last + 1, end) - span.first) * scale, 6, "irqoff", 2)
    drawing.text(LEFT - 8, 95, f"{found.kind if found.kind == 'tick' else found.kind.upper()} here", "t m end")


def _draw_verdict(drawing: Svg, x: float, wide: float, verdict: str, words: str) -> None:
    drawing.rect(x + 0.5, 80, max(wide - 1, 1), 22, LOOKS[verdict], 2)
    shown = words if wide >= CHAR * len(words) + 4 else MARKS[verdict]
    if verdict != HELD and wide >= CHAR:
        drawing.text(x + wide / 2, 95.5, shown, "s mid on" if verdict == BAD else "s mid b")


def _draw_axis(drawing: Svg, count: int, scale: float) -> None:
    gap = next(gap for gap in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10_000) if gap * scale >= 30)
    for column in range(0, count, gap):
        drawing.text(LEFT + (column + 0.5) * scale, 118, column, "t m mid")
    drawing.text(LEFT - 8, 118, "after step", "t m end")


def _draw_legend(drawing: Svg, found: Arrivals) -> None:
    x = 12.0
    for verdict, look in LOOKS.items():
        if found.count(verdict):
            drawing.rect(x, 130, 18, 14, look, 2)
            drawing.text(x + 9, 141, MARKS[verdict], "s mid on" if verdict == BAD else "s mid b")
            words = f"{found.count(verdict)} {verdict}"
            drawing.text(x + 24, 141.5, words, "s")
            x += 44 + CHAR * len(words)
    x = 12.0
    for mm in dict.fromkeys(span.value for span in read(found.quiet).lanes[found.cpu].cr3):
        swatch(drawing, x, 152, mm)
        drawing.text(x + 21, 162, short(mm), "t")
        x += 34 + 6.1 * len(short(mm))
    drawing.rect(x, 155, 16, 6, "irqoff", 2)
    drawing.text(x + 21, 162, "IRQs off", "t")


def _describe(found: Arrivals) -> str:
    parts = [f"{found.summary}"]
    for first, last, verdict, says in found.moments:
        when = f"after step {first}" if first == last else f"after steps {first} to {last}"
        parts.append(f"{when}: {verdict}" + (f", {says}" if says != verdict else ""))
    return ". ".join(parts) + "."
