"""What happens after the questions of chapter 7, Writing to code."""

from __future__ import annotations

from tempmm_lab.assess.question import Outcome
from tempmm_lab.batchcost import batch_cost
from tempmm_lab.explore import explore
from tempmm_lab.kernel.access import Access as OnMachine
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.fixmap import text_poke_v5_1
from tempmm_lab.kernel.layout import BASES, FIXMAP, OTHER_MM
from tempmm_lab.kernel.step import action
from tempmm_lab.kernel.tlbflush import flush_tlb_kernel_range
from tempmm_lab.kernel.tlbstate import move_to_cr3
from tempmm_lab.livecode import LINUX, live_code
from tempmm_lab.scenarios import stale_alias, text_poke
from tempmm_lab.snapshots import load_snapshot
from tempmm_lab.trace import Trace, events, replay
from tempmm_lab.views.cpu import draw_cpu
from tempmm_lab.views.livecode import draw_live_code
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.writers import draw_writers

_BOTH = ("only-poker-writes", "no-writable-text-left")


def _left_behind() -> Trace:
    """Give the shortest run after which v5.1 leaves a writable translation of its code on another CPU."""
    return replay(explore(stale_alias(build="v5.1", irqs=0)).counterexamples["no-writable-text-left"])


async def _text_poke_told(addr: int, opcode: int, size: int) -> None:
    """v5.1's text_poke(), and then every CPU is told to forget the alias."""
    await text_poke_v5_1(addr, opcode, size)
    await flush_tlb_kernel_range(FIXMAP[0], FIXMAP[0] + 4096)


def _set_rw() -> str:
    walk = load_snapshot("text_poke").walk("kernel text being patched")
    size = (walk.page_size or 0) >> 10
    return f"{walk.rights}, a page of {size:,} KiB, mapped by one entry of the tables that all CPUs share"


def _who() -> tuple[str, Picture]:
    run = replay(explore(text_poke(build="v5.1", irqs=0)).counterexamples["only-poker-writes"])
    return f"in step {len(run)}, CPU 1's store: {'; '.join(map(str, events(run[-1])))}", draw_writers(run)


def _after() -> tuple[str, Picture, Picture]:
    run = _left_behind()
    further = replay(run.scenario.path((*run.path, action("s", 1))))
    changed = "; ".join(map(str, events(further[-1])))
    return f"in step {len(further)}, CPU 1's store: {changed}", draw_writers(further), draw_cpu(run.last, 1)


def _how_long() -> str:
    """CPU 1 loads the tables of another process, and drops what it must."""
    run = _left_behind()
    access = OnMachine(run.last, 1, (), "")
    move_to_cr3(access, BASES[OTHER_MM] | 2, keep=False)
    kept = access.machine.cpus[1].tlb.entries
    told = ", ".join(f"{entry.va} -> {entry.pa}, {entry.rights}, global" for entry in kept if entry.global_)
    return f"in CPU 1's TLB after it has loaded the tables of {OTHER_MM}: {told}"


def _told() -> str:
    told = BUILDS["v5.1"].patched(text_poke=_text_poke_told)
    report = explore(stale_alias(build=told, irqs=0))
    lines = [f"{name}: " + ("broken" if name in report.counterexamples else "holds") for name in _BOTH]
    return "\n".join(lines)


OUTCOMES: dict[str, Outcome] = {
    "ch07-set-rw": _set_rw,
    "ch07-who": _who,
    "ch07-after": _after,
    "ch07-how-long": _how_long,
    "ch07-told": _told,
    "ch07-torn": lambda: draw_live_code(live_code("all")),
    "ch07-cc": lambda: draw_live_code(live_code(*LINUX[:3])),
    "ch07-no-sync": lambda: draw_live_code(live_code("publish", "INT3", "tail", "first")),
    "ch07-batch": lambda: str(batch_cost(10)),
}
"""Question id -> what is run and shown after an answer."""
