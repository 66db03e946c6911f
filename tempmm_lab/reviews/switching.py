"""Patches 7, 8 and 12 of chapter 15: switch_mm_irqs_off(). Which are right is not told here."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.barrier import smp_mb
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.layout import INIT_MM, LOADED_MM_SWITCHING
from tempmm_lab.kernel.percpu import IS_ENABLED, this_cpu_read, this_cpu_write
from tempmm_lab.kernel.tlb import load_mm, switch_checks, switch_to_same_mm
from tempmm_lab.kernel.tlbstate import (
    atomic64_read_tlb_gen,
    choose_new_asid,
    cond_mitigation,
    cpumask_set_cpu,
    cpumask_test_cpu,
    cr4_update_pce_mm,
    switch_ldt,
    vm_check_outgoing,
)


async def switch_mm_irqs_off_named_at_once(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """Patch 7: name the new mm as soon as its bit is set, without SWITCHING."""
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
    if next != INIT_MM and not await cpumask_test_cpu(next):
        await cpumask_set_cpu(next)
    await this_cpu_write("loaded_mm", next)
    next_tlb_gen = await atomic64_read_tlb_gen(next)
    asid, need_flush = await choose_new_asid(next, next_tlb_gen)
    await load_mm(next, asid, next_tlb_gen, need_flush)
    await cr4_update_pce_mm(next)
    await switch_ldt(next)


async def switch_mm_irqs_off_barrier_on_top(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """Patch 8: one barrier for both branches, at the top."""
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
    await smp_mb()
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    if next != INIT_MM and not await cpumask_test_cpu(next):
        await cpumask_set_cpu(next)
    next_tlb_gen = await atomic64_read_tlb_gen(next)
    asid, need_flush = await choose_new_asid(next, next_tlb_gen)
    await load_mm(next, asid, next_tlb_gen, need_flush)
    await cr4_update_pce_mm(next)
    await switch_ldt(next)


async def switch_mm_irqs_off_no_warning(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """Patch 12, for the tree as posted: no check at the top, and interrupts off where the other check asks for it."""
    del unused
    prev = await this_cpu_read("loaded_mm")
    prev_asid = await this_cpu_read("loaded_mm_asid")
    was_lazy = await this_cpu_read("is_lazy")
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
    await load_mm(next, asid, next_tlb_gen, need_flush)
    async with irqsave():
        await cr4_update_pce_mm(next)
    await switch_ldt(next)
