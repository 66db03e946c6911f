"""What the tasks of the scenarios do."""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.hw.translation import fill_from_tables
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.alternative import poke_begins, poke_returned, text_poke
from tempmm_lab.kernel.core import schedule
from tempmm_lab.kernel.entry import syscall_enter, syscall_exit_to_user_mode
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.layout import BASES, FRAMES, TEXT, TEXT_POKE_MM, USER_CODE, USER_PAGE
from tempmm_lab.kernel.locks import mutex_lock, mutex_unlock, text_mutex
from tempmm_lab.kernel.tlb import use_temporary_mm
from tempmm_lab.kernel.tlbflush import PAGE_SHIFT, TLB_FLUSH_ALL, arch_tlbbatch_flush, flush_tlb_mm_range
from tempmm_lab.kernel.tlbstate import inc_mm_tlb_gen
from tempmm_lab.kernel.uaccess import copy_from_user, probe_store, user_load, user_step

PAGE = 4096
SITES = (int(TEXT[0]),)
"""Where one poke goes."""


def leaf_of(mm: str, va: int) -> int:
    """Give where the leaf entry of a user page is; layout.py has its tables in a row."""
    table = BASES[mm] + 4 * PAGE
    return table + 8 * (va >> 12 & 0x1FF)


async def kthread_poker(sites: tuple[int, ...], value: int) -> None:
    """A kernel thread that patches code, one byte at each site."""
    await mutex_lock(text_mutex)
    for site in sites:
        await poke_begins(site)
        await text_poke(site, value, 1)
        await poke_returned(site)
    await mutex_unlock(text_mutex)


async def poker(sites: tuple[int, ...], value: int) -> None:
    """A task that patches code, and goes back to user mode."""
    await kthread_poker(sites, value)
    await back_to_user()


async def back_to_user() -> None:
    """Leave the system call, and run one instruction."""
    await syscall_exit_to_user_mode()
    await user_step()


async def attacker(va: int) -> None:
    """A task on another CPU that tries to write through an address it should not have."""
    await probe_store(va)


async def stale_attacker(va: int) -> None:
    """The same, but its CPU first walks to the address by itself, as a CPU may at any time."""
    await speculate(va)
    await probe_store(va)


@op
def speculate(cpu: Access, va: int) -> bool:
    """The hardware caches the translation of an address, if there is one. Nobody asked."""
    return fill_from_tables(cpu, va)


@op
def zap_pte(cpu: Access, mm: str, va: int) -> None:
    """Clear a user page's entry with XCHG, as ptep_get_and_clear() does. No CPU is told."""
    cpu.write_locked(leaf_of(mm, va), 0)


@op
def free_page(cpu: Access, frame: int) -> None:
    """Give a frame back: from here on it may be somebody else's, so using it is wrong. A locked operation."""
    cpu.write_locked(("freed", frame), True)


async def unmapper(mm: str) -> None:
    """A thread of `mm` that unmaps its data page: the entry, the flush, and only then the frame."""
    await zap_pte(mm, USER_PAGE)
    await flush_tlb_mm_range(mm, USER_PAGE, USER_PAGE + PAGE, PAGE_SHIFT, False)
    await free_page(FRAMES[mm][1])


async def reclaimer(mm: str) -> None:
    """Reclaim takes the data page of `mm` away: entry, generation, one batched flush at the end, then the frame."""
    await zap_pte(mm, USER_PAGE)
    await inc_mm_tlb_gen(mm)
    await arch_tlbbatch_flush(mm)
    await free_page(FRAMES[mm][1])


@op
def free_pgtables(cpu: Access, mm: str) -> None:
    """Clear the top entry of the mm's lower half: all its tables are unreachable from here."""
    cpu.write(BASES[mm] + 8 * (USER_CODE >> 39 & 0x1FF), 0)


async def exiter(mm: str) -> None:
    """The last thread of `mm` is gone, and its tables are freed: unlink, flush with freed_tables, then the pages."""
    await free_pgtables(mm)
    await flush_tlb_mm_range(mm, 0, TLB_FLUSH_ALL, PAGE_SHIFT, True)
    for number in (2, 3, 4):
        await free_page(BASES[mm] + number * PAGE)


async def user_of(va: int, times: int) -> None:
    """User code that loads from a page."""
    for _ in range(times):
        await user_load(va)


async def yielder(va: int) -> None:
    """User code that loads, lets another task run, and loads again."""
    await user_load(va)
    await syscall_enter()
    await schedule()
    await syscall_exit_to_user_mode()
    await user_load(va)


async def switches_away(va: int) -> None:
    """A task in the kernel that lets another run; when it is back, user code loads from a page."""
    await schedule()
    await syscall_exit_to_user_mode()
    await user_load(va)


async def runs_and_yields(va: int) -> None:
    """A task that runs for the first time: user mode, one load, and away again."""
    await syscall_exit_to_user_mode()
    await user_load(va)
    await syscall_enter()
    await schedule("waiting", ("parked", None))


async def kthread_yields() -> None:
    """A kernel thread that does nothing and lets another task run."""
    await schedule("waiting", ("parked", None))


@op
def cpu_relax(cpu: Access) -> None:
    """A step that touches nothing."""


async def lazy_poker() -> None:
    """A lazy kernel thread that patches code, and then lets the mm's task run."""
    await kthread_poker((int(TEXT[0]),), 0xCC)
    await schedule("waiting", ("parked", None))


async def kthread_poker_once() -> None:
    """A lazy kernel thread that patches code and does nothing more."""
    await kthread_poker(SITES, 0xCC)


async def kthread_stays() -> None:
    """A kernel thread that runs on for a while, on whatever is loaded."""
    for _ in range(2):
        await cpu_relax()


async def unmapper_irqs_off(mm: str) -> None:
    """The same as unmapper, with interrupts off around it all, which no sender of IPIs may do."""
    async with irqsave():
        await unmapper(mm)


async def runs_and_ends(va: int) -> None:
    """A task that runs for the first time: user mode, and one load."""
    await syscall_exit_to_user_mode()
    await user_load(va)


async def cpu_relax_once() -> None:
    """A task that does nothing, once."""
    await cpu_relax()


async def relax_irqs_off() -> None:
    """A task that does nothing, first with interrupts on, then off, then on again."""
    await cpu_relax()
    async with irqsave():
        await cpu_relax()
    await cpu_relax()


async def reads_user_in_t(va: int) -> None:
    """Borrow text_poke_mm, interrupts off, and read a user address in it."""
    async with irqsave():
        await use_temporary_mm(TEXT_POKE_MM)
        await copy_from_user(va)
        await cpu_relax()


async def relax_schedule_relax() -> None:
    """A task that lets another run once, and goes on when it is back."""
    await cpu_relax()
    await schedule()
    await cpu_relax()
