"""Orders of operations and what a call gives back: the tables of the facts, put as checks beside the statements.

They name the facts' own rows (U1-U7, N1-N6, P1-P16, E1-E6, F0-F9), and serve to kill mutants too.
"""

from tempmm_lab import Config
from tempmm_lab.errors import NotPossible
from tempmm_lab.hw.tlb import Tlb
from tempmm_lab.kernel import efi
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.alternative import smp_text_poke_batch_finish, text_poke
from tempmm_lab.kernel.barrier import full_barrier
from tempmm_lab.kernel.core import schedule
from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_disable, hw_breakpoint_restore
from tempmm_lab.kernel.irqflags import (
    local_irq_restore,
    local_irq_save,
    raw_local_irq_disable,
    raw_local_irq_enable,
)
from tempmm_lab.kernel.layout import ALIAS, EFI_1TO1, TEXT, USER_PAGE, USER_PGD_BIT
from tempmm_lab.kernel.lockdep import debug_locks_off, lockdep_assert_irqs_disabled
from tempmm_lab.kernel.locks import acquire, text_mutex
from tempmm_lab.kernel.preempt import preempt_fields
from tempmm_lab.kernel.step import action, take
from tempmm_lab.kernel.storebuffer import Store
from tempmm_lab.kernel.tlb import leave_mm, switch_mm, switch_mm_irqs_off, unuse_temporary_mm, use_temporary_mm
from tempmm_lab.kernel.tlbflush import (
    arch_tlbbatch_flush,
    flush_tlb_func,
    flush_tlb_info,
    flush_tlb_kernel_range,
    flush_tlb_local,
    flush_tlb_mm_range,
    flush_tlb_one_user,
    should_trim_cpumask,
)
from tempmm_lab.kernel.tlbstate import (
    atomic64_read_tlb_gen,
    cpumask_clear_cpu,
    cpumask_set_cpu,
    inc_mm_tlb_gen,
    load_new_mm_cr3,
)
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.efi_stories import requester, worker
from tests.statements.lab import DEBUG, INIT, E, M, N, T, advance, drive, finish, inside, stage, system

ARMED = {"cpu_dr7": 2, "dr7": 2, "cpu_debugreg": int(ALIAS), "dr0": int(ALIAS)}
HELD = {"held": frozenset({"text_mutex"})}
PAGE = int(USER_PAGE)
ORDERS = {}


def order(check):
    """Register a check; its docstring says what it holds to."""
    ORDERS[check.__name__] = check
    return check


def names(done):
    """Give the names of the ops of a run, in order."""
    return [step.name for step in done.steps]


def follows(done, *wanted):
    """Whether these ops occur in this order, with others between them."""
    rest = iter(names(done))
    return all(name in rest for name in wanted)


def as_before(done, but=()):
    """Whether IF, lockdep's flag, preempt_count and locks are at the end what they were at the beginning."""
    fields = {"hardirqs_enabled", "preempt_count", "held", "rflags_if"} - set(but)
    return all(getattr(done.cpu, name) == getattr(done.first.cpus[done.number], name) for name in fields)


def quiet(build, **kwargs):
    """Give a CPU with interrupts on and preempt_count 0."""
    return system(build, irqs_on=True, preempt=0, **kwargs)


@order
def use_in_order(build):
    """U1-U7: assertion, IF saved, lazy mode left, the cookie read, the switch, the breakpoints, IF restored."""
    done = drive(system(build, mm=None, lazy_on=M, irqs_on=True, fields=ARMED), use_temporary_mm, T)
    wanted = ["lockdep_assert_preemption_disabled", "local_irq_save", "load_new_mm_cr3", "load_new_mm_cr3",
              "hw_breakpoint_active", "hw_breakpoint_disable", "local_irq_restore"]  # fmt: skip
    loads = [step.args[0] for step in done.ops("load_new_mm_cr3")]
    return follows(done, *wanted) and names(done)[0] == wanted[0] and loads == [INIT, T] and as_before(done)


