"""A small stage for chapter 4: one CPU, a task in the kernel with one or both switches off, and who gets in.

The task works for three steps in a *window*. Around it preemption may be off, or interrupts, or both. A task of another
process waits for the CPU; a device's interrupt, a timer tick and an NMI may come once each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tempmm_lab.awaiting import op
from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.explore import explore
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.irqflags import local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import OTHER_MM, USER_MM, USER_PAGE
from tempmm_lab.kernel.preempt import preempt_disable, preempt_enable
from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.points import start
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.scenario import COMMON, Story
from tempmm_lab.scenarios.stage import Stage

TASK, OTHER = "task", "other"
EVENTS = ("IRQ handler", "NMI handler", "another task")
"""Who may get into the window: a maskable interrupt's handler, an NMI's, and another task of this CPU."""


@op
def work(cpu: Access) -> None:
    """One step of the code in question. It touches nothing."""


async def window(irqs_off: bool, preempt_off: bool) -> None:
    """A task in a system call: three steps of work with one switch off, or both, or none; then back to user mode."""
    if preempt_off:
        await preempt_disable()
    flags = await local_irq_save() if irqs_off else True
    for _ in range(3):
        await work()
    if irqs_off:
        await local_irq_restore(flags)
    if preempt_off:
        await preempt_enable()
    await programs.back_to_user()


def in_window(cpu: LinuxCpu) -> bool:
    """Say whether the task is in its window: running, interrupted, or off the CPU."""
    stacks = [task.stack for task in cpu.sleeping if task.name == TASK]
    stack = cpu.running if cpu.current == TASK else stacks[0] if stacks else ()
    step = stack[0].point.op if stack else None
    return step is not None and step.do.__name__ == work.__name__


def who_is_in(cpu: LinuxCpu) -> str | None:
    """Give which of EVENTS has got into the window now, if one has."""
    if not in_window(cpu):
        return None
    if cpu.current != TASK:
        return EVENTS[2]
    kinds = [frame.kind for frame in cpu.running[1:]]
    return EVENTS[1] if "nmi" in kinds else EVENTS[0] if kinds else None


def _set_stage(stage: Stage, *, cpus: int, fills: bool, irqs_off: bool = False, preempt_off: bool = False) -> None:
    number = stage.cpu(window, irqs_off, preempt_off, name=TASK, mm=USER_MM, known=(OTHER_MM,))
    stage.sleeper(number, programs.kthread_yields, name=OTHER, mm=OTHER_MM)
    for _ in range(1, cpus):
        stage.cpu(programs.user_of, int(USER_PAGE), 2, name="user", mm=USER_MM, user=True)
    stage.fill(fills, USER_PAGE)


def _got_in(who: str) -> Callable[[System], bool]:
    return lambda system: who_is_in(system.cpus[0]) == who


two_switches = Story(
    "two_switches",
    "CPU 0 works in the kernel while one switch is off, or both, or none; interrupts and another task want the CPU.",
    _set_stage,
    MappingProxyType({**COMMON, "cpus": 1, "irqs": 1, "nmis": 1, "ticks": 1, "irqs_off": False, "preempt_off": False}),
    (),
    {who: _got_in(who) for who in EVENTS},
    temporary_mms=False,
    choices={},
)
"""The stage as a scenario: `two_switches(irqs_off=True)`. Knobs: `irqs_off`, `preempt_off`, and the common ones."""


_FOUND: dict[tuple[bool, bool, Config], tuple[str, ...]] = {}


def lets_in(*, irqs_off: bool = False, preempt_off: bool = False, config: Config | None = None) -> tuple[str, ...]:
    """Give which of EVENTS can get into the window, found by trying every interleaving.

    Raises:
        ModelError: a switch is neither True nor False, or this is no configuration.
    """
    return _found(two_switches(irqs_off=irqs_off, preempt_off=preempt_off, config=config or Config()).knobs)


def _found(knobs: Mapping[str, Any]) -> tuple[str, ...]:
    """Try every interleaving, once for each setting."""
    key = (knobs["irqs_off"], knobs["preempt_off"], knobs["config"])
    if key not in _FOUND:
        examples = explore(two_switches(**knobs)).examples
        _FOUND[key] = tuple(who for who in EVENTS if who in examples)
    return _FOUND[key]


async def saved_and_restored() -> None:
    """Interrupts off twice, with save and restore."""
    outer = await local_irq_save()
    inner = await local_irq_save()
    await local_irq_restore(inner)
    await work()
    await local_irq_restore(outer)


async def off_and_on() -> None:
    """Interrupts off twice, with disable and enable."""
    await local_irq_disable()
    await local_irq_disable()
    await local_irq_enable()
    await work()
    await local_irq_enable()


def if_at_work(fn: Callable[..., Any]) -> int:
    """Run one call on the stage's CPU, which begins with IF=1, and give IF when it comes to its `work()`."""
    now = two_switches().system()
    point = start(fn, versions=now.versions)
    while point.op is not None and point.op.do.__name__ != work.__name__:
        door = now.door(0)
        answer = point.op.do(door, *point.op.args)
        now, point = door.machine, point.after(answer)
    return int(now.cpus[0].rflags_if)


def warning_table(assertion: Callable[..., Any]) -> str:
    """Give in which of the four cells an assertion warns, as lines."""
    lines = []
    for irqs_off in (False, True):
        for count in (0, 1):
            cpu = two_switches().system()
            registers = cpu.cpus[0].registers.but(IF=not irqs_off)
            now = cpu.with_cpu(0, registers=registers, hardirqs_enabled=not irqs_off, preempt_count=count)
            said = "warns" if reports_of(now, assertion) else "silent"
            lines.append(f"IF={int(not irqs_off)}, preempt_count {count}:  {said}")
    return "\n".join(lines)


def reports_of(system: System, fn: Callable[..., Any], *args: Any, cpu: int = 0) -> tuple[str, ...]:
    """Run one call on a CPU, undisturbed, and give what the kernel prints meanwhile.

    Raises:
        ModelError: this is no system, or `fn` has no steps.
    """
    now: System = a_thing(system, System, "reports_of() takes a System, such as two_switches().system().")
    point, printed = start(fn, *args, versions=now.versions), list[str]()
    for _ in range(5_000):
        if point.op is None:
            return tuple(printed)
        door = Access(now, cpu, (), point.inside[-1] if point.inside else fn.__name__)
        answer = point.op.do(door, *point.op.args)
        printed += door.reports
        now, point = door.machine, point.after(answer)
    raise ModelError(f"{fn.__name__} did not end within 5,000 steps.")
