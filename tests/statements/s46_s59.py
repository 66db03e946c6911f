"""Switching and ASIDs."""

from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING, USER_PAGE, Mm
from tempmm_lab.kernel.tlb import enter_lazy_tlb, nmi_uaccess_okay, switch_mm_irqs_off, use_temporary_mm
from tempmm_lab.kernel.tlbstate import choose_new_asid, kern_pcid, load_new_mm_cr3, set_asid_ctx, user_pcid
from tempmm_lab.scenarios import programs
from tests.statements.lab import (
    BEFORE13,
    BEFORE15,
    BOTH,
    INIT,
    SINCE_V6_15,
    Config,
    M,
    N,
    T,
    drive,
    has_temporary_mms,
    pgd,
    stage,
    statement,
    system,
)  # fmt: skip


def switched(build, mm=N, **kwargs):
    """Run one switch from M."""
    return drive(system(build, **kwargs), switch_mm_irqs_off, None, mm, "current")


@statement("S46", BOTH)
def s46(build):
    """With PCID there are 6 dynamic ASIDs; fresh ones are given out as 1,2,3,4,5,0,1,..."""
    now = system(build)
    given = []
    for number in range(8):
        name = f"fresh{number}"
        now.world.mms[name] = Mm(name, 100 + number, now.world.mms[N].pgd)
        done = drive(now.with_cells({("tlb_gen", name): 0}), choose_new_asid, name, 0)
        given.append(done.value)
        now = drive(done.last, set_asid_ctx, done.value[0], name, 0).last
    return given == [(asid, True) for asid in (1, 2, 3, 4, 5, 0, 1, 2)] and len(now.cpus[0].ctxs) == 6


@statement("S47", BOTH)
def s47(build):
    """The hardware's PCID is ASID + 1; the user's under PTI is 2048 more; PCID 0 holds nothing."""
    made = stage(build, Config(pti=True))
    made.cpu(programs.user_of, int(USER_PAGE), 1, name="user", mm=M, user=True)
    cr3 = int(made.system().cpus[0].registers.cr3)
    loads = [int(drive(system(build), load_new_mm_cr3, N, asid, True).cpu.registers.cr3) & 0xFFF for asid in range(6)]
    pairs = [(kern_pcid(asid), user_pcid(asid)) for asid in range(6)]
    return loads == [1, 2, 3, 4, 5, 6] and pairs == [(n, n + 2048) for n in loads] and cr3 & 0xFFF == 2049


@statement("S48", BOTH)
def s48(build):
    """A slot is used again only for the same context, and without a flush only if it is as new as the mm."""
    right = []
    for slot in range(4):
        for generation in range(4):
            now = system(build, known=(N,)).with_cells({("tlb_gen", N): generation})
            ctxs = list(now.cpus[0].ctxs)
            ctxs[1] = (ctxs[1][0], slot)
            load = drive(now.with_cpu(0, ctxs=tuple(ctxs)), switch_mm_irqs_off, None, N, None).ops("load_new_mm_cr3")[0]
            right.append(load.args[1:] == (1, slot < generation))
    other = system(build, known=(T,))
    return all(right) and drive(other, choose_new_asid, N, 0).value == (2, True)


@statement("S49", BOTH)
def s49(build):
    """Without PCID every real switch flushes all non-global entries and uses ASID 0."""
    made = stage(build, Config(pcid=False))
    number = made.cpu(programs.back_to_user, name="task", mm=M)
    made.cache(number, USER_PAGE, M)
    there = made.system()
    done = drive(there, switch_mm_irqs_off, None, N, None)
    return bool(there.cpus[0].tlb.entries) and not done.cpu.tlb.entries and done.cpu.loaded_mm_asid == 0


@statement("S50", BOTH)
def s50(build):
    """The same mm again, not lazy: CR3 is not written."""
    return not switched(build, M).ops("load_new_mm_cr3")


def _lazy_again(build, generation):
    now = system(build, mm=None, lazy_on=M).with_cells({("tlb_gen", M): generation})
    return drive(now, switch_mm_irqs_off, None, M, None)


