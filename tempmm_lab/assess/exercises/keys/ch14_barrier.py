"""The key to the barrier of chapter 14: every schedule, with store buffers."""

from __future__ import annotations

from tempmm_lab.assess.exercises.kernelcode import known_ops
from tempmm_lab.assess.exercises.keys.ch11_enter import ALLOWED
from tempmm_lab.assess.exercises.keys.schedules import BySchedules, Trial
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.scenarios import context_switch, efi_call, lazy_tlb, shootdown
from tempmm_lab.trace import in_order, play


def _barriers(kernel: Build) -> list[int]:
    """Give how many barriers there are in each switch of a task that goes away and comes back."""
    counts, inside = list[int](), False
    for moment in play(context_switch(cpus=1, irqs=0, build=kernel, memory="tso"), in_order):
        now = any("switch_mm_irqs_off" in frame.point.inside for frame in moment.before.cpus[0].running)
        counts += [0] if now and not inside else []
        inside = now
        if now and "full_barrier" in moment.what:
            counts[-1] += 1
    return counts


def _once(kernel: Build) -> bool:
    return all(count <= 1 for count in _barriers(kernel))


def _loads(kernel: Build) -> bool:
    """Say whether the other task's mm is loaded at some moment, when a task switches away and back."""
    trace = play(context_switch(cpus=1, irqs=0, build=kernel, memory="tso"), in_order)
    return any(moment.after.cpus[0].loaded_mm == "other_mm" for moment in trace)


SOURCE = """from tempmm_lab.assess.exercises.ch14_stage import begin_switch, end_switch
from tempmm_lab.kernel.barrier import full_barrier
from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING
from tempmm_lab.kernel.percpu import this_cpu_write
from tempmm_lab.kernel.tlbstate import atomic64_read_tlb_gen, cpumask_set_cpu, cpumask_test_cpu


async def switch_mm_irqs_off(unused, next, tsk):
    if not await begin_switch(next, tsk):
        return
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    await full_barrier()
    if next != "init_mm" and not await cpumask_test_cpu(next):
        await cpumask_set_cpu(next)
    next_tlb_gen = await atomic64_read_tlb_gen(next)
    await end_switch(next, next_tlb_gen)
"""

BARRIER = BySchedules(
    name="switch_mm_irqs_off",
    base=lambda: BUILDS["v6.16"],
    allowed={**ALLOWED, **known_ops("full_barrier")},
    trials=(
        Trial(lambda kernel: shootdown(build=kernel, memory="tso", irqs=0), "shootdown"),
        Trial(lambda kernel: context_switch(build=kernel, memory="tso", irqs=0), "switches"),
        Trial(lambda kernel: lazy_tlb(build=kernel, memory="tso", irqs=0), "others"),
        Trial(lambda kernel: efi_call(build=kernel, memory="tso", irqs=0), "others"),
    ),
    says={
        "shootdown": "A flush is lost. Follow a schedule in the bench: what has this CPU stored and read when the "
        "flusher looks at its loaded_mm, and what does the flusher see of it?",
        "switches": "A task that switches away and comes back breaks a rule. Is the bit set in both cases? Which of "
        "its stores can others see, and when?",
        "others": "Around firmware, or on a lazy CPU, a rule breaks on some schedule.",
        "once": "Some switch calls full_barrier() twice. One is enough.",
        "loads": "A switch does not load the next mm.",
    },
    source=SOURCE,
    checks={"loads": _loads, "once": _once},
    first=("loads",),
)
