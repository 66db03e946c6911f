"""Draw a CPU's ASID slots: whose each is, which generation it has, and what the next load of its owner would do."""

from __future__ import annotations

from tempmm_lab.asidplay import Slot, slots_of
from tempmm_lab.errors import a_thing
from tempmm_lab.kernel.system import System
from tempmm_lab.views.mms import CSS, LOOKS
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

WIDTH, LEFT, TOP, ROW = 620, 14, 62, 26
COLUMNS = ((0, "ASID"), (62, "PCID"), (124, "whose"), (268, "slot's gen"), (364, "mm's gen"), (446, "in TLB"),
           (516, "next load"))  # fmt: skip
MARKS = {"": ("free", "m"), "loaded": ("loaded", "b"), "keep": ("✓ keep", "b ok"), "flush": ("✗ flush", "b bad")}


def draw_asids(system: System, cpu: int = 0) -> Picture:
    """Draw the six dynamic ASIDs of a CPU, and which one is given out next.

    Raises:
        ModelError: this is no system, or it has no such CPU.
    """
    machine = a_thing(system, System, "draw_asids() draws a System, such as processes() or trace.last.")
    slots, one = slots_of(machine, cpu), machine.cpu(cpu)
    drawing = Svg(WIDTH, TOP + ROW * len(slots) + 34)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    title = f"ASIDs of CPU {cpu}"
    drawing.text(LEFT, 24, title, "h")
    for x, name in COLUMNS:
        drawing.text(LEFT + x, 48, name, "s m")
    for place, slot in enumerate(slots):
        _draw_slot(drawing, TOP + ROW * place, slot)
    following = f"next fresh ASID: {one.next_asid % len(slots)}"
    drawing.text(LEFT, drawing.height - 14, following, "c m")
    lines = [_told(slot) for slot in slots]
    desc = ". ".join([*lines, following]) + "."
    twin = "\n".join([title, *(f"  {line}" for line in lines), f"  {following}"])
    return Picture(title, desc, drawing.finish(title, desc, CSS), twin)


def _draw_slot(drawing: Svg, y: float, slot: Slot) -> None:
    if slot.loaded:
        drawing.rect(LEFT - 6, y - 2, WIDTH - 2 * LEFT + 12, ROW - 3, "soft")
    looks = LOOKS.get(slot.owner or "")
    if looks:
        drawing.swatch(LEFT + 124, y + 4, looks)
    stale = slot.next_load == "flush"
    values = (slot.asid, slot.pcid, slot.owner or "-", slot.generation, slot.wanted, slot.cached)
    for (x, name), value in zip(COLUMNS, values, strict=False):
        shown = value if slot.owner or name in ("ASID", "PCID", "whose") else ""
        drawing.text(LEFT + x + (22 if name == "whose" and looks else 0), y + 14, shown, "c")
    if stale:
        drawing.line(LEFT + 268, y + 18, LEFT + 300, y + 18, "dots")
    words, css = MARKS[slot.next_load]
    drawing.text(LEFT + 516, y + 14, words, f"c {css}")


def _told(slot: Slot) -> str:
    if slot.owner is None:
        return f"ASID {slot.asid}: free"
    then = "loaded" if slot.loaded else f"next load: {slot.next_load}"
    return (
        f"ASID {slot.asid}, PCID {slot.pcid}: {slot.owner}, generation {slot.generation} of {slot.wanted}, "
        f"{slot.cached} cached, {then}"
    )
