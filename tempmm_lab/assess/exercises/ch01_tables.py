"""Page tables for chapter 1's walks: a small page, a large one, and an address that has no byte."""

from __future__ import annotations

from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.hw.address import GIB1, KIB4, MIB2, Level, sign_extend
from tempmm_lab.hw.paging import NX, PS, RW, US, A, D, G, P

PIECES = ("PML4", "PDPT", "PD", "PT")
TABLE = P | RW | US | A | D
REFUSALS = (
    *(("absent", bit) for bit in range(39, 52)),
    *(("reserved", bit) for bit in range(40, 52)),
    *(("address", bit) for bit in range(48, 64)),
)
"""Why the third address of a walk has no byte, and the bit that makes it so. Bit 39 is no reserved one."""


def address(indexes: list[int], offset: int) -> int:
    """Give the canonical address with these four indexes, top first, and this offset."""
    number = offset
    for level, index in zip((4, 3, 2, 1), indexes, strict=True):
        number |= index << Level(level).shift
    return int(sign_extend(number))


WALKS = (
    (1 << 14)
    * 512**4
    * (1 << 20)
    * 512
    * (511 * 512**2 * 2 * 256 * 512)
    * (511 * 512 * (1 << 17) * len(REFUSALS) * 512)
)
"""How many there are: the tables' place, then what is drawn for each of the three addresses."""


def walk_facts(draw: Draw) -> Facts:
    """Three addresses over shared tables: a small page, a large one, and one that is refused."""
    base = 0x100 + draw.below(1 << 14)
    tables = [KIB4 * (8 * base + place) for place in (3, 0, 5, 2, 4, 1)]
    small = [draw.below(512) for _ in PIECES]
    words = {table + 8 * index: below | TABLE for table, below, index in zip(tables, tables[1:4], small, strict=False)}
    words[tables[3] + 8 * small[3]] = 0x1_0000_0000 + KIB4 * draw.below(1 << 20) | P | US | A | D | NX
    places = [
        address(small, 8 * draw.below(512)),
        _large(draw, words, tables, small),
        _refused(draw, words, tables, small),
    ]
    return {"cr3": tables[0], "maxphyaddr": 40, "words": [[pa, words[pa]] for pa in sorted(words)], "addresses": places}


def _large(draw: Draw, words: dict[int, int], tables: list[int], small: list[int]) -> int:
    """Add a page of 2 MiB or 1 GiB beside the small one, and give an address in it."""
    way = [small[0], draw.other(small[1], 512), draw.below(512), draw.below(512)]
    size, frame = draw.one_of((MIB2, GIB1)), draw.below(256)
    leaf = 0x40_0000_0000 + size * frame | P | RW | A | D | PS | G
    if size == GIB1:
        words[tables[1] + 8 * way[1]] = leaf
    else:
        words[tables[1] + 8 * way[1]] = tables[5] | TABLE
        words[tables[5] + 8 * way[2]] = leaf
    return address(way, 8 * draw.below(512))


def _refused(draw: Draw, words: dict[int, int], tables: list[int], small: list[int]) -> int:
    """Add an entry beside those of the small page, and give an address whose walk ends there, or never begins.

    The entry is absent, with or without bits that would be reserved; or one of those is set and it is present; or
    nothing is wrong with it, but with the address.
    """
    way = [small[0], small[1], draw.other(small[2], 512), draw.below(512)]
    frame, at_pt, (why, bit) = draw.below(1 << 16), draw.below(2), draw.one_of(REFUSALS)
    entry = 0x2_0000_0000 + KIB4 * frame | RW | US | A | D
    entry |= P if why != "absent" else 0
    entry |= 1 << bit if why != "address" else 0
    if at_pt:
        words[tables[2] + 8 * way[2]] = tables[4] | TABLE
        words[tables[4] + 8 * way[3]] = entry
    else:
        words[tables[2] + 8 * way[2]] = entry | (PS if why == "address" else 0)
    return address(way, 8 * draw.below(512)) ^ (1 << bit if why == "address" else 0)
