"""How other versions switched: whole functions that replace v6.16's switch_mm_irqs_off()."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.barrier import smp_mb
from tempmm_lab.kernel.layout import INIT_MM, LOADED_MM_SWITCHING
from tempmm_lab.kernel.percpu import IS_ENABLED, this_cpu_read, this_cpu_write
from tempmm_lab.kernel.tlb import load_mm, switch_checks, switch_to_same_mm
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


async def switch_mm_irqs_off_posted(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """As posted: v6.16's order, with the debug check on the outgoing mm's bit (until 52ebfe7412ce)."""
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
    await load_mm(next, asid, next_tlb_gen, need_flush)
    await cr4_update_pce_mm(next)
    await switch_ldt(next)


async def switch_mm_irqs_off_83b0177a6c48(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """October 2025 (stable 6.17.5): v6.16's, with a barrier where the bit was set already. In no build here.

    Without it no locked operation stands between storing SWITCHING and loading the generation (CVE-2025-40174):
    `BUILDS["v6.16"].patched(switch_mm_irqs_off=switch_mm_irqs_off_83b0177a6c48)`.
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
    else:
        await smp_mb()
    next_tlb_gen = await atomic64_read_tlb_gen(next)
    asid, need_flush = await choose_new_asid(next, next_tlb_gen)
    await load_mm(next, asid, next_tlb_gen, need_flush)
    await cr4_update_pce_mm(next)
    await switch_ldt(next)


async def switch_mm_irqs_off_209954cbc7d0(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """v6.14: the outgoing bit stays; SWITCHING only after the ASID is chosen (moved up in v6.15)."""
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
    await _finish_switch(next)


async def switch_mm_irqs_off_eager(unused: Any, next: str, tsk: str | None) -> None:  # noqa: A002
    """Up to v6.13: the outgoing mm's bit is cleared first, unless it is init_mm (until 209954cbc7d0)."""
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
    if next != INIT_MM:
        await cpumask_set_cpu(next)
    await _finish_switch(next)


async def _finish_switch(mm: str) -> None:
    """The end of a switch up to v6.14: generation, ASID, and only then SWITCHING."""
    next_tlb_gen = await atomic64_read_tlb_gen(mm)
    asid, need_flush = await choose_new_asid(mm, next_tlb_gen)
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    await load_mm(mm, asid, next_tlb_gen, need_flush)
    await cr4_update_pce_mm(mm)
    await switch_ldt(mm)