@order
def unuse_in_order(build):
    """N1-N6: assertion, IF saved, the bit, the switch, the breakpoints, IF restored."""
    first = drive(system(build, irqs_on=True, fields=ARMED), use_temporary_mm, T)
    done = drive(first.last, unuse_temporary_mm, M)
    wanted = ["lockdep_assert_preemption_disabled", "local_irq_save", "cpumask_clear_cpu", "load_new_mm_cr3",
              "hw_breakpoint_active", "hw_breakpoint_restore", "local_irq_restore"]  # fmt: skip
    return follows(done, *wanted) and names(done)[0] == wanted[0] and as_before(done)


@order
def switch_in_order(build):
    """Facts 4.2: mitigation, SWITCHING, bit, generation, ASID, slot, CR3, loaded_mm, ASID, CR4.PCE, LDT."""
    done = drive(system(build), switch_mm_irqs_off, None, N, "current")
    wanted = [
        "cond_mitigation",
        "this_cpu_write",
        "cpumask_set_cpu",
        "atomic64_read_tlb_gen",
        "choose_new_asid",
        "set_asid_ctx",
        "load_new_mm_cr3",
        "this_cpu_write",
        "this_cpu_write",
        "cr4_update_pce_mm",
        "switch_ldt",
    ]
    writes = [step.args[0] for step in done.ops("this_cpu_write")]  # fmt: skip
    rest = names(done)[names(done).index("cond_mitigation") :]
    ldt = drive(done.last, switch_mm_irqs_off, None, T, "current").cpu.ldt_mm
    in_place = [name for name in rest if name != "cpumask_test_cpu"] == wanted
    return in_place and writes == ["loaded_mm", "loaded_mm", "loaded_mm_asid"] and (done.cpu.ldt_mm, ldt) == (N, None)


@order
def mitigation_is_remembered(build):
    """cond_mitigation(): another user mm than the last one means an IBPB, and the same again means none."""
    now = system(build, fields={"last_user_mm_spec": N})
    first = drive(now, switch_mm_irqs_off, None, T, "current")
    again = drive(first.last, switch_mm_irqs_off, None, N, "current")
    kernel = drive(system(build, mm=None, fields={"last_user_mm_spec": N}), switch_mm_irqs_off, None, T, "current")
    answers = [done.ops("cond_mitigation")[0].answer for done in (first, again, kernel)]
    return answers == [True, False, False]


@order
def switch_mm_gives_if_back(build):
    """switch_mm(): IF is off inside and as it was afterwards."""
    done = drive(quiet(build), switch_mm, None, N, None)
    return as_before(done) and not done.ops("load_new_mm_cr3")[0].before.cpus[0].rflags_if


@order
def leaving_wants_lazy(build):
    """leave_mm() warns on a CPU that is not lazy, and is silent on one that is."""
    loud = drive(system(build), leave_mm).reports
    silent = drive(system(build, mm=None, lazy_on=M), leave_mm).reports
    return any("not lazy" in text for text in loud) and not silent


@order
def helpers_ask_for_preemption(build):
    """Both helpers assert that preemption is off."""
    done = drive(drive(quiet(build, config=Config()), use_temporary_mm, T).last, unuse_temporary_mm, M)
    return any(text.startswith("WARNING: unuse_temporary_mm") for text in done.reports)


@order
def other_slots_are_forgotten(build):
    """invalidate_other: every slot but the one in use is wiped before the next ASID is chosen."""
    now = system(build, known=(N, T), fields={"invalidate_other": True})
    done = drive(now, switch_mm_irqs_off, None, N, None)
    owners = [owner for owner, _ in done.cpu.ctxs]
    return not done.cpu.invalidate_other and now.world.mms[T].ctx_id not in owners and done.cpu.next_asid == 4


@order
def debug_vm_recovers(build):
    """DEBUG_VM: a CR3 that does not match empties the TLB."""
    made = stage(build, DEBUG)
    number = made.cpu(programs.back_to_user, name="task", mm=M)
    made.cache(number, USER_PAGE, M)
    now = made.system()
    wrong = now.with_cpu(0, registers=now.cpus[0].registers.but(cr3=made.cr3(N, 0)))
    done = drive(wrong, switch_mm_irqs_off, None, T, None)
    return bool(done.reports) and not done.cpu.tlb.entries


