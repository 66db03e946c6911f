"""A few lines to write SVG by hand: deterministic text, every string escaped."""

from __future__ import annotations

from html import escape

from tempmm_lab.views.style import CSS, SPACES

CHAR = 7.85
"""Width in px of one monospace character at 13 px, rounded up."""


def number(value: float) -> str:
    """Give a coordinate in its shortest form, the same on every machine."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def folded(words: str, most: int) -> tuple[str, str]:
    """Give words as two lines of at most so many characters, broken at a space; what is left over is cut."""
    if len(words) <= most:
        return words, ""
    at = words.rfind(" ", 0, most + 1)
    at = at if at > 0 else most
    rest = words[at:].lstrip()
    if len(rest) > most:
        end = rest.rfind(" ", 0, most)
        rest = rest[: end if end > 0 else most - 1] + "…"
    return words[:at], rest


class Svg:
    """A drawing under construction. Coordinates are px, y grows downwards."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def text(self, x: float, y: float, words: object, css: str = "") -> None:
        """Write text with its baseline at y."""
        kind = f' class="{css}"' if css else ""
        self._parts.append(
            f'<text x="{number(x)}" y="{number(y)}"{kind} xml:space="preserve">{escape(str(words))}</text>'
        )

    def rect(self, x: float, y: float, width: float, height: float, css: str, radius: float = 3) -> None:
        """Draw a box with round corners."""
        self._parts.append(
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" '
            f'rx="{number(radius)}" class="{css}"/>'
        )

    def path(self, steps: str, css: str) -> None:
        """Draw a path."""
        self._parts.append(f'<path d="{steps}" class="{css}"/>')

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str = "rule") -> None:
        """Draw a straight line."""
        self.path(f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}", css)

    def chip(self, x: float, y: float, label: str, *, on: bool, width: float = 36, wrong: bool = False) -> None:
        """Draw one flag: filled if set, an outline if clear, framed in the colour of errors if it is to blame."""
        self.rect(x, y, width, 18, "set" if on else "clear")
        self.text(x + width / 2, y + 13.5, label, "s mid on" if on else "s mid m")
        if wrong:
            self.rect(x - 2.5, y - 2.5, width + 5, 23, "badline", 5)

    def hint(self, x: float, y: float, width: float, height: float, words: str) -> None:
        """Let words appear where the mouse rests."""
        box = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        self._parts.append(f'<rect {box} fill-opacity="0"><title>{escape(words)}</title></rect>')

    def swatch(self, x: float, y: float, space: str) -> None:
        """Draw the mark of an address space: its colour, and its hatch."""
        self.rect(x, y, 16, 12, f"space-{space}", 2)
        for steps in _HATCHES.get(space, ()):
            moved = steps.format(*(number(v) for v in (x, y, x + 16, y + 12, x + 8, y + 6)))
            self.path(moved, "hatch")

    def put(self, x: float, y: float, other: Svg) -> None:
        """Put another drawing into this one, unfinished, with its corner at (x, y)."""
        self._parts += [f'<g transform="translate({number(x)} {number(y)})">', *other._parts, "</g>"]

    def finish(self, title: str, desc: str, css: str = "", *, styled: bool = True) -> str:
        """Give the whole drawing, with its title and description inside; `css` is added to the book's own.

        `styled=False` leaves the styles out: another drawing on the same page has them.
        """
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="tmm" role="img" width="{number(self.width)}" '
            f'height="{number(self.height)}" viewBox="0 0 {number(self.width)} {number(self.height)}" '
            f'style="max-width:100%;height:auto">'
        )
        style = f"<style>{CSS}{css}</style>" if styled else ""
        return (
            head + f"<title>{escape(title)}</title><desc>{escape(desc)}</desc>{style}" + "".join(self._parts) + "</svg>"
        )


_HATCHES = {
    "other": ("M{0} {5}L{2} {5}",),
    "temp": ("M{0} {3}L{4} {1}M{4} {3}L{2} {1}",),
    "efi": ("M{4} {1}L{4} {3}M{0} {5}L{2} {5}",),
}


def space_of(pcid: int) -> str:
    """Give the look of the address space with this PCID."""
    return SPACES[min(pcid, len(SPACES) - 1)]
