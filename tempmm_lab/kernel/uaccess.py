"""Touching memory: user code, kernel code on a user's behalf, and stray accesses of buggy or hostile code."""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access as Kind
from tempmm_lab.hw.rights import Fault
from tempmm_lab.hw.translation import translated
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.hw_breakpoint import breakpoint_hit
from tempmm_lab.kernel.layout import EFI_MM, LOADED_MM_SWITCHING, TEXT_FRAMES, TEXT_POKE_MM, USER_CODE, USER_PGD_BIT
from tempmm_lab.kernel.percpu import changed_registers
from tempmm_lab.kernel.tlb import nmi_uaccess_okay
from tempmm_lab.points import versioned

RUNS_ON_ITS_MM, NO_STALE_USE, ONLY_POKER_WRITES = "runs-on-its-mm", "no-stale-use", "only-poker-writes"
PGD_BITS = 0x000F_FFFF_FFFF_F000


def pgd_loaded(cpu: Access) -> int:
    """Give the top table in CR3; the user's half of a PTI pair counts as its kernel half."""
    return int(cpu.get("registers").cr3) & PGD_BITS & ~USER_PGD_BIT


def judge_mm(cpu: Access) -> None:
    """The rule runs-on-its-mm, at an access to user memory: CR3 is `current->mm`'s."""
    mm = cpu.get("current_mm")
    if mm is not None and pgd_loaded(cpu) != cpu.world.mms[mm].pgd:
        cpu.fail(RUNS_ON_ITS_MM)


def judge_frame(cpu: Access, pa: int) -> None:
    """The rule no-stale-use: the frame that an access reached has not been freed after a completed flush."""
    if cpu.read(("freed", pa & PGD_BITS)):
        cpu.fail(NO_STALE_USE)


def _reach(cpu: Access, va: int, kind: Kind) -> Hex | Fault:
    found = translated(cpu, va & ~7, kind)
    if isinstance(found, Hex):
        judge_frame(cpu, found)
    else:
        cpu.fence()  # an exception
    return found


@op
def user_step(cpu: Access) -> Fault | None:
    """User code runs its next instruction: a fetch from its code page."""
    judge_mm(cpu)
    found = _reach(cpu, USER_CODE, Kind.EXECUTE)
    return None if isinstance(found, Hex) else found


@op
def user_load(cpu: Access, va: int) -> Fault | None:
    """User code loads from an address."""
    judge_mm(cpu)
    found = _reach(cpu, va, Kind.READ)
    return None if isinstance(found, Hex) else found


@op
def user_store(cpu: Access, va: int) -> Fault | None:
    """User code stores to an address."""
    judge_mm(cpu)
    found = _reach(cpu, va, Kind.WRITE)
    return None if isinstance(found, Hex) else found


def with_ac(cpu: Access, va: int, kind: Kind) -> Hex | Fault:
    """One kernel access between STAC and CLAC: SMAP lets it through to user pages."""
    before: Registers = cpu.get("registers")
    cpu.set("registers", changed_registers(before, "AC", True))
    found = _reach(cpu, va, kind)
    cpu.set("registers", changed_registers(cpu.get("registers"), "AC", before.bit("AC")))
    return found


@op
def copy_from_user(cpu: Access, va: int) -> Fault | None:
    """Kernel code reads user memory for its task. A fault goes to the handler, and may come back as -EFAULT."""
    if cpu.get("loaded_mm") not in (TEXT_POKE_MM, EFI_MM, LOADED_MM_SWITCHING):
        judge_mm(cpu)
    found = with_ac(cpu, va, Kind.READ)
    return None if isinstance(found, Hex) else found


FIXUP = {copy_from_user.__name__}
"""Ops with an entry in the exception table: a fault that is not resolved becomes their answer. AC is set in them."""


@op
def inatomic_read(cpu: Access, va: int) -> bool:
    """Read user memory with page faults disabled: a fault goes straight to the exception table, in the same step."""
    judge_mm(cpu)
    before = cpu.get("cr2"), cpu.get("fault")
    found = with_ac(cpu, va, Kind.READ)
    cpu.set("cr2", before[0])
    cpu.set("fault", before[1])
    return isinstance(found, Hex)


@versioned
async def copy_from_user_nofault(va: int) -> bool:
    """Read user memory from any context, or say that it cannot be done. Linux: mm/maccess.c, v6.16."""
    if not await nmi_uaccess_okay():
        return False
    return await inatomic_read(va)


@op
def stray_store(cpu: Access, va: int, context: str = "irq") -> Fault | None:
    """A bug: a store through a wild pointer. Reaching kernel text breaks a rule, except from an NMI."""
    found = _reach(cpu, va, Kind.WRITE)
    if not isinstance(found, Hex):
        return found
    if int(found) & PGD_BITS in TEXT_FRAMES and context != "nmi":
        cpu.fail(ONLY_POKER_WRITES)
    cpu.write(int(found) & ~7, 0xBAD)
    return None


@op
def probe_store(cpu: Access, va: int) -> bool:
    """An attacker who can write anywhere and survives a fault tries an address; says whether the store went through."""
    before = cpu.get("cr2"), cpu.get("fault")
    found = _reach(cpu, va, Kind.WRITE)
    cpu.set("cr2", before[0])
    cpu.set("fault", before[1])
    if not isinstance(found, Hex):
        return False
    if int(found) & PGD_BITS in TEXT_FRAMES:
        cpu.fail(ONLY_POKER_WRITES)
    cpu.write(int(found) & ~7, 0xBAD)
    return True


@op
def kernel_store(cpu: Access, va: int, value: int) -> Fault | None:
    """Kernel code stores a word on purpose. An armed breakpoint on the address raises #DB in kernel mode."""
    if breakpoint_hit(cpu, va):
        cpu.report("BUG: #DB in kernel mode, from a breakpoint that user space set")
    found = _reach(cpu, va, Kind.WRITE)
    if not isinstance(found, Hex):
        return found
    cpu.write(int(found), value)
    return None