@order
def own_flush_in_order(build):
    """Facts 5.1: preemption off, the generation, who else, IF off, the flush, IF on, preemption on."""
    done = drive(quiet(build), flush_tlb_mm_range, M, PAGE, PAGE + 4096, 12, False)
    wanted = ["preempt_count_add", "inc_mm_tlb_gen", "cpumask_any_but", "lockdep_assert_irqs_enabled",
              "local_irq_disable", "flush_tlb_one_user", "local_irq_enable", "preempt_count_dec_and_test"]  # fmt: skip
    under = done.ops("flush_tlb_one_user")[0].before.cpus[0]
    return follows(done, *wanted) and as_before(done) and not under.rflags_if and under.preempt_count == 1


@order
def a_full_flush_empties_the_pcid(build):
    """F9: more than 33 pages: everything of the current PCID goes, and under PTI the user's is marked."""
    made = stage(build, Config(pti=True))
    number = made.cpu(programs.back_to_user, name="task", mm=M)
    made.cache(number, USER_PAGE, M)
    done = drive(made.system(), flush_tlb_mm_range, M, PAGE, PAGE + 4096 * 40, 12, False)
    return not done.cpu.tlb.entries and done.cpu.user_pcid_flush_mask == 2 and bool(done.first.cpus[0].tlb.entries)


@order
def others_are_flushed_with_it(build):
    """A flush of a shared mm: the sender runs it with IF off, the other CPU as an IPI, and both are done in the end."""
    made = stage(build)
    for name in ("one", "two"):
        number = made.cpu(programs.unmapper if name == "one" else programs.kthread_stays,
                          *([M] if name == "one" else []), name=name, mm=M)  # fmt: skip
        made.cache(number, USER_PAGE, M)
    now = advance(made.system(), 0, lambda each: bool(each.cpus[1].pending))
    local = advance(now, 0, lambda each: "flush_tlb_func" in inside(each))
    taken = take(now, action("p", 1)).system
    served = advance(taken, 1, lambda each: len(each.cpus[1].running) == 1)
    inside_irq = advance(taken, 1, lambda each: "flush_tlb_func" in inside(each, 1)).cpus[1]
    done = finish(served, 0)[0]
    hardirq = inside_irq.preempt_count == 0x1_0000 and not inside_irq.hardirqs_enabled
    back = served.cpus[1].preempt_count == 0 and served.cpus[1].hardirqs_enabled and served.cpus[1].rflags_if
    empty = not any(cpu.tlb.entries for cpu in done.cpus)
    return not local.cpus[0].rflags_if and hardirq and back and empty and done.cpus[0].preempt_count == 0


@order
def trimming_is_due_once(build):
    """A mask that is due is trimmed once, and then not again."""
    now = quiet(build, others=1).with_cells({("trim_due", M): True, ("tlb_gen", M): 0})
    first = _until_wait(now)
    again = _until_wait(first.with_cpu(1, pending=()))
    return first.cpus[1].pending[0][1].trim_cpumask and not again.cpus[1].pending[0][1].trim_cpumask


def _until_wait(now):
    made = now.with_cpu(0, running=(_frame(now, flush_tlb_mm_range, M, PAGE, PAGE + 4096, 12, False),))
    return advance(made, 0, lambda each: bool(each.cpus[1].pending))


def _frame(now, fn, *args):
    from tempmm_lab.kernel.system import Frame

    return Frame("task", now.world.start(fn, *args))


@order
def kernel_range_in_order(build):
    """A kernel-range flush: preemption off around it, the pages dropped here too, and IF as before."""
    done = drive(quiet(build), flush_tlb_kernel_range, 0x1000, 0x3000)
    under = done.ops("flush_tlb_one_kernel")[0].before.cpus[0]
    more = drive(quiet(build), flush_tlb_kernel_range, 0x1000, 0x1000 + 34 * 4096)
    everything = [len(more.ops(name)) for name in ("flush_tlb_one_kernel", "flush_tlb_all")] == [0, 1]
    return as_before(done) and len(done.ops("flush_tlb_one_kernel")) == 2 and under.preempt_count == 1 and everything


@order
def reclaim_in_order(build):
    """A batched flush: preemption off around it, everything of the mm flushed here, and IF as before."""
    now = quiet(build).with_cells({("tlb_gen", M): 1})
    done = drive(now, arch_tlbbatch_flush, M)
    under = done.ops("flush_tlb_local")
    return as_before(done) and len(under) == 1 and under[0].before.cpus[0].preempt_count == 1


