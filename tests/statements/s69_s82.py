"""Rule breaking."""

from tempmm_lab import explore, nested, schedule_inside
from tempmm_lab.errors import MustWait, NotPossible
from tempmm_lab.hw.rights import Access as Kind
from tempmm_lab.hw.rights import PageFault
from tempmm_lab.hw.walk import walk
from tempmm_lab.kernel.core import schedule
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import ALIAS, USER_CODE, USER_PAGE
from tempmm_lab.kernel.preempt import preempt_count_add
from tempmm_lab.kernel.step import action, take
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tempmm_lab.kernel.uaccess import user_step
from tempmm_lab.scenarios import programs
from tests.statements.lab import (
    AFTER,
    BEFORE13,
    BEFORE15,
    BOTH,
    DEBUG,
    POSTED,
    SINCE_V6_15,
    Config,
    M,
    N,
    T,
    advance,
    drive,
    finish,
    has_temporary_mms,
    inside,
    pgd,
    stage,
    statement,
    system,
)  # fmt: skip


async def sleeper(rounds=1):
    """Borrow T, schedule, and stop where the task comes back."""
    flags = await local_irq_save()
    await use_temporary_mm(T)
    await local_irq_restore(flags)
    for _ in range(rounds):
        await schedule()
    await preempt_count_add(0)


def _scheduled(build, to=N, config=None):
    """Schedule inside T to another task and back; give (with the other task running, back again)."""
    has_temporary_mms(build)
    made = stage(build, config)
    number = made.cpu(sleeper, name="task", mm=M)
    made.sleeper(number, programs.kthread_yields, name="other", mm=to)
    made.cache(number, USER_PAGE, M)
    made.cpu(programs.unmapper, M, name="unmapper", mm=M)
    away = advance(made.system(), 0, _other_runs)
    back = advance(away, 0, lambda now: now.cpus[0].current == "task" and not inside(now))
    return away, back


def _other_runs(now):
    return now.cpus[0].current == "other" and inside(now)[:1] != ("schedule",)


@statement("S69", BOTH)
def s69(build):
    """schedule() in T to a user task and back leaves M loaded; T is not loaded again."""
    away, back = _scheduled(build)
    return pgd(away) == N and back.cpus[0].loaded_mm == M == pgd(back)


@statement("S70", BOTH)
def s70(build):
    """schedule() in T to a kernel thread leaves T in CR3, lazily; going back to the task loads M."""
    away, back = _scheduled(build, to=None)
    return pgd(away) == T and away.cpus[0].is_lazy and pgd(back) == M


@statement("S71-new", (*BEFORE15, *SINCE_V6_15))
def s71_new(build):
    """After S69 bit(T) stays set on that CPU."""
    return T in _scheduled(build)[1].cpus[0].cpumask


@statement("S71-old", BEFORE13)
def s71_old(build):
    """Up to v6.13 it is clear."""
    return T not in _scheduled(build)[1].cpus[0].cpumask


def _unused(build, config=None, mm=M):
    """Go on from S69 with the unuse that the task thinks it owes."""
    _, back = _scheduled(build, config=config)
    now = back.with_cpu(0, registers=back.cpus[0].registers.but(IF=0), hardirqs_enabled=False)
    return drive(now, unuse_temporary_mm, mm)


@statement("S72", SINCE_V6_15)
def s72(build):
    """unuse(M) after S69 leaves M loaded with bit(M) clear; a remote unmap sends no IPI, and a stale entry survives."""
    cpu = _unused(build).cpu
    report = explore(schedule_inside(build=build, irqs=0))
    return cpu.loaded_mm == M and M not in cpu.cpumask and "mask-bit-set" in report.counterexamples


