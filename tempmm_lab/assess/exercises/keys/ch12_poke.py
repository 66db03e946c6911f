"""The key to the poke of chapter 12: every schedule, with a handler that has a bug."""

from __future__ import annotations

from tempmm_lab.assess.exercises.kernelcode import known_ops
from tempmm_lab.assess.exercises.keys.schedules import BySchedules, Trial
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.layout import ALIAS, TEXT, TEXT_FRAMES
from tempmm_lab.kernel.percpu import changed_registers
from tempmm_lab.kernel.system import System
from tempmm_lab.scenarios import text_poke
from tempmm_lab.steps import run
from tempmm_lab.trace import in_order, play

ALLOWED = known_ops(
    "BUG_ON", "WARN_ON_ONCE", "acquire", "atomic64_read_tlb_gen", "choose_new_asid", "cond_mitigation",
    "cpumask_any_but", "cpumask_clear_cpu", "cpumask_set_cpu", "cpumask_test_cpu", "cr4_update_pce_mm",
    "flush_tlb_local", "flush_tlb_one_user", "hw_breakpoint_active", "hw_breakpoint_disable", "hw_breakpoint_restore",
    "inc_mm_tlb_gen", "irqs_disabled", "load_new_mm_cr3", "local_irq_disable", "local_irq_enable",
    "local_irq_restore", "local_irq_save", "lockdep_assert_irqs_enabled",
    "lockdep_assert_preemption_disabled", "memcmp", "preempt_count_add",
    "preempt_count_dec_and_test", "pte_clear", "release", "set_asid_ctx", "set_pte_at", "switch_ldt",
    "text_poke_memcpy", "this_cpu_read", "this_cpu_write",
)  # fmt: skip
"""The steps that the kernel's own poke is made of, and other ways to turn interrupts off."""


def _written(kernel: Build) -> bool:
    last = play(text_poke(cpus=1, irqs=0, build=kernel), in_order).last
    return int(last.memory.read64(TEXT_FRAMES[0])) & 0xFF == 0xCC and not last.cpus[0].running


def _cleared(kernel: Build) -> bool:
    last = play(text_poke(cpus=1, irqs=0, build=kernel), in_order).last
    return int(last.memory.read64(last.world.alias_ptes[ALIAS])) & 1 == 0


def _as_before(kernel: Build) -> bool:
    """Say whether IF is as before after a call, from either state."""
    stage = text_poke(cpus=1, irqs=0, build=kernel).system()
    off = changed_registers(stage.cpus[0].registers, "IF", False)
    both = (stage, stage.with_cpu(0, registers=off, hardirqs_enabled=False))
    return all(_after(kernel, one) == bool(one.cpus[0].rflags_if) for one in both)


def _after(kernel: Build, stage: System) -> bool:
    return bool(run(stage, 0, kernel.function("__text_poke"), int(TEXT[0]), 0xCC, 1)[0].cpus[0].rflags_if)


SOURCE = """from tempmm_lab.kernel.alternative import clear_alias, map_alias, text_poke_func
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import ALIAS, TEXT_POKE_MM
from tempmm_lab.kernel.locks import spin_lock, spin_unlock, text_poke_ptl
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tempmm_lab.kernel.tlbflush import flush_tlb_mm_range


async def __text_poke(addr, opcode, size):
    await spin_lock(text_poke_ptl)
    flags = await local_irq_save()
    await map_alias(addr, False)
    prev_mm = await use_temporary_mm(TEXT_POKE_MM)
    await text_poke_func(ALIAS + (addr & 0xFFF), opcode, size)
    await clear_alias(False)
    await unuse_temporary_mm(prev_mm)
    await flush_tlb_mm_range(TEXT_POKE_MM, ALIAS, ALIAS + 4096, 12, False)
    await local_irq_restore(flags)
    await spin_unlock(text_poke_ptl)
"""

POKE = BySchedules(
    name="__text_poke",
    base=lambda: BUILDS["v6.16"],
    allowed=ALLOWED,
    trials=(
        Trial(lambda kernel: text_poke(cpus=1, build=kernel, handler="stray_write"), "stray"),
        Trial(lambda kernel: text_poke(cpus=1, build=kernel, pokes=2), "left"),
        Trial(lambda kernel: text_poke(build=kernel), "every", "every"),
        Trial(lambda kernel: text_poke(cpus=1, build=kernel, lazy=True), "every", "every"),
    ),
    says={
        "written": "The bytes are not in kernel text after a poke that nobody disturbs.",
        "stray": "A handler can run while the alias can be written through, and its stray write reaches kernel text. "
        "Interrupts have to be off from before the alias is of use until it is of none, on this CPU.",
        "left": "After a poke a writable way to kernel text is left behind, in the table or in the TLB, and the next "
        "poke may use it. An entry that is cleared has to be flushed.",
        "caller": "Its caller has interrupts on or off, and has to find them so again: not always on, not always off.",
        "every": "On some schedule another rule breaks, or something is printed.",
    },
    source=SOURCE,
    checks={"written": _written, "left": _cleared, "caller": _as_before},
    first=("written",),
)
