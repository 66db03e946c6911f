"""Draw the code of patch 5/7: two lines out, two lines in; and what was asked before, and what is asked since."""

from __future__ import annotations

from tempmm_lab.builddiff import build_diff
from tempmm_lab.views.mms import CSS, bar
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, number

WIDTH, CARD, GAP = 760, 360, 12
HELPERS = {"use_temporary_mm": "borrow", "unuse_temporary_mm": "give back"}
ASKED = (
    ("before", "text_poke_mm", "irqoff", "interrupts must be off", "an interrupt waits"),
    ("since", "efi_mm", "preoff", "preemption must be off", "an interrupt: may it come?"),
)
LANE, FIRST, LAST = 100, 238, 556
OWN = ".tmm .gain{fill:var(--soft);stroke:var(--ok)}.tmm .loss{fill:var(--badsoft);stroke:var(--bad)}"


def draw_two_lines() -> Picture:
    """Draw the two changed lines, as the model has them, and the question that they raise."""
    drawing = Svg(WIDTH, 294)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(14, 26, "Patch 5 of 7, April 2025: all of its code", "h")
    drawing.text(WIDTH - 14, 26, "arch/x86/mm/tlb.c", "m c end")
    for place, (helper, does) in enumerate(HELPERS.items()):
        _draw_card(drawing, 14 + (CARD + GAP) * place, helper, does)
    for place, (when, mm, css, asks, arrival) in enumerate(ASKED):
        _draw_window(drawing, 160 + 74 * place, when, mm, css, asks)
        _draw_arrival(drawing, 160 + 74 * place, arrival, inside=css == "preoff")
    name = "The two lines"
    desc = " ".join(f"{helper}(): {out} becomes {new}." for helper, (out, new) in _pairs().items())
    desc += " Before, interrupts had to be off while the borrowed mm is loaded; since, preemption has to be."
    return Picture(name, desc, drawing.finish(name, desc, CSS + OWN), _twin())


def _pairs() -> dict[str, tuple[str, str]]:
    """Give for each helper the assertion that goes and the one that comes, read off the model's two builds."""
    found = {}
    for helper in HELPERS:
        lines = [line for line in build_diff(helper, "v6.14", "posted").changed if "lockdep_assert" in line]
        out, new = (line[1:].strip().removeprefix("await ") for line in lines)
        found[helper] = (out, new)
    return found


def _draw_card(drawing: Svg, x: float, helper: str, does: str) -> None:
    out, new = _pairs()[helper]
    drawing.text(x + 2, 56, f"{helper}()", "b")
    drawing.text(x + CARD - 2, 56, does, "m c end")
    for y, mark, line, css, ink in ((64, "-", out, "loss", "bad b"), (90, "+", new, "gain", "ok b")):
        drawing.rect(x, y, CARD, 22, css)
        drawing.text(x + 8, y + 15.5, mark, ink)
        drawing.text(x + 26, y + 15.5, line)


def _draw_window(drawing: Svg, y: float, when: str, mm: str, css: str, asks: str) -> None:
    """Draw a CPU's page tables over time: its own, the borrowed ones, its own; below, what is asked meanwhile."""
    drawing.text(14, y + 15, when, "b")
    for first, last, name in ((LANE, FIRST, "user_mm"), (FIRST, LAST, mm), (LAST, WIDTH - 14, "user_mm")):
        bar(drawing, first, y, last - first, 22, name)
    words = {"text_poke_mm": "borrowed, to patch code", "efi_mm": "borrowed, to call firmware"}[mm]
    for x, label in ((LANE, "its own"), (FIRST, words), (LAST, "its own")):
        drawing.rect(x + 6, y + 3, 6.7 * len(label) + 8, 16, "tag", 2)
        drawing.text(x + 10, y + 14.5, label, "s")
    drawing.rect(FIRST - 12, y + 30, LAST - FIRST + 24, 7, css, 2)
    drawing.text(FIRST - 20, y + 38, asks, "t m end")


def _draw_arrival(drawing: Svg, y: float, words: str, *, inside: bool) -> None:
    x = (LAST - 70) if inside else (LAST + 22)
    drawing.path(f"M{number(x - 5)} {number(y - 13)}h10l-5 11z", "mark")
    drawing.text(x + 10, y - 4, words, "s b" if inside else "s")


def _twin() -> str:
    lines = ["Patch 5 of 7, April 2025: all of its code"]
    for helper, (out, new) in _pairs().items():
        lines += [f"  {helper}()", f"  -   {out}", f"  +   {new}"]
    return "\n".join(
        [
            *lines,
            "before: while an mm is borrowed, interrupts must be off; an interrupt waits",
            "since:  while an mm is borrowed, preemption must be off; an interrupt: may it come?",
        ]
    )
