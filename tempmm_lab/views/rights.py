"""Draw who may touch a page: one column per kind of access, one row per want, allowed or refused and by which rule."""

from __future__ import annotations

from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, Rights, page_fault, refusal, refused_before_paging
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

WIDTH, LEFT, ROW, TOP, COLUMN = 760, 14, 52, 74, 212
COLUMNS = (
    ("user, CPL 3", {"cpl": 3, "AC": 0}),
    ("kernel, AC=0", {"cpl": 0, "AC": 0}),
    ("kernel, AC=1", {"cpl": 0, "AC": 1}),
)


def verdict(registers: Registers, rights: Rights, access: Access, va: int = 0x7000) -> tuple[str, str]:
    """Give what happens ("ok", "#GP" or "#PF 0x7") when a present page is touched so, and the rule that decides."""
    before = refused_before_paging(registers, va, access)
    if before:
        return "#GP", before.split(":", 1)[0]
    reason = refusal(registers, rights, access)
    if not reason:
        return "ok", ""
    return f"#PF {page_fault(registers, va, access, present=True).error_code:#x}", _short(reason)


def _short(reason: str) -> str:
    rule = reason.split(":", 1)[0]
    return rule.replace(" somewhere in the walk", "").replace(", and CR0.", " and ")


def grid(registers: Registers, rights: Rights, va: int = 0x7000) -> dict[tuple[str, str], tuple[str, str]]:
    """Give `{(access, who): (what happens, the rule)}` for every access to one page."""
    return {
        (access.value, who): verdict(registers.but(**changes), rights, access, va)
        for access in Access
        for who, changes in COLUMNS
    }


def draw_rights(registers: Registers, rights: Rights, va: int = 0x7000) -> Picture:
    """Draw what user and kernel may do to a present page with these combined rights, under these registers."""
    cells = grid(registers, rights, va)
    drawing = Svg(WIDTH, TOP + ROW * len(Access) + 8)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    switches = " ".join(f"{name}={int(registers.bit(name))}" for name in ("WP", "SMEP", "SMAP", "LASS", "NXE"))
    title = f"Page {va:#x}, {rights}"
    drawing.text(LEFT, 25, title, "h")
    drawing.text(WIDTH - LEFT, 25, switches, "m end")
    for place, (who, _) in enumerate(COLUMNS):
        drawing.text(LEFT + 100 + COLUMN * place, 58, who, "b")
    for row, access in enumerate(Access):
        drawing.text(LEFT, TOP + ROW * row + 27, access.value, "b")
        for place, (who, _) in enumerate(COLUMNS):
            _draw_cell(drawing, LEFT + 94 + COLUMN * place, TOP + ROW * row, cells[access.value, who])
    refused = sum(what != "ok" for what, _ in cells.values())
    desc = f"{switches}. {len(cells) - refused} of {len(cells)} accesses allowed, {refused} refused."
    return Picture(title, desc, drawing.finish(title, desc), _twin(title, switches, cells))


def _draw_cell(drawing: Svg, x: float, y: float, cell: tuple[str, str]) -> None:
    what, rule = cell
    allowed = what == "ok"
    drawing.rect(x, y, COLUMN - 8, ROW - 8, "soft" if allowed else "wrong", 5)
    drawing.text(
        x + 8, y + (27 if allowed else 18), "✓ allowed" if allowed else f"✗ {what}", "b ok" if allowed else "b bad"
    )
    drawing.text(x + 8, y + 36, rule, "s")


def _twin(title: str, switches: str, cells: dict[tuple[str, str], tuple[str, str]]) -> str:
    lines = [f"{title}; {switches}"]
    for (access, who), (what, rule) in cells.items():
        lines.append(f"  {access:<8} {who:<13} {what:<9} {rule}".rstrip())
    return "\n".join(lines)
