"""The stage of chapter 6's exercise on the receiver, for the judge and for the bench: two senders at a time."""

from __future__ import annotations

from types import MappingProxyType

from tempmm_lab.kernel.layout import FRAMES, USER_CODE, USER_MM, USER_PAGE
from tempmm_lab.kernel.tlbflush import PAGE_SHIFT, flush_tlb_mm_range
from tempmm_lab.kernel.uaccess import user_load
from tempmm_lab.scenarios.programs import PAGE, free_page, zap_pte
from tempmm_lab.scenarios.scenario import COMMON, Story
from tempmm_lab.scenarios.stage import Stage

PAGES = (USER_PAGE, USER_CODE)


async def unmapper_of(which: int) -> None:
    """A thread that unmaps one of two pages: the entry, the flush, and only then the frame."""
    va = int(PAGES[which])
    await zap_pte(USER_MM, va)
    await flush_tlb_mm_range(USER_MM, va, va + PAGE, PAGE_SHIFT, False)
    await free_page(FRAMES[USER_MM][1 - which])


async def user_of_both() -> None:
    """User code that loads from both pages."""
    for va in PAGES:
        await user_load(int(va))


def _set_stage(stage: Stage, *, cpus: int, fills: bool) -> None:
    del cpus, fills
    for which in (0, 1):
        stage.cpu(unmapper_of, which, name=f"unmapper{which + 1}", mm=USER_MM)
    number = stage.cpu(user_of_both, name="user", mm=USER_MM, user=True)
    for va in PAGES:
        stage.cache(number, va, USER_MM)


two_pages = Story(
    "two_pages",
    "CPUs 0 and 1 unmap a page each, at the same time. CPU 2 uses both.",
    _set_stage,
    MappingProxyType({**COMMON, "cpus": 3, "irqs": 0}),
    ("no-stale-use",),
    {},
    temporary_mms=False,
    choices={},
)
"""The stage as a scenario: `bench(two_pages(build=mine))` opens it."""
