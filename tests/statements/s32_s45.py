"""text_poke."""

from tempmm_lab import BUILDS, stale_alias
from tempmm_lab.explore import explore
from tempmm_lab.hw.rights import Access as Kind
from tempmm_lab.hw.rights import PageFault
from tempmm_lab.hw.walk import walk
from tempmm_lab.kernel.alternative import (
    INT3,
    execute,
    smp_text_poke_batch_finish,
    text_poke,
)  # fmt: skip
from tempmm_lab.kernel.layout import ALIAS, TEXT, TEXT_FRAMES
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tests.statements.lab import (
    BEFORE15,
    BOTH,
    M,
    T,
    drive,
    has_temporary_mms,
    pgd,
    statement,
    system,
)  # fmt: skip

SITE = int(TEXT[0])


def poked(build, addr=SITE, value=0xCC, size=1, start=None, **kwargs):
    """Run text_poke(); the caller holds text_mutex."""
    held = {"held": frozenset({"text_mutex"})}
    begin = start or system(build, irqs_on=True, preempt=0, fields=held, **kwargs)
    return drive(begin, text_poke, addr, value, size)


def window(build, **kwargs):
    """Give the steps of a poke from the switch to T on until the switch back."""
    has_temporary_mms(build)
    done = poked(build, **kwargs)
    return [step for step in done.steps if pgd(step.before) == T]


def alias_pte(now):
    """Read the alias's leaf entry."""
    return int(now.memory.read64(now.world.alias_ptes[int(ALIAS)]))


@statement("S32", BOTH)
def s32(build):
    """The alias leaf is P=1 RW=1 US=0 G=0 NX=1 A=1 D=1."""
    has_temporary_mms(build)
    pte = alias_pte(poked(build).ops("text_poke_memcpy")[0].before)
    return pte & 0x1FF == 0x63 and pte >> 63 == 1 and pte & 0xFFFFFFFFF000 == TEXT_FRAMES[0]


@statement("S33", BOTH)
def s33(build):
    """The alias address is in the lower half."""
    has_temporary_mms(build)
    return all(not step.args[0] >> 47 for step in poked(build).ops("set_pte_at"))


@statement("S34", BOTH)
def s34(build):
    """The alias entry is set before CR3 := T, and cleared after the write but before CR3 := prev."""
    has_temporary_mms(build)
    done = poked(build)
    order = [done.place("set_pte_at"), done.place("load_new_mm_cr3", T), done.place("text_poke_memcpy")]
    order += [done.place("pte_clear"), done.place("load_new_mm_cr3", M)]
    return order == sorted(order)


@statement("S35", BOTH)
def s35(build):
    """During the window another CPU, not running T, gets a not-present #PF at the alias."""
    faults = []
    for step in window(build, others=1):
        now = step.before
        registers = now.cpus[1].registers.but(cpl=0, AC=1)
        faults.append(walk(now.memory.read64, registers, int(ALIAS), Kind.WRITE, now.world.processor).fault)
    return bool(faults) and all(isinstance(fault, PageFault) and not fault.error_code & 1 for fault in faults)


@statement("S36", ("v5.1",))
def s36(build):
    """A fixmap alias: any CPU can write through it in the window, and one that cached it can still afterwards."""
    report = explore(stale_alias(build=build, irqs=0))
    return {"only-poker-writes", "no-writable-text-left"} <= set(report.counterexamples)


@statement("S37", BOTH)
def s37(build):
    """IF is 0 for the whole text_poke window."""
    steps = window(build)
    return bool(steps) and not any(step.before.cpus[0].rflags_if for step in steps)


@statement("S38", BOTH)
def s38(build):
    """The flush after unuse raises gen(T) by exactly 1, sends no IPI, and invalidates nothing on this CPU."""
    has_temporary_mms(build)
    done = poked(build, others=1)
    flush = [step for step in done.steps if "flush_tlb_mm_range" in step.where or step.name == "inc_mm_tlb_gen"]
    raised = done.last.cells["tlb_gen", T] - done.first.cells["tlb_gen", T]
    after = flush[0].before.cpus[0].tlb
    stays = all(step.after.cpus[0].tlb == after for step in flush)
    return raised == 1 and stays and not any(step.footprint.sends for step in done.steps)


