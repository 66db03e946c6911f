"""Small stories about borrowing an mm against the rules, for chapter 12: who complains, and how often."""

from __future__ import annotations

from tempmm_lab.kernel.builds import a_build
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.core import schedule
from tempmm_lab.kernel.layout import OTHER_MM, TEXT_POKE_MM, USER_MM, USER_PAGE
from tempmm_lab.kernel.preempt import preempt_disable, preempt_enable
from tempmm_lab.kernel.step import action, take
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.scenario import COMMON, Story
from tempmm_lab.scenarios.stage import Stage
from tempmm_lab.trace import Trace, in_order, play

TIMES = 3


async def sleeps_with_preemption_off() -> None:
    """Borrow an mm as the assertion wants it, and then let another task run all the same."""
    await preempt_disable()
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await schedule()
    await unuse_temporary_mm(prev_mm)
    await preempt_enable()
    await programs.back_to_user()


async def borrows_badly() -> None:
    """Borrow and give back a few times, interrupts on and preemption on."""
    for _ in range(TIMES):
        await unuse_temporary_mm(await use_temporary_mm(TEXT_POKE_MM))
    await programs.back_to_user()


def _two_tasks(stage: Stage, **_: object) -> None:
    number = stage.cpu(sleeps_with_preemption_off, name="borrower", mm=USER_MM)
    stage.sleeper(number, programs.runs_and_yields, int(USER_PAGE), name="second", mm=OTHER_MM)


def sleeping_borrower(build: str = "v6.16") -> Trace:
    """Give the run in which a task calls schedule() with a temporary mm loaded, preemption off."""
    knobs = {**COMMON, "cpus": 1, "irqs": 0}
    story = Story(
        "sleeping_borrower", "A task sleeps while it has borrowed an mm.", _two_tasks, knobs, (), {}, True, {}
    )
    return play(story(build=build), in_order)


def complaints(build: str, *, prove_locking: bool = True) -> tuple[str, ...]:
    """Give what is printed when an mm is borrowed and given back three times with interrupts and preemption on."""
    stage = Stage(a_build(build), Config(prove_locking=prove_locking))
    stage.cpu(borrows_badly, name="task", mm=USER_MM)
    now, reports = stage.system(), list[str]()
    while now.cpus[0].running:
        outcome = take(now, action("s", 0))
        now = outcome.system
        reports += outcome.reports
    return tuple(reports)
