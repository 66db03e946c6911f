"""Answers to the exercises of chapter 13."""

from __future__ import annotations

from typing import Any

from tempmm_lab import BUILDS
from tempmm_lab.kernel.attempts import switch_mm_irqs_off_around_cr3, switch_mm_irqs_off_late_switching
from tempmm_lab.kernel.irqflags import (
    irqs_disabled,
    irqsave,
    local_irq_disable,
    local_irq_enable,
    local_irq_restore,
    local_irq_save,
)
from tempmm_lab.kernel.tlbstate import cpumask_set_cpu
from tests.exercises.answers import right, wrong, wrong_about, wrong_function
from tests.exercises.forms import letters, not_so, one_by_one

# ch13-order

STEPS = (
    "CPU 0 stores SWITCHING",
    "CPU 0 looks at its bit in user_mm's mask, and finds it set",
    "CPU 0 reads user_mm's generation",
    "CPU 1 raises user_mm's generation to 1",
    "CPU 1 sends CPU 0 an IPI, for what its loaded_mm says",
    "CPU 0's handler clears its bit, flushes nothing, and acknowledges",
    "CPU 1 frees the page",
    "CPU 0 writes CR3 with bit 63 set: keep",
    "CPU 0 uses the page in user mode",
)

wrong("ch13-order", "reads the new one", letters(STEPS, 0, 1, 3, 2, 4, 5, 6, 7, 8), "reads", "it flushes by itself")
wrong("ch13-order", "frees too early", letters(STEPS, 0, 1, 2, 3, 4, 6, 5, 7, 8), "answers", "has the acknowledgement")
wrong("ch13-order", "uses too early", letters(STEPS, 0, 1, 2, 3, 4, 5, 7, 8, 6), "uses", "somebody else's by then")
wrong("ch13-order", "looks first", letters(STEPS, 1, 0, 2, 3, 4, 5, 6, 7, 8), "looks", "then looks at its bit")
wrong("ch13-order", "sends first", letters(STEPS, 0, 1, 2, 4, 3, 5, 6, 7, 8), "sends", "before anybody is asked")
right("ch13-order", "before the write of CR3", letters(STEPS, *range(9)))
right("ch13-order", "after the write of CR3", letters(STEPS, 0, 1, 2, 7, 3, 4, 5, 6, 8))

# ch13-fix

AS_POSTED = BUILDS["posted"].function("switch_mm_irqs_off")


async def saved(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Save IF and restore it."""
    flags = await local_irq_save()
    await AS_POSTED(unused, next, tsk)
    await local_irq_restore(flags)


async def guarded(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Let the guard do it."""
    async with irqsave():
        await AS_POSTED(unused, next, tsk)


async def asks_first(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Turn on only what was on."""
    were_off = await irqs_disabled()
    await local_irq_disable()
    await AS_POSTED(unused, next, tsk)
    if not were_off:
        await local_irq_enable()


async def as_it_was(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Change nothing."""
    await AS_POSTED(unused, next, tsk)


async def turns_on(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Turn interrupts on afterwards, whatever they were."""
    await local_irq_disable()
    await AS_POSTED(unused, next, tsk)
    await local_irq_enable()


async def stays_off(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Leave interrupts off."""
    await local_irq_disable()
    await AS_POSTED(unused, next, tsk)


async def bit_again(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Set the bit once more."""
    await AS_POSTED(unused, next, tsk)
    if next != "init_mm":
        await cpumask_set_cpu(next)


wrong_function("ch13-fix", as_it_was, "direct worker quiet", "must not be torn apart")
wrong_function("ch13-fix", switch_mm_irqs_off_around_cr3, "direct worker quiet", "while loaded_mm says SWITCHING")
wrong_function("ch13-fix", switch_mm_irqs_off_late_switching, "direct quiet", "asks RFLAGS at its beginning")
wrong_function("ch13-fix", bit_again, "direct worker quiet", "A shortest schedule on which it fails (")
wrong_function("ch13-fix", turns_on, "caller", "turn on only what was on")
wrong_function("ch13-fix", stays_off, "all", "what the patch was for")
right("ch13-fix", "saved and restored", lambda _: saved)
right("ch13-fix", "the guard", lambda _: guarded)
right("ch13-fix", "asking first", lambda _: asks_first)

# ch13-changelog

FALSE = ("To mend it,", "What was reported", "After this commit", "A kernel without")

wrong_about("ch13-changelog", "To mend it,", "loses the flush all the same")
wrong_about("ch13-changelog", "What was reported", "is derived")
wrong_about("ch13-changelog", "The fault is", "and not what it calls")
wrong_about("ch13-changelog", "After this commit", "as the caller likes")
wrong_about("ch13-changelog", "A kernel without", "lost the same flushes")
wrong_about("ch13-changelog", "A flush that", "near address 1")
right("ch13-changelog", "by the beginnings", not_so(*FALSE))
right("ch13-changelog", "one by one", one_by_one(*FALSE))
