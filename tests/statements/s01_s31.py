"""Entry and exit of a temporary mm."""

from tempmm_lab.kernel.layout import ALIAS
from tempmm_lab.kernel.tlb import switch_mm_irqs_off, unuse_temporary_mm, use_temporary_mm
from tests.statements.lab import (
    AFTER,
    BEFORE,
    BEFORE13,
    BEFORE15,
    BOTH,
    INIT,
    POSTED,
    SINCE_V6_15,
    Config,
    M,
    N,
    T,
    drive,
    has_temporary_mms,
    pgd,
    statement,
    system,
)  # fmt: skip

ARMED = {"cpu_dr7": 2, "dr7": 2, "cpu_debugreg": int(ALIAS), "dr0": int(ALIAS)}


async def pair(mm=T):
    """Borrow an mm and give it back."""
    prev = await use_temporary_mm(mm)
    await unuse_temporary_mm(prev)
    return prev


def used(build, **kwargs):
    """Run use_temporary_mm(T)."""
    has_temporary_mms(build if isinstance(build, str) else build.name)
    return drive(system(build, **kwargs), use_temporary_mm, T)


def both_ways(build, **kwargs):
    """Run use and unuse."""
    has_temporary_mms(build)
    return drive(system(build, **kwargs), pair)


def warned(done, text):
    """Whether a report of a run has this text."""
    return any(text in report for report in done.reports)


HELPER = "use_temporary_mm: lockdep"


@statement("S1", BOTH)
def s1(build):
    """use_temporary_mm() returns the mm that was loaded here, not current->mm or current->active_mm as such."""
    done = used(build, fields={"current_mm": N, "active_mm": N})
    return done.first.cpus[0].loaded_mm == M == done.value


@statement("S2", BOTH)
def s2(build):
    """After use, loaded_mm is T and CR3's table address is T's."""
    done = used(build)
    return done.cpu.loaded_mm == T == pgd(done.last)


@statement("S3", BOTH)
def s3(build):
    """Use and unuse leave current->mm and current->active_mm alone."""
    done = both_ways(build)
    return all((step.after.cpus[0].current_mm, step.after.cpus[0].active_mm) == (M, M) for step in done.steps)


@statement("S4", ("v5.10", *BEFORE15, *SINCE_V6_15))
def s4(build):
    """If the CPU was lazy at use, the cookie is init_mm."""
    return used(build, mm=None, lazy_on=M).value == INIT


@statement("S5", ("v5.2",))
def s5(build):
    """v5.2: from a lazy CPU the cookie is the lazy mm, and after unuse the CPU is on it without being lazy."""
    done = both_ways(build, mm=None, lazy_on=M)
    return done.value == M == done.cpu.loaded_mm and not done.cpu.is_lazy


@statement("S6", BOTH)
def s6(build):
    """After use the CPU is not lazy."""
    return not used(build).cpu.is_lazy and not used(build, mm=None, lazy_on=M).cpu.is_lazy


@statement("S7", BOTH)
def s7(build):
    """bit(T) is set from use until unuse."""
    done = used(build)
    return T in done.cpu.cpumask and T not in done.first.cpus[0].cpumask


@statement("S8", BOTH)
def s8(build):
    """After unuse bit(T) is clear."""
    return T not in both_ways(build).cpu.cpumask


def _clearing(build):
    """Give (place of the clearing of bit(T), place of the CR3 load back) in unuse."""
    has_temporary_mms(build)
    done = drive(used(build).last, unuse_temporary_mm, M)
    return done.place("cpumask_clear_cpu", T), done.place("load_new_mm_cr3", M), done.steps


@statement("S8-before13", BEFORE13)
def s8_before13(build):
    """Up to v6.13 the switch itself clears bit(T)."""
    clear, _, steps = _clearing(build)
    return steps[clear].where == "switch_mm_irqs_off"


@statement("S8-before15", BEFORE15)
def s8_before15(build):
    """v6.14 clears bit(T) explicitly, after the switch."""
    clear, load, steps = _clearing(build)
    return steps[clear].where == "unuse_temporary_mm" and clear > load


@statement("S8-after", SINCE_V6_15)
def s8_after(build):
    """Since the series, bit(T) is cleared explicitly, before the switch."""
    clear, load, steps = _clearing(build)
    return steps[clear].where == "unuse_temporary_mm" and clear < load


@statement("S9", BEFORE13)
def s9(build):
    """After use bit(M) is clear."""
    return M not in used(build).cpu.cpumask


@statement("S10", (*BEFORE15, *SINCE_V6_15))
def s10(build):
    """After use bit(M) is still set."""
    return M in used(build).cpu.cpumask


@statement("S11", BOTH)
def s11(build):
    """After a matched pair that began with M loaded, M is loaded and its bit set."""
    cpu = both_ways(build).cpu
    return cpu.loaded_mm == M and M in cpu.cpumask


@statement("S12", BOTH)
def s12(build):
    """A switch never sets init_mm's bit."""
    done = drive(system(build), switch_mm_irqs_off, None, INIT, None)
    back = drive(done.last, switch_mm_irqs_off, None, M, None)
    return all(INIT not in step.after.cpus[0].cpumask for step in (*done.steps, *back.steps))


def _flag_kept(build, irqs_on):
    done = both_ways(build, irqs_on=irqs_on, preempt=1)
    returns = [used(build, irqs_on=irqs_on, preempt=1).cpu.rflags_if, done.cpu.rflags_if]
    loads = [step.before.cpus[0].rflags_if for step in done.ops("load_new_mm_cr3")]
    return returns == [irqs_on, irqs_on], not any(loads)


