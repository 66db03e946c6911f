"""Two walkers that know too little, for chapter 1 to improve on. Use `translate` for anything else."""

from __future__ import annotations

from tempmm_lab.hw.address import Level, split
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.paging import Entry
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access


def plain_walk(memory: PhysicalMemory, registers: Registers, va: int, _: Access, **__: object) -> int | None:
    """Walk four levels and look at P, and at nothing else."""
    table = registers.cr3 & 0xFFFFFFFFFF000
    for index in list(split(va).values())[:4]:
        entry = Entry(memory.read64(table + 8 * index))
        if not entry.present:
            return None
        table = entry.address
    return table + va % 4096


def sized_walk(memory: PhysicalMemory, registers: Registers, va: int, _: Access, **__: object) -> int | None:
    """Walk four or five levels, look at P, and stop at large pages."""
    table = registers.cr3 & 0xFFFFFFFFFF000
    for name, index in list(split(va, registers.levels).items())[:-1]:
        entry, level = Entry(memory.read64(table + 8 * index)), Level[name]
        if not entry.present:
            return None
        if entry.is_leaf(level):
            return entry.frame(level) + va % level.span
        table = entry.address
    return None
