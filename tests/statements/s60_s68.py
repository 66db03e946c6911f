"""Flushing."""

from tempmm_lab import explore, shootdown
from tempmm_lab.errors import MustWait
from tempmm_lab.kernel import efi
from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING, USER_PAGE
from tempmm_lab.kernel.smp import satisfies_here
from tempmm_lab.kernel.step import action, take
from tempmm_lab.kernel.tlbflush import (
    TLB_FLUSH_ALL,
    flush_tlb_func,
    flush_tlb_info,
    flush_tlb_kernel_range,
    flush_tlb_mm_range,
    should_flush_tlb,
)  # fmt: skip
from tempmm_lab.scenarios import programs
from tests.statements.lab import (
    AFTER,
    BEFORE15,
    BOTH,
    INIT,
    SINCE_V6_15,
    E,
    M,
    N,
    advance,
    drive,
    finish,
    has_temporary_mms,
    inside,
    stage,
    statement,
    system,
)  # fmt: skip

PAGE = int(USER_PAGE)


def flushed(build, pages=1, start=None, **kwargs):
    """Run a flush of M on its own CPU."""
    begin = start or system(build, irqs_on=True, preempt=0, **kwargs)
    return drive(begin, flush_tlb_mm_range, M, PAGE, PAGE + 4096 * pages, 12, False)


@statement("S60", BOTH)
def s60(build):
    """33 pages are dropped one by one; 34 become a full flush."""
    some, more = flushed(build, 33), flushed(build, 34)
    counts = [(len(done.ops("flush_tlb_one_user")), len(done.ops("flush_tlb_local"))) for done in (some, more)]
    return counts == [(33, 0), (0, 1)]


@statement("S61", BOTH)
def s61(build):
    """gen(mm) goes up by one per flush call, also when nobody is interrupted."""
    elsewhere = drive(system(build, irqs_on=True, preempt=0), flush_tlb_mm_range, N, PAGE, PAGE + 4096, 12, False)
    return elsewhere.last.cells["tlb_gen", N] == 1 and not any(step.footprint.sends for step in elsewhere.steps)


def _caught_up(build, local, requested, mm):
    """Run flush_tlb_func() with these generations; give (single flushes, full flushes, slot afterwards)."""
    now = system(build).with_cells({("tlb_gen", M): mm})
    ctxs = ((now.cpus[0].ctxs[0][0], local), *now.cpus[0].ctxs[1:])
    info = flush_tlb_info(M, PAGE, PAGE + 4096, requested)
    done = drive(now.with_cpu(0, ctxs=ctxs), flush_tlb_func, info)
    return len(done.ops("flush_tlb_one_user")), len(done.ops("flush_tlb_local")), done.cpu.ctxs[0][1]


@statement("S62", BOTH)
def s62(build):
    """A partial flush only if the requested generation is the local one plus 1 and the mm's; else a full one."""
    cases = [(local, requested, mm) for mm in range(5) for requested in range(1, mm + 1) for local in range(requested)]
    found = [_caught_up(build, *case) for case in cases]
    wanted = [(1, 0, mm) if requested == local + 1 == mm else (0, 1, mm) for local, requested, mm in cases]
    return found == wanted


@statement("S63", BOTH)
def s63(build):
    """A requested generation that the CPU has reached already: no work."""
    cases = [(local, requested, mm) for mm in range(5) for local in range(mm + 1) for requested in range(1, local + 1)]
    return all(_caught_up(build, *case) == (0, 0, case[0]) for case in cases)


@statement("S64", (*BEFORE15, *SINCE_V6_15))
def s64(build):
    """An IPI for an mm that is not loaded clears that CPU's bit and flushes nothing."""
    info = flush_tlb_info(N, PAGE, PAGE + 4096, 1)
    behind = system(build, known=(N,)).with_cells({("tlb_gen", M): 2})  # M has a flush coming of its own
    done = drive(behind, flush_tlb_func, info)
    before, after = done.first.cpus[0], done.cpu
    return N in before.cpumask and N not in after.cpumask and before.tlb == after.tlb and before.ctxs == after.ctxs


def told(build, info, **fields):
    """Whether a CPU in M's mask, with these fields, is interrupted by a flush of M."""
    now = system(build)
    bits = now.cpus[0].cpumask | {M}
    now = now.with_cpu(0, **{"cpumask": bits, **fields})
    to = drive(now, should_flush_tlb, M, info).value
    return drive(now, satisfies_here, to).value


