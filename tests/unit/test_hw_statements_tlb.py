# ruff: noqa: N802  (tests are named after the statements they check)
"""One test or more for each statement about what a processor may remember, S99-S103, named after it."""

import pytest

from tempmm_lab import (
    NOFLUSH,
    Page,
    PageFault,
    evict,
    fill,
    invlpg,
    invpcid,
    load,
    machine_with,
    one_page,
    outcomes,
    run,
    with_entry,
    write_cr3,
    write_cr4,
)
from tempmm_lab.hw.build import KERNEL

VA, OTHER = 0x7000, 0x9000
OLD, NEW = 0xA3, 0xB7
GLOBAL_VA = 0xFFFF_8880_0000_0000
ROOT = 0x10_0000


def answer(machine, op, *args):
    """Give the answer of one op, run undisturbed."""
    return run(machine, 0, op, *args)[1]


def after(machine, op, *args):
    """Give the machine after one op."""
    return run(machine, 0, op, *args)[0]


def two_pcids():
    """Give a machine with CR4.PCIDE on, PCID 1, a cached page, a cached global page, and the page under PCID 2 too."""
    pages = [Page(VA, OLD << 12), Page(GLOBAL_VA, NEW << 12, "P RW G")]
    registers = KERNEL.but(cr3=ROOT | 1, PCIDE=1)
    machine = machine_with(pages, registers=registers, words={OLD << 12: OLD, NEW << 12: NEW}, caches_structures=True)
    machine = after(machine, load, VA)
    machine = after(machine, load, GLOBAL_VA)
    machine = after(after(machine, write_cr3, NOFLUSH | ROOT | 2), load, VA)
    return after(machine, write_cr3, NOFLUSH | ROOT | 1)


def cached(machine):
    """Give what the first CPU's TLB holds, as (PCID, address, global)."""
    return {(entry.pcid, int(entry.va), entry.global_) for entry in machine.cpu(0).tlb.entries}


ONE, TWO, ALL_PCIDS = (1, VA, False), (2, VA, False), (1, GLOBAL_VA, True)


def test_the_stage_is_set():
    """The machine of these tests holds a page under each of two PCIDs, a global page, and tables of both."""
    assert cached(two_pcids()) == {ONE, TWO, ALL_PCIDS}
    assert {entry.pcid for entry in two_pcids().cpu(0).tlb.structures} == {1, 2}


def test_S99_mov_cr3_with_bit_63_clear_drops_the_loaded_pcid_only():
    """MOV CR3 without bit 63 drops what is not global of the PCID it loads, and nothing of the one it leaves."""
    assert cached(after(two_pcids(), write_cr3, ROOT | 2)) == {ONE, ALL_PCIDS}
    assert cached(after(two_pcids(), write_cr3, ROOT | 1)) == {TWO, ALL_PCIDS}
    assert cached(after(two_pcids(), write_cr3, ROOT | 3)) == {ONE, TWO, ALL_PCIDS}


def test_S99_mov_cr3_with_bit_63_set_drops_nothing():
    """MOV CR3 with bit 63 keeps every translation and every table pointer, and CR3 reads back without the bit."""
    before = two_pcids()
    machine = after(before, write_cr3, NOFLUSH | ROOT | 2)
    assert machine.cpu(0).tlb == before.cpu(0).tlb
    assert machine.cpu(0).registers.cr3 == ROOT | 2


@pytest.mark.parametrize("bit_63", [0, NOFLUSH])
def test_S99_global_entries_survive_mov_cr3(bit_63):
    """A global translation answers after either kind of MOV CR3, though its entry in memory is gone."""
    machine = with_entry(two_pcids(), GLOBAL_VA, frame=NEW, flags="")
    machine = after(machine, write_cr3, bit_63 | ROOT | 2)
    assert answer(machine, load, GLOBAL_VA) == NEW


def test_S100_invlpg_drops_a_global_entry():
    """INVLPG drops the page's global translation, even one that another PCID has cached."""
    machine = after(after(two_pcids(), write_cr3, NOFLUSH | ROOT | 2), invlpg, GLOBAL_VA)
    assert cached(machine) == {ONE, TWO}


def test_S100_invlpg_drops_this_pcids_structure_caches():
    """INVLPG of any page drops all table pointers cached for the current PCID, and none of another."""
    structures = after(two_pcids(), invlpg, OTHER).cpu(0).tlb.structures
    assert {entry.pcid for entry in structures} == {2}


def test_S101_invpcid_0_drops_one_address_of_one_pcid():
    """INVPCID type 0 drops the page under the PCID in its descriptor, and nothing global."""
    assert cached(after(two_pcids(), invpcid, 0, 2, VA)) == {ONE, ALL_PCIDS}
    assert cached(after(two_pcids(), invpcid, 0, 1, GLOBAL_VA)) == {ONE, TWO, ALL_PCIDS}


def test_S101_invpcid_1_drops_one_pcid():
    """INVPCID type 1 drops all of the PCID in its descriptor but what is global."""
    assert cached(after(two_pcids(), invpcid, 1, 2)) == {ONE, ALL_PCIDS}


def test_S101_invpcid_2_drops_everything():
    """INVPCID type 2 drops every PCID's translations, global ones and table pointers too."""
    tlb = after(two_pcids(), invpcid, 2).cpu(0).tlb
    assert (tlb.entries, tlb.structures) == ((), ())


def test_S101_invpcid_3_drops_everything_but_globals():
    """INVPCID type 3 leaves the global translations and nothing else."""
    machine = after(two_pcids(), invpcid, 3)
    assert cached(machine) == {ALL_PCIDS}
    assert machine.cpu(0).tlb.structures == ()


@pytest.mark.parametrize("pge", [0, 1])
def test_S102_toggling_pge_drops_everything(pge):
    """Changing CR4.PGE in either direction drops all translations of all PCIDs."""
    machine = two_pcids().but(PGE=1 - pge)
    after_it = after(machine, write_cr4, machine.but(PGE=pge).cpu(0).registers.cr4)
    assert cached(machine) == {ONE, TWO, ALL_PCIDS}
    assert cached(after_it) == set()


def test_S103_a_page_made_present_is_seen_without_invalidation():
    """P 0 -> 1 is visible at once: nothing can have been cached of an entry with P=0."""
    machine = one_page(flags="RW US A D")
    machine = after(after(machine, load, VA), fill, VA)
    assert outcomes(with_entry(machine, VA, flags="P RW US A D"), load, VA) == (OLD,)


def test_S103_a_page_made_absent_may_be_seen_until_invalidation():
    """P 1 -> 0 leaves both answers right, the stale word and the fault, until INVLPG leaves the fault alone."""
    machine = with_entry(after(one_page(), load, VA), VA, flags="")
    assert outcomes(machine, load, VA) == (OLD, PageFault(0x0, VA))
    assert outcomes(after(machine, invlpg, VA), load, VA) == (PageFault(0x0, VA),)
    assert outcomes(after(machine, evict, VA), load, VA) == (PageFault(0x0, VA),)
