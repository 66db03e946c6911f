"""The stage of chapter 4's exercise on a driver's helper, for the judge and for the bench."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from tempmm_lab.errors import a_thing
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import USER_MM
from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.points import versioned
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.scenario import COMMON, Scenario, Story
from tempmm_lab.scenarios.stage import Stage
from tempmm_lab.switches import work

HELPER = "driver_helper"


def _caller(helper: Callable[..., Any]) -> Callable[..., Any]:
    async def caller(irqs_off: bool) -> None:
        """A task that calls the helper between two steps of work of its own, with interrupts off or on."""
        flags = await local_irq_save() if irqs_off else True
        await work()
        await helper()
        await work()
        if irqs_off:
            await local_irq_restore(flags)
        await programs.back_to_user()

    return caller


def _where(cpu: LinuxCpu) -> str | None:
    """Give whose step of work is next in the task: the helper's, the caller's, or none."""
    point = cpu.running[0].point if cpu.running else None
    if point is None or point.op is None or point.op.do.__name__ != work.__name__:
        return None
    return "helper" if HELPER in point.inside else "caller"


def _interrupted(whose: tuple[str, ...]) -> Callable[[System], bool]:
    return lambda system: len(system.cpus[0].running) > 1 and _where(system.cpus[0]) in whose


def driver(helper: Callable[..., Any], *, irqs_off: bool = False) -> Scenario:
    """Give the scenario: one CPU, one task that calls a helper, with interrupts on or off, and one interrupt.

    The helper is an async function called driver_helper. `bench(driver(driver_helper, irqs_off=True))` opens it.

    Raises:
        ModelError: it is no function, or irqs_off is neither True nor False.
    """
    a_thing(helper, Callable, "driver() takes your driver_helper.")
    program = _caller(versioned(helper))

    def set_stage(stage: Stage, *, cpus: int, fills: bool, irqs_off: bool) -> None:
        del cpus, fills
        stage.cpu(program, irqs_off, name="task", mm=USER_MM)

    knobs = MappingProxyType({**COMMON, "cpus": 1, "irqs_off": False})
    sometimes = {
        "works": lambda system: _where(system.cpus[0]) == "helper",
        "device": _interrupted(("helper",)),
        "caller": _interrupted(("caller",)),
        "after": lambda system: _after(system) and len(system.cpus[0].running) > 1,
    }
    story = Story("driver", "A task calls a driver's helper.", set_stage, knobs, (), sometimes, False, {})
    return story(irqs_off=irqs_off)


def _after(system: System) -> bool:
    """Say whether the helper has worked and returned: the caller's second step of work is next."""
    cpu = system.cpus[0]
    if _where(cpu) != "caller":
        return False
    return any(mark.name == HELPER for point in cpu.running[0].point.history() for mark in point.marks)
