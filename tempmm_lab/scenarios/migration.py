"""Moving a sleeping task to another CPU. It goes through a shared cell: one CPU puts it there, the other takes it."""

from __future__ import annotations

from dataclasses import replace

from tempmm_lab.awaiting import op
from tempmm_lab.errors import MustWait
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.core import schedule


@op
def detach_task(cpu: Access, name: str) -> None:
    """Take a sleeping task off this CPU."""
    task = next(task for task in cpu.get("sleeping") if task.name == name)
    cpu.set("sleeping", tuple(other for other in cpu.get("sleeping") if other.name != name))
    cpu.write_locked(("task", name), replace(task, waits=None))


@op
def attach_task(cpu: Access, name: str) -> None:
    """Wait for a task that is on its way, and let it run here."""
    task = cpu.read(("task", name))
    if task is None:
        raise MustWait(f"{name} has not been sent here.", ("task", name))
    cpu.write_locked(("task", name), None)
    cpu.set("sleeping", (*cpu.get("sleeping"), task))


async def stopper(name: str) -> None:
    """The thread that moves a task away. Linux: kernel/sched/core.c migration_cpu_stop(), its gist."""
    await detach_task(name)


async def receiver(name: str) -> None:
    """The other CPU: it takes the task and runs it."""
    await attach_task(name)
    await schedule("waiting", ("parked", None))
