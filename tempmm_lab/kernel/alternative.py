"""Patching code: arch/x86/kernel/alternative.c as of v6.16.

The page to patch gets a second, writable mapping in text_poke_mm, for as long as it takes. Left out: the
look-up of struct pages and its BUGs (P2, P3), KASAN, and the compiler barrier (P10), which is nothing in this model.
A copy moves at most 8 bytes within a word, so one copy is one step.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from tempmm_lab.awaiting import op
from tempmm_lab.hw.address import KIB4, Hex
from tempmm_lab.hw.rights import Access as Kind
from tempmm_lab.hw.rights import Fault
from tempmm_lab.hw.translation import translated
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.bug import BUG_ON
from tempmm_lab.kernel.hw_breakpoint import breakpoint_hit
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import ALIAS, ALIAS_PTE, TEXT, TEXT_FRAMES, TEXT_POKE_MM
from tempmm_lab.kernel.lockdep import lockdep_assert_held
from tempmm_lab.kernel.locks import spin_lock, spin_unlock, text_mutex, text_poke_ptl
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tempmm_lab.kernel.tlbflush import PAGE_SHIFT, flush_tlb_mm_range
from tempmm_lab.kernel.uaccess import PGD_BITS
from tempmm_lab.points import versioned

INT3 = 0xCC


def frame_of(addr: int) -> int:
    """Give the frame behind an address of kernel text."""
    return int(dict(zip(TEXT, TEXT_FRAMES, strict=True))[Hex(addr & ~(KIB4 - 1))])


@op
def set_pte_at(cpu: Access, alias: int, entry: int) -> None:
    """Write the leaf entry of an alias page. No CPU is told."""
    cpu.write(cpu.world.alias_ptes[alias], entry)


@op
def pte_clear(cpu: Access, alias: int) -> None:
    """Clear the leaf entry of an alias page. No CPU is told."""
    cpu.write(cpu.world.alias_ptes[alias], 0)


def spliced(word: int, offset: int, value: int, size: int) -> int:
    """Give a word in which `size` bytes from byte `offset` on are those of `value`."""
    mask = (1 << 8 * size) - 1
    return word & ~(mask << 8 * offset) | (value & mask) << 8 * offset


@op
def text_poke_memcpy(cpu: Access, dst: int, value: int, size: int) -> Fault | None:
    """Copy bytes to an address, through whatever translation this CPU uses for it."""
    if breakpoint_hit(cpu, dst):
        cpu.report("BUG: #DB in kernel mode, from a breakpoint that user space set")
    found = translated(cpu, dst & ~7, Kind.WRITE)
    if not isinstance(found, Hex):
        return found
    cpu.write(int(found), spliced(cpu.read(int(found)), dst & 7, value, size))
    return None


@op
def memcmp(cpu: Access, addr: int, value: int, size: int) -> bool:
    """Say whether the bytes at a text address differ from `value`, read through the normal mapping."""
    pa = frame_of(addr) | addr & (KIB4 - 8)
    return (int(cpu.read(pa)) >> 8 * (addr & 7)) & ((1 << 8 * size) - 1) != value & ((1 << 8 * size) - 1)


@versioned
async def __text_poke(addr: int, opcode: int, size: int) -> None:
    """Write up to 8 bytes of code through the alias in text_poke_mm, with interrupts off for the whole window.

    Linux: arch/x86/kernel/alternative.c __text_poke(), v6.16.
    """
    cross_page_boundary = (addr & (KIB4 - 1)) + size > KIB4
    await spin_lock(text_poke_ptl)
    flags = await local_irq_save()
    await map_alias(addr, cross_page_boundary)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & (KIB4 - 1)), opcode, size)
    await clear_alias(cross_page_boundary)
    await unuse_temporary_mm(prev_mm)
    await flush_tlb_mm_range(TEXT_POKE_MM, ALIAS, ALIAS + KIB4 * (1 + cross_page_boundary), PAGE_SHIFT, False)
    await BUG_ON(await compare(addr, opcode, size), "the bytes are not what was written")
    await local_irq_restore(flags)
    await spin_unlock(text_poke_ptl)


async def map_alias(addr: int, both: bool) -> None:
    """P7: the target page, and the one after it if the write crosses into it (S43)."""
    await set_pte_at(ALIAS, frame_of(addr) | ALIAS_PTE)
    if both:
        await set_pte_at(ALIAS + KIB4, frame_of(addr + KIB4) | ALIAS_PTE)


async def clear_alias(both: bool) -> None:
    """P11: while text_poke_mm is still loaded."""
    await pte_clear(ALIAS)
    if both:
        await pte_clear(ALIAS + KIB4)


async def text_poke_func(dst: int, value: int, size: int) -> None:
    """P9: the write, word by word where it crosses one."""
    first = min(size, 8 - (dst & 7))
    await text_poke_memcpy(dst, value & ((1 << 8 * first) - 1), first)
    if first < size:
        await text_poke_memcpy(dst + first, value >> 8 * first, size - first)


async def compare(addr: int, value: int, size: int) -> bool:
    """P14: through the normal, read-only mapping."""
    first = min(size, 8 - (addr & 7))
    if await memcmp(addr, value, first):
        return True
    return first < size and await memcmp(addr + first, value >> 8 * first, size - first)


@versioned
async def text_poke(addr: int, opcode: int, size: int) -> None:
    """Patch code. The caller holds text_mutex. Linux: alternative.c text_poke(), v6.16."""
    await lockdep_assert_held(text_mutex)
    await __text_poke(addr, opcode, size)


@op
def poke_begins(cpu: Access, addr: int) -> None:
    """For the rule no-writable-text-left: this page is being patched, so a writable translation is right."""
    cpu.note(("poked", frame_of(addr)), False)


@op
def poke_returned(cpu: Access, addr: int) -> None:
    """For the rule no-writable-text-left: from here on there must be none."""
    cpu.note(("poked", frame_of(addr)), True)


@versioned
async def text_poke_sync() -> None:
    """Serialise every CPU. Linux: alternative.c smp_text_poke_sync_each_cpu(), v6.16."""
    from tempmm_lab.kernel.smp import ONLINE, smp_call_function_many_cond

    await smp_call_function_many_cond(("do_sync_core",), ONLINE, run_local=True)


Sites = tuple[tuple[int, int, int], ...]
"""Patch sites: (address, new bytes as a little-endian number, how many)."""


@versioned
async def smp_text_poke_batch_finish(sites: Sites) -> None:
    """Patch code that may be running: INT3 first, then the tails, then the first bytes (S44, S45).

    Linux: alternative.c smp_text_poke_batch_finish(), v6.16. The per-CPU references of the handler are one here.
    """
    await publish_sites(sites)
    for addr, _, _ in sites:
        await text_poke(addr, INT3, 1)
    await text_poke_sync()
    await _round(sites, lambda addr, new, size: text_poke(addr + 1, new >> 8, size - 1), lambda _, size: size > 1)
    await _round(sites, lambda addr, new, _: text_poke(addr, new & 0xFF, 1), lambda new, _: new & 0xFF != INT3)
    await withdraw_sites()


async def _round(
    sites: Sites, poke: Callable[[int, int, int], Coroutine[Any, Any, None]], due: Callable[[int, int], bool]
) -> None:
    """One round over the sites, and a serialisation of all CPUs if anything was written."""
    for addr, new, size in sites:
        if due(new, size):
            await poke(addr, new, size)
    if any(due(new, size) for _, new, size in sites):
        await text_poke_sync()


@op
def publish_sites(cpu: Access, sites: Sites) -> None:
    """Let the INT3 handler find the sites, before the first INT3 goes in."""
    cpu.write(("text_poke_array", None), sites)


@op
def withdraw_sites(cpu: Access) -> None:
    """No site is being patched any more. The last reference is given up with a locked decrement."""
    cpu.write_locked(("text_poke_array", None), ())


@op
def execute(cpu: Access, addr: int, size: int) -> str:
    """Run the instruction at a text address; answer what was run.

    A CPU sees the old bytes, the new ones, or an INT3, whose handler does what the new ones would (S45).
    """
    word = int(cpu.read(frame_of(addr) | addr & (KIB4 - 8))) >> 8 * (addr & 7)
    there = word & ((1 << 8 * size) - 1)
    if there & 0xFF == INT3:
        return smp_text_poke_int3_handler(cpu, addr)
    return f"{there:#x}"


def smp_text_poke_int3_handler(cpu: Access, addr: int) -> str:
    """Find the site and do what the new instruction would. Linux: alternative.c smp_text_poke_int3_handler(), v6.16."""
    for site, new, _ in cpu.read(("text_poke_array", None)):
        if site == addr:
            return f"emulated {new:#x}"
    cpu.report("BUG: an INT3 that belongs to nobody")
    return "int3"


def writable_text(pte: int) -> bool:
    """Say whether a leaf entry is a writable mapping of a page of kernel text."""
    return bool(pte & 1 and pte & 2) and (pte & PGD_BITS) in TEXT_FRAMES