@statement("S13", AFTER)
def s13(build):
    """IF after use, and after unuse, is what it was before; it is 0 during the switch."""
    return all(all(_flag_kept(build, irqs_on)) for irqs_on in (True, False))


@statement("S14", POSTED)
def s14(build):
    """Use and unuse do not change IF: with IF=1 the inner switch runs with IF=1."""
    kept, off = _flag_kept(build, True)
    return kept and not off


@statement("S15", BEFORE)
def s15(build):
    """IF=1 at entry makes the helper WARN, whatever preempt_count is."""
    return all(warned(used(build, irqs_on=True, preempt=count), HELPER) for count in (0, 1, 0x200))


@statement("S16", BEFORE)
def s16(build):
    """IF=0 at entry: the helper does not WARN."""
    return not any(warned(used(build, preempt=count), HELPER) for count in (0, 1))


@statement("S17", SINCE_V6_15)
def s17(build):
    """IF=1 and preempt_count 0: the helper WARNs."""
    return warned(used(build, irqs_on=True, preempt=0), HELPER)


@statement("S18", SINCE_V6_15)
def s18(build):
    """IF=1 and preempt_count above 0: the helper does not WARN."""
    return not warned(used(build, irqs_on=True, preempt=1), HELPER)


@statement("S19", SINCE_V6_15)
def s19(build):
    """IF=0 and preempt_count 0: the helper does not WARN."""
    return not warned(used(build, preempt=0), HELPER)


@statement("S20", POSTED)
def s20(build):
    """IF=1, preempt_count above 0: not the helper WARNs but switch_mm_irqs_off(), and cr4_update_irqsoff() too."""
    done = used(build, irqs_on=True, preempt=1)
    inner = warned(done, "RFLAGS.IF") and warned(done, "cr4_update_irqsoff")
    quiet = used(build, irqs_on=True, preempt=1, config=Config(perf_events=False))
    return inner and not warned(done, HELPER) and not warned(quiet, "cr4_update_irqsoff")


@statement("S21", AFTER)
def s21(build):
    """The same inputs: no WARN anywhere."""
    return not both_ways(build, irqs_on=True, preempt=1).reports


@statement("S22", BOTH)
def s22(build):
    """A WARN never stops the operation: the state afterwards is the one without it."""
    quiet = Config(prove_locking=False)
    loud, still = (both_ways(build, irqs_on=True, preempt=0, config=config) for config in (None, quiet))
    same = {name: loud.cpu.field(name) for name in loud.cpu.index if name != "running"}
    return bool(loud.reports) and not still.reports and all(still.cpu.field(k) == v for k, v in same.items())


@statement("S23", BOTH)
def s23(build):
    """Each WARN-once site reports at most once per boot."""
    first = both_ways(build, irqs_on=True, preempt=0)
    again = drive(first.last, pair)
    return bool(first.reports) and len(set(first.reports)) == len(first.reports) and not again.reports


@statement("S24", BOTH)
def s24(build):
    """Without PROVE_LOCKING no assertion reports."""
    return not both_ways(build, irqs_on=True, preempt=0, config=Config(prove_locking=False)).reports


@statement("S25", BOTH)
def s25(build):
    """With debug_locks 0 the helper's assertion is silent; switch_mm_irqs_off()'s own IRQ check is not."""
    has_temporary_mms(build)
    off = system(build, irqs_on=True, preempt=0).with_cells({("debug_locks", None): False})
    helper, own = drive(off, use_temporary_mm, T), drive(off, switch_mm_irqs_off, None, N, None)
    return not warned(helper, HELPER) and warned(own, "RFLAGS.IF")


@statement("S26", AFTER)
def s26(build):
    """preempt_count raised only by disabled softirqs, or by a hardirq, satisfies the assertion."""
    return not any(used(build, irqs_on=True, preempt=count).reports for count in (0x200, 0x1_0000))


@statement("S27", AFTER)
def s27(build):
    """Without PREEMPT_COUNT the assertion cannot fire."""
    config = Config(preempt="none", preempt_count=False, prove_locking=False)
    return not used(build, irqs_on=True, preempt=0, config=config).reports


def _debug_registers(done):
    return {name for step in done.steps for name in step.footprint.sets} & {"dr7", "dr0"}


@statement("S28", BOTH)
def s28(build):
    """If the shadow of DR7 has no enable bit, use and unuse write no debug register."""
    return not _debug_registers(both_ways(build))


@statement("S29", BOTH)
def s29(build):
    """If it has, DR7 is 0 between use and unuse, the shadow is unchanged, and unuse writes the registers again."""
    inside, after = used(build, fields=ARMED), both_ways(build, fields=ARMED)
    shadows = inside.cpu.cpu_dr7 == after.cpu.cpu_dr7 == ARMED["cpu_dr7"]
    return inside.cpu.dr7 == inside.cpu.dr0 == 0 and shadows and after.cpu.dr7 == 2 and after.cpu.dr0 == ALIAS


@statement("S30", BOTH)
def s30(build):
    """Use and unuse take no reference on any mm: they write nothing at all outside their own CPU."""
    return not any(step.footprint.writes for step in both_ways(build).steps)


@statement("S31", BOTH)
def s31(build):
    """A pair on a task with mm M issues no IBPB if M was the last user mm."""
    return not any(step.answer for step in both_ways(build).ops("cond_mitigation"))
