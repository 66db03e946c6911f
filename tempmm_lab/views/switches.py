"""Draw the two switches as a table of four: IF down, preempt_count across, and in each cell who gets in."""

from __future__ import annotations

from collections.abc import Mapping

from tempmm_lab.errors import a_thing, one_of
from tempmm_lab.kernel.config import Config
from tempmm_lab.switches import EVENTS, lets_in
from tempmm_lab.views.mms import CSS
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

WIDTH, LEFT, TOP, COLUMN, ROW = 760, 14, 62, 292, 116
SIDE = 160
Told = Mapping[tuple[bool, bool], tuple[str, ...]]
"""(irqs_off, preempt_off) -> who gets in."""
TENANTS = {
    (False, False): "most of the kernel",
    (False, True): "an EFI call; a spinlock held",
    (True, False): "local_irq_save() alone",
    (True, True): "text_poke(); a handler",
}
CELLS = tuple(TENANTS)


def draw_switches(config: Config | None = None, *, show: tuple[str, ...] = EVENTS, tenants: bool = False) -> Picture:
    """Draw the table for a configuration, every cell found by trying. `show` names who is told of; the rest is a "?".

    With `tenants` each cell also names code that runs so.

    Raises:
        ModelError: this is no configuration, or `show` names somebody else.
    """
    for who in a_thing(show, tuple, 'show is a tuple, such as ("IRQ handler",).'):
        one_of(who, EVENTS, "show")
    chosen = a_thing(config or Config(), Config, "config is a Config, such as Config(preempt='none').")
    told = {cell: lets_in(irqs_off=cell[0], preempt_off=cell[1], config=chosen) if show else () for cell in CELLS}
    drawing = Svg(WIDTH, TOP + 2 * ROW + 14)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    title = f"Two switches, and who gets in (preempt={chosen.preempt})"
    drawing.text(LEFT, 24, title, "h")
    for column, words in enumerate(("preempt_count = 0", "preempt_count > 0")):
        drawing.text(SIDE + COLUMN * column + 8, 50, words, "b c")
    for irqs_off, preempt_off in CELLS:
        _draw_cell(drawing, irqs_off, preempt_off, told[irqs_off, preempt_off], show, tenants)
    for row, (flag, words) in enumerate((("IF = 1", "interrupts on"), ("IF = 0", "interrupts off"))):
        drawing.text(LEFT, TOP + ROW * row + 50, flag, "b c")
        drawing.text(LEFT, TOP + ROW * row + 68, words, "m c")
    names = {cell: _name(cell) + (f" ({TENANTS[cell]})" if tenants else "") for cell in CELLS}
    described = _describe(told, show, names)
    return Picture(title, described, drawing.finish(title, described, CSS), _twin(title, told, show, names))


def _draw_cell(
    drawing: Svg, irqs_off: bool, preempt_off: bool, inside: tuple[str, ...], show: tuple[str, ...], tenants: bool
) -> None:
    x, y = SIDE + COLUMN * preempt_off, TOP + ROW * irqs_off
    drawing.rect(x, y, COLUMN - 8, ROW - 8, "soft", 5)
    for place, on in enumerate((irqs_off, preempt_off)):
        if on:
            drawing.rect(x + 8, y + 6 + 9 * place, COLUMN - 24, 6, ("irqoff", "preoff")[place], 2)
    for place, who in enumerate(EVENTS):
        words, css = _word(who, inside, show)
        drawing.text(x + 8, y + 42 + 19 * place, who, "c")
        drawing.text(x + COLUMN - 20, y + 42 + 19 * place, words, f"c end b {css}".strip())
    if tenants:
        drawing.text(x + 8, y + 101, TENANTS[irqs_off, preempt_off], "t m")


def _word(who: str, inside: tuple[str, ...], show: tuple[str, ...]) -> tuple[str, str]:
    if who not in show:
        return "?", "m"
    return ("✓ gets in", "ok") if who in inside else ("✗ waits", "bad")


def _name(cell: tuple[bool, bool]) -> str:
    return f"IF={int(not cell[0])}, preempt_count {'>' if cell[1] else '='} 0"


def _told(inside: tuple[str, ...], show: tuple[str, ...]) -> str:
    return ", ".join(f"{who} {_word(who, inside, show)[0].removeprefix('✓ ').removeprefix('✗ ')}" for who in EVENTS)


def _describe(told: Told, show: tuple[str, ...], names: Mapping[tuple[bool, bool], str]) -> str:
    if not show:
        return f"Four cells, nothing told yet: {', '.join(names.values())}."
    return ". ".join(f"{names[cell]}: {_told(told[cell], show)}" for cell in CELLS) + "."


def _twin(title: str, told: Told, show: tuple[str, ...], names: Mapping[tuple[bool, bool], str]) -> str:
    width = 26 if max(map(len, names.values())) <= 26 else 55
    return "\n".join([title, *(f"  {names[cell]:<{width}} {_told(told[cell], show)}" for cell in CELLS)])
