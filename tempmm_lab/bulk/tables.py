"""Page tables for a trace that came without any: what it touched is mapped, with the rights it used."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.bulk.addresses import AddressTrace
from tempmm_lab.errors import ModelError, a_thing, whole_number
from tempmm_lab.hw.address import KIB4, Hex, is_canonical
from tempmm_lab.hw.build import KERNEL, Page, build_tables
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.registers import Registers

FIRST_ROOT, FIRST_FRAME = 0x10_0000, 0x1_0000_0000


@dataclass(frozen=True, slots=True)
class TraceTables:
    """Memory with page tables, the registers to use them with, and the top table of each address space."""

    memory: PhysicalMemory
    registers: Registers
    roots: dict[int, Hex]


def tables_for(trace: AddressTrace, frame: int = FIRST_FRAME) -> TraceTables:
    """Give page tables in which every access of a trace succeeds at CPL 3.

    Each space has its own tables and frames, one frame of 4 KiB after another from `frame` on, by address. A page
    that is written is writable, one that is executed is executable. A and D are clear.

    Raises:
        ModelError: an address is not canonical.
    """
    a_thing(trace, AddressTrace, "Give a trace, such as AddressTrace.recorded().")
    next_frame = whole_number(frame, "a frame", bits=51)
    words: dict[int, int] = {}
    roots = {}
    kinds: dict[tuple[int, int], int] = {}
    for va, kind, space in zip(trace.va, trace.kind, trace.space, strict=True):
        place = space, va >> 12
        kinds[place] = kinds.get(place, 0) | 1 << kind
    root = FIRST_ROOT
    for space in sorted({space for space, _ in kinds}):
        mine = sorted(number for owner, number in kinds if owner == space)
        if any(not is_canonical(number << 12) for number in mine):
            raise ModelError("The trace holds an address that is not canonical with 4 levels: no table can map it.")
        pages = [
            Page(number << 12, next_frame + KIB4 * place, _flags(kinds[space, number]))
            for place, number in enumerate(mine)
        ]
        next_frame += KIB4 * len(mine)
        tables = build_tables(pages, root)
        words |= tables
        roots[space] = Hex(root)
        root = (max(tables) & -KIB4) + KIB4
    first = min(roots.values(), default=Hex(0x1000))
    return TraceTables(PhysicalMemory.from_words(words), KERNEL.but(cpl=3, cr3=first), roots)


def _flags(kinds: int) -> str:
    return "P US" + (" RW" if kinds & 2 else "") + ("" if kinds & 4 else " NX")
