"""Interrupts on and off: RFLAGS.IF, with lockdep's flag following.

Linux: include/linux/irqflags.h, include/linux/cleanup.h (guard), v6.16.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.percpu import with_if


def _if(cpu: Access) -> bool:
    return bool(int(cpu.get("registers").rflags) >> 9 & 1)


@op
def local_irq_save(cpu: Access) -> bool:
    """Read IF, then clear it; lockdep is told. Answers what IF was."""
    flags = _if(cpu)
    with_if(cpu, False)
    cpu.set("hardirqs_enabled", False)
    return flags


@op
def local_irq_restore(cpu: Access, flags: bool) -> None:
    """Set IF if it was set when `flags` was saved."""
    if flags:
        cpu.set("hardirqs_enabled", True)
        with_if(cpu, True)
    else:
        cpu.set("hardirqs_enabled", False)
        with_if(cpu, False)


@op
def local_irq_disable(cpu: Access) -> None:
    """CLI; lockdep is told."""
    with_if(cpu, False)
    cpu.set("hardirqs_enabled", False)


@op
def local_irq_enable(cpu: Access) -> None:
    """STI; lockdep is told first."""
    cpu.set("hardirqs_enabled", True)
    with_if(cpu, True)


@op
def raw_local_irq_disable(cpu: Access) -> None:
    """CLI, and lockdep is not told: its flag and IF disagree from here."""
    with_if(cpu, False)


@op
def raw_local_irq_enable(cpu: Access) -> None:
    """STI, and lockdep is not told."""
    with_if(cpu, True)


@op
def irqs_disabled(cpu: Access) -> bool:
    """Say whether RFLAGS.IF is 0."""
    return not _if(cpu)


class irqsave:  # noqa: N801
    """`async with irqsave():` is the kernel's guard(irqsave)(): IF off inside, and as it was on the way out."""

    flags = False

    async def __aenter__(self) -> Self:
        """Save IF and clear it."""
        self.flags = await local_irq_save()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """Put IF back. A coroutine that is dropped half-way does nothing more."""
        if kind is not GeneratorExit:
            await local_irq_restore(self.flags)
