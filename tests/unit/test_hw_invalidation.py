from dataclasses import replace

import pytest

from tempmm_lab import (
    NOFLUSH,
    Cpu,
    GeneralProtection,
    Hex,
    Level,
    Machine,
    PageFault,
    PhysicalMemory,
    Processor,
    Rights,
    StructureEntry,
    Tlb,
    TlbEntry,
    evict,
    invlpg,
    invpcid,
    run,
    store,
    write_cr0,
    write_cr3,
    write_cr4,
)
from tempmm_lab.hw.build import KERNEL

A, B = 0x7000, 0xFFFF_8880_0000_0000
ROOT = 0x1000
READ_ONLY = Rights(user=True, write=False)


def page(pcid, va, *, global_=False):
    """Give a cached translation; under which PCID a global one was made plays no part."""
    return TlbEntry(pcid, Hex(va), 4096, Hex(0xA3000), READ_ONLY, dirty=False, global_=global_)


def table(pcid, va):
    """Give a cached table pointer on the way to an address."""
    return StructureEntry(pcid, Level.PML4, Hex(va & -Level.PML4.span), Hex(0x2000), READ_ONLY)


# The current PCID is 1. "global a" and "global b" were cached while 3 was.
HELD = {
    "1a": page(1, A), "1b": page(1, B), "2a": page(2, A), "2b": page(2, B),
    "global a": page(3, A, global_=True), "global b": page(3, B, global_=True),
    "tables 1a": table(1, A), "tables 1b": table(1, B), "tables 2a": table(2, A), "tables 2b": table(2, B),
}  # fmt: skip
EVERYTHING = tuple(HELD)
REGISTERS = KERNEL.but(cr3=ROOT | 1, PCIDE=1)


def full_machine(registers=REGISTERS, **processor):
    """Give a machine whose CPU holds all of `HELD`, over page tables that map nothing."""
    pages = tuple(entry for entry in HELD.values() if isinstance(entry, TlbEntry))
    tables = tuple(entry for entry in HELD.values() if isinstance(entry, StructureEntry))
    cpu = Cpu(registers, Tlb(pages, tables))
    return Machine((cpu,), PhysicalMemory.from_words({}), Processor(caches_structures=True, **processor))


def dropped(machine):
    """Give the names of what the CPU holds no more."""
    tlb = machine.cpu(0).tlb
    return {name for name, entry in HELD.items() if entry not in (*tlb.entries, *tlb.structures)}


def cr4(**changes):
    """Give the CR4 of these tests with some bits changed."""
    return int(REGISTERS.but(**changes).cr4)


ROWS = {
    "INVLPG a": (invlpg, (A,), {"1a", "global a", "tables 1a", "tables 1b"}),
    "INVPCID 0, 1, a": (invpcid, (0, 1, A), {"1a", "tables 1a"}),
    "INVPCID 0, 2, a": (invpcid, (0, 2, A), {"2a", "tables 2a"}),
    "INVPCID 1, 1": (invpcid, (1, 1), {"1a", "1b", "tables 1a", "tables 1b"}),
    "INVPCID 1, 2": (invpcid, (1, 2), {"2a", "2b", "tables 2a", "tables 2b"}),
    "INVPCID 2": (invpcid, (2,), set(EVERYTHING)),
    "INVPCID 3": (invpcid, (3,), set(EVERYTHING) - {"global a", "global b"}),
    "MOV CR3, PCID 1": (write_cr3, (ROOT | 1,), {"1a", "1b", "tables 1a", "tables 1b"}),
    "MOV CR3, PCID 2": (write_cr3, (ROOT | 2,), {"2a", "2b", "tables 2a", "tables 2b"}),
    "MOV CR3, PCID 4": (write_cr3, (ROOT | 4,), set()),
    "MOV CR3, PCID 2, bit 63": (write_cr3, (NOFLUSH | ROOT | 2,), set()),
    "MOV CR4, PGE 1 -> 0": (write_cr4, (cr4(PGE=0),), set(EVERYTHING)),
    "MOV CR4, PCIDE 1 -> 0": (write_cr4, (cr4(PCIDE=0),), set(EVERYTHING)),
    "MOV CR4, SMEP 0 -> 1": (write_cr4, (cr4(SMEP=1),), {"1a", "1b", "tables 1a", "tables 1b"}),
    "MOV CR4, SMAP 0 -> 1": (write_cr4, (cr4(SMAP=1),), set()),
    "MOV CR4, nothing changed": (write_cr4, (cr4(),), set()),
    "MOV CR0, WP 1 -> 0": (write_cr0, (int(REGISTERS.but(WP=0).cr0),), set()),
    "#PF on a": (store, (A, 1), {"1a", "global a", "tables 1a"}),
    "the hardware drops a": (evict, (A,), {"1a", "global a", "tables 1a"}),
}
"""Operation -> what it must drop, and so all that the minimal policy drops. The rest of what is held stays."""


