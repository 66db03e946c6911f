"""A 64-bit word drawn bit by bit, with the names of its fields: what entries and CR3 have in common."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

CELL = 23
LEFT = 12
ROW = 74


@dataclass(frozen=True, slots=True)
class Field:
    """Bits `high` down to `low` of a word, their short name, and what their value means here."""

    high: int
    low: int
    name: str
    meaning: str = ""

    def of(self, word: int) -> int:
        """The field's value in `word`."""
        return word >> self.low & (1 << (self.high - self.low + 1)) - 1


def bit_picture(title: str, desc: str, word: int, fields: list[Field], *, rows: tuple[int, ...] = (63, 31)) -> Picture:
    """Draw `word` in rows of 32 bits, each named by its highest, and list what the fields mean."""
    told = [field for field in fields if field.meaning]
    drawing = Svg(2 * LEFT + 32 * CELL, 44 + len(rows) * ROW + 19 * len(told))
    drawing.rect(0.5, 0.5, drawing.width - 1, drawing.height - 1, "card", 6)
    drawing.text(LEFT, 24, title, "h")
    for row, high in enumerate(rows):
        _draw_row(drawing, 44 + row * ROW, high, word, fields)
    for place, field in enumerate(told):
        y = 44 + len(rows) * ROW + 10 + 19 * place
        drawing.text(LEFT, y, _name(field), "b")
        drawing.text(LEFT + 150, y, field.meaning)
    return Picture(title, desc, drawing.finish(title, desc), _twin(title, told))


def _draw_row(drawing: Svg, y: float, high: int, word: int, fields: list[Field]) -> None:
    for bit in range(high, high - 32, -1):
        x, on = LEFT + (high - bit) * CELL, int(word) >> bit & 1
        drawing.rect(x + 1, y + 14, CELL - 2, 22, "set" if on else "clear", 2)
        drawing.text(x + CELL / 2, y + 29.5, on, "mid on" if on else "mid m")
    for field in fields:
        top, bottom = min(field.high, high), max(field.low, high - 31)
        if top >= bottom:
            _draw_label(drawing, y, LEFT + (high - top) * CELL, (top - bottom + 1) * CELL, field, top, bottom)


def _draw_label(drawing: Svg, y: float, x: float, width: float, field: Field, top: int, bottom: int) -> None:
    drawing.text(x + 3, y + 9, top, "s m")
    if top > bottom:
        drawing.text(x + width - 3, y + 9, bottom, "s m end")
    drawing.line(x + 2, y + 40, x + width - 2, y + 40)
    drawing.text(x + width / 2, y + 53, field.name, "s mid b" if field.meaning else "s mid m")


def _name(field: Field) -> str:
    place = f"{field.high}" if field.high == field.low else f"{field.high}:{field.low}"
    return f"{field.name} ({place})"


def _twin(title: str, fields: list[Field]) -> str:
    return "\n".join([title, *(f"  {_name(field):<22} {field.meaning}" for field in fields)])
