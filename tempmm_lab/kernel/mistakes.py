"""Kernel functions with one thing wrong, for the known failures: what a line was there for shows when it is gone.

Use one with `BUILDS["v6.16"].patched(**MISTAKES["no-irqsave"])`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.hw.address import KIB4
from tempmm_lab.kernel.access import Clause
from tempmm_lab.kernel.alternative import clear_alias, compare, map_alias, text_poke_func
from tempmm_lab.kernel.bug import BUG_ON
from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_restore
from tempmm_lab.kernel.irqflags import irqsave, local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import ALIAS, INIT_MM, LOADED_MM_SWITCHING, OTHER_MM, TEXT_POKE_MM
from tempmm_lab.kernel.lockdep import lockdep_assert_preemption_disabled
from tempmm_lab.kernel.locks import spin_lock, spin_unlock, text_poke_ptl
from tempmm_lab.kernel.percpu import current, this_cpu_read, this_cpu_write
from tempmm_lab.kernel.tlb import (
    leave_mm,
    load_mm,
    switch_checks,
    switch_mm_irqs_off,
    switch_to_same_mm,
    unuse_temporary_mm,
    use_temporary_mm,
)
from tempmm_lab.kernel.tlbflush import PAGE_SHIFT, flush_tlb_info, flush_tlb_mm_range
from tempmm_lab.kernel.tlbstate import (
    atomic64_read_tlb_gen,
    choose_new_asid,
    cond_mitigation,
    cpumask_clear_cpu,
    cpumask_set_cpu,
    cr4_update_pce_mm,
    switch_ldt,
)

OFFSET = KIB4 - 1


async def text_poke_irqs_on(addr: int, opcode: int, size: int) -> None:
    """__text_poke() without local_irq_save(): the window is open to interrupts (6.1)."""
    await spin_lock(text_poke_ptl)
    await map_alias(addr, False)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & OFFSET), opcode, size)
    await clear_alias(False)
    await unuse_temporary_mm(prev_mm)
    await flush_tlb_mm_range(TEXT_POKE_MM, ALIAS, ALIAS + KIB4, PAGE_SHIFT, False)
    await BUG_ON(await compare(addr, opcode, size), "the bytes are not what was written")
    await spin_unlock(text_poke_ptl)


async def text_poke_no_unuse(addr: int, opcode: int, size: int) -> None:
    """__text_poke() that forgets to give the mm back (6.6)."""
    await spin_lock(text_poke_ptl)
    flags = await local_irq_save()
    await map_alias(addr, False)
    await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & OFFSET), opcode, size)
    await clear_alias(False)
    await local_irq_restore(flags)
    await spin_unlock(text_poke_ptl)


async def text_poke_wrong_cookie(addr: int, opcode: int, size: int) -> None:
    """__text_poke() that gives back to another process's mm (6.7)."""
    await spin_lock(text_poke_ptl)
    flags = await local_irq_save()
    await map_alias(addr, False)
    await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & OFFSET), opcode, size)
    await clear_alias(False)
    await unuse_temporary_mm(OTHER_MM)
    await flush_tlb_mm_range(TEXT_POKE_MM, ALIAS, ALIAS + KIB4, PAGE_SHIFT, False)
    await local_irq_restore(flags)
    await spin_unlock(text_poke_ptl)


async def text_poke_no_flush(addr: int, opcode: int, size: int) -> None:
    """__text_poke() without the flush that flushes nothing (6.10)."""
    await spin_lock(text_poke_ptl)
    flags = await local_irq_save()
    await map_alias(addr, False)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & OFFSET), opcode, size)
    await clear_alias(False)
    await unuse_temporary_mm(prev_mm)
    await BUG_ON(await compare(addr, opcode, size), "the bytes are not what was written")
    await local_irq_restore(flags)
    await spin_unlock(text_poke_ptl)