@statement("S72-stale", SINCE_V6_15)
def s72_stale(build):
    """A remote unmap then interrupts nobody, and the entry that this CPU has cached survives it."""
    lost = _unused(build)
    try:
        flush = drive(lost.last, programs.unmapper, M, cpu=1)
    except MustWait:  # it did send an IPI, and waits for the answer
        return False
    cached = [entry.va for entry in flush.last.cpus[0].tlb.hits(USER_PAGE, lost.cpu.registers.pcid)]
    return not any(step.footprint.sends for step in flush.steps) and cached == [USER_PAGE]


@statement("S73", SINCE_V6_15)
def s73(build):
    """With DEBUG_VM that unuse itself WARNs, once per boot, and sets the bit again, every time."""
    first = _unused(build, config=DEBUG)
    again = drive(first.last.with_cpu(0, cpumask=first.cpu.cpumask), unuse_temporary_mm, M)
    said = [any("own cpumask" in report for report in done.reports) for done in (first, again)]
    return said == [True, False] and M in first.cpu.cpumask and M in again.cpu.cpumask


@statement("S73-notrack", AFTER)
def s73_notrack(build):
    """v6.16: not for a not-tracked mm."""
    inner = drive(drive(system(build, config=DEBUG), use_temporary_mm, T).last, unuse_temporary_mm, T)
    return not inner.reports and T not in inner.cpu.cpumask and inner.cpu.loaded_mm == T


@statement("S73b", POSTED)
def s73b(build):
    """With DEBUG_VM the first unuse of a temporary mm in a boot WARNs in correct use: the outgoing-bit check."""
    done = drive(drive(system(build, config=DEBUG), use_temporary_mm, T).last, unuse_temporary_mm, M)
    return any("prev mm is not in its own cpumask" in report for report in done.reports)


@statement("S74", BOTH)
def s74(build):
    """An access to the alias after S69 faults; where M maps that address, it is a SMAP violation, 0x3 for a write."""
    _, back = _scheduled(build)
    registers = back.cpus[0].registers
    unmapped = walk(back.memory.read64, registers, int(ALIAS), Kind.WRITE, back.world.processor).fault
    mapped = walk(back.memory.read64, registers, int(USER_PAGE), Kind.WRITE, back.world.processor).fault
    return isinstance(unmapped, PageFault) and unmapped.error_code == 0x2 and mapped.error_code == 0x3


def _preempted(build, preempt, count):
    """Let a tick hit kernel code with another task waiting; say whether that task runs then."""
    made = stage(build, Config(preempt=preempt), ticks=1)
    number = made.cpu(programs.kthread_stays, name="task", mm=M, fields={"preempt_count": count})
    made.sleeper(number, programs.kthread_yields, name="other", mm=N)
    now = take(made.system(), action("t", 0)).system
    done = advance(now, 0, lambda each: len(each.cpus[0].running) == 1 or each.cpus[0].current == "other")
    return done.cpus[0].current == "other"


@statement("S75", BOTH)
def s75(build):
    """IRQ exit with preempt_count above 0 never schedules; with 0, IF=1 and need-resched it does (FULL, LAZY, RT)."""
    models = ("full", "lazy", "rt", "voluntary", "none")
    open_, shut = ([_preempted(build, model, count) for model in models] for count in (0, 1))
    return open_ == [True, True, True, False, False] and not any(shut)


@statement("S76", BOTH)
def s76(build):
    """schedule() with preempt_count above 0 prints the atomic-scheduling BUG and still switches."""
    made = stage(build)
    number = made.cpu(programs.kthread_yields, name="task", mm=M, fields={"preempt_count": 1})
    made.sleeper(number, programs.cpu_relax_once, name="other", mm=N)
    now, reports = made.system(), []
    while now.cpus[0].current != "other":
        outcome = take(now, action("s", 0))
        now, reports = outcome.system, [*reports, *outcome.reports]
    return any("scheduling while atomic" in report for report in reports)


