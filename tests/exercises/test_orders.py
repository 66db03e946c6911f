"""Two orders, shown by runs: which orders of a switch lose a flush, and that the key to a poke is what v6.16 does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import pytest

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.ch08 import STEPS
from tempmm_lab.explore import explore
from tempmm_lab.kernel.alternative import __text_poke
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING, OTHER_MM, USER_MM, USER_PAGE
from tempmm_lab.kernel.percpu import this_cpu_write
from tempmm_lab.kernel.tlbstate import (
    atomic64_read_tlb_gen,
    choose_new_asid,
    cpumask_set_cpu,
    load_new_mm_cr3,
    set_asid_ctx,
)
from tempmm_lab.points import start
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.scenario import COMMON, STORIES, Story
from tempmm_lab.scenarios.stage import Stage

KEY = ("prev", "sign", "bit", "generation", "asid", "slot", "cr3", "done")


def _switching(order: Sequence[str]) -> Callable[..., Any]:
    """Give a switch to another mm whose steps come in an order."""

    async def switch_mm_irqs_off(_: Any, mm: str, __: Any) -> None:
        found: dict[str, Any] = {}
        for step in order:
            if step == "sign":
                await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
            elif step == "bit":
                await cpumask_set_cpu(mm)
            elif step == "generation":
                found["generation"] = await atomic64_read_tlb_gen(mm)
            elif step == "asid":
                found["asid"], found["flush"] = await choose_new_asid(mm, found["generation"])
            elif step == "slot" and found["flush"]:
                await set_asid_ctx(found["asid"], mm, found["generation"])
            elif step == "cr3":
                await load_new_mm_cr3(mm, found["asid"], found["flush"])
            elif step == "done":
                await this_cpu_write("loaded_mm", mm)
                await this_cpu_write("loaded_mm_asid", found["asid"])

    return switch_mm_irqs_off


def _set_stage(stage: Stage, *, cpus: int, fills: bool) -> None:
    """CPU 0 switches to a process that it ran before, whose slot is up to date and whose bit is clear; CPU 1 unmaps."""
    del cpus, fills
    page, bits = int(USER_PAGE), {"cpumask": frozenset({OTHER_MM})}
    first = stage.cpu(programs.switches_away, page, name="first", mm=OTHER_MM, known=(USER_MM,), fields=bits)
    stage.sleeper(first, programs.runs_and_ends, page, name="second", mm=USER_MM)
    stage.cache(first, page, USER_MM)
    stage.cpu(programs.unmapper, USER_MM, name="unmapper", mm=USER_MM)


BACK = Story(
    "back",
    "CPU 0 switches to a process that CPU 1 unmaps a page of.",
    _set_stage,
    MappingProxyType({**COMMON, "irqs": 0}),
    ("no-stale-use",),
    {},
    temporary_mms=False,
    choices={},
)


@pytest.mark.parametrize(
    ("order", "lost"),
    [
        (KEY, False),
        (("prev", "bit", "sign", "generation", "asid", "slot", "cr3", "done"), False),
        (("prev", "sign", "bit", "generation", "asid", "cr3", "slot", "done"), False),
        (("prev", "sign", "generation", "bit", "asid", "slot", "cr3", "done"), True),
        (("prev", "bit", "generation", "sign", "asid", "slot", "cr3", "done"), True),
        (("prev", "bit", "generation", "asid", "slot", "cr3", "sign", "done"), True),
    ],
)
def test_a_switch_says_before_it_looks(order: Sequence[str], *, lost: bool) -> None:
    """With the bit and the sign set before the generation is read no flush is lost; with either after it one is."""
    report = explore(BACK(build=BUILDS["v6.16"].patched(switch_mm_irqs_off=_switching(order))))
    assert report.complete
    assert list(report.counterexamples) == (["no-stale-use"] if lost else [])


DOES = {
    "local_irq_save": "off",
    "set_pte_at": "map",
    "load_new_mm_cr3": "use",
    "hw_breakpoint_disable": "disarm",
    "text_poke_memcpy": "write",
    "pte_clear": "clear",
    "cpumask_clear_cpu": "bit",
    "inc_mm_tlb_gen": "flush",
    "local_irq_restore": "on",
}
"""An op of __text_poke()'s -> the step it is; the second load of CR3 is the way back."""


def test_the_order_of_a_poke_is_the_models() -> None:
    """The key to the poke's order is what v6.16 does in the model, step by step."""
    now = STORIES["hw_breakpoints"]().system()
    point, done = start(__text_poke, 0xFFFFFFFF81000000, 0xCC, 1, versions=now.versions), list[str]()
    while point.op is not None:
        name, before = point.op.do.__name__, now.cpus[0].registers.bit("IF")
        door = now.door(0)
        answer = point.op.do(door, *point.op.args)
        now, point = door.machine, point.after(answer)
        if not name.startswith("local_irq") or before != now.cpus[0].registers.bit("IF"):
            done += [DOES[name]] if name in DOES else []
    done[done.index("use", done.index("use") + 1)] = "back"
    one = EXERCISES["ch08-order"]
    items = one.variant(0).facts["items"]
    assert [STEPS[name] for name in done] == [items["ABCDEFGHIJ".index(letter)] for letter in one.key(0)]
