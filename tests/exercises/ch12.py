"""Answers to the exercises of chapter 12."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.alternative import clear_alias, map_alias, text_poke_func
from tempmm_lab.kernel.irqflags import irqsave, local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import ALIAS, TEXT_POKE_MM
from tempmm_lab.kernel.locks import spin_lock, spin_unlock, text_poke_ptl
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tempmm_lab.kernel.tlbflush import flush_tlb_mm_range
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function
from tests.exercises.forms import letters, not_so, one_by_one

# ch12-complains

PLACES = ("first", "second", "third", "fourth")


def _each(how: Any) -> Any:
    return lambda facts, *_: {place: how(**one) for place, one in zip(PLACES, facts["situations"], strict=True)}


def by_rules(build: str, count: int, irqs_on: bool, raw: bool, kernel: str) -> list[str]:
    """Ask the three one after the other."""
    lockdep_on, inside = irqs_on != raw, build == "v6.16"
    said = []
    if kernel == "checks" and lockdep_on and (build == "v6.14" or count == 0):
        said.append("helper")
    if kernel != "unchecked" and irqs_on and not inside:
        said.append("switch")
    if kernel == "checks" and lockdep_on and not inside:
        said.append("CR4 write")
    return said


def the_other_way(build: str, count: int, irqs_on: bool, raw: bool, kernel: str) -> list[str]:
    """Begin with all three, and leave out who is content."""
    said = {"CR4 write", "switch", "helper"}
    if kernel == "unchecked":
        return []
    if kernel == "reported":
        said = {"switch"}
    if irqs_on == raw:
        said -= {"helper", "CR4 write"}
    if not irqs_on:
        said -= {"switch"}
    if build == "v6.16":
        said -= {"switch", "CR4 write"}
    if build != "v6.14" and count:
        said -= {"helper"}
    return sorted(said, reverse=True)


def _asks_if(raw: bool, **state: Any) -> list[str]:
    return by_rules(raw=False, **state)


def _silenced(kernel: str, **state: Any) -> list[str]:
    return [] if kernel == "reported" else by_rules(kernel=kernel, **state)


def _no_gates(kernel: str, **state: Any) -> list[str]:
    return by_rules(kernel="checks", **state)


def _posted(build: str, **state: Any) -> list[str]:
    del build
    return by_rules(build="posted", **state)


def _helper_alone(**state: Any) -> list[str]:
    return [one for one in by_rules(**state) if one == "helper"]


wrong("ch12-complains", "all by RFLAGS", _each(_asks_if), "first", "lockdep's own flag", seed=1)
wrong("ch12-complains", "silent after a report", _each(_silenced), "third", "goes on asking")
wrong("ch12-complains", "always checked", _each(_no_gates), "first", "has none of these checks")
wrong("ch12-complains", "the helper alone", _each(_helper_alone), "first fourth", "What the helper calls", seed=1)
wrong("ch12-complains", "as posted", _each(_posted), "second third", "before it calls the switch", seed=17)
wrong("ch12-complains", "no such place", but(first=["lockdep"]), "first", "item 1 should be one of")
wrong("ch12-complains", "a word for a list", but(first="helper"), "first", "should be a list")
right("ch12-complains", "by the rules", _each(by_rules))
right("ch12-complains", "the other way", _each(the_other_way))

# ch12-order

STEPS = (
    "unuse_temporary_mm() is told by its caller which mm's mask loses the bit",
    "NMI code asks nmi_uaccess_okay(), and goes by current->mm",
    "the helpers move from alternative.c to tlb.c, and others may call them",
    "unuse_temporary_mm() looks into this CPU's loaded_mm, which can be seen in tlb.c only",
    "the helpers' assertion asks for preemption off, no longer for interrupts off",
    "EFI's code borrows efi_mm with the helpers",
    "a program that replaces another loads its mm with interrupts off",
)

wrong("ch12-order", "EFI before the assertion", letters(STEPS, 0, 1, 2, 3, 5, 4, 6), "asked", "every call would warn")
wrong("ch12-order", "NMI code last", letters(STEPS, 0, 2, 3, 4, 5, 1, 6), "nmi", "mended before that")
wrong("ch12-order", "looks before the move", letters(STEPS, 0, 1, 3, 2, 4, 5, 6), "moved", "when it is in tlb.c")
wrong("ch12-order", "told at last", letters(STEPS, 1, 2, 3, 0, 4, 5, 6), "told", "something to take back")
wrong("ch12-order", "moves at last", letters(STEPS, 0, 1, 4, 5, 2, 3, 6), "called", "others than the text patcher")
right("ch12-order", "as posted", letters(STEPS, *range(7)))
right("ch12-order", "the neighbour first", letters(STEPS, 6, 2, 4, 0, 3, 1, 5))

# ch12-poke


async def _mapped(addr: int, opcode: int, size: int) -> str:
    await map_alias(addr, False)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & 0xFFF), opcode, size)
    return prev_mm


async def _flushed() -> None:
    await flush_tlb_mm_range(TEXT_POKE_MM, ALIAS, ALIAS + 4096, 12, False)


async def as_linux_does(addr: int, opcode: int, size: int) -> None:
    """Keep interrupts off for the whole window."""
    await spin_lock(text_poke_ptl)
    flags = await local_irq_save()
    prev_mm = await _mapped(addr, opcode, size)
    await clear_alias(False)
    await unuse_temporary_mm(prev_mm)
    await _flushed()
    await local_irq_restore(flags)
    await spin_unlock(text_poke_ptl)


async def until_unuse(addr: int, opcode: int, size: int) -> None:
    """Keep them off until the mm is given back."""
    await spin_lock(text_poke_ptl)
    async with irqsave():
        prev_mm = await _mapped(addr, opcode, size)
        await clear_alias(False)
        await unuse_temporary_mm(prev_mm)
    await _flushed()
    await spin_unlock(text_poke_ptl)


async def the_colleague(addr: int, opcode: int, size: int) -> None:
    """Leave it to the helpers."""
    await spin_lock(text_poke_ptl)
    prev_mm = await _mapped(addr, opcode, size)
    await clear_alias(False)
    await unuse_temporary_mm(prev_mm)
    await _flushed()
    await spin_unlock(text_poke_ptl)


async def around_the_write(addr: int, opcode: int, size: int) -> None:
    """Keep interrupts off for the write alone."""
    await spin_lock(text_poke_ptl)
    await map_alias(addr, False)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    flags = await local_irq_save()
    await text_poke_func(ALIAS + (addr & 0xFFF), opcode, size)
    await clear_alias(False)
    await local_irq_restore(flags)
    await unuse_temporary_mm(prev_mm)
    await _flushed()
    await spin_unlock(text_poke_ptl)


async def always_on_afterwards(addr: int, opcode: int, size: int) -> None:
    """Turn interrupts on, whatever they were."""
    await spin_lock(text_poke_ptl)
    await local_irq_disable()
    prev_mm = await _mapped(addr, opcode, size)
    await clear_alias(False)
    await unuse_temporary_mm(prev_mm)
    await _flushed()
    await local_irq_enable()
    await spin_unlock(text_poke_ptl)


async def without_flush(addr: int, opcode: int, size: int) -> None:
    """Spare the flush."""
    await spin_lock(text_poke_ptl)
    async with irqsave():
        prev_mm = await _mapped(addr, opcode, size)
        await clear_alias(False)
        await unuse_temporary_mm(prev_mm)
    await spin_unlock(text_poke_ptl)


async def without_clearing(addr: int, opcode: int, size: int) -> None:
    """Leave the entry where it is."""
    await spin_lock(text_poke_ptl)
    async with irqsave():
        await unuse_temporary_mm(await _mapped(addr, opcode, size))
        await _flushed()
    await spin_unlock(text_poke_ptl)


async def flushes_first(addr: int, opcode: int, size: int) -> None:
    """Flush while the mm is still loaded and interrupts are off."""
    await spin_lock(text_poke_ptl)
    async with irqsave():
        prev_mm = await _mapped(addr, opcode, size)
        await clear_alias(False)
        await _flushed()
        await unuse_temporary_mm(prev_mm)
    await spin_unlock(text_poke_ptl)


async def never_gives_back(addr: int, opcode: int, size: int) -> None:
    """Write, and do no more."""
    await _mapped(addr, opcode, size)


wrong_function("ch12-poke", the_colleague, "stray", "its stray write reaches kernel text")
wrong_function("ch12-poke", around_the_write, "stray", "A shortest schedule on which it fails (stray, 32 steps)")
wrong_function("ch12-poke", always_on_afterwards, "caller", "find them so again")
wrong_function("ch12-poke", without_flush, "left", "has to be flushed")
wrong_function("ch12-poke", without_clearing, "left", "in the table or in the TLB")
wrong_function("ch12-poke", flushes_first, "every", "On some schedule another rule breaks")
wrong_function("ch12-poke", never_gives_back, "all", "The bytes are not in kernel text")
right("ch12-poke", "as Linux does", lambda _: as_linux_does)
right("ch12-poke", "until the mm is given back", lambda _: until_unuse)

# ch12-allows

FALSE = ("The new assertion", "Since then text_poke()", "A temporary mm", "With the two", "On a kernel")

wrong_about("ch12-allows", "The new assertion", "at nothing in between")
wrong_about("ch12-allows", "Since then text_poke()", "saves and clears IF itself")
wrong_about("ch12-allows", "A temporary mm", "illegal to schedule")
wrong_about("ch12-allows", "With the two", "both warn")
wrong_about("ch12-allows", "A caller that", "nothing can preempt")
right("ch12-allows", "by the beginnings", not_so(*FALSE))
right("ch12-allows", "one by one", one_by_one(*FALSE))
