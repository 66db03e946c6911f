"""What the mm code keeps per CPU and per mm, as ops: ASIDs, generations, masks, and CR3's value.

Linux: arch/x86/mm/tlb.c, arch/x86/include/asm/tlbflush.h, v6.16. Left out: global ASIDs and broadcast flushes (AMD
INVLPGB; temporary mms never qualify), LAM (temporary mms have none), L1D flushes.
"""

from __future__ import annotations

from typing import Any

from tempmm_lab.awaiting import op
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.registers import NOFLUSH, Registers
from tempmm_lab.hw.rights import PageFault
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.bug import warn_once
from tempmm_lab.kernel.layout import INIT_MM, LOADED_MM_SWITCHING
from tempmm_lab.kernel.percpu import changed_registers
from tempmm_lab.kernel.system import TLB_NR_DYN_ASIDS

PTI_PCID_USER_BIT = 11


def bad_pointer(cpu: Access, mm: Any) -> PageFault | None:
    """Give the page fault of reading through what is no mm: NULL, or the pointer value 1 of SWITCHING.

    In our model the field lies at offset 0, so CR2 is the pointer itself.
    """
    if mm in cpu.world.mms:
        return None
    cpu.set("cr2", Hex(1 if mm == LOADED_MM_SWITCHING else 0))
    return PageFault(0, cpu.get("cr2"))


@op
def atomic64_read_tlb_gen(cpu: Access, mm: Any) -> Any:
    """Read `mm->context.tlb_gen`: a number, or the page fault of a bad pointer."""
    return bad_pointer(cpu, mm) or cpu.read(("tlb_gen", mm))


@op
def inc_mm_tlb_gen(cpu: Access, mm: str) -> int:
    """Raise `mm->context.tlb_gen` by one, atomically, and give the new value."""
    generation = int(cpu.read(("tlb_gen", mm))) + 1
    cpu.write_locked(("tlb_gen", mm), generation)
    return generation


@op
def cpumask_test_cpu(cpu: Access, mm: str) -> bool:
    """Say whether this CPU's bit is set in `mm_cpumask(mm)`."""
    return cpu.bit(mm)


@op
def cpumask_set_cpu(cpu: Access, mm: str) -> None:
    """Set this CPU's bit in `mm_cpumask(mm)`. A locked operation."""
    cpu.set_bit(mm)


@op
def cpumask_clear_cpu(cpu: Access, mm: str) -> None:
    """Clear this CPU's bit in `mm_cpumask(mm)`. A locked operation."""
    cpu.clear_bit(mm)


@op
def cpumask_any_but(cpu: Access, mm: str) -> bool:
    """Say whether any other CPU's bit is set in `mm_cpumask(mm)`."""
    return not cpu.none_other(((("cpumask", mm), True),))


def asid_slot(ctxs: tuple[tuple[int, int], ...], ctx_id: int) -> int | None:
    """Give the dynamic ASID whose slot belongs to `ctx_id`."""
    return next((asid for asid, (owner, _) in enumerate(ctxs) if owner == ctx_id), None)


@op
def choose_new_asid(cpu: Access, mm: Any, next_tlb_gen: int) -> Any:
    """Give (ASID, whether to flush) for loading `mm`: its own slot if it has one, else the next in turn (S46, S48).

    Linux: arch/x86/mm/tlb.c choose_new_asid(). The last user of a slot is forgotten when the slot is written.
    """
    fault = bad_pointer(cpu, mm)
    if fault or not cpu.world.config.pcid:
        return fault or (0, True)
    if cpu.get("invalidate_other"):
        _clear_asid_other(cpu)
    ctxs = cpu.get("ctxs")
    asid = asid_slot(ctxs, cpu.world.mms[mm].ctx_id)
    if asid is not None:
        return asid, ctxs[asid][1] < next_tlb_gen
    asid = cpu.get("next_asid")
    cpu.set("next_asid", asid + 1)
    if asid >= TLB_NR_DYN_ASIDS:
        asid = 0
        cpu.set("next_asid", 1)
    return asid, True


def _clear_asid_other(cpu: Access) -> None:
    """clear_asid_other(): forget every slot but the one in use, so that each is flushed before it is used again."""
    mine = cpu.get("loaded_mm_asid")
    cpu.set("ctxs", tuple(slot if asid == mine else (0, slot[1]) for asid, slot in enumerate(cpu.get("ctxs"))))
    cpu.set("invalidate_other", False)


@op
def set_asid_ctx(cpu: Access, asid: int, mm: str, tlb_gen: int) -> None:
    """Write a slot: from now on what is cached under this ASID counts as current up to `tlb_gen`."""
    ctxs = list(cpu.get("ctxs"))
    ctxs[asid] = (cpu.world.mms[mm].ctx_id, tlb_gen)
    cpu.set("ctxs", tuple(ctxs))


def kern_pcid(asid: int) -> int:
    """Give the hardware's PCID for an ASID: one more, so that PCID 0 stays unused (S47)."""
    return asid + 1


def user_pcid(asid: int) -> int:
    """Give the PCID of the user half under PTI."""
    return kern_pcid(asid) | 1 << PTI_PCID_USER_BIT