@statement("S39", BOTH)
def s39(build):
    """With PCID, the next load of T on a CPU that still has a slot for it is a flushing load."""
    has_temporary_mms(build)
    first = poked(build)
    again = poked(build, start=first.last)
    load = next(step for step in again.ops("load_new_mm_cr3") if step.args[0] == T)
    slots = [owner for owner, _ in first.cpu.ctxs]
    return load.args[2] is True and first.last.world.mms[T].ctx_id in slots


@statement("S40", BOTH)
def s40(build):
    """Without that flush a second poke of a different page writes the first page; the comparison then fails."""
    has_temporary_mms(build)
    patched = BUILDS[build].patched(**MISTAKES["no-flush"])
    first = poked(patched)
    second = poked(patched, addr=int(TEXT[1]), value=0xAB, start=first.last)
    bytes_at = [int(second.last.memory.read64(int(frame))) & 0xFF for frame in TEXT_FRAMES]
    return bytes_at == [0xAB, 0x90] and any("bytes are not" in report for report in second.reports)


@statement("S41", BOTH)
def s41(build):
    """The flush before unuse trips the IRQs-enabled assertion and leaves IF=1."""
    has_temporary_mms(build)
    done = poked(BUILDS[build].patched(**MISTAKES["early-flush"]))
    tripped = any("lockdep_assert_irqs_enabled" in report for report in done.reports)
    place = done.place("local_irq_enable")
    return tripped and done.steps[place].after.cpus[0].rflags_if and pgd(done.steps[place].after) == T


@statement("S42", BEFORE15)
def s42(build):
    """v6.14 without the explicit clear: a stale bit(T) on another CPU makes the flush try an IPI with IF=0: WARN."""
    has_temporary_mms(build)
    patched = BUILDS[build].patched(**MISTAKES["bit-left"])
    begin = system(patched, irqs_on=True, preempt=0, fields={"held": frozenset({"text_mutex"})}, others=1)
    other = drive(begin.with_cpu(1, preempt_count=1), use_temporary_mm, T, cpu=1).last
    other = drive(other, unuse_temporary_mm, M, cpu=1).last
    done = poked(patched, start=other)
    return any("smp_call_function_many_cond" in report for report in done.reports)


@statement("S43", BOTH)
def s43(build):
    """A poke uses one entry if it does not cross a page, else two."""
    has_temporary_mms(build)
    one, two = poked(build, size=8), poked(build, addr=SITE + 4094, value=0x11223344, size=4)
    return (
        [len(done.ops("set_pte_at")) for done in (one, two)]
        == [1, 2]
        == [len(done.ops("pte_clear")) for done in (one, two)]
    )


def _batch(build, first_bytes):
    held = {"held": frozenset({"text_mutex"})}
    sites = tuple((SITE + 64 * number, 0x1122330000 | first, 5) for number, first in enumerate(first_bytes))
    return drive(system(build, irqs_on=True, preempt=0, fields=held), smp_text_poke_batch_finish, sites)


@statement("S44", BOTH)
def s44(build):
    """N multi-byte sites: 3 rounds of serialisation and 3n pokes; 2n if all new first bytes are INT3."""
    has_temporary_mms(build)
    full, short = _batch(build, (0xE9, 0xE8, 0xEB)), _batch(build, (INT3, INT3))
    pokes = [len(done.ops("lockdep_assert_held")) for done in (full, short)]
    return len(full.ops("sync_core")) == 3 and pokes == [9, 4]


@statement("S45", BOTH)
def s45(build):
    """Between rounds 1 and 3 the first byte is 0xCC, and a CPU that executes it gets the new behaviour."""
    has_temporary_mms(build)
    done = _batch(build, (0xE9,))
    seen = []
    for step in done.steps:
        answer = drive(step.before, execute, SITE, 5).value
        if not seen or seen[-1] != answer:
            seen.append(answer)
    return seen == ["0x90", "emulated 0x11223300e9", "0x11223300e9"]