@order
def poke_in_order(build):
    """P5-P16: lock, IF saved, entry, use, write, clear, unuse, flush, comparison, IF restored, unlock."""
    done = drive(quiet(build, fields=HELD), text_poke, int(TEXT[0]), 0xCC, 1)
    wanted = ["lockdep_assert_held", "preempt_count_add", "acquire", "local_irq_save", "set_pte_at", "load_new_mm_cr3",
              "text_poke_memcpy", "pte_clear", "load_new_mm_cr3", "inc_mm_tlb_gen", "memcmp", "BUG_ON",
              "local_irq_restore", "release", "preempt_count_dec_and_test"]  # fmt: skip
    window = [step for step in done.steps if step.before.cpus[0].loaded_mm == T]
    counts = {step.before.cpus[0].preempt_count for step in window}
    return follows(done, *wanted) and names(done)[0] == wanted[0] and as_before(done) and counts == {1}


@order
def comparison_is_under_the_lock(build):
    """P14-P16: the comparison and its BUG come with interrupts off; IF comes back before the lock is dropped."""
    done = drive(quiet(build, fields=HELD), text_poke, int(TEXT[0]), 0xCC, 1)
    bug, drop = done.ops("BUG_ON")[0].before.cpus[0], done.ops("release")[0].before.cpus[0]
    return not bug.rflags_if and drop.rflags_if


@order
def batch_gives_everything_back(build):
    """A batch: the sites are published before the first INT3 and withdrawn at the end; IF and locks as before."""
    done = drive(quiet(build, fields=HELD), smp_text_poke_batch_finish, ((int(TEXT[0]), 0x11E9, 2),))
    rounds = [step.name for step in done.steps if step.name in ("text_poke_memcpy", "sync_core")]
    order_ = ["text_poke_memcpy", "sync_core"] * 3
    return as_before(done) and done.last.cells["text_poke_array", None] == () and rounds == order_


@order
def efi_in_order(build):
    """E3-E5: mappings, FPU, speculation, efi_mm, flags, firmware, flags, and everything backwards."""
    done = drive(quiet(build), efi.virt_efi_set_variable_nonblocking)
    wanted = ["try_acquire", "efi_sync_low_kernel_mappings", "preempt_count_add", "preempt_count_add",
              "load_new_mm_cr3", "efi_call_virt_save_flags", "firmware_step", "efi_call_virt_check_flags",
              "load_new_mm_cr3", "preempt_count_dec_and_test", "preempt_count_sub_and_test", "release"]  # fmt: skip
    added = [step.args[0] for step in done.ops("preempt_count_add")][:2]
    rt = drive(quiet(build, config=Config(preempt="rt")), efi.efi_call_virt)
    firm = rt.ops("firmware_step")[0].before.cpus[0]
    return follows(done, *wanted) and added == [0x200, 1] and as_before(done) and firm.preempt_count == 2


@order
def mixed_mode_gives_everything_back(build):
    """Mixed mode: IF off, the lock, the ordinary set-up and teardown inside, and all of it backwards."""
    done = drive(quiet(build), efi.efi_mixed_call)
    wanted = ["local_irq_save", "acquire", "efi_sync_low_kernel_mappings", "load_new_mm_cr3", "firmware_step",
              "load_new_mm_cr3", "release", "local_irq_restore"]  # fmt: skip
    inside_ = done.ops("firmware_step")[0].before.cpus[0]
    return follows(done, *wanted) and as_before(done) and inside_.loaded_mm == E and done.cpu.loaded_mm == M


def _ordinary_call(build, **kwargs):
    made = stage(build, **kwargs)
    number = made.cpu(requester, name="requester", mm=M)
    made.sleeper(number, worker, name="kworker", mm=None, waits=("efi_rts_work", None))
    return made.system()


