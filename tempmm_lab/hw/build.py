"""Small page tables to play with: pages in, words of memory out.

Not how a kernel builds its tables: here they are laid one after another, from a root upwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tempmm_lab.errors import ModelError, a_thing, whole_number
from tempmm_lab.hw.address import KIB4, Level, is_canonical
from tempmm_lab.hw.machine import Cpu, Machine
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.paging import PAGE_SIZES, PS, Entry, P
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import Registers

KERNEL = Registers(cr0=0x8005_0033, cr3=0x1000, cr4=0x0000_00A0, efer=0xD01, rflags=0x2, cpl=0)
"""Registers of a kernel in 64-bit mode: paging with PAE and PGE, CR0.WP and NXE on; SMEP, SMAP and PCIDE off."""

TABLE_FLAGS = "P RW US A D"
"""What Linux puts into the entries above a leaf for user memory (0x67)."""

_LEAF_LEVEL = {size: level for level, size in PAGE_SIZES.items()}


@dataclass(frozen=True, slots=True)
class Page:
    """One page to map: an address, the physical address behind it, the leaf's flags, and its size in bytes."""

    va: int
    pa: int
    flags: str = "P RW US A D"
    size: int = KIB4


def build_tables(pages: Iterable[Page], root: int = 0x1000, levels: int = 4) -> dict[int, int]:
    """Give the words of page tables that map `pages`, with the top table at `root` and the others above it.

    Raises:
        ModelError: a page is not aligned to its size, or its address is not canonical, or two pages overlap.
    """
    words: dict[int, int] = {}
    free = [whole_number(root, "the root", bits=51) + KIB4]
    for page in _pages(pages):
        leaf = _check(page, levels)
        table = root
        for number in range(levels, leaf, -1):
            place = table | Level(number).index(page.va) << 3
            if not words.get(place):
                words[place] = Entry.of(free[0], TABLE_FLAGS)
                free[0] += KIB4
            table = Entry(words[place]).address
        place = table | leaf.index(page.va) << 3
        if place in words:
            msg = f"Two pages overlap at {page.va:#x}."
            raise ModelError(msg)
        words[place] = Entry.of(page.pa, page.flags) | (PS if leaf > Level.PT else 0)
    return words


def _pages(pages: Iterable[Page]) -> list[Page]:
    advice = "Give a list of pages, such as [Page(0x7000, 0xA3000)]."
    return [a_thing(page, Page, advice) for page in a_thing(pages, Iterable, advice)]


def _check(page: Page, levels: int) -> Level:
    if whole_number(page.size, "a page's size") not in _LEAF_LEVEL:
        msg = f"A page has 4 KiB, 2 MiB or 1 GiB, not {page.size} bytes."
        raise ModelError(msg)
    if whole_number(page.va, "an address") % page.size or whole_number(page.pa, "a frame", bits=52) % page.size:
        msg = f"Page {page.va:#x} at {page.pa:#x} is not aligned to its size, {page.size:#x}."
        raise ModelError(msg)
    if not is_canonical(page.va, levels):
        msg = f"{page.va:#x} is not canonical with {levels} levels, so no table can map it."
        raise ModelError(msg)
    return _LEAF_LEVEL[page.size]


def machine_with(
    pages: Iterable[Page],
    *,
    words: Mapping[int, int] | None = None,
    registers: Registers = KERNEL,
    cpus: int = 1,
    **processor: Any,
) -> Machine:
    """Give a machine whose page tables map `pages`; further keywords are traits of the `Processor`.

    Data in memory may be given as `words`. Tables start at the address in CR3.
    """
    a_thing(registers, Registers, "The registers must be Registers, such as KERNEL.but(cpl=3).")
    if not whole_number(cpus, "the number of CPUs", bits=10):
        msg = "A machine has at least one CPU."
        raise ModelError(msg)
    top = int(registers.cr3) & ~(KIB4 - 1)
    tables = build_tables(pages, top, registers.levels)
    memory = PhysicalMemory.from_words({**tables, **_data(words)})
    return Machine((Cpu(registers),) * cpus, memory, Processor(**processor))


def _data(words: Mapping[int, int] | None) -> Mapping[int, int]:
    return {} if words is None else a_thing(words, Mapping, "Give words as a dict, such as {0xA3000: 0xA3}.")


def one_page(va: int = 0x7000, frame: int = 0xA3, flags: str = "P RW US A D", **processor: Any) -> Machine:
    """Give a machine with one 4 KiB page mapped. Frames 0xA3 and 0xB7 hold their own number as their first word."""
    number = whole_number(frame, "a frame", bits=40)
    signed = {one * KIB4: one for one in (0xA3, 0xB7, number)}
    return machine_with([Page(va, number * KIB4, flags)], words=signed, **processor)


def with_entry(machine: Machine, va: int, *, frame: int | None = None, flags: str | None = None) -> Machine:
    """Give a machine in which software has rewritten the leaf entry of `va` in memory. No TLB is told.

    What is not given stays. `flags=""` makes the entry not present (all zero but the frame).
    """
    walked = a_thing(machine, Machine, "Give a Machine, such as one_page().").walk(va)
    leaf = walked.levels[-1]
    if leaf.level != Level.PT and not leaf.is_leaf:
        msg = f"{va:#x} has no leaf entry to rewrite: the walk ends at the {leaf.level.entry_name}."
        raise ModelError(msg)
    address = leaf.entry.address if frame is None else whole_number(frame, "a frame", bits=40) * KIB4
    names = leaf.entry.flags if flags is None else flags
    return machine.with_word(leaf.entry_pa, Entry.of(address, names))


def present(machine: Machine, va: int) -> bool:
    """Say whether the tables map `va` now, whatever the TLB says."""
    last = machine.walk(va).levels[-1]
    return bool(last.entry & P) and not last.problem
