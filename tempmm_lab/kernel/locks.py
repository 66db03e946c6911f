"""Locks as objects, and the ops that take and give them back.

A lock is two facts: a cell that says whether it is taken, and its membership in what its CPU holds. A CPU whose lock
is taken waits where it is. It can be interrupted there, and nothing is polled. In our model a task that waits for a
mutex or a semaphore waits like that too; it does not go to sleep and let another task run.
Linux: kernel/locking/{spinlock,mutex,semaphore}.c, v6.16.
"""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.preempt import preempt_disable, preempt_enable
from tempmm_lab.points import constant, versioned


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock: its name in the kernel and its kind (spin, mutex or semaphore)."""

    name: str
    kind: str

    def __str__(self) -> str:
        return self.name


text_mutex = Lock("text_mutex", "mutex")
text_poke_ptl = Lock("text_poke_ptl", "spin")
"""The lock of the page-table page that holds the alias entry."""
efi_runtime_lock = Lock("efi_runtime_lock", "semaphore")
efi_mixed_lock = Lock("efi_runtime_lock_mixed", "spin")


@op
def acquire(cpu: Access, lock: Lock) -> None:
    """Take a lock; wait while it is taken."""
    cpu.lock(lock.name)


@op
def try_acquire(cpu: Access, lock: Lock) -> bool:
    """Take a lock if it is free; say whether it was."""
    return cpu.lock(lock.name, attempt=True)


@op
def release(cpu: Access, lock: Lock) -> None:
    """Give a lock back: with a plain store, but for a mutex, and after a locked operation, but for a spinlock.

    up() takes a spinlock of its own first.
    """
    if lock.kind != "spin":
        cpu.fence()
    cpu.unlock(lock.name)


@versioned
async def spin_lock(lock: Lock) -> None:
    """Preemption off, then the lock. On PREEMPT_RT it is a sleeping lock and leaves preempt_count alone."""
    if constant("CONFIG").preempt != "rt":
        await preempt_disable()
    await acquire(lock)


@versioned
async def spin_unlock(lock: Lock) -> None:
    """Give the lock back, then allow preemption again."""
    await release(lock)
    if constant("CONFIG").preempt != "rt":
        await preempt_enable()


mutex_lock, mutex_unlock = acquire, release
down, down_trylock, up = acquire, try_acquire, release
