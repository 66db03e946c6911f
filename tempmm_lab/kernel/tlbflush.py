"""Flushing: the second half of arch/x86/mm/tlb.c as of v6.16.

A flush raises the mm's generation first. Only then does it ask who must be told now. In our model the CPUs
of a mask are looked at all at once; older kernels flush themselves first and the others then, where v6.16 does both
together. Left out: broadcast flushes, the reentry check of DEBUG_VM, and the notifier of secondary TLBs.
"""

from __future__ import annotations

from typing import NamedTuple

from tempmm_lab.awaiting import op
from tempmm_lab.hw.registers import Registers
from tempmm_lab.kernel.access import Access, Clause
from tempmm_lab.kernel.bug import WARN_ON_ONCE, warn_once
from tempmm_lab.kernel.irqflags import irqs_disabled, local_irq_disable, local_irq_enable
from tempmm_lab.kernel.layout import INIT_MM, LOADED_MM_SWITCHING
from tempmm_lab.kernel.lockdep import lockdep_assert_irqs_enabled
from tempmm_lab.kernel.percpu import IS_ENABLED, this_cpu_read
from tempmm_lab.kernel.preempt import preempt_disable, preempt_enable
from tempmm_lab.kernel.smp import ONLINE, smp_call_function_many_cond
from tempmm_lab.kernel.tlb import switch_mm_irqs_off
from tempmm_lab.kernel.tlbstate import (
    atomic64_read_tlb_gen,
    cpumask_any_but,
    cpumask_clear_cpu,
    inc_mm_tlb_gen,
    invalidate_user_asid,
    set_asid_ctx,
    user_pcid,
)
from tempmm_lab.points import versioned

TLB_FLUSH_ALL = 0xFFFF_FFFF_FFFF_FFFF
SINGLE_PAGE_FLUSH_CEILING = 33
PAGE_SHIFT = 12


class flush_tlb_info(NamedTuple):  # noqa: N801
    """What a flush is about. Linux: struct flush_tlb_info."""

    mm: str | None
    start: int
    end: int
    new_tlb_gen: int
    stride_shift: int = PAGE_SHIFT
    freed_tables: bool = False
    trim_cpumask: bool = False

    def __repr__(self) -> str:
        pages = "all" if self.end == TLB_FLUSH_ALL else f"{self.start:#x}-{self.end:#x}"
        flags = " freed_tables" * self.freed_tables + " trim" * self.trim_cpumask
        return f"<{self.mm or 'any mm'} {pages}, generation {self.new_tlb_gen}{flags}>"


@versioned
async def flush_tlb_mm_range(mm: str, start: int, end: int, stride_shift: int, freed_tables: bool) -> None:
    """Make everyone who has `mm` loaded forget a range; everyone else catches up when they load it.

    Linux: arch/x86/mm/tlb.c flush_tlb_mm_range(), v6.16 (S60-S61).
    """
    await preempt_disable()
    if end == TLB_FLUSH_ALL or (end - start) >> stride_shift > SINGLE_PAGE_FLUSH_CEILING:
        start, end = 0, TLB_FLUSH_ALL
    new_tlb_gen = await inc_mm_tlb_gen(mm)
    if await cpumask_any_but(mm):
        trim = await should_trim_cpumask(mm)
        info = flush_tlb_info(mm, start, end, new_tlb_gen, stride_shift, freed_tables, trim)
        await flush_tlb_multi(mm, info)
    elif mm == await this_cpu_read("loaded_mm"):
        await lockdep_assert_irqs_enabled()
        await local_irq_disable()
        await flush_tlb_func(flush_tlb_info(mm, start, end, new_tlb_gen, stride_shift, freed_tables))
        await local_irq_enable()
    await preempt_enable()


@op
def should_trim_cpumask(cpu: Access, mm: str) -> bool:
    """Say whether stale bits of the mask are due to be cleaned up: at most once a second; here if `trim_due`."""
    due = bool(cpu.read(("trim_due", mm)))
    if due:
        cpu.write(("trim_due", mm), False)
    return due


@versioned
async def flush_tlb_multi(mm: str, info: flush_tlb_info) -> None:
    """Run flush_tlb_func() on the CPUs of `mm_cpumask(mm)` that need it, this one included.

    Linux: tlb.c native_flush_tlb_multi(), v6.16.
    """
    to = await should_flush_tlb(mm, info)
    await smp_call_function_many_cond(("flush_tlb_func", info), to, run_local=True)


@versioned
async def should_flush_tlb(mm: str, info: flush_tlb_info) -> tuple[Clause, ...]:
    """Give which CPUs to interrupt, as conditions on what each says of itself.

    Freed tables: all in the mask. Otherwise not the lazy ones; of the rest, those that have the mm loaded, those that
    are switching (fea4e317f9e7, v6.15), all if no mm is named, and all if the mask is due to be trimmed.
    Linux: tlb.c should_flush_tlb(), v6.16 (S65, S66).
    """
    member = (("cpumask", mm), True)
    if info.freed_tables:
        return ((member,),)
    awake = (member, ("is_lazy", False))
    if info.mm is None or info.trim_cpumask:
        return (awake,)
    return (*((*awake, (("loaded", loaded), True)) for loaded in (LOADED_MM_SWITCHING, info.mm)),)