@pytest.mark.parametrize("row", ROWS)
def test_minimal_drops_what_the_manual_requires_and_no_more(row):
    """Of ten kinds of cached entry each operation drops exactly those in its row."""
    op, args, expected = ROWS[row]
    assert dropped(run(full_machine(), 0, op, *args)[0]) == expected


INVALIDATES = [row for row in ROWS if ROWS[row][2] and row != "the hardware drops a"]


@pytest.mark.parametrize("row", [*INVALIDATES, "MOV CR3, PCID 2, bit 63", "MOV CR3, PCID 4"])
def test_aggressive_drops_everything(row):
    """A processor that drops as much as it may has nothing left after any operation that may invalidate."""
    op, args, _ = ROWS[row]
    assert dropped(run(full_machine(invalidation="aggressive"), 0, op, *args)[0]) == set(EVERYTHING)


def test_the_rows_do_what_they_say():
    """Only the row about a page fault faults, on the read-only entry of page a; all the others succeed."""
    faults = {row: run(full_machine(), 0, op, *args)[0].cpu(0).fault for row, (op, args, _) in ROWS.items()}
    assert {row: fault for row, fault in faults.items() if fault} == {"#PF on a": PageFault(0x3, A)}


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 0)])
def test_pge_drops_everything_in_both_directions(before, after):
    """Setting CR4.PGE drops as much as clearing it."""
    machine = full_machine(REGISTERS.but(PGE=before))
    assert dropped(run(machine, 0, write_cr4, cr4(PGE=after))[0]) == set(EVERYTHING)


@pytest.mark.parametrize("bits", [{"SMEP": 1}, {"SMAP": 1}, {"PKE": 1}, {"SMEP": 1, "SMAP": 1}])
def test_clearing_a_protection_drops_nothing(bits):
    """Clearing SMEP, SMAP or PKE leaves everything cached: what is looked up then is the register."""
    assert dropped(run(full_machine(REGISTERS.but(**bits)), 0, write_cr4, cr4())[0]) == set()


def without_pcids():
    """Give a machine with CR4.PCIDE off: everything it holds is tagged 0."""
    machine = full_machine(KERNEL)
    tlb = machine.cpu(0).tlb
    held = Tlb(
        tuple(replace(entry, pcid=0) for entry in tlb.entries if entry.pcid != 2),
        tuple(replace(entry, pcid=0) for entry in tlb.structures if entry.pcid != 2),
    )
    return machine.with_field(0, "tlb", held)


@pytest.mark.parametrize(
    ("op", "args"),
    [(write_cr3, (0x5000,)), (invpcid, (1, 0)), (invpcid, (3,))],
    ids=["MOV CR3", "INVPCID 1", "INVPCID 3"],
)
def test_without_pcids_all_but_global_is_one_context(op, args):
    """With PCIDE=0, MOV CR3 and INVPCID 1 and 3 drop all that is not global, with the table pointers."""
    tlb = run(without_pcids(), 0, op, *args)[0].cpu(0).tlb
    assert len(without_pcids().cpu(0).tlb.entries) == 4
    assert [entry.global_ for entry in tlb.entries] == [True, True]
    assert tlb.structures == ()


