"""How other versions did it: single functions that replace those of v6.16.

Each is named by the commit that brought it; its docstring says which one ended it. `builds` says which version has
which. Facts 2.2, 4.2, 5.2, 7.1 and 12.1.
"""

from __future__ import annotations

from tempmm_lab.hw.address import KIB4
from tempmm_lab.kernel.access import Clause
from tempmm_lab.kernel.alternative import clear_alias, compare, map_alias, text_poke_func
from tempmm_lab.kernel.bug import BUG_ON
from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_disable, hw_breakpoint_restore
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import ALIAS, EFI_MM, TEXT_POKE_MM
from tempmm_lab.kernel.lockdep import lockdep_assert_irqs_disabled, lockdep_assert_preemption_disabled
from tempmm_lab.kernel.locks import spin_lock, spin_unlock, text_poke_ptl
from tempmm_lab.kernel.percpu import current, read_once, this_cpu_read, this_cpu_write, write_once
from tempmm_lab.kernel.preempt import preempt_disable, preempt_enable
from tempmm_lab.kernel.tlb import (
    leave_mm,
    switch_mm,
    switch_mm_irqs_off,
    unuse_temporary_mm,
    use_temporary_mm,
)
from tempmm_lab.kernel.tlbflush import PAGE_SHIFT, flush_tlb_info, flush_tlb_mm_range
from tempmm_lab.kernel.tlbstate import (
    cpumask_clear_cpu,
)

# ── use_temporary_mm() and unuse_temporary_mm() ──


async def use_temporary_mm_58f8ffa91766(temp_mm: str) -> str:
    """As posted in April 2025: preemption is asserted, and nothing turns interrupts off (until aef1d0209ddf)."""
    await lockdep_assert_preemption_disabled()
    if await this_cpu_read("is_lazy"):
        await leave_mm()
    prev_mm: str = await this_cpu_read("loaded_mm")
    await switch_mm_irqs_off(None, temp_mm, current)
    if await hw_breakpoint_active():
        await hw_breakpoint_disable()
    return prev_mm


async def unuse_temporary_mm_58f8ffa91766(prev_mm: str) -> None:
    """As posted in April 2025: the bit of whatever is loaded, then the switch (until aef1d0209ddf)."""
    await lockdep_assert_preemption_disabled()
    await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
    await switch_mm_irqs_off(None, prev_mm, current)
    if await hw_breakpoint_active():
        await hw_breakpoint_restore()


async def use_temporary_mm_abee7c494d8c(temp_mm: str) -> str:
    """v5.10 to v6.15: interrupts must be off already; lazy mode is left first (until 58f8ffa91766)."""
    await lockdep_assert_irqs_disabled()
    if await this_cpu_read("is_lazy"):
        await leave_mm()
    prev_mm: str = await this_cpu_read("loaded_mm")
    await switch_mm_irqs_off(None, temp_mm, current)
    if await hw_breakpoint_active():
        await hw_breakpoint_disable()
    return prev_mm


async def use_temporary_mm_cefa929c034e(temp_mm: str) -> str:
    """v5.2 to v5.9: a lazy mm is taken for the mm to come back to (until abee7c494d8c)."""
    await lockdep_assert_irqs_disabled()
    prev_mm: str = await this_cpu_read("loaded_mm")
    await switch_mm_irqs_off(None, temp_mm, current)
    if await hw_breakpoint_active():
        await hw_breakpoint_disable()
    return prev_mm


async def unuse_temporary_mm_209954cbc7d0(prev_mm: str) -> None:
    """v6.14: the switch, then the bit of the text-poking mm, by name (until patch 1/7)."""
    await lockdep_assert_irqs_disabled()
    await switch_mm_irqs_off(None, prev_mm, current)
    await cpumask_clear_cpu(TEXT_POKE_MM)
    if await hw_breakpoint_active():
        await hw_breakpoint_restore()


async def unuse_temporary_mm_cefa929c034e(prev_mm: str) -> None:
    """v5.2 to v6.13: only the switch; it clears the outgoing bit by itself (until 209954cbc7d0)."""
    await lockdep_assert_irqs_disabled()
    await switch_mm_irqs_off(None, prev_mm, current)
    if await hw_breakpoint_active():
        await hw_breakpoint_restore()


# ── who is told of a flush ──


async def should_flush_tlb_209954cbc7d0(mm: str, info: flush_tlb_info) -> tuple[Clause, ...]:
    """v6.14: a CPU that is just switching is skipped (until fea4e317f9e7; CVE-2025-37964)."""
    member = (("cpumask", mm), True)
    if info.freed_tables:
        return ((member,),)
    awake = (member, ("is_lazy", False))
    if info.mm is None or info.trim_cpumask:
        return (awake,)
    return ((*awake, (("loaded", info.mm), True)),)


async def tlb_is_not_lazy(mm: str, info: flush_tlb_info) -> tuple[Clause, ...]:
    """Up to v6.13: every CPU in the mask that is not lazy; all of them if tables are freed (until 209954cbc7d0)."""
    member = (("cpumask", mm), True)
    return ((member,),) if info.freed_tables else ((member, ("is_lazy", False)),)


async def wrong_cpu_before(info: flush_tlb_info, loaded_mm: str) -> bool:
    """Up to v6.13: a flush of an mm that this CPU has just left is ignored; its bit is clear already."""
    return info.mm not in (None, loaded_mm)


# ── text_poke() ──


async def text_poke_b3fd8e83ada0(addr: int, opcode: int, size: int) -> None:
    """v5.2: interrupts off before the pte lock, and on again after it (until a6d996cbd38b)."""
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


# ── EFI ──


async def efi_enter_mm_before() -> None:
    """Up to v6.15: the scheduler's active_mm is faked, and switch_mm() does the rest (until e7021e2fe0b4)."""
    prev_mm = await this_cpu_read("active_mm")
    await write_once("efi_prev_mm", None, prev_mm)
    await this_cpu_write("active_mm", EFI_MM)
    await switch_mm(prev_mm, EFI_MM, None)


async def efi_leave_mm_before() -> None:
    """Up to v6.15: active_mm is put back, then the mm (until e7021e2fe0b4)."""
    prev_mm = await read_once("efi_prev_mm", None)
    await this_cpu_write("active_mm", prev_mm)
    await switch_mm(EFI_MM, prev_mm, None)


async def efi_fpu_begin_before() -> None:
    """Up to v6.14: the kernel's FPU section disables preemption (until d02198550423)."""
    await preempt_disable()


async def efi_fpu_end_before() -> None:
    """Up to v6.14: and enables it again (until d02198550423)."""
    await preempt_enable()
