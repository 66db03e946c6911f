"""The key to the fix of chapter 13: three callers of firmware, each on every schedule."""

from __future__ import annotations

from tempmm_lab.assess.exercises.keys.ch11_enter import ALLOWED, firmware_runs
from tempmm_lab.assess.exercises.keys.schedules import BySchedules, Trial
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.percpu import changed_registers
from tempmm_lab.scenarios import efi_call
from tempmm_lab.steps import run
from tempmm_lab.trace import in_order, play

FALSE_ALARM = "leave_mm() on a CPU that is not lazy"


def _firmware(kernel: Build) -> bool:
    last = play(efi_call(cpus=1, irqs=0, build=kernel), in_order).last
    return firmware_runs(kernel) and not last.cpus[0].running


def _as_before(kernel: Build) -> bool:
    """Say whether a caller with interrupts off still has them off."""
    stage = efi_call(cpus=1, irqs=0, build=kernel).system()
    off = changed_registers(stage.cpus[0].registers, "IF", False)
    stage = stage.with_cpu(0, registers=off, hardirqs_enabled=False, preempt_count=1)
    after, _ = run(stage, 0, kernel.function("switch_mm_irqs_off"), None, "efi_mm", "current")
    return not after.cpus[0].rflags_if


SOURCE = """from tempmm_lab import BUILDS
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save

as_posted = BUILDS["posted"].function("switch_mm_irqs_off")


async def switch_mm_irqs_off(unused, next, tsk):
    flags = await local_irq_save()
    await as_posted(unused, next, tsk)
    await local_irq_restore(flags)
"""

CALLERS = ("direct", "worker", "boot")
FIX = BySchedules(
    name="switch_mm_irqs_off",
    base=lambda: BUILDS["posted"],
    allowed=ALLOWED,
    trials=(
        Trial(lambda kernel: efi_call(build=kernel), "direct", "quiet"),
        Trial(lambda kernel: efi_call(build=kernel, caller="worker"), "worker", "quiet"),
        Trial(lambda kernel: efi_call(build=kernel, caller="boot"), "worker", "quiet"),
    ),
    says={
        "firmware": "Firmware has to run on efi_mm with interrupts on: that is what the patch was for. And the call "
        "has to come to its end.",
        "caller": "A caller that has interrupts off finds them on after the switch: turn on only what was on.",
        "direct": "On some schedule of a direct call a rule breaks. To look at the bit, to read the generation, and to "
        "use both must not be torn apart.",
        "worker": "On some schedule of the worker's call a rule breaks: something can come between while loaded_mm "
        "says SWITCHING.",
        "quiet": "Something is printed. The switch asks RFLAGS at its beginning, and the write of CR4 asks lockdep at "
        "its end; or a handler has met what it cannot deal with.",
    },
    source=SOURCE,
    checks={"firmware": _firmware, "caller": _as_before},
    first=("firmware",),
    silent=(FALSE_ALARM,),
)
