"""A stage for chapter 6: one CPU takes a mapping away, and each of the others is in another situation.

CPU 0 is a thread of `user_mm` that unmaps; CPU 1 runs a thread of the same process; CPU 2 runs a kernel thread, lazily
on that mm; CPU 3 runs another process, and ran this one before. CPU 2 and 3 go to a thread of `user_mm` afterwards.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from tempmm_lab.awaiting import op
from tempmm_lab.hw.address import Level
from tempmm_lab.kernel.access import Access, Clause
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.entry import call_function
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.layout import BASES, FIXMAP, FRAMES, OTHER_MM, USER_CODE, USER_MM, USER_PAGE
from tempmm_lab.kernel.lockdep import lockdep_assert_irqs_enabled
from tempmm_lab.kernel.smp import satisfies_here, send_ipi
from tempmm_lab.kernel.tlbflush import PAGE_SHIFT, flush_tlb_kernel_range, flush_tlb_mm_range
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.efi_stories import direct_caller
from tempmm_lab.scenarios.programs import PAGE, free_page, unmapper, zap_pte
from tempmm_lab.scenarios.scenario import COMMON, Story
from tempmm_lab.scenarios.stage import Stage

WHAT = ("page", "tables", "kernel")
"""What is taken away: a page; a page together with the table that its entry was in; a page of the kernel's half."""
PAGE_TABLE = BASES[USER_MM] + 4 * PAGE
"""Where the page table of `user_mm` lies."""


@op
def unlink_page_table(cpu: Access, mm: str) -> None:
    """Clear the entry that leads to the page table: whoever walks from the top finds nothing."""
    cpu.write_locked(BASES[mm] + 3 * PAGE + 8 * Level.PD.index(USER_PAGE), 0)


async def table_unmapper(mm: str) -> None:
    """A thread of `mm` that unmaps all that a page table maps, and gives the table back with the page."""
    await zap_pte(mm, USER_PAGE)
    await unlink_page_table(mm)
    await flush_tlb_mm_range(mm, USER_CODE, USER_PAGE + PAGE, PAGE_SHIFT, True)
    await free_page(FRAMES[mm][1])
    await free_page(PAGE_TABLE)


async def kernel_unmapper() -> None:
    """A thread that has taken a page of the kernel's half away, and now flushes it."""
    await flush_tlb_kernel_range(FIXMAP[0], FIXMAP[0] + PAGE)


def _set_stage(
    stage: Stage,
    *,
    cpus: int,
    fills: bool,
    what: str = "page",
    trim: bool = False,
    walker: bool = False,
    borrows: bool = False,
) -> None:
    program = {"page": unmapper, "tables": table_unmapper}.get(what)
    if program is None:
        stage.cpu(kernel_unmapper, name="unmapper", mm=USER_MM)
    else:
        stage.cpu(program, USER_MM, name="unmapper", mm=USER_MM)
    if walker:
        stage.cache_structures()
    for place in (_runs if not borrows else _borrows, _lazy, _elsewhere)[: cpus - 1]:
        place(stage)
    if trim:
        stage.cells["trim_due", USER_MM] = True
    stage.fill(walker, USER_CODE)
    stage.fill(fills, USER_PAGE)


def _runs(stage: Stage) -> None:
    number = stage.cpu(programs.user_of, int(USER_PAGE), 1, name="thread", mm=USER_MM, user=True)
    stage.cache(number, USER_PAGE, USER_MM)


def _borrows(stage: Stage) -> None:
    number = stage.cpu(direct_caller, name="caller", mm=USER_MM)
    stage.cache(number, USER_PAGE, USER_MM)


def _lazy(stage: Stage) -> None:
    number = stage.cpu(programs.kthread_yields, name="kthread", mm=None, lazy_on=USER_MM)
    _comes_back(stage, number)


def _elsewhere(stage: Stage) -> None:
    number = stage.cpu(programs.kthread_yields, name="stranger", mm=OTHER_MM, known=(USER_MM,))
    _comes_back(stage, number)


def _comes_back(stage: Stage, number: int) -> None:
    """Let a thread of `user_mm` wait for this CPU, where its page is cached already."""
    stage.sleeper(number, programs.runs_and_ends, int(USER_PAGE), name="thread", mm=USER_MM)
    stage.cache(number, USER_PAGE, USER_MM)


async def send_and_go_on(payload: Any, to: tuple[Clause, ...], run_local: bool) -> None:
    """smp_call_function_many_cond() that does not wait for anybody."""
    await lockdep_assert_irqs_enabled()
    await send_ipi(payload, to)
    if run_local and await satisfies_here(to):
        async with irqsave():
            await call_function(payload)


def impatient() -> Build:
    """Give v6.16 with a sender that does not wait for the CPUs it has told."""
    return BUILDS["v6.16"].patched(smp_call_function_many_cond=send_and_go_on)


unmapping = Story(
    "unmapping",
    "CPU 0 takes a mapping away. CPU 1 runs the process too, CPU 2 is lazy on it, CPU 3 runs another process.",
    _set_stage,
    MappingProxyType(
        {**COMMON, "cpus": 4, "irqs": 0, "what": "page", "trim": False, "walker": False, "borrows": False}
    ),
    ("no-stale-use",),
    {},
    temporary_mms=False,
    choices={"what": WHAT},
)
"""The stage as a scenario: `unmapping(cpus=3)`. Knobs: `what` goes, `trim` (the mask is due for a clean-up), `walker`
(upper levels may be cached, and the hardware may walk on its own), `borrows` (CPU 1 calls firmware instead of running
user code), and the common ones."""
