"""The key to the shortest guard of chapter 15: the scenarios that use the helper, and how long interrupts are off."""

from __future__ import annotations

from tempmm_lab.assess.exercises.keys.ch11_enter import ALLOWED
from tempmm_lab.assess.exercises.keys.schedules import BySchedules, Trial
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.scenarios import efi_call, hw_breakpoints, lazy_tlb, text_poke
from tempmm_lab.steps import run
from tempmm_lab.trace import in_order, play


def masked(kernel: Build) -> int:
    """Count the helper's steps with interrupts off, when a task that is not lazy calls firmware."""
    trace = play(efi_call(cpus=1, irqs=0, build=kernel), in_order)
    cpus = [moment.before.cpus[0] for moment in trace]
    inside = [cpu for cpu in cpus if any("use_temporary_mm" in frame.point.inside for frame in cpu.running)]
    return sum(not cpu.rflags_if for cpu in inside)


def _shortest(kernel: Build) -> bool:
    return masked(kernel) <= masked(BUILDS["v6.16"]) - SAVED


def _shorter(kernel: Build) -> bool:
    return masked(kernel) < masked(BUILDS["v6.16"])


def _loads(kernel: Build) -> bool:
    trace = play(efi_call(cpus=1, irqs=0, build=kernel), in_order)
    return any(m.before.cpus[0].loaded_mm == "efi_mm" for m in trace if m.what.startswith("firmware_step"))


def _lazy(kernel: Build) -> bool:
    stage = efi_call(cpus=1, irqs=0, build=kernel).system()
    stage = stage.with_cpu(0, is_lazy=True, current_mm=None, preempt_count=1)
    after, prev_mm = run(stage, 0, kernel.function("use_temporary_mm"), "efi_mm")
    return prev_mm == "init_mm" and not after.cpus[0].is_lazy


SAVED = 3
"""Whether it is lazy, what is loaded, and whether a breakpoint is set: three steps need no guard."""
SOURCE = """from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_disable
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.lockdep import lockdep_assert_preemption_disabled
from tempmm_lab.kernel.percpu import this_cpu_read
from tempmm_lab.kernel.tlb import leave_mm, switch_mm_irqs_off


async def use_temporary_mm(temp_mm):
    await lockdep_assert_preemption_disabled()
    if await this_cpu_read("is_lazy"):
        async with irqsave():
            await leave_mm()
    prev_mm = await this_cpu_read("loaded_mm")
    async with irqsave():
        await switch_mm_irqs_off(None, temp_mm, "current")
    if await hw_breakpoint_active():
        await hw_breakpoint_disable()
    return prev_mm
"""

GUARD = BySchedules(
    name="use_temporary_mm",
    base=lambda: BUILDS["v6.16"],
    allowed=ALLOWED,
    trials=(
        Trial(lambda kernel: efi_call(build=kernel), "calls", "quiet"),
        Trial(lambda kernel: efi_call(build=kernel, caller="worker"), "calls", "quiet"),
        Trial(lambda kernel: efi_call(build=kernel, caller="boot"), "calls", "quiet"),
        Trial(lambda kernel: text_poke(build=kernel), "pokes", "quiet"),
        Trial(lambda kernel: text_poke(build=kernel, lazy=True), "pokes", "quiet"),
        Trial(lambda kernel: hw_breakpoints(build=kernel), "pokes", "quiet"),
        Trial(lambda kernel: lazy_tlb(build=kernel, poke=True, exit=True, irqs=0), "pokes", "quiet"),
    ),
    says={
        "loads": "Firmware does not run on efi_mm.",
        "calls": "On some schedule of a call of firmware a rule breaks: something comes in between that finds the "
        "switch half done, or it comes back to the wrong mm.",
        "pokes": "On some schedule of a poke a rule breaks. Does it give what was loaded? Are breakpoints disarmed?",
        "lazy": "A lazy CPU has to go to init_mm first, and what is loaded then is what it comes back to. Or it comes "
        "back to a user's mm as if it used it.",
        "quiet": "Something is printed. The switch wants interrupts off; leave_mm() is torn apart by a flush if they "
        "are on; and a breakpoint of the user's goes off in the kernel if it stays armed.",
        "shorter": "Interrupts are off for as many steps as in v6.16, or more.",
        "shortest": "There is a step in the guard that an interrupt may come after. For each line ask what a handler "
        "could change of what it has read: on a CPU that is lazy, and on one that is not.",
    },
    source=SOURCE,
    checks={"loads": _loads, "lazy": _lazy, "shorter": _shorter, "shortest": _shortest},
    first=("loads",),
)