PLAIN, FREED = flush_tlb_info(M, PAGE, PAGE + 4096, 1), flush_tlb_info(M, 0, TLB_FLUSH_ALL, 1, freed_tables=True)
TRIM = flush_tlb_info(M, PAGE, PAGE + 4096, 1, trim_cpumask=True)


@statement("S65", BOTH)
def s65(build):
    """A lazy CPU is not interrupted unless tables are freed; if it is, it moves to init_mm."""
    moved = drive(system(build, mm=None, lazy_on=M), flush_tlb_func, FREED).cpu
    asked = [told(build, info, is_lazy=True) for info in (PLAIN, FREED)]
    return asked == [False, True] and moved.loaded_mm == INIT and not moved.is_lazy


@statement("S66", (*BEFORE15, *SINCE_V6_15))
def s66(build):
    """A CPU with a stale bit that runs another mm is skipped, unless trimming is due or tables are freed."""
    return [told(build, info, loaded_mm=N) for info in (PLAIN, TRIM, FREED)] == [False, True, True]


@statement("S66b-v6.15", SINCE_V6_15)
def s66b_new(build):
    """Since v6.15 a CPU whose loaded_mm reads SWITCHING is never skipped, and no flush is lost."""
    safe = explore(shootdown(build=build, irqs=0))
    return told(build, PLAIN, loaded_mm=LOADED_MM_SWITCHING) and safe.holds


@statement("S66b-v6.14", BEFORE15)
def s66b_old(build):
    """v6.14.0 to v6.14.6: it is skipped, and a flush can be lost."""
    lost = explore(shootdown(build=build, irqs=0))
    return not told(build, PLAIN, loaded_mm=LOADED_MM_SWITCHING) and "no-stale-use" in lost.counterexamples


@statement("S67", BOTH)
def s67(build):
    """A kernel-range flush interrupts every online CPU and needs IF=1."""
    now = system(build, irqs_on=True, preempt=0, others=3)
    try:
        done = drive(now, flush_tlb_kernel_range, PAGE, PAGE + 4096)
    except MustWait as waits:  # for the acknowledgements of the three
        sent = "acknowledged" in str(waits)
    else:
        sent = not done.steps
    alone = drive(system(build, preempt=0), flush_tlb_kernel_range, PAGE, PAGE + 4096)
    return sent and any("lockdep_assert_irqs_enabled" in report for report in alone.reports)


def _shot_in_efi(build, lazy):
    """Let a trimming flush of M arrive while firmware runs; give (system inside, after the IPI, at the end)."""
    has_temporary_mms(build)
    made = stage(build)
    caller = made.cpu(efi.efi_call_virt, name="caller", mm=None if lazy else M, lazy_on=M if lazy else None)
    made.cpu(programs.unmapper, M, name="unmapper", mm=M)
    made.cells["trim_due", M] = True
    firmware = advance(made.system(), caller, lambda now: "__efi_call" in inside(now))
    sent = advance(firmware, 1, lambda now: bool(now.cpus[0].pending))
    taken = take(sent, action("p", 0)).system
    served = advance(taken, 0, lambda now: len(now.cpus[0].running) == 1)
    return firmware, served, finish(served, 0)[0]


@statement("S68", AFTER)
def s68(build):
    """A shootdown IPI of M in an EFI window clears bit(M); after unuse it is set, and the CPU has caught up with M."""
    window, served, end = _shot_in_efi(build, lazy=False)
    cpu = end.cpus[0]
    caught_up = cpu.ctxs[cpu.loaded_mm_asid] == (end.world.mms[M].ctx_id, end.cells["tlb_gen", M])
    masks = [M in each.cpus[0].cpumask for each in (window, served, end)]
    return window.cpus[0].loaded_mm == E and masks == [True, False, True] and caught_up and cpu.loaded_mm == M


@statement("S68b", AFTER)
def s68b(build):
    """The same when the entry was lazy on M: the CPU ends on init_mm with bit(M) clear, and nothing is missed."""
    window, served, end = _shot_in_efi(build, lazy=True)
    masks = [M in each.cpus[0].cpumask for each in (window, served, end)]
    return masks == [True, False, False] and end.cpus[0].loaded_mm == INIT
