"""What chapter 14's exercise on the barrier brings along: the rest of the switch, and a student's process with buffers.

A switch has a beginning and an end that the exercise does not touch. They are here under names of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.assess.exercises.kernelcode import next_step
from tempmm_lab.kernel.percpu import this_cpu_read, this_cpu_write
from tempmm_lab.kernel.tlb import load_mm, switch_checks, switch_to_same_mm
from tempmm_lab.kernel.tlbstate import choose_new_asid, cond_mitigation, cr4_update_pce_mm, switch_ldt


async def begin_switch(next: str, tsk: str | None) -> bool:  # noqa: A002
    """Do all that v6.16 does before it stores SWITCHING; False if `next` was loaded already, and all is done."""
    prev = await this_cpu_read("loaded_mm")
    prev_asid = await this_cpu_read("loaded_mm_asid")
    was_lazy = await this_cpu_read("is_lazy")
    await switch_checks(prev, prev_asid)
    if was_lazy:
        await this_cpu_write("is_lazy", False)
    if prev == next:
        await switch_to_same_mm(next, prev_asid, was_lazy)
        return False
    await cond_mitigation(tsk)
    return True


async def end_switch(next: str, next_tlb_gen: int) -> None:  # noqa: A002
    """Do all that v6.16 does after it has read the generation: an ASID, CR3, and the notes."""
    asid, need_flush = await choose_new_asid(next, next_tlb_gen)
    await load_mm(next, asid, next_tlb_gen, need_flush)
    await cr4_update_pce_mm(next)
    await switch_ldt(next)


def buffered_step(function: Callable[..., Any], args: list[Any]) -> Any:
    """Give the step that comes after some answers, on a machine with store buffers."""
    return next_step(function, args, memory="tso", name="switch_mm_irqs_off")
