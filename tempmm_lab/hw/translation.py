"""One access as the hardware makes it: by a TLB entry if there is one, by a walk if not, and what that leaves behind.

Where the manual lets the processor choose (use an entry or have dropped it; begin a walk at a cached table or at
CR3), the code asks `cpu.choose`. `run` takes the first choice, `outcomes` takes all.
"""

from __future__ import annotations

from typing import Any

from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.paging import PAGE_SIZES
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, Fault, GeneralProtection, PageFault, page_fault, refusal, refused_before_paging
from tempmm_lab.hw.tlb import StructureEntry, Tlb, TlbEntry, cached, structures_of
from tempmm_lab.hw.walk import Start, Walk, accessed_dirty, descend, top, walk
from tempmm_lab.thiscpu import ThisCpu

Cpu = ThisCpu[Any]


def translated(cpu: Cpu, va: int, access: Access) -> Hex | Fault:
    """Give the physical address of one access, or its fault; the TLB, A/D bits, CR2 and `fault` follow."""
    registers: Registers = cpu.get("registers")
    registers.require_long_mode()
    if refused_before_paging(registers, va, access):
        return _faulted(cpu, va, GeneralProtection())
    ways = _ways(cpu, va, access)
    way = ways[cpu.choose(len(ways))]
    if isinstance(way, TlbEntry):
        return _by_entry(cpu, va, access, way)
    return _by_walk(cpu, va, access, way)


def _ways(cpu: Cpu, va: int, access: Access) -> list[TlbEntry | StructureEntry | None]:
    """Give the ways to answer: cached translations, cached tables to begin a walk at, and the whole walk (None)."""
    registers: Registers = cpu.get("registers")
    tlb: Tlb = cpu.get("tlb")
    hits = [entry for entry in tlb.hits(va, registers.pcid) if _settles(registers, entry, access)]
    return [*hits, *tlb.starts(va, registers.pcid), None]


def _settles(registers: Registers, entry: TlbEntry, access: Access) -> bool:
    """Say whether a cached translation answers by itself. A first write must go to memory, to set D there."""
    return access is not Access.WRITE or entry.dirty or refusal(registers, entry.rights, access) is not None


def _by_entry(cpu: Cpu, va: int, access: Access, entry: TlbEntry) -> Hex | Fault:
    registers: Registers = cpu.get("registers")
    if refusal(registers, entry.rights, access):
        return _faulted(cpu, va, page_fault(registers, va, access, present=True))
    cpu.set("fault", None)
    return entry.target(va)


def _by_walk(cpu: Cpu, va: int, access: Access, begin: StructureEntry | None) -> Hex | Fault:
    registers: Registers = cpu.get("registers")
    processor: Processor = cpu.get("processor")
    walked = walk(cpu.look, registers, va, access, processor, begin.start if begin else None)
    if walked.fault is not None:
        return _faulted(cpu, va, walked.fault)
    _keep(cpu, walked)
    cpu.set("fault", None)
    return Hex(walked.pa or 0)


def _keep(cpu: Cpu, walked: Walk) -> None:
    """Set A and D in memory, and cache the translation: nothing is cached from an entry whose A is 0."""
    for pa, word in walked.accessed_dirty.items():
        cpu.note(pa, word)
    pcid = cpu.get("registers").pcid
    tlb: Tlb = cpu.get("tlb").without(lambda entry: entry.serves(walked.va, pcid))
    tlb = tlb.with_entry(cached(walked, pcid))
    if cpu.get("processor").caches_structures:
        tlb = tlb.with_structures(structures_of(walked, pcid))
    cpu.set("tlb", tlb)


def _faulted(cpu: Cpu, va: int, fault: Fault) -> Fault:
    """Raise the exception. A page fault also drops what it may have come from, so that it cannot recur unprovoked."""
    cpu.set("fault", fault)
    if isinstance(fault, PageFault):
        cpu.set("cr2", Hex(va))
        aggressive = cpu.get("processor").invalidation == "aggressive"
        cpu.set("tlb", Tlb() if aggressive else cpu.get("tlb").page_fault(va, cpu.get("registers").pcid))
    return fault


def fill_from_tables(cpu: Cpu, va: int) -> bool:
    """Cache the translation of `va` as the tables have it now, if they have one; rights do not matter for that."""
    registers: Registers = cpu.get("registers")
    processor: Processor = cpu.get("processor")
    begins: list[Start] = [entry.start for entry in cpu.get("tlb").starts(va, registers.pcid)]
    begins.append(top(registers, processor))
    levels = descend(cpu.look, registers, va, processor, begins[cpu.choose(len(begins))])
    if levels[-1].problem or refused_before_paging(registers, va, Access.READ):
        return False
    size = PAGE_SIZES[levels[-1].level]
    set_bits = accessed_dirty(levels, Access.READ)
    found = Walk(Hex(va), Access.READ, registers, None, None, levels, size, set_bits, levels[-1].rights, "")
    for pa, word in set_bits.items():
        cpu.note(pa, word)
    tlb: Tlb = cpu.get("tlb").with_entry(cached(found, registers.pcid))
    extra = structures_of(found, registers.pcid) if processor.caches_structures else ()
    cpu.set("tlb", tlb.with_structures(extra))
    return True
