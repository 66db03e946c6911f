"""Patches 5 and 6 of chapter 15: the two helpers. Which are right is not told here."""

from __future__ import annotations

from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_disable, hw_breakpoint_restore
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.lockdep import lockdep_assert_preemption_disabled
from tempmm_lab.kernel.percpu import current, this_cpu_read
from tempmm_lab.kernel.tlb import leave_mm, switch_mm_irqs_off
from tempmm_lab.kernel.tlbstate import cpumask_clear_cpu


async def unuse_temporary_mm_bit_outside(prev_mm: str) -> None:
    """Patch 5: clear the bit before interrupts are turned off."""
    await lockdep_assert_preemption_disabled()
    await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
    async with irqsave():
        await switch_mm_irqs_off(None, prev_mm, current)
        if await hw_breakpoint_active():
            await hw_breakpoint_restore()


async def use_temporary_mm_unasked(temp_mm: str) -> str:
    """Patch 6, first helper: disarm breakpoints without asking for them."""
    await lockdep_assert_preemption_disabled()
    async with irqsave():
        if await this_cpu_read("is_lazy"):
            await leave_mm()
        prev_mm: str = await this_cpu_read("loaded_mm")
        await switch_mm_irqs_off(None, temp_mm, current)
        await hw_breakpoint_disable()
    return prev_mm


async def unuse_temporary_mm_unasked(prev_mm: str) -> None:
    """Patch 6, second helper: arm them again without asking."""
    await lockdep_assert_preemption_disabled()
    async with irqsave():
        await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
        await switch_mm_irqs_off(None, prev_mm, current)
        await hw_breakpoint_restore()
