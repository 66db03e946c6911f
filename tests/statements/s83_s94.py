"""EFI."""

from tempmm_lab import explore
from tempmm_lab.hw.rights import Access as Kind
from tempmm_lab.hw.walk import walk
from tempmm_lab.kernel import efi
from tempmm_lab.kernel.layout import ALIAS, EFI_1TO1, TEXT
from tempmm_lab.scenarios.efi_stories import requester, worker
from tests.statements.lab import (
    AFTER,
    BEFORE,
    BEFORE13,
    BEFORE15,
    BOTH,
    INIT,
    SINCE_V6_15,
    E,
    M,
    advance,
    drive,
    finish,
    inside,
    stage,
    statement,
    system,
)  # fmt: skip

ARMED = {"cpu_dr7": 2, "dr7": 2, "cpu_debugreg": int(ALIAS), "dr0": int(ALIAS)}


def called(build, fn=efi.efi_call_virt, irqs_on=True, **kwargs):
    """Run one call in the current context."""
    return drive(system(build, irqs_on=irqs_on, preempt=0, **kwargs), fn)


def firmware(done):
    """Give the systems in which firmware runs."""
    return [step.before for step in done.ops("firmware_step")]


@statement("S83-before", BEFORE)
def s83_before(build):
    """During a call current->active_mm is efi_mm."""
    return all(now.cpus[0].active_mm == E for now in firmware(called(build)))


@statement("S83-after", AFTER)
def s83_after(build):
    """During a call current->active_mm is unchanged."""
    return all(step.after.cpus[0].active_mm == M for step in called(build).steps)


@statement("S84", BOTH)
def s84(build):
    """During a native call IF is 1 if it was 1 at entry, and preempt_count is above 0."""
    open_, shut = firmware(called(build)), firmware(called(build, irqs_on=False))
    flags = [all(now.cpus[0].rflags_if for now in open_), any(now.cpus[0].rflags_if for now in shut)]
    return flags == [True, False] and all(now.cpus[0].preempt_count > 0 for now in open_)


@statement("S85", BOTH)
def s85(build):
    """In mixed mode IF is 0."""
    inside_ = firmware(called(build, efi.efi_mixed_call))
    return bool(inside_) and not any(now.cpus[0].rflags_if for now in inside_)


@statement("S86-before", BEFORE)
def s86_before(build):
    """User hardware breakpoints stay armed in firmware."""
    return all(now.cpus[0].dr7 == 2 for now in firmware(called(build, fields=ARMED)))


@statement("S86-after", AFTER)
def s86_after(build):
    """They are disarmed."""
    return all(now.cpus[0].dr7 == 0 for now in firmware(called(build, fields=ARMED)))


@statement("S87-after", AFTER)
def s87_after(build):
    """A call from a lazy worker returns with init_mm loaded."""
    return called(build, mm=None, lazy_on=M).cpu.loaded_mm == INIT


@statement("S87-before", BEFORE)
def s87_before(build):
    """It returns with the old active_mm loaded, and not lazy."""
    cpu = called(build, mm=None, lazy_on=M).cpu
    return cpu.loaded_mm == M == cpu.active_mm and not cpu.is_lazy


@statement("S88", (*BEFORE13, *AFTER))
def s88(build):
    """bit(efi_mm) is clear after the call."""
    return E not in called(build).cpu.cpumask


@statement("S88-v6.14", BEFORE15)
def s88_v6_14(build):
    """It stays set."""
    return E in called(build).cpu.cpumask


@statement("S89", BOTH)
def s89(build):
    """Only one CPU is in firmware at a time."""
    made = stage(build)
    for number in range(2):
        made.cpu(efi.virt_efi_set_variable_nonblocking, name=f"caller{number}", mm=M)
    now = advance(made.system(), 0, lambda each: "__efi_call" in inside(each))
    end = finish(now, 1)[0]
    return E not in end.cpus[1].cpumask and end.cpus[1].loaded_mm == M and _never_two(made)


def _never_two(made):
    """Explore two callers; whether both are ever in firmware."""
    from tempmm_lab.explore import Model
    from tempmm_lab.kernel.step import successors

    model = Model(
        [made.system()],
        lambda now: list(successors(now)),
        lambda _, chosen: chosen[1].system,
        always={"one at a time": lambda now: sum("__efi_call" in inside(now, cpu) for cpu in (0, 1)) < 2},
    )
    return explore(model).holds


@statement("S90", BOTH)
def s90(build):
    """Firmware that returns with another IF: warn once, taint, IF as before."""
    done = called(build, firmware="flips_if")
    warned = any("IRQ flags corrupted" in report for report in done.reports)
    return warned and done.last.cells["tainted", None] and done.cpu.rflags_if


@statement("S91", BOTH)
def s91(build):
    """A non-blocking call while busy gives EFI_NOT_READY; an interrupted wait gives EFI_ABORTED."""
    busy = system(build, irqs_on=True, preempt=0).with_cells({("lock", "efi_runtime_lock"): 1})
    refused = drive(busy, efi.virt_efi_set_variable_nonblocking).value
    signalled = drive(busy, efi.virt_efi_get_variable, True).value
    return (refused, signalled) == ("EFI_NOT_READY", "EFI_ABORTED")


def _faulting(build):
    """Let firmware fault in a call that the worker makes; give (system, reports)."""
    made = stage(build, firmware="faults")
    number = made.cpu(requester, name="requester", mm=M)
    made.sleeper(number, worker, name="kworker", mm=None, waits=("efi_rts_work", None))
    end, reports, _ = finish(made.system(), 0)
    return end, reports


@statement("S92", BEFORE)
def s92(build):
    """A page fault in firmware from the worker: the call gives EFI_ABORTED, and later calls are disabled."""
    end, reports = _faulting(build)
    if end.cells["panic", None]:
        return False
    later = drive(end.with_cpu(0, running=()), efi.virt_efi_get_variable).value
    recovered = "Firmware Bug" in reports[0] and not any("atomic" in report for report in reports)
    return (
        recovered and not end.cells["panic", None] and end.cells["efi_flags", None] is False and later == "EFI_ABORTED"
    )


@statement("S92b", SINCE_V6_15)
def s92b(build):
    """The same fault is not recovered: softirqs are disabled, so it counts as interrupt context, and panics."""
    end, reports = _faulting(build)
    return bool(end.cells["panic", None]) and any("panic" in report for report in reports)


@statement("S93", BOTH)
def s93(build):
    """efi_mm maps kernel text too: it does not isolate firmware from the kernel."""
    now = firmware(called(build))[0]
    found = walk(now.memory.read64, now.cpus[0].registers, int(TEXT[0]), Kind.READ, now.world.processor)
    return found.fault is None and now.cpus[0].loaded_mm == E


@statement("S94", BOTH)
def s94(build):
    """Without a memory-attributes table at least one efi_mm code mapping is writable and executable."""
    now = firmware(called(build))[0]
    kinds = (Kind.WRITE, Kind.EXECUTE)
    walks = [walk(now.memory.read64, now.cpus[0].registers, int(EFI_1TO1), each, now.world.processor) for each in kinds]
    return all(found.fault is None for found in walks)
