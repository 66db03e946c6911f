"""What comes of breaking the rule: the claims of chapter 10 that no statement makes by itself."""

from __future__ import annotations

import pytest

from tempmm_lab import BUILDS, Config, context_switch, explore, nested, play, schedule_inside, text_poke
from tempmm_lab.kernel.bug import WARN_ON_ONCE
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.kernel.percpu import current, this_cpu_read
from tempmm_lab.kernel.tlb import switch_mm_irqs_off
from tempmm_lab.kernel.tlbstate import cpumask_clear_cpu
from tempmm_lab.trace import follow, in_order

TO = {"user": {}, "kthread": {}, "tick": {"ticks": 1}, "nobody": {"ticks": 1}}
NEW, OLD = ("posted", "v6.16"), ("v5.2", "v5.10", "v6.14")


def wrong(mistake):
    """Give v6.16 with one mistake in it."""
    return BUILDS["v6.16"].patched(**MISTAKES[mistake])


@pytest.mark.parametrize("build", [*OLD, *NEW])
@pytest.mark.parametrize("to", TO)
def test_only_preemption_off_keeps_the_mask(build, to):
    """Whoever runs meanwhile, since the series the bit of the loaded user mm is lost; with preemption off nobody runs.

    Up to v6.14 the masks heal again.
    """
    report = explore(schedule_inside(build=build, to=to, irqs=0, cpus=1, **TO[to]))
    broken = ["mask-bit-set"] if build in NEW and to != "nobody" else []
    assert report.complete
    assert list(report.counterexamples) == broken
    assert report.reports == {}


@pytest.mark.parametrize("build", NEW)
def test_the_lost_bit_loses_a_flush(build):
    """The task then reads a page that was freed, from its TLB; nothing is printed."""
    report = explore(schedule_inside(build=build, uses=True, irqs=0))
    assert "no-stale-use" in report.counterexamples
    assert report.reports == {}


def test_before_the_series_no_flush_is_lost_by_scheduling_inside():
    """Not on v5.10; and on v6.14 only by its own bug, which needs no temporary mm."""
    assert explore(schedule_inside(build="v5.10", uses=True, irqs=0)).holds
    assert list(explore(schedule_inside(build="v6.14", uses=True, irqs=0)).counterexamples) == ["no-stale-use"]
    assert "no-stale-use" in explore(context_switch(build="v6.14", irqs=0)).counterexamples


def test_a_debug_kernel_sets_the_bit_again_but_too_late():
    """DEBUG_VM: it WARNs and sets the bit again, and a flush that was decided in between is lost all the same."""
    scenario = schedule_inside(uses=True, irqs=0, config=Config(debug_vm=True))
    report = explore(scenario)
    assert any("own cpumask" in text for text in report.reports)
    trace = play(scenario, follow(report.counterexamples["no-stale-use"]))
    assert any("own cpumask" in text for text in trace.reports)
    assert "user_mm" in trace.last.cpus[0].cpumask


def test_scheduling_while_atomic_is_reported_and_happens_all_the_same():
    """With preemption off the scheduler complains, and the end is the same."""
    report = explore(schedule_inside(atomic=True, irqs=0, cpus=1))
    assert list(report.reports) == ["BUG: scheduling while atomic: user/0x00000002"]
    assert "mask-bit-set" in report.counterexamples


def test_breakpoints_do_not_follow_a_task_to_another_cpu():
    """Migration: DR7 stays 0 on the old CPU, and the unuse on the new one restores what was never saved there."""
    scenario = schedule_inside(migrate=True, irqs=0)
    old, new = play(scenario, follow(explore(scenario).counterexamples["mask-bit-set"])).last.cpus
    assert (old.dr7, old.cpu_dr7, "text_poke_mm" in old.cpumask) == (0, 2, True)
    assert (new.loaded_mm, "user_mm" in new.cpumask) == ("user_mm", False)


def test_the_wrong_cookie_is_another_process():
    """The user's next instruction comes from the other process's page."""
    scenario = text_poke(cpus=1, build=wrong("wrong-cookie"))
    last = play(scenario, follow(explore(scenario).counterexamples["runs-on-its-mm"])).last.cpus[0]
    assert (last.loaded_mm, last.current_mm, last.fault) == ("other_mm", "user_mm", None)
    assert any(int(entry.pa) == 0x210000 for entry in last.tlb.entries)


def test_nesting_in_order_is_fine_but_for_the_breakpoints():
    """Last in, first out: no rule breaks, and DR7 is armed again while the outer mm is still loaded."""
    assert explore(nested(irqs=0)).holds
    armed = [
        moment.after.cpus[0].loaded_mm
        for moment in play(nested(irqs=0, cpus=1), in_order)
        if moment.what.startswith("hw_breakpoint_restore") and moment.after.cpus[0].dr7
    ]
    assert armed == ["text_poke_mm", "user_mm"]


def test_nesting_out_of_order_ends_in_the_temporary_mm():
    """First in, first out: the outer mm is what is loaded at the end, and user code faults on it."""
    report = explore(nested(lifo=False, irqs=0, cpus=1))
    assert {"prev-mm-back", "mask-bit-set", "runs-on-its-mm"} <= set(report.counterexamples)


async def unuse_that_looks(prev_mm):
    """Give the mm back only if it is still there, and say so if it is not."""
    async with irqsave():
        if await WARN_ON_ONCE(await this_cpu_read("loaded_mm") == prev_mm, "somebody scheduled"):
            return
        await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
        await switch_mm_irqs_off(None, prev_mm, current)


def test_a_helper_that_looks_saves_the_mask_and_not_the_caller():
    """One comparison keeps the bit and tells; the alias is gone all the same."""
    build = BUILDS["v6.16"].patched(unuse_temporary_mm=unuse_that_looks)
    report = explore(schedule_inside(build=build, uses=True, irqs=0))
    assert report.holds
    assert any("somebody scheduled" in text for text in report.reports)
    assert any("page fault" in text for text in explore(schedule_inside(build=build, touch=True, irqs=0)).reports)
    assert explore(text_poke(build=build)).reports == {}