def test_the_low_bits_of_cr3_are_no_pcid_without_pcide():
    """With PCIDE=0, CR3 bits 3 and 4 are caching flags: what is cached is tagged 0 under them too."""
    machine = run(without_pcids(), 0, write_cr3, 0x1018)[0]
    assert machine.cpu(0).pcid == 0
    assert machine.cpu(0).registers.cr3 == 0x1018


def test_setting_pcide_drops_nothing():
    """CR4.PCIDE 0 -> 1 asks for no invalidation: what was tagged 0 goes on under PCID 0."""
    before = without_pcids()
    machine = run(before, 0, write_cr4, int(KERNEL.but(PCIDE=1).cr4))[0]
    assert machine.cpu(0).tlb == before.cpu(0).tlb


@pytest.mark.parametrize("va", [0x8000_0000_0000, 1 << 63, 0xFFFF_7FFF_FFFF_FFFF])
@pytest.mark.parametrize("invalidation", ["minimal", "aggressive"])
def test_invlpg_of_a_non_canonical_address_does_nothing(va, invalidation):
    """It is no error and drops nothing, and, having succeeded, leaves no fault of an earlier step standing."""
    machine = full_machine(invalidation=invalidation)
    faulted = machine.with_field(0, "fault", GeneralProtection())
    assert run(faulted, 0, invlpg, va) == (machine, None)


REFUSED = {
    "INVLPG at CPL 3": (invlpg, (A,), {"cpl": 3}),
    "INVLPG at CPL 1": (invlpg, (A,), {"cpl": 1}),
    "INVPCID at CPL 3": (invpcid, (2,), {"cpl": 3}),
    "INVPCID 4": (invpcid, (4,), {}),
    "INVPCID of a huge type": (invpcid, (1 << 63,), {}),
    "descriptor bit 12, type 0": (invpcid, (0, 1 << 12), {}),
    "descriptor bit 63, type 1": (invpcid, (1, 1 << 63), {}),
    "descriptor bit 12, type 2": (invpcid, (2, 1 << 12), {}),
    "descriptor bit 12, type 3": (invpcid, (3, 1 << 12), {}),
    "type 0, not canonical": (invpcid, (0, 1, 0x8000_0000_0000), {}),
    "type 0, PCID without PCIDE": (invpcid, (0, 1, A), {"PCIDE": 0, "cr3": ROOT}),
    "type 1, PCID without PCIDE": (invpcid, (1, 1), {"PCIDE": 0, "cr3": ROOT}),
}


@pytest.mark.parametrize("row", REFUSED)
@pytest.mark.parametrize("invalidation", ["minimal", "aggressive"])
def test_a_refused_invalidation_drops_nothing(row, invalidation):
    """It answers #GP(0), and of the machine only `fault` has changed."""
    op, args, changes = REFUSED[row]
    machine = full_machine(REGISTERS.but(**changes), invalidation=invalidation)
    refusal = GeneralProtection(0)
    assert run(machine, 0, op, *args) == (machine.with_field(0, "fault", refusal), refusal)


@pytest.mark.parametrize(
    "args", [(1, 0xFFF, 1 << 63), (2, 7, 1 << 63), (3, 0xFFF, 0x8000_0000_0000)], ids=["type 1", "type 2", "type 3"]
)
def test_only_type_0_looks_at_the_address(args):
    """INVPCID 1, 2 and 3 accept any address in the descriptor, and any PCID of 12 bits."""
    assert run(full_machine(), 0, invpcid, *args)[1] is None


@pytest.mark.parametrize("kind", [2, 3])
def test_types_2_and_3_need_no_pcide(kind):
    """With PCIDE=0, INVPCID 2 and 3 are accepted, whatever PCID the descriptor has: they do not look at it."""
    assert run(without_pcids(), 0, invpcid, kind, 5)[1] is None
