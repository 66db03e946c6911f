"""How an address space looks wherever it is drawn: a colour, a hatch and its name; and the lines of the two windows.

What only the pictures of Linux machines need is added to the visual language here: `CSS` goes into those pictures.
"""

from __future__ import annotations

from tempmm_lab.kernel.layout import BASES, LOADED_MM_SWITCHING, USER_PGD_BIT
from tempmm_lab.kernel.uaccess import PGD_BITS
from tempmm_lab.views.svg import Svg, number

LOOKS = {"init_mm": "init", "user_mm": "user", "other_mm": "other", "text_poke_mm": "temp", "efi_mm": "efi"}
"""The look of each mm, as in style.SPACES."""
CSS = (
    ".tmm .veil{fill:var(--bg);opacity:.66}.tmm .switching{fill:var(--bg);stroke:var(--fg);stroke-dasharray:3 2}"
    ".tmm .irqoff{fill:var(--fg)}.tmm .preoff{fill:var(--bg);stroke:var(--fg);stroke-width:1.2}"
    ".tmm .cursor{fill:none;stroke:var(--fg);stroke-dasharray:2 3;stroke-width:1.5}.tmm .tag{fill:var(--bg)}"
    ".tmm .thin{stroke-width:1}.tmm .t{font-size:10px}.tmm .mark{fill:var(--fg)}.tmm .tick{stroke:var(--muted)}"
    ".tmm .badbar{fill:var(--bad)}.tmm .hl{fill:var(--hl)}.tmm .c{font-size:12px}.tmm .bad2{stroke:var(--bad)}"
)
_PGDS = {int(pgd): name for name, pgd in BASES.items()}


def mm_in(cr3: int) -> str:
    """Give the name of the mm whose top table is in CR3, or the table's address."""
    pgd = int(cr3) & PGD_BITS
    if pgd in _PGDS:
        return _PGDS[pgd]
    if pgd & ~USER_PGD_BIT in _PGDS:
        return f"{_PGDS[pgd & ~USER_PGD_BIT]}, user half"
    return f"{pgd:#x}"


def short(mm: str | None) -> str:
    """Give an mm's name as pictures write it."""
    return {None: "none", LOADED_MM_SWITCHING: "SWITCHING"}.get(mm, mm or "none")


def bar(drawing: Svg, x: float, y: float, width: float, height: float, mm: str | None) -> None:
    """Draw a stretch in the look of an mm: filled and hatched, dashed while switching, a thin line for none."""
    look = LOOKS.get((mm or "").split(",")[0])
    if mm is None:
        drawing.line(x, y + height / 2, x + width, y + height / 2)
        return
    if look is None:
        drawing.rect(x + 0.5, y + 0.5, max(width - 1, 1), height - 1, "switching", 2)
        return
    drawing.rect(x, y, width, height, f"space-{look}", 2)
    lines = _hatch(look, x, y, width, height)
    if lines:
        drawing.path(lines, "hatch" if height > 10 else "hatch thin")


def _hatch(look: str, x: float, y: float, width: float, height: float) -> str:
    middle = y + height / 2
    across = f"M{number(x)} {number(middle)}H{number(x + width)}"
    if look == "other":
        return across
    if look == "efi":
        return across + "".join(f"M{number(x + at)} {number(y)}v{number(height)}" for at in _places(width, 10))
    if look == "temp":
        return "".join(_diagonal(x, y, at, width, height) for at in _places(width + height, 9))
    return ""


def _places(width: float, gap: int) -> range:
    return range(gap // 2, int(width), gap)


def _diagonal(x: float, y: float, at: float, width: float, height: float) -> str:
    """Give the part of a rising line that is inside the box; it would leave the bottom at `at - height`."""
    left, right = max(at - height, 0), min(at, width)
    return f"M{number(x + left)} {number(y + at - left)}L{number(x + right)} {number(y + at - right)}"


def swatch(drawing: Svg, x: float, y: float, mm: str | None) -> None:
    """Draw the small mark of an mm."""
    if LOOKS.get((mm or "").split(",")[0]):
        drawing.swatch(x, y, LOOKS[(mm or "").split(",")[0]])
    else:
        bar(drawing, x, y, 16, 12, mm)