@order
def worker_call_gives_everything_back(build):
    """An ordinary call: the worker is lazy on the requester's mm, gets its active_mm; in the end all is as before."""
    now = _ordinary_call(build)
    away = advance(now, 0, lambda each: each.cpus[0].current == "kworker" and "efi_call_rts" in inside(each))
    back = advance(away, 0, lambda each: each.cpus[0].current == "requester")
    end, reports, broken = finish(back, 0)
    cpu, passed = end.cpus[0], away.cpus[0]
    cells = [end.cells["efi_rts_work", None], end.cells["done", "efi_rts_work"], end.cells["lock", "efi_runtime_lock"]]
    lent = (passed.active_mm, passed.current_mm, passed.is_lazy, passed.preempt_count, passed.rflags_if)
    kept = [task.active_mm for task in back.cpus[0].sleeping if task.name == "kworker"]
    right = (cpu.current_mm, cpu.active_mm, cpu.preempt_count, cpu.held, cpu.need_resched) == (
        M,
        M,
        0,
        frozenset(),
        False,
    )
    return (
        lent == (M, None, True, 0, True)
        and kept == [None]
        and cells == [None, False, 0]
        and right
        and not reports + broken
    )


@order
def worker_checks_flags(build):
    """Firmware that loses IF in a call of the worker, or in a direct one: it is reported before the teardown."""
    _, reports, _ = finish(_ordinary_call(build, firmware="flips_if"), 0)
    made = stage(build, firmware="flips_if")
    made.cpu(efi.efi_call_virt, name="caller", mm=M)
    _, direct, _ = finish(made.system(), 0)
    done = drive(made.system(), efi.efi_call_virt)
    check, load = done.place("efi_call_virt_check_flags"), done.place("load_new_mm_cr3", M)
    return all(any("IRQ flags corrupted" in text for text in each) for each in (reports, direct)) and check < load


@order
def schedule_in_order(build):
    """schedule(): count up, IF off, the runqueue, the switch, and backwards; need-resched is gone afterwards."""
    made = stage(build)
    number = made.cpu(programs.relax_schedule_relax, name="task", mm=M, fields={"need_resched": True})
    made.sleeper(number, programs.kthread_yields, name="other", mm=N)
    now = advance(made.system(), 0, lambda each: "switch_mm_irqs_off" in inside(each))
    end = finish(now, 0)[0].cpus[0]
    return (
        now.cpus[0].preempt_count == 2
        and not now.cpus[0].rflags_if
        and ((end.preempt_count, end.rflags_if, end.need_resched, end.hardirqs_enabled) == (0, True, False, True))
    )


@order
def scheduling_while_atomic_resets_the_count(build):
    """9.4.1: after the report the count is the disabled baseline, and the switch goes on."""
    made = stage(build)
    number = made.cpu(schedule, name="task", mm=M, fields={"preempt_count": 3})
    made.sleeper(number, programs.kthread_yields, name="other", mm=N)
    now = advance(made.system(), 0, lambda each: "switch_mm_irqs_off" in inside(each))
    return now.cpus[0].preempt_count == 2


@order
def an_idle_cpu_lets_interrupts_in(build):
    """A CPU without a task that can run waits with interrupts on and preempt_count 0."""
    made = stage(build, irqs=1)
    made.cpu(programs.kthread_yields, name="task", mm=M)
    cpu = made.system().cpus[0]
    try:
        finish(made.system(), 0)
    except NotPossible as waits:
        waited = "waits for" in str(waits) and cpu.running[-1].point.op.do.__name__ == "wait_for_a_task"
    return waited and cpu.rflags_if and bool(take(made.system(), action("i", 0)))


@order
def a_handler_runs_on_the_kernels_tables(build):
    """PTI: an IRQ, and an NMI, from user mode run on the kernel half; user mode gets its own half back."""
    right = []
    for kind in "in":
        made = stage(build, Config(pti=True), irqs=1, nmis=1)
        made.cpu(programs.user_of, PAGE, 2, name="user", mm=M, user=True)
        now = take(made.system(), action("s", 0)).system
        arrived = take(now, action(kind, 0)).system
        entered = take(arrived, action("s", 0)).system.cpus[0]
        back = advance(arrived, 0, lambda each: len(each.cpus[0].running) == 1).cpus[0]
        level = 0x1_0000 if kind == "i" else 0x11_0000
        in_kernel = not int(entered.registers.cr3) & USER_PGD_BIT and not entered.hardirqs_enabled
        right.append(in_kernel and entered.preempt_count == level and back.registers == now.cpus[0].registers)
        right.append(back.preempt_count == 0 and back.hardirqs_enabled and back.tlb == now.cpus[0].tlb != Tlb())
    return all(right)


