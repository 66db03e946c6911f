"""The key to the loads of chapter 8: the machine's own pokes, and what each misconception makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.assess.exercises.ch08 import PLACES
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.judging import Belief, ByParts
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import OTHER_MM, TEXT_POKE_MM, USER_MM, USER_PAGE
from tempmm_lab.kernel.system import System
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tempmm_lab.kernel.tlbflush import flush_tlb_func, flush_tlb_info
from tempmm_lab.kernel.tlbstate import inc_mm_tlb_gen
from tempmm_lab.points import start
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.stage import Stage
from tempmm_lab.steps import run

MMS = (USER_MM, OTHER_MM)
KEEP, FLUSH = "keep", "flush"
Loads = dict[str, list[str]]


def _stage() -> System:
    stage = Stage(BUILDS["v6.16"], Config())
    for number, mm in enumerate(MMS):
        stage.cpu(programs.cpu_relax_once, name=f"task{number}", mm=mm, fields={"preempt_count": 1})
    now = stage.system()
    for cpu in (0, 1):
        now = now.with_cpu(cpu, registers=now.cpus[cpu].registers.but(IF=0), hardirqs_enabled=False)
    return now


def loaded(now: System, cpu: int, fn: Callable[..., Any], mm: str) -> tuple[System, Any, str]:
    """Run a call that switches mms; give the machine afterwards, its answer, and whether its load of CR3 flushed."""
    point, did = start(fn, mm, versions=now.versions), ""
    while point.op is not None:
        if point.op.do.__name__ == "load_new_mm_cr3":
            did = FLUSH if point.op.args[2] is True else KEEP
        door = now.door(cpu)
        answer = point.op.do(door, *point.op.args)
        now, point = door.machine, point.after(answer)
    return now, point.value, did


def _unmapped(now: System, cpu: int, *, told: bool) -> System:
    """Let another CPU flush a page of the process that a CPU runs; `told` if that has it loaded, and takes the IPI."""
    now, generation = run(now, 1 - cpu, inc_mm_tlb_gen, MMS[cpu])
    info = flush_tlb_info(MMS[cpu], int(USER_PAGE), int(USER_PAGE) + 4096, generation)
    return run(now, cpu, flush_tlb_func, info)[0] if told else now


def _by_machine(facts: Facts) -> Loads:
    now, loads = _stage(), list[list[str]]()
    for cpu, when in facts["pokes"]:
        now = _unmapped(now, cpu, told=True) if when == "before" else now
        now, prev, there = loaded(now, cpu, use_temporary_mm, TEXT_POKE_MM)
        now = _unmapped(now, cpu, told=False) if when == "during" else now
        now, _, back = loaded(now, cpu, unuse_temporary_mm, prev)
        now = run(now, cpu, inc_mm_tlb_gen, TEXT_POKE_MM)[0] if facts["flushes"] else now
        loads.append([there, back])
    return dict(zip(PLACES, loads, strict=True))


def believed(
    *,
    raised: bool | None = None,
    flush_flag: bool = True,
    back: dict[str, str] | None = None,
    first: str = FLUSH,
    all_of: str = "",
) -> Callable[[Facts], Loads]:
    """Give the loads by a simple rule, with something left out."""
    ways = back or {"": KEEP, "before": KEEP, "during": FLUSH}

    def loads_of(facts: Facts) -> Loads:
        poked, loads = set[int](), list[list[str]]()
        ups = facts["flushes"] if raised is None else raised
        for cpu, when in facts["pokes"]:
            there = first if cpu not in poked else FLUSH if ups and flush_flag else KEEP
            poked.add(cpu)
            loads.append([all_of or there, all_of or ways[when]])
        return dict(zip(PLACES, loads, strict=True))

    return loads_of


LOADS = ByParts(
    right=_by_machine,
    beliefs=(
        Belief(
            "the flush flushes nothing",
            "It raises text_poke_mm's generation, so the slot is behind at the next poke, and that load flushes.",
            believed(raised=False),
        ),
        Belief(
            "temporary mms always flush",
            "Without the call nothing raises text_poke_mm's generation. The slot looks up to date, and the load keeps.",
            believed(raised=True),
        ),
        Belief(
            "every switch flushes",
            "With PCIDs a switch to an mm whose slot is up to date keeps. The process's mm is such a one here.",
            believed(all_of=FLUSH),
        ),
        Belief(
            "the way back always keeps",
            "What was unmapped meanwhile is not told to this CPU, which has another mm loaded: the slot is behind.",
            believed(back={"": KEEP, "before": KEEP, "during": KEEP}),
        ),
        Belief(
            "an unmapping costs a flush later",
            "Before the poke the CPU had the mm loaded: it was told, flushed, and noted the generation.",
            believed(back={"": KEEP, "before": FLUSH, "during": FLUSH}),
        ),
        Belief(
            "the first load keeps",
            "At the first poke on a CPU text_poke_mm has no slot there. A new slot is always flushed.",
            believed(first=KEEP),
        ),
    ),
    hint=lambda _, __: "Not yet. Has the mm a slot on this CPU? Who has raised its generation since then?",
)
