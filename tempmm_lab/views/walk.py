"""Draw a page-table walk: the address cut into indexes, every entry looked at, and how it ended."""

from __future__ import annotations

from tempmm_lab.errors import ModelError
from tempmm_lab.hw.address import Hex, Level, address_width
from tempmm_lab.hw.paging import FLAGS
from tempmm_lab.hw.walk import Walk, WalkLevel
from tempmm_lab.views.entry import SIZE_NAMES
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import CHAR, Svg

WIDTH, LEFT, ROW, TOP = 760, 14, 62, 108


def draw_walk(walk: Walk) -> Picture:
    """Draw one walk: the index split, each entry with its flags, and the byte or the fault at the end."""
    if not isinstance(walk, Walk):
        msg = f"draw_walk() draws what translate(...) or snapshot.walk(...) gave, not {type(walk).__name__}."
        raise ModelError(msg)
    drawing = Svg(WIDTH, TOP + ROW * len(walk.levels) + 66)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    title = f"{walk.access.value} {walk.va:#x} at CPL {walk.registers.cpl}"
    drawing.text(LEFT, 25, title, "h")
    drawing.text(WIDTH - LEFT, 25, f"CR3 = {walk.registers.cr3:#x}", "m end")
    _draw_address(drawing, walk)
    for place, step in enumerate(walk.levels):
        _draw_level(drawing, TOP + ROW * place, walk, step)
    _draw_end(drawing, TOP + ROW * len(walk.levels) + 12, walk)
    desc = _describe(walk)
    name = f"Walk: {title}"
    return Picture(name, desc, drawing.finish(name, desc), _twin(walk))


def _segments(walk: Walk) -> list[tuple[str, int, int]]:
    """Give (name, highest bit, lowest bit) of the parts of the address, as far as this walk uses them."""
    levels = walk.registers.levels
    width = address_width(levels)
    deepest = walk.leaf.level if walk.leaf else Level.PT
    parts = [("sign", 63, width)]
    parts += [(Level(n).name, Level(n).shift + 8, Level(n).shift) for n in range(levels, deepest - 1, -1)]
    return [*parts, ("offset", deepest.shift - 1, 0)]


def _value(walk: Walk, high: int, low: int) -> int:
    return walk.va >> low & (1 << (high - low + 1)) - 1


def _draw_address(drawing: Svg, walk: Walk) -> None:
    scale = (WIDTH - 2 * LEFT) / 64
    for name, high, low in _segments(walk):
        x, width = LEFT + (63 - high) * scale, (high - low + 1) * scale
        value = _value(walk, high, low)
        used = (name == "offset" and walk.leaf) or any(step.level.name == name for step in walk.levels)
        drawing.rect(x + 1, 52, width - 2, 24, "set" if used else "clear")
        drawing.text(x + width / 2, 68.5, f"{value:#x}", "mid on" if used else "mid m")
        drawing.text(x + width / 2, 47, name, "s mid b" if used else "s mid m")
        drawing.text(x + width / 2, 89, f"{high}:{low}", "s mid m")


def _draw_level(drawing: Svg, y: float, walk: Walk, step: WalkLevel) -> None:
    blamed = _blamed(walk, step)
    drawing.rect(LEFT, y, WIDTH - 2 * LEFT, ROW - 10, "wrong" if step.problem or blamed else "soft", 5)
    drawing.text(LEFT + 12, y + 21, f"{step.level.name}[{step.index:#05x}]", "b")
    drawing.text(LEFT + 130, y + 21, f"at {step.entry_pa:#x}", "m")
    drawing.text(LEFT + 300, y + 21, f"{step.entry:#018x}")
    drawing.text(WIDTH - LEFT - 12, y + 21, _target(step), "end bad" if step.problem else "end")
    for place, (name, bit) in enumerate(FLAGS.items()):
        shown = "PAT" if name == "PS" and step.level == Level.PT else name
        drawing.chip(LEFT + 12 + 42 * place, y + 28, shown, on=bool(step.entry & bit), wrong=name in blamed)
    change = _change(walk, step)
    drawing.text(WIDTH - LEFT - 12, y + 42, change, "end s m")
    if not (step.problem or step is walk.levels[-1]):
        x = LEFT + 6
        drawing.path(f"M{x} {y + ROW - 12}v10m-4 -5l4 5l4 -5", "arrow")


def _target(step: WalkLevel) -> str:
    if step.problem:
        return "the walk stops here"
    if step.is_leaf:
        size = SIZE_NAMES[1 << step.level.shift]
        return f"{size} page {step.entry.frame(step.level):#x}"
    return f"table {step.entry.address:#x}"


def _change(walk: Walk, step: WalkLevel) -> str:
    new = walk.accessed_dirty.get(step.entry_pa)
    if new is None:
        return ""
    names = [name for name, bit in FLAGS.items() if new & bit and not step.entry & bit]
    return f"the access sets {' and '.join(names)}"


def _blamed(walk: Walk, step: WalkLevel) -> tuple[str, ...]:
    """Give the flags of this entry that the refusal came from."""
    if not step.entry.present:
        return ("P",)
    if step.problem or not walk.reason:
        return ()
    if walk.reason.startswith("US=0") and not step.entry.user:
        return ("US",)
    if walk.reason.startswith("RW=0") and not step.entry.rw:
        return ("RW",)
    return ("NX",) if walk.reason.startswith("NX=1") and step.entry.nx else ()


def _draw_end(drawing: Svg, y: float, walk: Walk) -> None:
    if walk.pa is not None:
        drawing.text(LEFT, y + 14, f"✓ {walk.va:#x} → {walk.pa:#x}", "h ok")
        drawing.text(LEFT, y + 36, _sum(walk), "m")
        return
    drawing.text(LEFT, y + 14, f"✗ {walk.fault}", "h bad")
    drawing.text(LEFT, y + 36, walk.reason[: int((WIDTH - 2 * LEFT) / CHAR)])


def _sum(walk: Walk) -> str:
    size = walk.page_size or 1
    frame, offset = Hex((walk.pa or 0) & -size), Hex(walk.va & (size - 1))
    return f"page {frame} + offset {offset}; rights over all levels: {walk.rights}"


def _describe(walk: Walk) -> str:
    path = ", ".join(f"{step.level.name} entry {step.index:#x}" for step in walk.levels)
    if walk.pa is not None:
        return (
            f"Through {path} to physical address {walk.pa:#x}. {walk.rights}, {SIZE_NAMES[walk.page_size or 0]} page."
        )
    return f"{'Through ' + path + '. ' if path else ''}{walk.fault}: {walk.reason}."


def _twin(walk: Walk) -> str:
    lines = [f"{walk.access.value} {walk.va:#x} at CPL {walk.registers.cpl}, CR3 = {walk.registers.cr3:#x}"]
    lines.append("  " + ", ".join(f"{name} {_value(walk, high, low):#x}" for name, high, low in _segments(walk)))
    for step in walk.levels:
        name = f"{step.level.name}[{step.index:#05x}]"
        note = f"  ({_change(walk, step)})" if _change(walk, step) else ""
        lines.append(
            f"  {name:<12} at {step.entry_pa:#x}: {step.entry:#018x}  {step.entry.flags:<24} {_target(step)}{note}"
        )
    if walk.pa is not None:
        return "\n".join([*lines, f"  {_sum(walk)}", f"{walk.va:#x} -> {walk.pa:#x}"])
    return "\n".join([*lines, f"  {walk.reason}", f"{walk.fault}"])