@order
def flags_are_restored_as_saved(build):
    """local_irq_restore(): what was off stays off, also if it was turned on in between; lockdep follows."""
    from tempmm_lab.kernel.irqflags import local_irq_enable, local_irq_restore, local_irq_save

    async def nest():
        outer = await local_irq_save()
        inner = await local_irq_save()
        await local_irq_enable()
        await local_irq_restore(inner)
        await programs.cpu_relax()
        await local_irq_restore(outer)

    done = drive(quiet(build), nest)
    middle = done.ops("cpu_relax")[0].before.cpus[0]
    return as_before(done) and not middle.rflags_if and not middle.hardirqs_enabled


@order
def firmware_runs_where_it_is_mapped(build):
    """The call runs on efi_mm with firmware's page mapped, and hands the status back."""
    done = drive(quiet(build), efi.virt_efi_set_variable_nonblocking)
    return done.value == "EFI_SUCCESS" and done.ops("firmware_step")[0].args == (int(EFI_1TO1),)


def told(now, cpu=0, limit=3_000):
    """Let a CPU step to its end; give (op, its arguments, the system before it) for each step."""
    seen = []
    while now.cpus[cpu].running and len(seen) < limit:
        op = now.cpus[cpu].running[-1].point.op
        seen.append((op.do.__name__, op.args, now))
        now = take(now, action("s", cpu)).system
    return seen


def in_turn(seen, *wanted):
    """Whether steps with these names, or names and first arguments, occur in this order, others between them."""
    rest = iter([(name, args) for name, args, _ in seen])
    return all(any(name == each or (name, *args[: len(each) - 1]) == each for name, args in rest) for each in wanted)


@order
def debug_vm_watches_flushes(build):
    """F0 and 5.3.4: under DEBUG_VM a flush with IF=1, or on a slot of another mm, warns; otherwise neither does."""
    info = flush_tlb_info(M, PAGE, PAGE + 4096, 1)
    found = []
    for config in (DEBUG, Config()):
        open_ = drive(quiet(build, config=config), flush_tlb_func, info).reports
        now = system(build, config=config).with_cells({("tlb_gen", M): 1})
        strange = drive(now.with_cpu(0, ctxs=((99, 0), *now.cpus[0].ctxs[1:])), flush_tlb_func, info).reports
        found += [any("interrupts on" in text for text in open_), any("another mm" in text for text in strange)]
    return found == [True, True, False, False]


@order
def schedule_step_by_step(build):
    """9.4 and 6.3.7: wait, count, the atomic check, IF off, the lock, pick, lazy mode, active_mm, switch, backwards."""
    made = stage(build)
    number = made.cpu(programs.relax_schedule_relax, name="task", mm=M)
    made.sleeper(number, programs.kthread_yields, name="other", mm=None)
    seen = told(made.system())
    unlocked = next(now.cpus[0].preempt_count for name, _, now in seen if name == "local_irq_enable")
    return unlocked == 1 and in_turn(
        seen, "wait_for_a_task", "preempt_count_add", "schedule_debug", "local_irq_disable",
        "rq_lock", "pick_next_task", ("this_cpu_write", "need_resched"), ("this_cpu_write", "is_lazy"),
        "set_active_mm", "switch_to", "preempt_count_sub", "local_irq_enable", "preempt_count_sub",
    )  # fmt: skip


@order
def worker_call_step_by_step(build):
    """7.2: in the worker flags are checked before efi_mm is left, and the requester is woken after.

    The work is cleared under the lock, and the lock is given back also when the service is disabled.
    """
    now = _ordinary_call(build)
    seen = told(now)
    done = in_turn(seen, "efi_call_virt_check_flags", ("load_new_mm_cr3", INIT), "complete",
                   ("write_once", "efi_rts_work", None, None), "release")  # fmt: skip
    off = drive(quiet(build).with_cells({("efi_flags", None): False}), efi.virt_efi_get_variable)
    return done and off.value == "EFI_ABORTED" and as_before(off)


@order
def recovery_step_by_step(build):
    """7.5.3: a warning, the teardown, the status for the requester, the service disabled, the worker parked."""
    del build
    seen = told(_ordinary_call("v5.10", firmware="faults"))
    disabled = ("write_locked", "efi_flags")
    return in_turn(seen, "firmware_bug", "load_new_mm_cr3", "complete", disabled, "wait_for_a_task")


