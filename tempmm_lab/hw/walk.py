"""The page-table walk: from CR3 and an address to a byte, or to a fault.

Source: Intel SDM vol. 3, "4-Level Paging and 5-Level Paging", "Access Rights", "Page-Fault Exceptions",
"Accessed and Dirty Flags".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tempmm_lab.errors import a_thing, whole_number
from tempmm_lab.hw.address import ADDRESS_BITS, Hex, Level
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.paging import PAGE_SIZES, A, D, Entry, reserved_bits
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import (
    Access,
    Fault,
    GeneralProtection,
    Rights,
    as_access,
    page_fault,
    refusal,
    refused_before_paging,
)


@dataclass(frozen=True, slots=True)
class WalkLevel:
    """One entry that a walk looked at."""

    level: Level
    index: int
    entry_pa: Hex
    entry: Entry
    rights: Rights
    problem: str = ""

    @property
    def is_leaf(self) -> bool:
        """Whether the walk ends here with a page."""
        return not self.problem and self.entry.is_leaf(self.level)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a walk begins: a table, its level, and the rights collected above it (all of them at the top)."""

    level: Level
    table: int
    rights: Rights = Rights()


@dataclass(frozen=True, slots=True)
class Walk:
    """The whole answer to one access.

    Attributes:
        pa: the physical address of the byte, or None if the access faults.
        fault: None, a `PageFault`, or a `GeneralProtection`.
        levels: every entry looked at, top first.
        page_size: bytes of the page found (4096, 2 MiB, 1 GiB), or None if no page was reached.
        accessed_dirty: the entries that a successful access rewrites, `{physical address: new word}`.
        rights: combined over the levels, or None if no page was reached.
        reason: one sentence on why it faults, or "".
    """

    va: Hex
    access: Access
    registers: Registers
    pa: Hex | None
    fault: Fault | None
    levels: tuple[WalkLevel, ...]
    page_size: int | None
    accessed_dirty: dict[Hex, Hex]
    rights: Rights | None
    reason: str

    @property
    def leaf(self) -> WalkLevel | None:
        """The entry that maps the page, or None if no page was reached."""
        return self.levels[-1] if self.page_size is not None else None

    def __str__(self) -> str:
        end = f"{self.pa:#x}" if self.pa is not None else f"{self.fault}"
        return f"{self.access.value} {self.va:#x} -> {end}"


def translate(
    memory: PhysicalMemory,
    registers: Registers,
    va: int,
    access: Access,
    *,
    vendor: str = "intel",
    maxphyaddr: int = 52,
    gb_pages: bool = True,
) -> Walk:
    """Walk the page tables for one access, with no TLB: the answer of the tables themselves.

    Protection keys are not modelled (as if PKRU were 0), and LAM tags are not removed from `va`.

    Raises:
        ModelError: an argument is no address, no access or no such processor, or the registers do not select
            4- or 5-level paging; or the memory is a recording that lacks a word.
    """
    processor = Processor(vendor=vendor, maxphyaddr=maxphyaddr, gb_pages=gb_pages)
    a_thing(memory, PhysicalMemory, "Give the memory first: PhysicalMemory.from_words({...}).")
    a_thing(registers, Registers, "Give Registers second, such as snapshot.registers.")
    return walk(memory.read64, registers, whole_number(va, "an address"), as_access(access), processor)


def walk(
    read64: Callable[[int], int],
    registers: Registers,
    va: int,
    access: Access,
    processor: Processor,
    start: Start | None = None,
    *,
    implicit: bool = False,
) -> Walk:
    """Do what `translate` does over any way of reading memory, from the top table or from a cached `start`."""
    registers.require_long_mode()
    refused = refused_before_paging(registers, va, access, implicit=implicit)
    if refused:
        return Walk(Hex(va), access, registers, None, GeneralProtection(), (), None, {}, None, refused)
    levels = descend(read64, registers, va, processor, start or top(registers, processor))
    last = levels[-1]
    if last.problem:
        fault: Fault | None = page_fault(
            registers, va, access, present=last.entry.present, reserved=last.entry.present, implicit=implicit
        )
        return Walk(Hex(va), access, registers, None, fault, levels, None, {}, None, last.problem)
    size = PAGE_SIZES[last.level]
    reason = refusal(registers, last.rights, access, implicit=implicit)
    if reason:
        fault = page_fault(registers, va, access, present=True, implicit=implicit)
        return Walk(Hex(va), access, registers, None, fault, levels, size, {}, last.rights, reason)
    pa = last.entry.frame(last.level) | va & (size - 1)
    return Walk(Hex(va), access, registers, pa, None, levels, size, accessed_dirty(levels, access), last.rights, "")


def top(registers: Registers, processor: Processor) -> Start:
    """Give the table that CR3 names."""
    return Start(Level(registers.levels), int(registers.cr3) & ADDRESS_BITS & ((1 << processor.maxphyaddr) - 1))


def descend(
    read64: Callable[[int], int], registers: Registers, va: int, processor: Processor, start: Start
) -> tuple[WalkLevel, ...]:
    """Give every entry from `start` down to the page, or to the entry that stops the walk.

    At each level the order is: present, then reserved bits. Rights are judged after the walk, on all levels together.
    """
    nxe = registers.bit("NXE")
    level, table, rights = start.level, start.table, start.rights
    seen: list[WalkLevel] = []
    while True:
        entry_pa = Hex(table | level.index(va) << 3)
        entry = Entry(read64(entry_pa))
        rights = rights.through(entry, nxe=nxe)
        problem = _problem(level, entry, processor, nxe=nxe)
        seen.append(WalkLevel(level, level.index(va), entry_pa, entry, rights, problem))
        if problem or entry.is_leaf(level):
            return tuple(seen)
        level, table = Level(level - 1), entry.address


def _problem(level: Level, entry: Entry, processor: Processor, *, nxe: bool) -> str:
    if not entry.present:
        return f"P=0 in the {level.entry_name}: nothing is mapped here"
    bits = reserved_bits(
        level,
        entry,
        nxe=nxe,
        vendor=processor.vendor,
        maxphyaddr=processor.maxphyaddr,
        gb_pages=processor.gb_pages,
    )
    return f"reserved bits {bits} are set in the {level.entry_name}" if bits else ""


def accessed_dirty(levels: tuple[WalkLevel, ...], access: Access) -> dict[Hex, Hex]:
    """Give the words that a successful access rewrites: A in every entry used, D in the leaf of a write (S105)."""
    changed: dict[Hex, Hex] = {}
    for step in levels:
        word = step.entry | A
        if access is Access.WRITE and step is levels[-1]:
            word |= D
        if word != step.entry:
            changed[step.entry_pa] = Hex(word)
    return changed
