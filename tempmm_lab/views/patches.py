"""Draw the seven patches: what each does, and which of the others it needs or takes back."""

from __future__ import annotations

from tempmm_lab.patches import PATCHES, Patch
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, number

WIDTH, TOP, ROW, LEFT = 760, 46, 48, 118


def draw_patches() -> Picture:
    """Draw the series, top to bottom, with an arrow from what is needed to what needs it."""
    drawing = Svg(WIDTH, TOP + ROW * len(PATCHES) + 24)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(14, 26, "Seven patches, April 2025", "h")
    for patch in PATCHES:
        _draw_patch(drawing, patch)
        for other in patch.needs:
            _arc(drawing, other, patch.number, "arrow")
        if patch.takes_back:
            _arc(drawing, patch.takes_back, patch.number, "arrow gone")
    drawing.text(14, drawing.height - 14, "solid: is needed by   dashed: is taken back by", "s m")
    name = "The seven patches"
    desc = " ".join(f"{patch.number}: {patch.does}; needs {_needs(patch)}." for patch in PATCHES)
    css = ".tmm .gone{stroke-dasharray:4 3}"
    return Picture(name, desc, drawing.finish(name, desc, css), "\n".join(map(str, PATCHES)))


def _needs(patch: Patch) -> str:
    back = f" and takes back {patch.takes_back}" if patch.takes_back else ""
    return (", ".join(map(str, patch.needs)) or "none") + back


def _middle(place: int) -> float:
    return TOP + ROW * (place - 1) + ROW / 2


def _draw_patch(drawing: Svg, patch: Patch) -> None:
    y = _middle(patch.number)
    last = patch.kind in ("permits", "uses")
    if last:
        drawing.rect(LEFT - 8, y - ROW / 2 + 2, WIDTH - LEFT - 4, ROW - 4, "soft")
    drawing.chip(LEFT, y - 16, f"{patch.number}/7", on=last, width=36)
    drawing.text(LEFT + 58, y - 2, patch.does, "b" if last else "")
    drawing.text(LEFT + 58, y + 15, patch.why, "s m")
    drawing.text(WIDTH - 16, y + 15, patch.author, "s end m")
    drawing.text(LEFT + 18, y + 15, patch.kind, "s mid m")


def _arc(drawing: Svg, first: int, last: int, css: str) -> None:
    """Draw a curve in the left margin from one row to a later one; the further apart, the wider."""
    x, y1, y2 = LEFT - 14, _middle(first), _middle(last) - 6
    far = x - 20 - 17 * (last - first)
    drawing.path(f"M{number(x)} {number(y1)}C{number(far)} {number(y1)} {number(far)} {number(y2)} {number(x)} "
                 f"{number(y2)}", css)  # fmt: skip
    drawing.path(
        f"M{number(x - 6)} {number(y2 - 4)}L{number(x)} {number(y2)}L{number(x - 6)} {number(y2 + 4)}", "arrow"
    )
