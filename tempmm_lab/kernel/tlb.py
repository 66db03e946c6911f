"""Switching address spaces, and borrowing one: arch/x86/mm/tlb.c as of v6.16.

The order of every step is that of v6.16; what other versions do differently is in `history`. v6.16 as released has the
SWITCHING test in should_flush_tlb() (fea4e317f9e7) and lacks the barrier of 83b0177a6c48, which shows only with store
buffers (`memory="tso"`).
"""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.barrier import smp_mb
from tempmm_lab.kernel.bug import WARN_ON_ONCE
from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_disable, hw_breakpoint_restore
from tempmm_lab.kernel.irqflags import irqs_disabled, irqsave, local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import INIT_MM, LOADED_MM_SWITCHING
from tempmm_lab.kernel.lockdep import lockdep_assert_preemption_disabled
from tempmm_lab.kernel.percpu import IS_ENABLED, current, this_cpu_read, this_cpu_write
from tempmm_lab.kernel.tlbstate import (
    atomic64_read_tlb_gen,
    choose_new_asid,
    cond_mitigation,
    cpumask_clear_cpu,
    cpumask_set_cpu,
    cpumask_test_cpu,
    cr4_update_pce_mm,
    load_new_mm_cr3,
    set_asid_ctx,
    switch_ldt,
    vm_check_cpumask,
    vm_check_loaded_mm,
)
from tempmm_lab.points import versioned


@versioned
async def switch_mm_irqs_off(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """Load `next` on this CPU. Interrupts must be off: `loaded_mm` and CR3 change one after the other.

    The first argument is ignored: what is loaded is read from this CPU's own `loaded_mm`.
    Linux: arch/x86/mm/tlb.c switch_mm_irqs_off(), v6.16.
    """
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
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    if next != INIT_MM and not await cpumask_test_cpu(next):
        await cpumask_set_cpu(next)
    next_tlb_gen = await atomic64_read_tlb_gen(next)
    asid, need_flush = await choose_new_asid(next, next_tlb_gen)
    await load_mm(next, asid, next_tlb_gen, need_flush)
    await cr4_update_pce_mm(next)
    await switch_ldt(next)


async def switch_checks(prev: str, prev_asid: int) -> None:
    """What a debug kernel asks at the top of switch_mm_irqs_off(): RFLAGS.IF itself (S25), and CR3 (S57)."""
    if IS_ENABLED("prove_locking"):
        await WARN_ON_ONCE(not await irqs_disabled(), "interrupts are on (RFLAGS.IF)")
    if IS_ENABLED("debug_vm"):
        await vm_check_loaded_mm(prev, prev_asid)


async def switch_to_same_mm(mm: str, asid: int, was_lazy: bool) -> None:
    """The branch prev == next: nothing to load, unless the CPU was lazy and missed a flush (S50-S52)."""
    if IS_ENABLED("debug_vm"):
        await vm_check_cpumask(mm)
    if not was_lazy:
        return
    await smp_mb()
    next_tlb_gen = await atomic64_read_tlb_gen(mm)
    slots = await this_cpu_read("ctxs")
    if slots[asid][1] == next_tlb_gen:
        return
    await load_mm(mm, asid, next_tlb_gen, need_flush=True)


async def load_mm(mm: str, asid: int, tlb_gen: int, need_flush: bool) -> None:
    """The tail of a switch: the slot, then CR3, then `loaded_mm` (S56)."""
    if need_flush:
        await set_asid_ctx(asid, mm, tlb_gen)
    await load_new_mm_cr3(mm, asid, need_flush)
    await this_cpu_write("loaded_mm", mm)
    await this_cpu_write("loaded_mm_asid", asid)


@versioned
async def switch_mm(prev: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """switch_mm_irqs_off() with interrupts off around it. Linux: tlb.c switch_mm(), v6.16."""
    flags = await local_irq_save()
    await switch_mm_irqs_off(prev, next, tsk)
    await local_irq_restore(flags)


@versioned
async def leave_mm() -> None:
    """Leave lazy mode for init_mm. Linux: tlb.c leave_mm(), v6.16."""
    if await this_cpu_read("loaded_mm") == INIT_MM:
        return
    await WARN_ON_ONCE(not await this_cpu_read("is_lazy"), "leave_mm() on a CPU that is not lazy")
    await switch_mm(None, INIT_MM, None)


@versioned
async def enter_lazy_tlb(mm: Any, tsk: Any) -> None:
    """Keep the loaded mm for a task that has none. Both arguments are ignored. Linux: tlb.c, v6.16 (S55)."""
    del mm, tsk
    if await this_cpu_read("loaded_mm") == INIT_MM:
        return
    await this_cpu_write("is_lazy", True)


@versioned
async def use_temporary_mm(temp_mm: str) -> str:
    """Load `temp_mm` on this CPU; give back the mm to hand to unuse_temporary_mm().

    Preemption must be off until then. Interrupts may be on: they are off only inside.
    Linux: arch/x86/mm/tlb.c use_temporary_mm(), v6.16; commits 58f8ffa91766 and aef1d0209ddf.
    """
    await lockdep_assert_preemption_disabled()
    async with irqsave():
        if await this_cpu_read("is_lazy"):
            await leave_mm()
        prev_mm: str = await this_cpu_read("loaded_mm")
        await switch_mm_irqs_off(None, temp_mm, current)
        if await hw_breakpoint_active():
            await hw_breakpoint_disable()
    return prev_mm


@versioned
async def unuse_temporary_mm(prev_mm: str) -> None:
    """Load `prev_mm` again. Whatever is loaded now loses this CPU's bit in its mask.

    Linux: arch/x86/mm/tlb.c unuse_temporary_mm(), v6.16.
    """
    await lockdep_assert_preemption_disabled()
    async with irqsave():
        await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
        await switch_mm_irqs_off(None, prev_mm, current)
        if await hw_breakpoint_active():
            await hw_breakpoint_restore()


@versioned
async def nmi_uaccess_okay() -> bool:
    """Say whether NMI code may touch user memory: only if the loaded mm is the task's own.

    Linux: arch/x86/mm/tlb.c nmi_uaccess_okay(), v6.16 (S54), without its debug check of CR3.
    """
    loaded = await this_cpu_read("loaded_mm")
    return bool(loaded == await this_cpu_read("current_mm"))
