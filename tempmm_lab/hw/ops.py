"""What a CPU can be asked to do in one step: touch memory, write a control register, drop translations.

An op that the processor refuses answers with the fault, as a value: the machine has raised an exception and goes on.
Source: Intel SDM vol. 3, "Caching Translation Information"; vol. 2 for each instruction.
"""

from __future__ import annotations

from typing import Any

from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.hw.address import Hex, is_canonical
from tempmm_lab.hw.controls import refused_cr0, refused_cr3, refused_cr4
from tempmm_lab.hw.registers import NOFLUSH, PCID_MASK, Registers
from tempmm_lab.hw.rights import Access, Fault, GeneralProtection
from tempmm_lab.hw.tlb import Tlb
from tempmm_lab.hw.translation import fill_from_tables, translated
from tempmm_lab.steps import op
from tempmm_lab.thiscpu import ThisCpu

Cpu = ThisCpu[Any]

PGE, PCIDE, SMEP = "PGE", "PCIDE", "SMEP"
INVPCID_TYPES = ("one address", "one context", "everything", "everything but global")


@op
def load(cpu: Cpu, va: int) -> Hex | Fault:
    """Read the 8 bytes at `va`: the word, or the fault."""
    found = translated(cpu, _aligned(va), Access.READ)
    return cpu.read(found) if isinstance(found, Hex) else found


@op
def store(cpu: Cpu, va: int, value: int) -> Fault | None:
    """Write the 8 bytes at `va`: None, or the fault."""
    word = whole_number(value, "the value to store")
    found = translated(cpu, _aligned(va), Access.WRITE)
    if not isinstance(found, Hex):
        return found
    cpu.write(found, word)
    return None


@op
def fetch(cpu: Cpu, va: int) -> Hex | Fault:
    """Fetch the 8 bytes at `va` as instructions: the word, or the fault."""
    found = translated(cpu, _aligned(va), Access.EXECUTE)
    return cpu.read(found) if isinstance(found, Hex) else found


def _aligned(va: int) -> int:
    address = whole_number(va, "an address")
    if address & 7:
        msg = f"Loads and stores here move aligned 8-byte words: use {address & ~7:#x} instead of {address:#x}."
        raise ModelError(msg)
    return address


def _raise(cpu: Cpu) -> GeneralProtection:
    fault = GeneralProtection()
    cpu.set("fault", fault)
    return fault


def _drop(cpu: Cpu, minimum: Tlb) -> None:
    """Leave `minimum` in the TLB, or nothing at all if the processor is an aggressive one."""
    aggressive = cpu.get("processor").invalidation == "aggressive"
    cpu.set("tlb", Tlb() if aggressive else minimum)
    cpu.set("fault", None)


@op
def write_cr3(cpu: Cpu, value: int) -> GeneralProtection | None:
    """MOV CR3: load a top table and a PCID. With bit 63 set, keep what is cached for that PCID (S99)."""
    new = whole_number(value, "a value for CR3")
    registers: Registers = cpu.get("registers")
    if refused_cr3(new, registers, cpu.get("processor")):
        return _raise(cpu)
    after = registers.but(cr3=new & ~NOFLUSH)
    cpu.set("registers", after)
    tlb: Tlb = cpu.get("tlb")
    _drop(cpu, tlb if new & NOFLUSH else tlb.one_context(after.pcid))
    return None


@op
def write_cr4(cpu: Cpu, value: int) -> GeneralProtection | None:
    """MOV CR4. Toggling PGE, or clearing PCIDE, drops everything (S102); setting SMEP drops the current PCID."""
    new = whole_number(value, "a value for CR4")
    before: Registers = cpu.get("registers")
    if refused_cr4(new, before):
        return _raise(cpu)
    after = before.but(cr4=new)
    cpu.set("registers", after)
    tlb: Tlb = cpu.get("tlb")
    if before.bit(PGE) != after.bit(PGE) or (before.bit(PCIDE) and not after.bit(PCIDE)):
        _drop(cpu, Tlb())
    elif after.bit(SMEP) and not before.bit(SMEP):
        _drop(cpu, tlb.one_context(before.pcid))
    else:
        cpu.set("fault", None)
    return None


@op
def write_cr0(cpu: Cpu, value: int) -> GeneralProtection | None:
    """MOV CR0. Changing WP drops nothing: the TLB keeps RW, and WP is asked at each access."""
    new = whole_number(value, "a value for CR0")
    registers: Registers = cpu.get("registers")
    if refused_cr0(new, registers):
        return _raise(cpu)
    cpu.set("registers", registers.but(cr0=new))
    cpu.set("fault", None)
    return None


@op
def invlpg(cpu: Cpu, va: int) -> GeneralProtection | None:
    """INVLPG: drop one page, its global entries too, and all of this PCID's structure caches (S100)."""
    address = whole_number(va, "an address")
    registers: Registers = cpu.get("registers")
    if registers.cpl:
        return _raise(cpu)
    tlb: Tlb = cpu.get("tlb")
    if is_canonical(address, registers.levels):
        _drop(cpu, tlb.invlpg(address, registers.pcid))
    else:  # no fault, and nothing to drop
        cpu.set("fault", None)
    return None


@op
def invpcid(cpu: Cpu, kind: int, pcid: int = 0, va: int = 0) -> GeneralProtection | None:
    """INVPCID: 0 drops one address of one PCID, 1 one PCID, 2 everything, 3 everything but global (S101)."""
    descriptor, address = whole_number(pcid, "a PCID"), whole_number(va, "an address")
    which = whole_number(kind, "the type of INVPCID")
    registers: Registers = cpu.get("registers")
    if _invpcid_refused(registers, which, descriptor, address):
        return _raise(cpu)
    tlb: Tlb = cpu.get("tlb")
    if which == 0:
        _drop(cpu, tlb.one_address(address, descriptor))
    elif which == 1:
        _drop(cpu, tlb.one_context(descriptor))
    else:
        _drop(cpu, tlb.all_but_global() if which == 3 else Tlb())
    return None


def _invpcid_refused(registers: Registers, kind: int, pcid: int, va: int) -> bool:
    if registers.cpl or kind >= len(INVPCID_TYPES) or pcid & ~PCID_MASK:
        return True
    if kind <= 1 and pcid and not registers.bit(PCIDE):
        return True
    return kind == 0 and not is_canonical(va, registers.levels)


@op
def fill(cpu: Cpu, va: int) -> bool:
    """The hardware's own freedom: cache the translation of `va` now, asked for or not. Says whether there is one.

    It may be done at any time, for the current PCID only, whatever the rights; A is set, D never.
    """
    return fill_from_tables(cpu, whole_number(va, "an address"))


@op
def evict(cpu: Cpu, va: int) -> bool:
    """The hardware's own freedom: drop what is cached for `va` now. Says whether anything was."""
    address = whole_number(va, "an address")
    pcid = cpu.get("registers").pcid
    tlb: Tlb = cpu.get("tlb")
    smaller = tlb.page_fault(address, pcid)
    cpu.set("tlb", smaller)
    return smaller != tlb
