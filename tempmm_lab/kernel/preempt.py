"""preempt_count: who may be scheduled away, in one number with a field per reason.

Linux: include/linux/preempt.h, include/linux/bottom_half.h, v6.16. The layout is that of kernels up to
v7.2. NEED_RESCHED is kept beside the count, not inverted in its top bit.
"""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.percpu import IS_ENABLED
from tempmm_lab.points import constant, versioned

PREEMPT_OFFSET, SOFTIRQ_OFFSET, SOFTIRQ_DISABLE_OFFSET = 0x1, 0x100, 0x200
HARDIRQ_OFFSET, NMI_OFFSET = 0x1_0000, 0x10_0000
FIELDS = {"preempt": (0, 0xFF), "softirq": (8, 0xFF), "hardirq": (16, 0xF), "nmi": (20, 0xF)}
"""Field -> (lowest bit, mask after shifting)."""


def preempt_fields(count: int) -> dict[str, int]:
    """Give the fields of a preempt_count."""
    return {name: count >> shift & mask for name, (shift, mask) in FIELDS.items()}


def in_interrupt(count: int) -> bool:
    """Say whether a count has any of NMI, hardirq and softirq, the last also when softirqs are only disabled."""
    return count > 0xFF


@op
def preempt_count_add(cpu: Access, value: int) -> None:
    """Add to preempt_count."""
    cpu.set("preempt_count", cpu.get("preempt_count") + value)


@op
def preempt_count_sub(cpu: Access, value: int) -> None:
    """Subtract from preempt_count; it stops at 0, where Linux, after S76 forced it down, would underflow."""
    cpu.set("preempt_count", max(cpu.get("preempt_count") - value, 0))


def _subtract(cpu: Access, value: int) -> bool:
    count = max(cpu.get("preempt_count") - value, 0)
    cpu.set("preempt_count", count)
    enabled = bool(int(cpu.get("registers").rflags) >> 9 & 1)
    return count == 0 and cpu.get("need_resched") and enabled


@op
def preempt_count_dec_and_test(cpu: Access) -> bool:
    """Subtract one; say whether the count is 0 and somebody else should run, and preemption is possible here."""
    return _subtract(cpu, 1)


@op
def preempt_count_sub_and_test(cpu: Access, value: int) -> bool:
    """Subtract; say whether the count is 0 and somebody else should run, and preemption is possible here."""
    return _subtract(cpu, value)


@op
def preempt_count(cpu: Access) -> int:
    """Read preempt_count."""
    return int(cpu.get("preempt_count"))


@versioned
async def preempt_disable() -> None:
    """Forbid involuntary switches on this CPU."""
    if IS_ENABLED("preempt_count"):
        await preempt_count_add(PREEMPT_OFFSET)


@versioned
async def preempt_enable() -> None:
    """Allow them again, and make up for one that was due (FULL, LAZY and RT kernels)."""
    if not IS_ENABLED("preempt_count"):
        return
    if constant("CONFIG").preempt in ("none", "voluntary"):
        await preempt_count_sub(PREEMPT_OFFSET)
    elif await preempt_count_dec_and_test():
        from tempmm_lab.kernel.core import preempt_schedule

        await preempt_schedule()


@versioned
async def preempt_enable_no_resched() -> None:
    """Allow them again, without making up for one."""
    if IS_ENABLED("preempt_count"):
        await preempt_count_sub(PREEMPT_OFFSET)


@versioned
async def local_bh_disable() -> None:
    """Forbid softirqs. On PREEMPT_RT this need not raise preempt_count."""
    if constant("CONFIG").preempt != "rt":
        await preempt_count_add(SOFTIRQ_DISABLE_OFFSET)


@versioned
async def local_bh_enable() -> None:
    """Allow softirqs again, and make up for a switch that was due (FULL and LAZY kernels)."""
    model = constant("CONFIG").preempt
    if model in ("none", "voluntary"):
        await preempt_count_sub(SOFTIRQ_DISABLE_OFFSET)
    elif model != "rt" and await preempt_count_sub_and_test(SOFTIRQ_DISABLE_OFFSET):
        from tempmm_lab.kernel.core import preempt_schedule

        await preempt_schedule()
