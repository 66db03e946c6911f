"""What an operation costs, counted on one undisturbed run: steps, interrupts off, and what hardware is asked to do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tempmm_lab.kernel.builds import Build
from tempmm_lab.scenarios import context_switch, efi_call, text_poke
from tempmm_lab.trace import Trace, in_order, play

Price = dict[str, int]
SOFTIRQ_MASK = 0xFF00
_DR7 = ("hw_breakpoint_disable", "hw_breakpoint_restore")


def price(run: Trace) -> Price:
    """Count on CPU 0 of a run: what -> how often."""
    off = [not moment.before.cpus[0].rflags_if for moment in run]
    ops = [moment.what for moment in run]
    loads = [what for what in ops if what.startswith("load_new_mm_cr3(")]
    return {
        "steps": len(run),
        "steps with interrupts off": sum(off),
        "the longest stretch with interrupts off": max(
            (len(list(group)) for masked, group in groupby(off) if masked), default=0
        ),
        "steps with softirqs off": sum(bool(moment.before.cpus[0].preempt_count & SOFTIRQ_MASK) for moment in run),
        "firmware's own steps with interrupts off": sum(
            masked and what.startswith("firmware_step") for masked, what in zip(off, ops, strict=True)
        ),
        "CR3 writes that flush": sum(what.endswith("True)") for what in loads),
        "CR3 writes that keep": sum(what.endswith("False)") for what in loads),
        "flushes of the generation": sum(what.startswith("inc_mm_tlb_gen(") for what in ops),
        "DR7 writes": sum(what.startswith(_DR7) for what in ops),
    }


def priced(before: Build, after: Build) -> Iterator[tuple[str, str, int, int]]:
    """Give (operation, what is counted, before, after) wherever a patch makes a difference."""
    asked = {
        "two pokes": (text_poke, {"pokes": 2}),
        "a firmware call": (efi_call, {}),
        "a switch": (context_switch, {}),
    }
    for name, (story, knobs) in asked.items():
        old, new = (price(play(story(build=build, cpus=1, irqs=0, **knobs), in_order)) for build in (before, after))
        yield from ((name, what, old[what], new[what]) for what in old if old[what] != new[what])
