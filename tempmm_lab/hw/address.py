"""Linear addresses: hexadecimal numbers, canonical form, and the split into indexes.

Source: Intel SDM vol. 3, "4-Level Paging and 5-Level Paging".
"""

from __future__ import annotations

import enum

from tempmm_lab.errors import ModelError, whole_number

KIB4 = 1 << 12
MIB2 = 1 << 21
GIB1 = 1 << 30
ADDRESS_BITS = 0x000F_FFFF_FFFF_F000
"""Bits 51:12 of CR3 or of an entry: where a physical address can stand."""


class Hex(int):
    """A whole number that prints in hexadecimal, and stays hexadecimal through arithmetic."""

    __slots__ = ()

    def __repr__(self) -> str:
        return hex(int(self))

    __str__ = __repr__

    def __add__(self, other: int) -> Hex:
        return Hex(int(self) + other)

    def __sub__(self, other: int) -> Hex:
        return Hex(int(self) - other)

    def __and__(self, other: int) -> Hex:
        return Hex(int(self) & other)

    def __or__(self, other: int) -> Hex:
        return Hex(int(self) | other)

    def __xor__(self, other: int) -> Hex:
        return Hex(int(self) ^ other)

    def __lshift__(self, other: int) -> Hex:
        return Hex(int(self) << other)

    def __rshift__(self, other: int) -> Hex:
        return Hex(int(self) >> other)

    __radd__, __rand__, __ror__, __rxor__ = __add__, __and__, __or__, __xor__


class Level(enum.IntEnum):
    """The kinds of paging structure, numbered from the bottom. Linux says pte, pmd, pud, p4d, pgd."""

    PT = 1
    PD = 2
    PDPT = 3
    PML4 = 4
    PML5 = 5

    @property
    def shift(self) -> int:
        """The lowest address bit of this level's index: 12 for a PT, 39 for a PML4."""
        return 3 + 9 * self.value

    @property
    def span(self) -> int:
        """The bytes that one entry of this level covers."""
        return 1 << self.shift

    @property
    def entry_name(self) -> str:
        """The manual's name of one entry: PTE, PDE, PDPTE, PML4E, PML5E."""
        return f"{self.name}E" if self.value > Level.PT else "PTE"

    def index(self, va: int) -> int:
        """The nine bits of `va` that select an entry at this level."""
        return va >> self.shift & 0x1FF


def address_width(levels: int) -> int:
    """Bits of a linear address that translation uses: 48 with four levels, 57 with five."""
    if levels not in (4, 5):
        msg = f"Paging here has 4 or 5 levels, not {levels!r}."
        raise ModelError(msg)
    return 12 + 9 * levels


def is_canonical(va: int, levels: int = 4) -> bool:
    """Say whether all bits above the translated ones equal the highest translated one (S104)."""
    upper = whole_number(va, "an address") >> (address_width(levels) - 1)
    return upper in (0, (1 << (65 - address_width(levels))) - 1)


def split(va: int, levels: int = 4) -> dict[str, Hex]:
    """Give the index at every level, top first, and the offset within a 4 KiB page.

    >>> split(0x405937fa3000)
    {'PML4': 0x80, 'PDPT': 0x164, 'PD': 0x1bf, 'PT': 0x1a3, 'offset': 0x0}
    """
    number = whole_number(va, "an address")
    address_width(levels)
    parts = {Level(n).name: Hex(Level(n).index(number)) for n in range(levels, 0, -1)}
    return {**parts, "offset": Hex(number & (KIB4 - 1))}


def sign_extend(number: int, levels: int = 4) -> Hex:
    """Give the canonical address whose translated bits are those of `number`."""
    width = address_width(levels)
    low = whole_number(number, "an address") & (1 << width) - 1
    high = (1 << 64) - (1 << width) if low >> (width - 1) else 0
    return Hex(high | low)
