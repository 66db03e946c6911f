"""The scheduler's part: kernel/sched/core.c as of v6.16.

It knows nothing of temporary mms: it goes by `current->mm` and `active_mm`, and passes those on. In our model the next
task is the one that has waited longest, and a CPU without one waits in schedule(), where Linux would run its idle task.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

from tempmm_lab.awaiting import op
from tempmm_lab.errors import MustWait
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.irqflags import local_irq_disable, local_irq_enable
from tempmm_lab.kernel.percpu import this_cpu_read, this_cpu_write
from tempmm_lab.kernel.preempt import preempt_count_sub, preempt_disable, preempt_enable_no_resched
from tempmm_lab.kernel.system import Task
from tempmm_lab.kernel.tlb import enter_lazy_tlb, switch_mm_irqs_off
from tempmm_lab.points import versioned


def runnable(cpu: Access, task: Task) -> bool:
    """Say whether a task that is not running could."""
    return not task.dead and (task.waits is None or bool(cpu.read(task.waits)))


@op
def wait_for_a_task(cpu: Access, state: str, waits: Hashable) -> None:
    """Wait, interrupts as they are, until somebody can run: this task (unless it waits or has ended) or another."""
    mine = state == "running" and (waits is None or bool(cpu.read(waits)))
    if not mine and not any(runnable(cpu, task) for task in cpu.get("sleeping")):
        raise MustWait(f"{cpu.get('current')} waits for {waits}, and no other task of this CPU can run.", waits)


@op
def schedule_debug(cpu: Access) -> None:
    """__schedule_bug(): report scheduling while atomic, and go on with the count forced down (S76).

    The count that is printed has schedule()'s own 1 in it, as in Linux. Tasks have no pid here.
    """
    count = cpu.get("preempt_count")
    if cpu.world.config.preempt_count and count != 1:
        cpu.report(f"BUG: scheduling while atomic: {cpu.get('current')}/0x{count:08x}")
        cpu.set("preempt_count", 1)


@op
def rq_lock(cpu: Access) -> None:
    """Take the runqueue's spinlock, a locked operation. Only this CPU uses its runqueue here, so nobody waits."""
    cpu.fence()
    cpu.set("preempt_count", cpu.get("preempt_count") + 1)


@op
def pick_next_task(cpu: Access, state: str, waits: Hashable) -> str:
    """Give the task that has waited longest among those that can run; this one if there is no other."""
    for task in cpu.get("sleeping"):
        if runnable(cpu, task):
            return str(task.name)
    mine = state == "running" and (waits is None or bool(cpu.read(waits)))
    if not mine:
        raise MustWait("no task can run.", waits)
    return str(cpu.get("current"))


@op
def task_mm(cpu: Access, name: str) -> Any:
    """Read `mm` of a task that is not running: None for a kernel thread."""
    return next(task.mm for task in cpu.get("sleeping") if task.name == name)


@op
def set_active_mm(cpu: Access, name: str, mm: str | None) -> None:
    """Write `active_mm` of a task that is not running."""
    tasks = (replace(task, active_mm=mm) if task.name == name else task for task in cpu.get("sleeping"))
    cpu.set("sleeping", tuple(tasks))


@op
def switch_to(cpu: Access, name: str, state: str, waits: Hashable) -> None:
    """Go on with another task's stack. What this task knows of itself is kept with its own."""
    cpu.switch_stack(name)
    me = Task(cpu.get("current"), cpu.get("current_mm"), cpu.get("active_mm"), (), waits, state == "dead")
    others = [task for task in cpu.get("sleeping") if task.name != name]
    new = next(task for task in cpu.get("sleeping") if task.name == name)
    cpu.set("sleeping", (*others, me))
    cpu.set("current", new.name)
    cpu.set("current_mm", new.mm)
    cpu.set("active_mm", new.active_mm)


@versioned
async def schedule(state: str = "running", waits: Hashable = None) -> None:
    """Let another task run. `state` is running, waiting or dead; a waiting task names the cell that wakes it.

    Linux: kernel/sched/core.c schedule(), v6.16.
    """
    await wait_for_a_task(state, waits)
    await preempt_disable()
    await __schedule(state, waits)
    await preempt_enable_no_resched()


@versioned
async def __schedule(state: str, waits: Hashable) -> None:
    """Pick and switch, with interrupts off and the runqueue's lock held. Linux: core.c __schedule(), v6.16."""
    await schedule_debug()
    await local_irq_disable()
    await rq_lock()
    name = await pick_next_task(state, waits)
    await this_cpu_write("need_resched", False)
    if name != await this_cpu_read("current"):
        await context_switch(name, state, waits)
    await finish_task_switch()


@versioned
async def context_switch(next: str, state: str, waits: Hashable) -> None:  # noqa: A002
    """To a kernel thread: stay on this mm, lazily. To a user task: load its mm.

    Linux: kernel/sched/core.c context_switch(), v6.16. membarrier and mm_count are left out.
    """
    prev_active_mm = await this_cpu_read("active_mm")
    next_mm = await task_mm(next)
    if next_mm is None:
        await enter_lazy_tlb(prev_active_mm, next)
        await set_active_mm(next, prev_active_mm)
    else:
        await switch_mm_irqs_off(prev_active_mm, next_mm, next)
    if await this_cpu_read("current_mm") is None:
        await this_cpu_write("active_mm", None)
    await switch_to(next, state, waits)


@versioned
async def finish_task_switch() -> None:
    """Drop the runqueue's lock and let interrupts in. Linux: core.c finish_task_switch(), v6.16."""
    await preempt_count_sub(1)
    await local_irq_enable()


@versioned
async def preempt_schedule() -> None:
    """Preemption that was put off by preempt_disable(). Linux: core.c preempt_schedule(), v6.16."""
    await preempt_disable()
    await __schedule("running", None)
    await preempt_enable_no_resched()


@versioned
async def preempt_schedule_irq() -> None:
    """Preemption on the way out of an interrupt. Linux: core.c preempt_schedule_irq(), v6.16."""
    while await this_cpu_read("need_resched"):
        await preempt_disable()
        await local_irq_enable()
        await __schedule("running", None)
        await local_irq_disable()
        await preempt_enable_no_resched()


async def ret_from_fork(program: Callable[..., Any], *args: Any) -> None:
    """What a task does that runs for the first time: end the switch that led to it, then its own program."""
    await finish_task_switch()
    await preempt_enable_no_resched()
    await program(*args)


@versioned
async def do_exit() -> None:
    """End this task. Its mm, if it has one, is given up first. Linux: kernel/exit.c, v6.16, the mm's part."""
    if await this_cpu_read("current_mm") is not None:
        await exit_mm()
    await schedule("dead")


@versioned
async def exit_mm() -> None:
    """Give up `current->mm`: the CPU keeps it loaded, lazily. Linux: kernel/exit.c exit_mm(), v6.16."""
    await local_irq_disable()
    await this_cpu_write("current_mm", None)
    await enter_lazy_tlb(None, None)
    await local_irq_enable()
