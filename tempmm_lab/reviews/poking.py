"""Patches 1 to 4 of chapter 15: `__text_poke()`, each as somebody might send it. Which are right is not told here."""

from __future__ import annotations

from tempmm_lab.hw.address import KIB4
from tempmm_lab.kernel.alternative import clear_alias, compare, map_alias, text_poke_func
from tempmm_lab.kernel.bug import BUG_ON
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import ALIAS, TEXT_POKE_MM
from tempmm_lab.kernel.locks import spin_lock, spin_unlock, text_poke_ptl
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tempmm_lab.kernel.tlbflush import PAGE_SHIFT, flush_tlb_mm_range


async def text_poke_helpers_do_it(addr: int, opcode: int, size: int) -> None:
    """Patch 1: leave the interrupts to the helpers."""
    cross_page_boundary = (addr & (KIB4 - 1)) + size > KIB4
    await spin_lock(text_poke_ptl)
    await map_alias(addr, cross_page_boundary)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & (KIB4 - 1)), opcode, size)
    await clear_alias(cross_page_boundary)
    await unuse_temporary_mm(prev_mm)
    await flush_tlb_mm_range(TEXT_POKE_MM, ALIAS, ALIAS + KIB4 * (1 + cross_page_boundary), PAGE_SHIFT, False)
    await BUG_ON(await compare(addr, opcode, size), "the bytes are not what was written")
    await spin_unlock(text_poke_ptl)


async def text_poke_flush_later(addr: int, opcode: int, size: int) -> None:
    """Patch 2: turn interrupts on again before the flush."""
    cross_page_boundary = (addr & (KIB4 - 1)) + size > KIB4
    await spin_lock(text_poke_ptl)
    flags = await local_irq_save()
    await map_alias(addr, cross_page_boundary)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & (KIB4 - 1)), opcode, size)
    await clear_alias(cross_page_boundary)
    await unuse_temporary_mm(prev_mm)
    await local_irq_restore(flags)
    await flush_tlb_mm_range(TEXT_POKE_MM, ALIAS, ALIAS + KIB4 * (1 + cross_page_boundary), PAGE_SHIFT, False)
    await BUG_ON(await compare(addr, opcode, size), "the bytes are not what was written")
    await spin_unlock(text_poke_ptl)


async def text_poke_dead_flush(addr: int, opcode: int, size: int) -> None:
    """Patch 3: drop the flush that reaches nobody."""
    cross_page_boundary = (addr & (KIB4 - 1)) + size > KIB4
    await spin_lock(text_poke_ptl)
    flags = await local_irq_save()
    await map_alias(addr, cross_page_boundary)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & (KIB4 - 1)), opcode, size)
    await clear_alias(cross_page_boundary)
    await unuse_temporary_mm(prev_mm)
    await BUG_ON(await compare(addr, opcode, size), "the bytes are not what was written")
    await local_irq_restore(flags)
    await spin_unlock(text_poke_ptl)


async def text_poke_irqs_first(addr: int, opcode: int, size: int) -> None:
    """Patch 4: turn interrupts off before the lock is taken, and on after it is given back."""
    cross_page_boundary = (addr & (KIB4 - 1)) + size > KIB4
    flags = await local_irq_save()
    await spin_lock(text_poke_ptl)
    await map_alias(addr, cross_page_boundary)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & (KIB4 - 1)), opcode, size)
    await clear_alias(cross_page_boundary)
    await unuse_temporary_mm(prev_mm)
    await flush_tlb_mm_range(TEXT_POKE_MM, ALIAS, ALIAS + KIB4 * (1 + cross_page_boundary), PAGE_SHIFT, False)
    await BUG_ON(await compare(addr, opcode, size), "the bytes are not what was written")
    await spin_unlock(text_poke_ptl)
    await local_irq_restore(flags)