@order
def ipi_step_by_step(build):
    """An IPI is acknowledged before irq_exit(), and only then may the way out schedule."""
    made = stage(build)
    made.cpu(programs.unmapper, M, name="one", mm=M)
    made.cpu(programs.kthread_stays, name="two", mm=M)
    now = advance(made.system(), 0, lambda each: bool(each.cpus[1].pending))
    return in_turn(told(take(now, action("p", 1)).system, 1), "irq_enter", "ack", "irq_exit", "exit_work")


@order
def faults_are_handled_with_interrupts_as_they_were(build):
    """6.4.2: VMAs are looked up with IF as it was; on the way out it is 0 until IRET."""
    made = stage(build)
    made.cpu(programs.user_of, 0x1234_5000, 1, name="user", mm=M, user=True)
    flags = {name: now.cpus[0].rflags_if for name, _, now in told(made.system())}
    end = next(now for name, _, now in told(made.system()) if name == "force_sig_segv")
    return flags["fault_enter"] is False and flags["vma_allows"] is True and not end.cpus[0].rflags_if


@order
def firmware_gives_way_afterwards(build):
    """A tick in firmware cannot switch tasks; the switch that is due comes when the FPU section ends."""
    made = stage(build, ticks=1)
    number = made.cpu(efi.efi_call_virt, name="caller", mm=M)
    made.sleeper(number, programs.kthread_yields, name="other", mm=N)
    firmware = advance(made.system(), 0, lambda now: "__efi_call" in inside(now))
    ticked = take(firmware, action("t", 0)).system
    seen = told(ticked)
    where = next(now for name, _, now in seen if name == "switch_to")
    during = [now.cpus[0].current for _, _, now in seen if now.cpus[0].loaded_mm == E]
    return set(during) == {"caller"} and "efi_fpu_end" in inside(where)


@order
def raw_flags_fool_lockdep(build):
    """2.6.6: after a raw CLI lockdep still thinks that interrupts are on, and its assertion is the one that errs."""

    async def behind_its_back():
        await raw_local_irq_disable()
        await lockdep_assert_irqs_disabled()
        await raw_local_irq_enable()
        await debug_locks_off()
        await lockdep_assert_irqs_disabled()

    done = drive(quiet(build), behind_its_back)
    fooled = done.ops("lockdep_assert_irqs_disabled")[0]
    return not fooled.before.cpus[0].rflags_if and len(done.reports) == 1 and bool(fooled.reports) and as_before(done)


@order
def the_count_has_its_fields(build):
    """9.1: an EFI call's 0x201 is preempt 1 and softirq 2; an NMI in an interrupt has both upper fields."""
    del build
    parts = [preempt_fields(count) for count in (0x201, 0x12_0000)]
    return parts == [
        {"preempt": 1, "softirq": 2, "hardirq": 0, "nmi": 0},
        {"preempt": 0, "softirq": 0, "hardirq": 2, "nmi": 1},
    ]


@order
def serialising_steps(build):
    """SDM vol. 3, "Store Buffer": what is locked or serialises lets no store wait; a plain step leaves it alone."""
    made = stage(build, tso=True)
    made.cpu(programs.back_to_user, name="task", mm=M, fields={"store_buffer": (Store(("efi_flags", None), False),)})
    draining = (
        flush_tlb_one_user(PAGE), flush_tlb_local(), hw_breakpoint_disable(), hw_breakpoint_restore(),
        inc_mm_tlb_gen(M), load_new_mm_cr3(M, 0, False), cpumask_set_cpu(M), cpumask_clear_cpu(M), acquire(text_mutex),
        full_barrier(),
    )  # fmt: skip
    leaving = (local_irq_save(), local_irq_restore(True), atomic64_read_tlb_gen(M), should_trim_cpumask(M))
    left = [[_left(made.system(), step) for step in steps] for steps in (draining, leaving)]
    return set(left[0]) == {0} and set(left[1]) == {1}


def _left(now, step):
    access = Access(now, 0)
    step.do(access, *step.args)
    return len(access.get("store_buffer"))
