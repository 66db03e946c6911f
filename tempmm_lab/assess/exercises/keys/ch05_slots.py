"""The key to the slots of chapter 5: the machine's own switches, and what each misconception makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.asidplay import flushed_elsewhere, processes, switch_to
from tempmm_lab.assess.exercises.ch05 import GENERATION, PLACES, PROCESSES
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.judging import Belief, ByParts
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.system import System
from tempmm_lab.kernel.tlbstate import build_cr3, inc_mm_tlb_gen
from tempmm_lab.steps import run

Load = list[Any]


def stage_of(facts: Facts) -> System:
    """Give the machine at the start of a variant."""
    now = processes(PROCESSES)
    for mm in now.world.mms:
        for _ in range(GENERATION):
            now, _ = run(now, 0, inc_mm_tlb_gen, mm)
    mms, asid = now.world.mms, facts["loaded"]
    slots = tuple((mms[owner].ctx_id, generation) for owner, generation in facts["slots"])
    loaded = facts["slots"][asid][0]
    fields = dict.fromkeys(("current_mm", "active_mm", "loaded_mm", "last_user_mm_spec", "ldt_mm"), loaded)
    cr3 = build_cr3(Access(now, 0), loaded, asid)
    registers = now.cpus[0].registers.but(cr3=cr3)
    return now.with_cpu(0, **fields, ctxs=slots, loaded_mm_asid=asid, next_asid=facts["next_asid"], registers=registers)


def _by_machine(facts: Facts) -> dict[str, Load]:
    now, loads = stage_of(facts), list[Load]()
    for kind, mm in facts["events"]:
        if kind == "flush":
            now = flushed_elsewhere(now, mm)
        else:
            switched = switch_to(now, mm)
            now = switched.system
            loads.append([switched.asid + 1, "flush" if switched.flushed else "keep"])
    return dict(zip(PLACES, loads, strict=True))


def believed(
    *,
    generations: bool = True,
    keeps_own: bool = True,
    flushes_new: bool = True,
    plus_one: int = 1,
    wraps_to: int = 0,
    moves_always: bool = False,
) -> Callable[[Facts], dict[str, Load]]:
    """Give the loads by a simple rule, with something left out."""

    def loads_of(facts: Facts) -> dict[str, Load]:
        slots = [list(slot) for slot in facts["slots"]]
        wanted = {f"p{number}": GENERATION for number in range(1, PROCESSES + 1)}
        fresh, loads, loaded = facts["next_asid"], list[Load](), facts["slots"][facts["loaded"]][0]
        for kind, mm in facts["events"]:
            if kind == "flush":
                wanted[mm] += 1
                for slot in slots:
                    slot[1] = wanted[mm] if slot[0] == mm == loaded else slot[1]
                continue
            own = next((asid for asid, slot in enumerate(slots) if slot[0] == mm), None)
            if own is None or moves_always:
                asid, fresh = (wraps_to, wraps_to + 1) if fresh >= 6 else (fresh, fresh + 1)
            asid = own if own is not None else asid
            behind = generations and slots[asid][1] < wanted[mm]
            flush = (flushes_new if own is None else behind) or not keeps_own
            slots[asid], loaded = [mm, wanted[mm]], mm
            loads.append([asid + plus_one, "flush" if flush else "keep"])
        return dict(zip(PLACES, loads, strict=True))

    return loads_of


SLOTS = ByParts(
    right=_by_machine,
    beliefs=(
        Belief("PCID is ASID", "The PCID is the ASID plus 1, so that PCID 0 stays unused.", believed(plus_one=0)),
        Belief(
            "own means keep",
            "A slot of one's own is not enough. If its generation is behind the mm's, something was flushed meanwhile.",
            believed(generations=False),
        ),
        Belief(
            "every switch flushes",
            "It need not: the slot is its own, and its generation is the mm's. That is what PCIDs are for.",
            believed(keeps_own=False),
        ),
        Belief(
            "a new slot is kept",
            "An ASID that changes its owner is always flushed: nobody knows what the former owner left.",
            believed(flushes_new=False),
        ),
        Belief("wraps to 1", "After ASID 5 comes ASID 0.", believed(wraps_to=1)),
        Belief(
            "the counter moves always",
            "next_asid moves on only when a slot is given out, not when a process finds its own.",
            believed(moves_always=True),
        ),
    ),
    hint=lambda _, __: "Not yet. Has it a slot of its own? If so: is the generation its mm's? If not: which is next?",
)
