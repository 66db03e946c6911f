"""Lockdep's assertions. They look at lockdep's own flag, not at RFLAGS.IF.

Linux: include/linux/lockdep.h, v6.16.
"""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.bug import warn_once
from tempmm_lab.kernel.locks import Lock


def _enabled(cpu: Access) -> bool:
    """PROVE_LOCKING, and nothing has been reported by lockdep yet."""
    return bool(cpu.world.config.prove_locking and cpu.read(("debug_locks", None)))


@op
def lockdep_assert_irqs_disabled(cpu: Access) -> None:
    """Warn once if lockdep thinks that interrupts are on."""
    if _enabled(cpu) and cpu.get("hardirqs_enabled"):
        warn_once(cpu, "lockdep_assert_irqs_disabled()")


@op
def lockdep_assert_irqs_enabled(cpu: Access) -> None:
    """Warn once if lockdep thinks that interrupts are off."""
    if _enabled(cpu) and not cpu.get("hardirqs_enabled"):
        warn_once(cpu, "lockdep_assert_irqs_enabled()")


@op
def lockdep_assert_preemption_disabled(cpu: Access) -> None:
    """Warn once if preempt_count is 0 and lockdep thinks that interrupts are on. Any field of the count will do."""
    counts = cpu.world.config.preempt_count and _enabled(cpu)
    if counts and cpu.get("preempt_count") == 0 and cpu.get("hardirqs_enabled"):
        warn_once(cpu, "lockdep_assert_preemption_disabled()")


@op
def lockdep_assert_held(cpu: Access, lock: Lock) -> None:
    """Warn once if this CPU's tasks do not hold the lock."""
    if _enabled(cpu) and lock.name not in cpu.get("held"):
        warn_once(cpu, f"lockdep_assert_held({lock.name})")


@op
def debug_locks_off(cpu: Access) -> None:
    """Silence every later assertion, as lockdep's own first report does (S25)."""
    cpu.write_locked(("debug_locks", None), False)