@statement("S77", BOTH)
def s77(build):
    """IF=0 delays maskable interrupts to the restore point, but not NMIs."""
    made = stage(build, irqs=1, nmis=1)
    made.cpu(programs.relax_irqs_off, name="task", mm=M)
    now, seen = made.system(), []
    while now.cpus[0].running:
        may = {}
        for kind in "in":
            try:
                take(now, action(kind, 0))
                may[kind] = True
            except NotPossible:
                may[kind] = False
        seen.append((now.cpus[0].rflags_if, may["i"], may["n"]))
        now = take(now, action("s", 0)).system
    return all(irq == flag and nmi for flag, irq, nmi in seen) and {flag for flag, _, _ in seen} == {True, False}


def _verdict(build, address, preempt):
    """Say what becomes of a read of the lower half in T, between STAC and CLAC: retried, or given back as a fault."""
    has_temporary_mms(build)
    made = stage(build)
    made.cpu(programs.reads_user_in_t, int(address), name="task", mm=M, fields={"preempt_count": preempt})
    faulted = now = advance(made.system(), 0, lambda each: each.cpus[0].running[-1].kind == "fault")
    now = advance(now, 0, lambda each: len(each.cpus[0].running) == 1)
    return "retry" if now.cpus[0].running[0].point is faulted.cpus[0].running[0].point else "fixup"


@statement("S78", BOTH)
def s78(build):
    """#PF handling of a lower-half address never looks at T: the VMAs are current->mm's."""
    return [_verdict(build, address, 0) for address in (USER_PAGE, 0x1234_5000)] == ["retry", "fixup"]


@statement("S79", BOTH)
def s79(build):
    """With preempt_count above 0 such a fault is not resolved through VMAs."""
    return _verdict(build, USER_PAGE, 1) == "fixup"


@statement("S80", BOTH)
def s80(build):
    """Missing unuse: the first user-mode fetch faults with 0x14 although M's own tables map it."""
    has_temporary_mms(build)
    done = drive(system(build), use_temporary_mm, T)
    user = done.last.with_cpu(0, registers=done.cpu.registers.but(cpl=3, IF=1))
    fault = drive(user, user_step).value
    own = done.cpu.registers.but(cpl=3, cr3=int(user.world.mms[M].pgd))
    mapped = walk(user.memory.read64, own, int(USER_CODE), Kind.EXECUTE, user.world.processor).fault is None
    return isinstance(fault, PageFault) and fault.error_code == 0x14 and mapped


@statement("S81", BOTH)
def s81(build):
    """LIFO nesting restores T1 and then M; breakpoints are armed again already after the inner unuse."""
    has_temporary_mms(build)
    armed = {"cpu_dr7": 2, "dr7": 2, "cpu_debugreg": int(ALIAS), "dr0": int(ALIAS)}
    outer = drive(system(build, fields=armed), use_temporary_mm, T)
    inner = drive(outer.last, use_temporary_mm, "efi_mm")
    back = drive(inner.last, unuse_temporary_mm, inner.value)
    end = drive(back.last, unuse_temporary_mm, outer.value)
    loaded = [done.cpu.loaded_mm for done in (outer, inner, back, end)]
    armed_now = [done.cpu.dr7 for done in (outer, inner, back, end)]
    return loaded == [T, "efi_mm", T, M] and armed_now == [0, 0, 2, 2] and explore(nested(build=build, irqs=0)).holds


def _migrated(build):
    """Play the scenario in which the task moves to CPU 1 inside T; give the end."""
    has_temporary_mms(build)
    now = schedule_inside(build=build, migrate=True, irqs=0).system()
    now = advance(now, 0, lambda each: not each.cpus[0].running or ("task", "mover") in each.cells.items())
    return finish(now, 1)[0]


@statement("S82-new", (*BEFORE15, *SINCE_V6_15))
def s82_new(build):
    """Migration between use and unuse leaves bit(T) set on the old CPU."""
    return T in _migrated(build).cpus[0].cpumask


@statement("S82", BOTH)
def s82(build):
    """Migration between use and unuse leaves the old CPU's DR7 at 0 while its shadow says armed."""
    old = _migrated(build).cpus[0]
    return old.dr7 == 0 and old.cpu_dr7 != 0
