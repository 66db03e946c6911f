"""Answers to the exercises of chapter 15."""

from __future__ import annotations

from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_disable
from tempmm_lab.kernel.irqflags import irqsave, local_irq_restore, local_irq_save
from tempmm_lab.kernel.lockdep import lockdep_assert_preemption_disabled
from tempmm_lab.kernel.percpu import current, this_cpu_read
from tempmm_lab.kernel.tlb import leave_mm, switch_mm_irqs_off
from tests.exercises.answers import right, wrong, wrong_about, wrong_function
from tests.exercises.forms import letters, not_so, one_by_one

# ch15-order

STEPS = (
    "CPU 1 does the barrier that the patch puts at the top",
    "CPU 1 stores SWITCHING, which waits in its buffer",
    "CPU 1 finds its bit in the mask set",
    "CPU 1 reads the generation",
    "CPU 0 raises the generation",
    "CPU 0 looks at CPU 1's loaded_mm, and tells nobody",
    "SWITCHING leaves CPU 1's buffer",
    "CPU 0 gives the page back",
    "CPU 1 uses the page in user mode",
)

wrong("ch15-order", "a barrier that helps", letters(STEPS, 1, 0, 2, 3, 4, 5, 6, 7, 8), "barrier", "nothing to drain")
wrong("ch15-order", "reads the new one", letters(STEPS, 0, 1, 2, 4, 3, 5, 6, 7, 8), "raises", "it flushes by itself")
wrong("ch15-order", "drains in time", letters(STEPS, 0, 1, 2, 3, 4, 6, 5, 7, 8), "looks", "still in CPU 1's buffer")
wrong("ch15-order", "uses too early", letters(STEPS, 0, 1, 2, 3, 4, 5, 6, 8, 7), "uses", "somebody else's")
wrong("ch15-order", "looks at the mask last", letters(STEPS, 0, 1, 3, 2, 4, 5, 6, 7, 8), "reads", "in that order")
right("ch15-order", "in one order", letters(STEPS, *range(9)))
right("ch15-order", "in another", letters(STEPS, 0, 1, 2, 3, 4, 5, 7, 6, 8))

# ch15-guard


async def _disarm() -> None:
    if await hw_breakpoint_active():
        await hw_breakpoint_disable()


async def shortest(temp_mm: str) -> str:
    """Guard the two switches, and nothing else."""
    await lockdep_assert_preemption_disabled()
    if await this_cpu_read("is_lazy"):
        async with irqsave():
            await leave_mm()
    prev_mm: str = await this_cpu_read("loaded_mm")
    async with irqsave():
        await switch_mm_irqs_off(None, temp_mm, current)
    await _disarm()
    return prev_mm


async def without_assertion(temp_mm: str) -> str:
    """Save and restore, breakpoints first, and ask nothing."""
    lazy = await this_cpu_read("is_lazy")
    await _disarm()
    if lazy:
        flags = await local_irq_save()
        await leave_mm()
        await local_irq_restore(flags)
    prev_mm: str = await this_cpu_read("loaded_mm")
    flags = await local_irq_save()
    await switch_mm_irqs_off(None, temp_mm, current)
    await local_irq_restore(flags)
    return prev_mm


async def as_merged(temp_mm: str) -> str:
    """Do as v6.16."""
    await lockdep_assert_preemption_disabled()
    async with irqsave():
        if await this_cpu_read("is_lazy"):
            await leave_mm()
        prev_mm: str = await this_cpu_read("loaded_mm")
        await switch_mm_irqs_off(None, temp_mm, current)
        await _disarm()
    return prev_mm


async def breakpoints_outside(temp_mm: str) -> str:
    """Take one step out."""
    async with irqsave():
        if await this_cpu_read("is_lazy"):
            await leave_mm()
        prev_mm: str = await this_cpu_read("loaded_mm")
        await switch_mm_irqs_off(None, temp_mm, current)
    await _disarm()
    return prev_mm


async def as_posted(temp_mm: str) -> str:
    """Guard nothing."""
    if await this_cpu_read("is_lazy"):
        await leave_mm()
    prev_mm: str = await this_cpu_read("loaded_mm")
    await switch_mm_irqs_off(None, temp_mm, current)
    await _disarm()
    return prev_mm


async def torn_leave(temp_mm: str) -> str:
    """Guard the last switch alone."""
    if await this_cpu_read("is_lazy"):
        await leave_mm()
    prev_mm: str = await this_cpu_read("loaded_mm")
    async with irqsave():
        await switch_mm_irqs_off(None, temp_mm, current)
    await _disarm()
    return prev_mm


async def stays_armed(temp_mm: str) -> str:
    """Forget breakpoints."""
    if await this_cpu_read("is_lazy"):
        async with irqsave():
            await leave_mm()
    prev_mm: str = await this_cpu_read("loaded_mm")
    async with irqsave():
        await switch_mm_irqs_off(None, temp_mm, current)
    return prev_mm


async def early_cookie(temp_mm: str) -> str:
    """Read what is loaded before lazy mode is left."""
    prev_mm: str = await this_cpu_read("loaded_mm")
    if await this_cpu_read("is_lazy"):
        async with irqsave():
            await leave_mm()
    async with irqsave():
        await switch_mm_irqs_off(None, temp_mm, current)
    await _disarm()
    return prev_mm


async def loads_nothing(temp_mm: str) -> str:
    """Give back what is loaded."""
    prev_mm: str = await this_cpu_read("loaded_mm")
    return prev_mm


wrong_function("ch15-guard", as_merged, "shorter shortest", "as many steps as in v6.16")
wrong_function("ch15-guard", breakpoints_outside, "shortest", "what a handler could change")
wrong_function("ch15-guard", as_posted, "calls quiet", "finds the switch half done")
wrong_function("ch15-guard", torn_leave, "quiet", "torn apart by a flush")
wrong_function("ch15-guard", stays_armed, "pokes quiet", "Are breakpoints disarmed")
wrong_function("ch15-guard", early_cookie, "lazy", "to go to init_mm first")
wrong_function("ch15-guard", loads_nothing, "all", "does not run on efi_mm")
right("ch15-guard", "two guards", lambda _: shortest)
right("ch15-guard", "saved and restored", lambda _: without_assertion)

# ch15-answer

FALSE = ("A read of", "The write of", "To see it", "The patched kernel")

wrong_about("ch15-answer", "A read of", "A load is no barrier")
wrong_about("ch15-answer", "The write of", "too late")
wrong_about("ch15-answer", "To see it", "the scenario has none")
wrong_about("ch15-answer", "The patched kernel", "drains no buffer")
wrong_about("ch15-answer", "What would be", "in either branch")
wrong_about("ch15-answer", "At the top", "an empty buffer")
right("ch15-answer", "by the beginnings", not_so(*FALSE))
right("ch15-answer", "one by one", one_by_one(*FALSE))
