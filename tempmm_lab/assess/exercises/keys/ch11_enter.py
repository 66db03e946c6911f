"""The key to efi_enter_mm of chapter 11: in firmware, and on every schedule of three callers."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.kernelcode import known_ops
from tempmm_lab.assess.exercises.keys.schedules import BySchedules, Trial
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.system import LinuxCpu
from tempmm_lab.scenarios import efi_call
from tempmm_lab.scenarios.misuse import ARMED
from tempmm_lab.steps import run
from tempmm_lab.trace import in_order, play

ALLOWED = known_ops(
    "WARN_ON_ONCE", "atomic64_read_tlb_gen", "choose_new_asid", "cond_mitigation", "cpumask_clear_cpu",
    "cpumask_set_cpu", "cpumask_test_cpu", "cr4_update_pce_mm", "hw_breakpoint_active", "hw_breakpoint_disable",
    "hw_breakpoint_restore", "irqs_disabled", "load_new_mm_cr3", "local_irq_disable", "local_irq_enable",
    "local_irq_restore", "local_irq_save", "lockdep_assert_preemption_disabled",
    "read_once", "set_asid_ctx", "switch_ldt", "this_cpu_read", "this_cpu_write", "write_once",
)  # fmt: skip
"""The steps that the switch and the helpers are made of, and what one may put around them."""


def _in_firmware(kernel: Build, caller: str) -> LinuxCpu | None:
    """Give CPU 0 at firmware's first step, on a run that nobody disturbs."""
    trace = play(efi_call(cpus=1, irqs=0, build=kernel, caller=caller), in_order)
    return next((moment.before.cpus[0] for moment in trace if moment.what.startswith("firmware_step")), None)


def firmware_runs(kernel: Build) -> bool:
    """Say whether firmware runs on efi_mm, with interrupts on, whether a task calls or the worker."""
    found = [_in_firmware(kernel, caller) for caller in ("direct", "worker")]
    return all(cpu is not None and cpu.loaded_mm == "efi_mm" and bool(cpu.rflags_if) for cpu in found)


def _active(kernel: Build) -> bool:
    found = [_in_firmware(kernel, caller) for caller in ("direct", "worker")]
    return all(cpu is not None and cpu.active_mm == "user_mm" for cpu in found)


def _breakpoints(kernel: Build) -> bool:
    stage = efi_call(cpus=1, irqs=0, build=kernel).system().with_cpu(0, **ARMED, preempt_count=2)
    after, _ = run(stage, 0, kernel.function("efi_enter_mm"))
    return after.cpus[0].dr7 == 0


def _cookie(kernel: Build, **fields: Any) -> Any:
    """Give what is noted for the way back, from a CPU with these fields."""
    stage = efi_call(cpus=1, irqs=0, build=kernel).system().with_cpu(0, **fields, preempt_count=2)
    return run(stage, 0, kernel.function("efi_enter_mm"))[0].cells["efi_prev_mm", None]


def _direct(kernel: Build) -> bool:
    return bool(_cookie(kernel) == "user_mm")


def _lazy(kernel: Build) -> bool:
    return bool(_cookie(kernel, is_lazy=True, current_mm=None) == "init_mm")


SOURCE = """from tempmm_lab.kernel.percpu import write_once
from tempmm_lab.kernel.tlb import use_temporary_mm


async def efi_enter_mm():
    await write_once("efi_prev_mm", None, await use_temporary_mm("efi_mm"))
"""

ENTER = BySchedules(
    name="efi_enter_mm",
    base=lambda: BUILDS["v6.16"],
    allowed=ALLOWED,
    trials=(
        Trial(lambda kernel: efi_call(build=kernel), "direct", "quiet"),
        Trial(lambda kernel: efi_call(build=kernel, caller="worker"), "lazy", "quiet"),
        Trial(lambda kernel: efi_call(build=kernel, caller="boot"), reports="quiet"),
    ),
    says={
        "firmware": "Firmware does not run on efi_mm with interrupts on, as it has to.",
        "active": "active_mm is the scheduler's note of which mm to go on with. It said efi_mm up to v6.15 because "
        "somebody took it for the loaded mm; nobody does any more.",
        "breakpoints": "A breakpoint that the user set is armed in firmware: addresses are compared, not mms. The "
        "helper disarms them. (efi_leave_mm() arms them again.)",
        "direct": "Is what was loaded before noted for the way back? A direct call does not come back to the task's "
        "own mm with nothing lost. Can a flush come between two lines of the switch?",
        "lazy": "The worker is lazy on user_mm. Is what was loaded noted for the way back? Lazy mode has to be left "
        "on the way in, so that this is init_mm. Or it comes back as if it used user_mm, and is interrupted for that "
        "mm's flushes. And nothing may come between.",
        "quiet": "Something is printed that v6.16 does not print.",
    },
    source=SOURCE,
    checks={
        "firmware": firmware_runs,
        "active": _active,
        "breakpoints": _breakpoints,
        "direct": _direct,
        "lazy": _lazy,
    },
    first=("firmware",),
)