@versioned
async def flush_tlb_func(info: flush_tlb_info) -> None:
    """Do on this CPU what a flush asks for, with every early exit of the original, in its order.

    Linux: arch/x86/mm/tlb.c flush_tlb_func(), v6.16.
    """
    loaded_mm = await this_cpu_read("loaded_mm")
    if IS_ENABLED("debug_vm"):
        await WARN_ON_ONCE(not await irqs_disabled(), "flush_tlb_func() with interrupts on")
    if await wrong_cpu(info, loaded_mm):
        return
    if loaded_mm == INIT_MM:
        return
    if await this_cpu_read("is_lazy"):
        await switch_mm_irqs_off(None, INIT_MM, None)
        return
    await catch_up(info, loaded_mm)


@versioned
async def wrong_cpu(info: flush_tlb_info, loaded_mm: str) -> bool:
    """F1: a flush of an mm that is not loaded here only clears this CPU's bit in its mask (since v6.14, S64)."""
    if info.mm is None or info.mm == loaded_mm:
        return False
    await cpumask_clear_cpu(info.mm)
    return True


async def catch_up(info: flush_tlb_info, loaded_mm: str) -> None:
    """F6-F9: nothing if this CPU is up to date, one page at a time if it is one behind, else everything of the PCID."""
    mm_tlb_gen = await atomic64_read_tlb_gen(loaded_mm)
    asid = await this_cpu_read("loaded_mm_asid")
    local_tlb_gen = (await this_cpu_read("ctxs"))[asid][1]
    if IS_ENABLED("debug_vm"):
        await flush_warnings(info, asid)
    if info.new_tlb_gen and info.new_tlb_gen <= local_tlb_gen:
        return
    if local_tlb_gen == mm_tlb_gen:
        return
    partial = info.end != TLB_FLUSH_ALL and info.new_tlb_gen == local_tlb_gen + 1 == mm_tlb_gen
    if partial:
        for page in range(info.start, info.end, 1 << info.stride_shift):
            await flush_tlb_one_user(page)
    else:
        await flush_tlb_local()
    await set_asid_ctx(asid, loaded_mm, mm_tlb_gen)


@op
def flush_tlb_one_user(cpu: Access, va: int) -> None:
    """INVLPG, and under PTI the same page of the user PCID. Linux: tlb.c native_flush_tlb_one_user()."""
    cpu.fence()
    asid, tlb = cpu.get("loaded_mm_asid"), cpu.get("tlb")
    registers: Registers = cpu.get("registers")
    tlb = tlb.invlpg(va, registers.pcid)
    if cpu.world.config.pti and cpu.world.config.pcid:
        tlb = tlb.one_address(va, user_pcid(asid))
    cpu.set("tlb", tlb)


@op
def flush_tlb_local(cpu: Access) -> None:
    """Write CR3 to itself with bit 63 clear: everything of the current PCID goes, but nothing global."""
    cpu.fence()
    invalidate_user_asid(cpu, cpu.get("loaded_mm_asid"))
    registers: Registers = cpu.get("registers")
    cpu.set("tlb", cpu.get("tlb").one_context(registers.pcid))


@versioned
async def flush_tlb_kernel_range(start: int, end: int) -> None:
    """Make every CPU forget a range of the kernel half. Linux: tlb.c flush_tlb_kernel_range(), v6.16 (S67)."""
    await preempt_disable()
    await smp_call_function_many_cond(("flush_kernel_range", start, end), ONLINE, run_local=True)
    await preempt_enable()


@op
def flush_tlb_all(cpu: Access) -> None:
    """Drop everything, global entries too. Linux: tlb.c do_flush_tlb_all()."""
    cpu.fence()
    cpu.set("tlb", type(cpu.get("tlb"))())


@op
def flush_tlb_one_kernel(cpu: Access, va: int) -> None:
    """INVLPG for a kernel page; under PTI the other PCIDs may hold it too. Linux: tlb.c flush_tlb_one_kernel()."""
    cpu.fence()
    registers: Registers = cpu.get("registers")
    cpu.set("tlb", cpu.get("tlb").invlpg(va, registers.pcid))
    if cpu.world.config.pti:
        cpu.set("invalidate_other", True)


@versioned
async def arch_tlbbatch_flush(mm: str) -> None:
    """Reclaim: one flush at the end for pages that were unmapped before, with no mm named.

    In our model the batch holds one mm, and its mask is read here, not when the page was added.
    """
    await preempt_disable()
    await flush_tlb_multi(mm, flush_tlb_info(None, 0, TLB_FLUSH_ALL, 0))
    await preempt_enable()


@op
def flush_warnings(cpu: Access, info: flush_tlb_info, asid: int) -> None:
    """The sanity checks of flush_tlb_func(): a slot of another mm, or a generation from the future."""
    loaded = cpu.get("loaded_mm")
    if loaded not in cpu.world.mms:
        return
    ctx_id, local = cpu.get("ctxs")[asid]
    if ctx_id != cpu.world.mms[loaded].ctx_id:
        warn_once(cpu, "the slot of the loaded ASID belongs to another mm")
    if local > cpu.read(("tlb_gen", loaded)) or info.new_tlb_gen > cpu.read(("tlb_gen", loaded)):
        warn_once(cpu, "a generation from the future")