def build_cr3(cpu: Access, mm: str, asid: int) -> int:
    """Give the value of CR3 for an mm under an ASID."""
    return int(cpu.world.mms[mm].pgd) | (kern_pcid(asid) if cpu.world.config.pcid else 0)


def invalidate_user_asid(cpu: Access, asid: int) -> None:
    """Under PTI, note that the ASID's user PCID must be flushed on return to user mode."""
    if cpu.world.config.pcid and cpu.world.config.pti:
        cpu.set("user_pcid_flush_mask", cpu.get("user_pcid_flush_mask") | 1 << kern_pcid(asid))


@op
def load_new_mm_cr3(cpu: Access, mm: Any, asid: int, need_flush: bool) -> Any:
    """MOV to CR3: with a flush of the new PCID, or with bit 63 set and none. Linux: tlb.c load_new_mm_cr3()."""
    fault = bad_pointer(cpu, mm)
    if fault:
        return fault
    if need_flush:
        invalidate_user_asid(cpu, asid)
    move_to_cr3(cpu, build_cr3(cpu, mm, asid), keep=not need_flush)
    return None


def move_to_cr3(cpu: Access, value: int, *, keep: bool) -> None:
    """What the processor does on MOV to CR3, which serialises. `keep` is bit 63, which only PCIDs allow (S99)."""
    cpu.fence()
    registers: Registers = cpu.get("registers")
    cpu.set("registers", changed_registers(registers, "cr3", value & ~NOFLUSH))
    if not (keep and cpu.world.config.pcid):
        tlb = cpu.get("tlb")
        if tlb.entries or tlb.structures:
            cpu.set("tlb", tlb.one_context(value & 0xFFF if cpu.world.config.pcid else 0))


@op
def vm_check_loaded_mm(cpu: Access, mm: str, asid: int) -> None:
    """DEBUG_VM: warn once if CR3 is not what it must be for the loaded mm; a global flush is the recovery (S57)."""
    if mm in cpu.world.mms and int(cpu.get("registers").cr3) != build_cr3(cpu, mm, asid):
        warn_once(cpu, "CR3 does not match loaded_mm")
        cpu.set("tlb", type(cpu.get("tlb"))())


@op
def vm_check_cpumask(cpu: Access, mm: str) -> None:
    """DEBUG_VM, prev == next: warn once if the loaded mm's bit is clear, and set it.

    init_mm and not-tracked mms are exempt (S73).
    """
    if mm != INIT_MM and not is_notrack_mm(cpu, mm) and not cpu.bit(mm):
        warn_once(cpu, "loaded_mm is not in its own cpumask")
        cpu.set_bit(mm)


def is_notrack_mm(cpu: Access, mm: str) -> bool:
    """is_notrack_mm(): MM_CONTEXT_NOTRACK, which v6.16 gives to both temporary mms (7f9958230d8a)."""
    return bool(cpu.world.policy.notrack and cpu.world.mms[mm].temporary)


@op
def cond_mitigation(cpu: Access, tsk: str | None) -> bool:
    """Say whether an IBPB is issued: in the always mode, when the task's user mm differs from the last one (S31).

    The conditional mode, which also asks for a speculation-control bit, is left out.

    Linux: tlb.c cond_mitigation(). It goes by `task->mm`, which use_temporary_mm() leaves alone.
    """
    mm = _task_mm(cpu, tsk)
    if mm is None or mm == cpu.get("last_user_mm_spec"):
        return False
    cpu.set("last_user_mm_spec", mm)
    return True


def _task_mm(cpu: Access, tsk: str | None) -> Any:
    if tsk is None or tsk == "current" or tsk == cpu.get("current"):
        return None if tsk is None else cpu.get("current_mm")
    return next(task.mm for task in cpu.get("sleeping") if task.name == tsk)


@op
def cr4_update_pce_mm(cpu: Access, mm: str) -> None:
    """Set CR4.PCE for the mm. cr4_update_irqsoff() asserts that lockdep thinks interrupts are off (S20)."""
    del mm  # in our model no mm has RDPMC permission, so CR4 itself stays as it is
    if not cpu.world.config.perf_events:
        return
    if cpu.world.config.prove_locking and cpu.read(("debug_locks", None)) and cpu.get("hardirqs_enabled"):
        warn_once(cpu, "cr4_update_irqsoff: lockdep_assert_irqs_disabled()")


@op
def switch_ldt(cpu: Access, mm: str) -> None:
    """Load the LDT of the mm: none for init_mm and temporary mms."""
    has_one = mm != INIT_MM and not cpu.world.mms[mm].temporary
    cpu.set("ldt_mm", mm if has_one else None)


@op
def vm_check_outgoing(cpu: Access, prev: str) -> None:
    """DEBUG_VM, prev != next: warn once if the outgoing mm's bit is clear (209954cbc7d0 until 52ebfe7412ce; S73b)."""
    if prev in cpu.world.mms and prev != INIT_MM and not cpu.bit(prev):
        warn_once(cpu, "prev mm is not in its own cpumask")
