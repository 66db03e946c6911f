"""Attempts at mending the helpers as posted in April 2025 (58f8ffa91766): some do too little, one does too much.

Use one with `BUILDS["posted"].patched(**ATTEMPTS["bit-again"])`. "guard" is what Linux did (aef1d0209ddf).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.efi import (
    efi_enter_mm,
    efi_fpu_begin,
    efi_fpu_end,
    efi_leave_mm,
    efi_sync_low_kernel_mappings,
    firmware_restrict_branch_speculation_end,
    firmware_restrict_branch_speculation_start,
)
from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_disable, hw_breakpoint_restore
from tempmm_lab.kernel.irqflags import irqsave, local_irq_disable, local_irq_enable
from tempmm_lab.kernel.layout import INIT_MM, LOADED_MM_SWITCHING
from tempmm_lab.kernel.lockdep import lockdep_assert_preemption_disabled
from tempmm_lab.kernel.percpu import IS_ENABLED, current, this_cpu_read, this_cpu_write
from tempmm_lab.kernel.preempt import preempt_disable, preempt_enable
from tempmm_lab.kernel.tlb import leave_mm, load_mm, switch_checks, switch_mm, switch_mm_irqs_off, switch_to_same_mm
from tempmm_lab.kernel.tlbstate import (
    atomic64_read_tlb_gen,
    choose_new_asid,
    cond_mitigation,
    cpumask_clear_cpu,
    cpumask_set_cpu,
    cpumask_test_cpu,
    cr4_update_pce_mm,
    switch_ldt,
    vm_check_outgoing,
)


async def use_temporary_mm_preempt_off(temp_mm: str) -> str:
    """Preemption off once more, inside."""
    await lockdep_assert_preemption_disabled()
    await preempt_disable()
    if await this_cpu_read("is_lazy"):
        await leave_mm()
    prev_mm: str = await this_cpu_read("loaded_mm")
    await switch_mm_irqs_off(None, temp_mm, current)
    if await hw_breakpoint_active():
        await hw_breakpoint_disable()
    await preempt_enable()
    return prev_mm


async def unuse_temporary_mm_preempt_off(prev_mm: str) -> None:
    """Preemption off once more, inside."""
    await lockdep_assert_preemption_disabled()
    await preempt_disable()
    await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
    await switch_mm_irqs_off(None, prev_mm, current)
    if await hw_breakpoint_active():
        await hw_breakpoint_restore()
    await preempt_enable()


async def switch_mm_irqs_off_around_cr3(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """Interrupts off around the write of CR3 and the notes that follow it."""
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
    if IS_ENABLED("debug_vm"):
        await vm_check_outgoing(prev)
    if next != INIT_MM and not await cpumask_test_cpu(next):
        await cpumask_set_cpu(next)
    next_tlb_gen = await atomic64_read_tlb_gen(next)
    asid, need_flush = await choose_new_asid(next, next_tlb_gen)
    async with irqsave():
        await load_mm(next, asid, next_tlb_gen, need_flush)
    await cr4_update_pce_mm(next)
    await switch_ldt(next)


async def switch_mm_irqs_off_late_switching(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """The same, and SWITCHING is not stored before interrupts are off."""
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
    if IS_ENABLED("debug_vm"):
        await vm_check_outgoing(prev)
    if next != INIT_MM and not await cpumask_test_cpu(next):
        await cpumask_set_cpu(next)
    next_tlb_gen = await atomic64_read_tlb_gen(next)
    asid, need_flush = await choose_new_asid(next, next_tlb_gen)
    async with irqsave():
        await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
        await load_mm(next, asid, next_tlb_gen, need_flush)
    await cr4_update_pce_mm(next)
    await switch_ldt(next)


async def unuse_temporary_mm_bit_again(prev_mm: str) -> None:
    """The bit of the mm that was come back to is set once more, after the switch."""
    await lockdep_assert_preemption_disabled()
    await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
    await switch_mm_irqs_off(None, prev_mm, current)
    if prev_mm != INIT_MM:
        await cpumask_set_cpu(prev_mm)
    if await hw_breakpoint_active():
        await hw_breakpoint_restore()


async def use_temporary_mm_switch_mm(temp_mm: str) -> str:
    """switch_mm(), which masks interrupts itself, in place of switch_mm_irqs_off()."""
    await lockdep_assert_preemption_disabled()
    if await this_cpu_read("is_lazy"):
        await leave_mm()
    prev_mm: str = await this_cpu_read("loaded_mm")
    await switch_mm(None, temp_mm, current)
    if await hw_breakpoint_active():
        await hw_breakpoint_disable()
    return prev_mm


async def unuse_temporary_mm_switch_mm(prev_mm: str) -> None:
    """switch_mm(), which masks interrupts itself, in place of switch_mm_irqs_off()."""
    await lockdep_assert_preemption_disabled()
    await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
    await switch_mm(None, prev_mm, current)
    if await hw_breakpoint_active():
        await hw_breakpoint_restore()


async def arch_efi_call_virt_setup_irqs_off() -> None:
    """Interrupts off from before the mm is borrowed, for the whole of the call."""
    await efi_sync_low_kernel_mappings()
    await efi_fpu_begin()
    await firmware_restrict_branch_speculation_start()
    await local_irq_disable()
    await efi_enter_mm()


async def arch_efi_call_virt_teardown_irqs_off() -> None:
    """And on again only after it was given back."""
    await efi_leave_mm()
    await local_irq_enable()
    await firmware_restrict_branch_speculation_end()
    await efi_fpu_end()


ATTEMPTS: dict[str, dict[str, Callable[..., Any]]] = {
    "preempt-off": {
        "use_temporary_mm": use_temporary_mm_preempt_off,
        "unuse_temporary_mm": unuse_temporary_mm_preempt_off,
    },
    "around-cr3": {"switch_mm_irqs_off": switch_mm_irqs_off_around_cr3},
    "late-switching": {"switch_mm_irqs_off": switch_mm_irqs_off_late_switching},
    "bit-again": {"unuse_temporary_mm": unuse_temporary_mm_bit_again},
    "switch-mm": {
        "use_temporary_mm": use_temporary_mm_switch_mm,
        "unuse_temporary_mm": unuse_temporary_mm_switch_mm,
    },
    "off-throughout": {
        "arch_efi_call_virt_setup": arch_efi_call_virt_setup_irqs_off,
        "arch_efi_call_virt_teardown": arch_efi_call_virt_teardown_irqs_off,
    },
    "guard": {name: BUILDS["v6.16"].function(name) for name in ("use_temporary_mm", "unuse_temporary_mm")},
}
"""Name of the attempt -> the functions that make it."""