async def text_poke_early_flush(addr: int, opcode: int, size: int) -> None:
    """__text_poke() that flushes before it gives the mm back (S41)."""
    await spin_lock(text_poke_ptl)
    flags = await local_irq_save()
    await map_alias(addr, False)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & OFFSET), opcode, size)
    await clear_alias(False)
    await flush_tlb_mm_range(TEXT_POKE_MM, ALIAS, ALIAS + KIB4, PAGE_SHIFT, False)
    await unuse_temporary_mm(prev_mm)
    await BUG_ON(await compare(addr, opcode, size), "the bytes are not what was written")
    await local_irq_restore(flags)
    await spin_unlock(text_poke_ptl)


async def use_temporary_mm_armed(temp_mm: str) -> str:
    """use_temporary_mm() that leaves the breakpoints armed (6.9)."""
    await lockdep_assert_preemption_disabled()
    async with irqsave():
        if await this_cpu_read("is_lazy"):
            await leave_mm()
        prev_mm: str = await this_cpu_read("loaded_mm")
        await switch_mm_irqs_off(None, temp_mm, current)
    return prev_mm


async def unuse_temporary_mm_raw_cr3(prev_mm: str) -> None:
    """unuse_temporary_mm() that forgets the bit of the mm it leaves."""
    await lockdep_assert_preemption_disabled()
    async with irqsave():
        await switch_mm_irqs_off(None, prev_mm, current)
        if await hw_breakpoint_active():
            await hw_breakpoint_restore()


async def unuse_temporary_mm_late_clear(prev_mm: str) -> None:
    """unuse_temporary_mm() that clears the bit of whatever is loaded, but after the switch: it hits the wrong mm."""
    await lockdep_assert_preemption_disabled()
    async with irqsave():
        await switch_mm_irqs_off(None, prev_mm, current)
        await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
        if await hw_breakpoint_active():
            await hw_breakpoint_restore()


async def should_flush_tlb_never_lazy(mm: str, info: flush_tlb_info) -> tuple[Clause, ...]:
    """should_flush_tlb() that skips lazy CPUs although tables are freed (6.12)."""
    awake = (("cpumask", mm), True), ("is_lazy", False)
    return ((*awake, (("loaded", info.mm), True)),)


async def switch_mm_irqs_off_generation_first(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """v5.10's switch_mm_irqs_off() that reads the generation before it sets the bit (4.2.7)."""
    del unused
    prev = await this_cpu_read("loaded_mm")
    prev_asid = await this_cpu_read("loaded_mm_asid")
    was_lazy = await this_cpu_read("is_lazy")
    await switch_checks(prev, prev_asid)
    if was_lazy:
        await this_cpu_write("is_lazy", False)
    if prev == next:
        await switch_to_same_mm(next, prev_asid, was_lazy)
        return
    await cond_mitigation(tsk)
    if prev != INIT_MM:
        await cpumask_clear_cpu(prev)
    next_tlb_gen = await atomic64_read_tlb_gen(next)
    if next != INIT_MM:
        await cpumask_set_cpu(next)
    asid, need_flush = await choose_new_asid(next, next_tlb_gen)
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    await load_mm(next, asid, next_tlb_gen, need_flush)
    await cr4_update_pce_mm(next)
    await switch_ldt(next)


MISTAKES: dict[str, dict[str, Callable[..., Any]]] = {
    "no-irqsave": {"__text_poke": text_poke_irqs_on},
    "no-unuse": {"__text_poke": text_poke_no_unuse},
    "wrong-cookie": {"__text_poke": text_poke_wrong_cookie},
    "no-flush": {"__text_poke": text_poke_no_flush},
    "early-flush": {"__text_poke": text_poke_early_flush},
    "armed": {"use_temporary_mm": use_temporary_mm_armed},
    "bit-left": {"unuse_temporary_mm": unuse_temporary_mm_raw_cr3},
    "late-clear": {"unuse_temporary_mm": unuse_temporary_mm_late_clear},
    "generation-first": {"switch_mm_irqs_off": switch_mm_irqs_off_generation_first},
    "lazy-skipped": {"should_flush_tlb": should_flush_tlb_never_lazy},
}
"""Name of the mistake -> the functions that make it."""