@statement("S51", BOTH)
def s51(build):
    """The same mm, lazy, and its generation has moved: a flushing reload of the same ASID."""
    load = _lazy_again(build, 1).ops("load_new_mm_cr3")
    return [step.args for step in load] == [(M, 0, True)]


@statement("S52", BOTH)
def s52(build):
    """The same mm, lazy, the same generation: CR3 is not written, and the CPU is no longer lazy."""
    done = _lazy_again(build, 0)
    return not done.ops("load_new_mm_cr3") and not done.cpu.is_lazy


def _switching(build):
    """Give the ops during which loaded_mm reads SWITCHING."""
    return [step.name for step in switched(build).steps if step.before.cpus[0].loaded_mm == LOADED_MM_SWITCHING]


@statement("S53-v6.15", SINCE_V6_15)
def s53_new(build):
    """Since v6.15 a switch shows SWITCHING from just after cond_mitigation() on."""
    ops = switched(build).steps
    first = next(n for n, step in enumerate(ops) if step.after.cpus[0].loaded_mm == LOADED_MM_SWITCHING)
    return "cond_mitigation" in (ops[first - 1].name, ops[first].name) and "choose_new_asid" in _switching(build)


@statement("S53-v6.14", (*BEFORE13, *BEFORE15))
def s53_old(build):
    """Up to v6.14 only from after the ASID has been chosen."""
    names = _switching(build)
    return "choose_new_asid" not in names and "atomic64_read_tlb_gen" not in names and "load_new_mm_cr3" in names


@statement("S53", BOTH)
def s53(build):
    """CR3 is written under SWITCHING, and NMI code is told no; the lazy reload never shows SWITCHING."""
    load = switched(build).ops("load_new_mm_cr3")[0].before
    refused = drive(load, nmi_uaccess_okay).value is False
    lazy = [step.before.cpus[0].loaded_mm for step in _lazy_again(build, 1).steps]
    return load.cpus[0].loaded_mm == LOADED_MM_SWITCHING and refused and LOADED_MM_SWITCHING not in lazy


@statement("S54", BOTH)
def s54(build):
    """nmi_uaccess_okay() is false for the whole time in T."""
    has_temporary_mms(build)
    done = drive(system(build), use_temporary_mm, T)
    inside = [done.last, *(step.after for step in done.steps if pgd(step.after) == T)]
    return all(drive(now, nmi_uaccess_okay).value is False for now in inside)


@statement("S55", BOTH)
def s55(build):
    """enter_lazy_tlb() does nothing on init_mm; elsewhere it changes is_lazy alone."""
    kernel, user = system(build, mm=None), system(build)
    nothing = drive(kernel, enter_lazy_tlb, None, None).last == kernel
    changed = [name for name, _, _ in user.cpus[0].differences(drive(user, enter_lazy_tlb, None, None).cpu)]
    return nothing and changed == ["is_lazy"]


@statement("S56", BOTH)
def s56(build):
    """The order of a switch: bit(next), gen(next) read, CR3, loaded_mm := next."""
    done = switched(build)
    order = [done.place("cpumask_set_cpu", N), done.place("atomic64_read_tlb_gen", N)]
    order += [done.place("load_new_mm_cr3", N), done.place("this_cpu_write", "loaded_mm", N)]
    return order == sorted(order)


@statement("S57", BOTH)
def s57(build):
    """CR3 and loaded_mm that disagree are noticed at the next switch under DEBUG_VM, and only there."""
    found = []
    for config in (Config(debug_vm=True), Config()):
        now = drive(system(build, config=config), load_new_mm_cr3, N, 1, True).last
        reports = drive(now, switch_mm_irqs_off, None, T, None).reports
        found.append(any("CR3 does not match" in report for report in reports))
    return found == [True, False]


@statement("S58", BEFORE13)
def s58(build):
    """A real switch clears the outgoing bit, but not init_mm's, which there is none of."""
    kernel = drive(system(build, mm=None), switch_mm_irqs_off, None, N, None)
    return M not in switched(build).cpu.cpumask and not kernel.ops("cpumask_clear_cpu")


@statement("S59", (*BEFORE15, *SINCE_V6_15))
def s59(build):
    """A real switch leaves the outgoing bit set."""
    return M in switched(build).cpu.cpumask and INIT not in switched(build).cpu.cpumask
