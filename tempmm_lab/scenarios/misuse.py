"""The scenarios about using a temporary mm wrongly: scheduling in it, nesting, breakpoints.

`schedule_inside` does what no kernel version allows. What comes of it differs: up to v6.14 the masks heal again.
"""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.alternative import text_poke_memcpy
from tempmm_lab.kernel.core import schedule
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import ALIAS, EFI_MM, OTHER_MM, TEXT_POKE_MM, USER_MM, USER_PAGE
from tempmm_lab.kernel.preempt import preempt_disable, preempt_enable
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tempmm_lab.kernel.uaccess import copy_from_user, user_load
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.migration import receiver, stopper
from tempmm_lab.scenarios.scenario import story
from tempmm_lab.scenarios.stage import Stage

ARMED = {"cpu_dr7": 0x2, "dr7": 0x2, "cpu_debugreg": int(ALIAS), "dr0": int(ALIAS)}
"""A CPU whose task has set a breakpoint on the alias address."""


async def back_to_user(uses: bool) -> None:
    """Leave the system call, run one instruction, and load from the data page if that is wanted."""
    await programs.back_to_user()
    if uses:
        await user_load(USER_PAGE)


async def sleeps_inside(touch: bool, atomic: bool = False, uses: bool = False) -> None:
    """Borrow an mm, let another task run, and give the mm back, as if nothing had happened."""
    if atomic:  # schedule() forces the count down, so there is no preempt_enable() below
        await preempt_disable()
    flags = await local_irq_save()
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await local_irq_restore(flags)
    await schedule()
    flags = await local_irq_save()
    if touch:
        await text_poke_memcpy(ALIAS, 0xCC, 1)
    await unuse_temporary_mm(prev_mm)
    await local_irq_restore(flags)
    await back_to_user(uses)


async def reads_user_inside() -> None:
    """Borrow an mm, interrupts off but preempt_count 0, and read the task's user memory."""
    flags = await local_irq_save()
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await copy_from_user(USER_PAGE)
    await unuse_temporary_mm(prev_mm)
    await local_irq_restore(flags)
    await programs.back_to_user()


async def preemptible_inside(uses: bool = False) -> None:
    """Borrow an mm and allow preemption in it: the tick does the rest."""
    flags = await local_irq_save()
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await local_irq_restore(flags)
    flags = await local_irq_save()
    await unuse_temporary_mm(prev_mm)
    await local_irq_restore(flags)
    await back_to_user(uses)


async def careful_inside(uses: bool = False) -> None:
    """The correct counterpart: preemption stays off as long as the mm is borrowed."""
    await preempt_disable()
    flags = await local_irq_save()
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await local_irq_restore(flags)
    flags = await local_irq_save()
    await unuse_temporary_mm(prev_mm)
    await local_irq_restore(flags)
    await preempt_enable()
    await back_to_user(uses)


@story("no-stale-use", "prev-mm-back", temporary_mms=True, choices={"to": ("user", "kthread", "tick", "nobody")})
def schedule_inside(
    stage: Stage,
    *,
    cpus: int,
    fills: bool,
    to: str = "user",
    access: bool = False,
    migrate: bool = False,
    touch: bool = False,
    atomic: bool = False,
    uses: bool = False,
) -> None:
    """CPU 0 schedules while a temporary mm is loaded, which is wrong on every build.

    Knobs: `to` a user task, a kthread, whoever a tick brings (ticks=1), or nobody: then preemption is off, and all is
    well; `touch` uses the alias after coming back; `access` reads user memory inside instead; `migrate` moves the task
    to CPU 1 inside; `atomic` turns preemption off first and schedules all the same; with `uses` the task has its data
    page in the TLB, and loads from it when it is back in user mode.
    """
    if migrate:
        cpus = max(cpus, 2)
        number = stage.cpu(sleeps_inside, touch, name="mover", mm=USER_MM, fields=ARMED)
        stage.sleeper(number, stopper, "mover", name="stopper", mm=None)
        stage.cpu(receiver, "mover", name="kthread", mm=None)
    else:
        number = stage.cpu(*_inside(to, access, (touch, atomic, uses)), name="user", mm=USER_MM)
        if to == "kthread":
            stage.sleeper(number, programs.kthread_yields, name="kthread", mm=None)
        else:
            stage.sleeper(number, programs.runs_and_yields, int(USER_PAGE), name="second", mm=OTHER_MM)
        if cpus > 1:
            stage.cpu(programs.unmapper, USER_MM, name="unmapper", mm=USER_MM)
    for _ in range(2, cpus):
        stage.cpu(programs.user_of, int(USER_PAGE), 1, name="user", mm=USER_MM, user=True)
    if uses:
        stage.cache(number, USER_PAGE, USER_MM)
    stage.fill(fills, USER_PAGE)


def _inside(to: str, access: bool, sleeps: tuple[bool, bool, bool]) -> tuple[Any, ...]:
    """Give the task's program and its arguments."""
    if access:
        return (reads_user_inside,)
    if to in ("user", "kthread"):
        return (sleeps_inside, *sleeps)
    return (preemptible_inside if to == "tick" else careful_inside, sleeps[-1])


async def nests(inner: str, lifo: bool) -> None:
    """Borrow one mm, and another inside it; give both back."""
    await preempt_disable()
    flags = await local_irq_save()
    first = await use_temporary_mm(TEXT_POKE_MM)
    second = await use_temporary_mm(inner)
    await unuse_temporary_mm(second if lifo else first)
    await unuse_temporary_mm(first if lifo else second)
    await local_irq_restore(flags)
    await preempt_enable()
    await programs.back_to_user()


@story("prev-mm-back", temporary_mms=True)
def nested(stage: Stage, *, cpus: int, fills: bool, same: bool = False, lifo: bool = True) -> None:
    """CPU 0 borrows an mm inside a borrowed mm.

    Knobs: `same` borrows the same one twice; `lifo=False` gives them back in the wrong order.
    """
    stage.cpu(nests, TEXT_POKE_MM if same else EFI_MM, lifo, name="nester", mm=USER_MM, fields=ARMED)
    for _ in range(1, cpus):
        stage.cpu(programs.user_of, int(USER_PAGE), 1, name="user", mm=USER_MM, user=True)
    stage.fill(fills, USER_PAGE)


@story("prev-mm-back", "only-poker-writes", no_report=True)
def hw_breakpoints(stage: Stage, *, cpus: int, fills: bool) -> None:
    """CPU 0 patches kernel text while its task has a hardware breakpoint on the alias address."""
    stage.cpu(programs.poker, programs.SITES, 0xCC, name="poker", mm=USER_MM, fields=ARMED)
    for _ in range(1, cpus):
        stage.cpu(programs.user_of, int(USER_PAGE), 1, name="user", mm=USER_MM, user=True)
    stage.fill(fills, ALIAS)
