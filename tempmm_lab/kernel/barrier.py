"""Barriers. Linux: arch/x86/include/asm/barrier.h, v6.16."""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access
from tempmm_lab.points import constant


@op
def full_barrier(cpu: Access) -> None:
    """Drain the store buffer: on x86 smp_mb() is a locked operation on the stack."""
    cpu.fence()


async def smp_mb() -> None:
    """A full barrier. Where no store can wait there is nothing to do, and it is no step."""
    if constant("MEMORY") == "tso":
        await full_barrier()
