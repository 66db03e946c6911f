"""Ways to change one rule of the walker: each gives what to put in place of one function of `tempmm_lab.hw`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from tempmm_lab.hw import paging as paging_module
from tempmm_lab.hw import rights as rights_module
from tempmm_lab.hw import walk as walk_module
from tempmm_lab.hw.address import Hex, Level
from tempmm_lab.hw.paging import Entry
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, PageFault, Rights

Patch = tuple[object, str, object]

_reserved, _refusal, _page_fault = paging_module.reserved_bits, rights_module.refusal, rights_module.page_fault
_descend, _top, _through = walk_module.descend, walk_module.top, Rights.through


@dataclass(frozen=True, slots=True)
class Mutant:
    """A walker with a wrong rule: its name, the wrong rule in one sentence, and what is replaced for it."""

    name: str
    rule: str
    patches: tuple[Patch, ...]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Break the walker within a `with` block."""
        with ExitStack() as stack:
            for target, attribute, new in self.patches:
                stack.enter_context(mock.patch.object(target, attribute, new))
            yield


def canonical(check: Callable[[int, int], bool]) -> Patch:
    """Another canonical check, of (address, levels)."""
    return rights_module, "is_canonical", check


def reserves(change: Callable[[Level, int, int], int] | None = None, **facts: Any) -> Patch:
    """Reserved bits under other facts about the processor, or changed afterwards by (level, entry, bits)."""

    def reserved(level: Level, entry: int, **given: Any) -> Hex:
        bits = _reserved(level, entry, **{**given, **facts})
        return Hex(change(level, entry, bits)) if change else bits

    return walk_module, "reserved_bits", reserved


def combines(combine: Callable[[Rights, Entry, Rights], Rights]) -> Patch:
    """Combined rights, from the rights above, the entry, and what the right rule gives."""

    def through(self: Rights, entry: int, *, nxe: bool) -> Rights:
        return combine(self, Entry(entry), _through(self, entry, nxe=nxe))

    return Rights, "through", through


def begins_with(rights: Rights) -> Patch:
    """Walks that begin with these rights."""
    return walk_module, "top", lambda registers, processor: replace(_top(registers, processor), rights=rights)


def as_if(change: Callable[[Registers, Rights, Access], Registers]) -> Patch:
    """Rights judged as if some bits of the registers were others."""

    def refusal(registers: Registers, rights: Rights, access: Access, **more: Any) -> str | None:
        return _refusal(change(registers, rights, access), rights, access, **more)

    return walk_module, "refusal", refusal


def code(change: Callable[[int, Registers, Access], int]) -> Patch:
    """An error code changed afterwards."""

    def page_fault(registers: Registers, va: int, access: Access, **more: Any) -> PageFault:
        fault = _page_fault(registers, va, access, **more)
        return PageFault(change(fault.error_code, registers, access), fault.cr2)

    return walk_module, "page_fault", page_fault


def cr2(change: Callable[[int], int]) -> Patch:
    """Another address in CR2, made from the right one."""

    def page_fault(registers: Registers, va: int, access: Access, **more: Any) -> PageFault:
        return _page_fault(registers, change(va), access, **more)

    return walk_module, "page_fault", page_fault


def marks(change: Callable[[bool, Access], int]) -> Patch:
    """Other bits to set by a successful access, by (whether it is the leaf, access)."""

    def set_bits(levels: tuple[Any, ...], access: Access) -> dict[Hex, Hex]:
        wanted = {step.entry_pa: step.entry | change(step is levels[-1], access) for step in levels}
        return {step.entry_pa: wanted[step.entry_pa] for step in levels if wanted[step.entry_pa] != step.entry}

    return walk_module, "accessed_dirty", set_bits


def judges_on_the_way(*, reserved_only: bool) -> Patch:
    """User mode is refused by US=0 further up, although the walk has stopped at an entry below."""

    def descend(read64: Any, registers: Registers, *more: Any) -> tuple[Any, ...]:
        *upper, last = _descend(read64, registers, *more)
        early = last.problem and registers.cpl == 3 and upper and not upper[-1].rights.user
        if early and (last.entry.present or not reserved_only):
            last = replace(last, problem="", level=Level.PT, rights=upper[-1].rights)
        return (*upper, last)

    return walk_module, "descend", descend


def cr3_flags_kept(registers: Registers, processor: Any) -> Any:
    """Give the start of a walk that takes CR3 bits 3 and 4 for part of the top table's address."""
    start = _top(registers, processor)
    return replace(start, table=start.table | int(registers.cr3) & 0x18)
