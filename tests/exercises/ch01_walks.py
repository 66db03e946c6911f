"""Walks for chapter 1's exercise: two right ones, and some that lack a rule each."""

from __future__ import annotations

from typing import Any

from tempmm_lab import translate
from tempmm_lab.hw.paging import Entry
from tempmm_lab.hw.rights import GeneralProtection
from tests.exercises.answers import right, wrong_function


def my_walk(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Any:
    """Walk without any call of the library, in one loop."""
    levels = registers.levels
    if va >> 11 + 9 * levels not in {0, (1 << 53 - 9 * levels) - 1}:
        return "not canonical"
    table = registers.cr3 & 0xFFFFFFFFFF000
    for level in range(levels, 0, -1):
        shift = 3 + 9 * level
        entry = int(memory.read64(table + (va >> shift) % 512 * 8))
        if not entry % 2:
            return "not present"
        leaf = level == 1 or (level < 4 and entry >> 7 & 1)
        bad = (entry & 0xFFFFFFFFFF000) >> processor["maxphyaddr"] or (level > 3 and entry >> 7 & 1)
        bad = bad or (not registers.bit("NXE") and entry >> 63)
        if bad or (leaf and entry & (1 << shift) - 1 & ~0x1FFF & (-1 if level > 1 else 0)):
            return "reserved"
        if leaf:
            return (entry & 0xFFFFFFFFFF000 & -(1 << shift)) | va & (1 << shift) - 1
        table = entry & 0xFFFFFFFFFF000
    return None


def with_translate(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Any:
    """Let the library do it."""
    walk = translate(memory, registers, va, access, **processor)
    if walk.pa is not None:
        return walk.pa
    if isinstance(walk.fault, GeneralProtection):
        return "not canonical"
    return "reserved" if walk.fault.error_code & 8 else "not present"  # type: ignore[union-attr]


def no_sizes(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Any:
    """Take a large page for a table."""
    found = with_translate(memory, registers, va, access, **processor)
    walk = translate(memory, registers, va, access, **processor)
    return "not present" if walk.page_size not in {None, 4096} else found


def small_offsets(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Any:
    """Give every page an offset of 12 bits."""
    walk = translate(memory, registers, va, access, **processor)
    if walk.pa is not None and walk.page_size is not None:
        return walk.pa & -walk.page_size | va % 4096
    return with_translate(memory, registers, va, access, **processor)


def four_levels(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Any:
    """Begin at a PML4 always."""
    return with_translate(memory, registers.but(LA57=0), va, access, **processor)


def no_reserved(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Any:
    """Know no reserved bits."""
    table = registers.cr3 & 0xFFFFFFFFFF000
    if with_translate(memory, registers, va, access, **processor) == "not canonical":
        return "not canonical"
    for level in range(registers.levels, 0, -1):
        entry, size = Entry(memory.read64(table + 8 * (va >> 3 + 9 * level & 511))), 1 << 3 + 9 * level
        if not entry.present:
            return "not present"
        if level == 1 or (level < 4 and entry.ps):
            return (entry.address & -size) + va % size
        table = entry.address
    return None


def any_address(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Any:
    """Let every address pass."""
    bits = 12 + 9 * registers.levels
    low = va & (1 << bits) - 1
    canonical = low | (-1 << bits & (1 << 64) - 1 if low >> bits - 1 else 0)
    return with_translate(memory, registers, canonical, access, **processor)


def unfinished(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Any:
    """Give nothing."""


def raises(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Any:
    """Divide by nothing."""
    return va // 0


def gives_a_set(memory: Any, registers: Any, va: int, access: Any, **processor: Any) -> Any:
    """Give something that is no plain data."""
    return {va}


wrong_function("ch01-build", no_sizes, "large", "reads a large page as a table")
wrong_function("ch01-build", small_offsets, "large", "12 bits for every page")
wrong_function("ch01-build", four_levels, "five canonical", "ask registers.levels")
wrong_function("ch01-build", no_reserved, "reserved", "knows no reserved bits")
wrong_function("ch01-build", any_address, "canonical", "whether the address is canonical")
wrong_function("ch01-build", unfinished, "all", "Is it finished?")
wrong_function("ch01-build", raises, "all", "ZeroDivisionError")
wrong_function("ch01-build", gives_a_set, "all", "holds a set")
right("ch01-build", "in one loop", lambda _: my_walk)
right("ch01-build", "with translate()", lambda _: with_translate)
