"""When a stale translation matters: what software changed in memory, and what it may meet until it invalidates."""

import pytest

from tempmm_lab import (
    Page,
    PageFault,
    evict,
    fetch,
    fill,
    invlpg,
    invpcid,
    load,
    machine_with,
    one_page,
    outcomes,
    run,
    store,
    with_entry,
    write_cr3,
)
from tempmm_lab.hw.build import KERNEL

VA, OLD, NEW = 0x7000, 0xA3, 0xB7
USER = "P RW US A D"


def after(machine, *steps):
    """Give the machine after some steps of CPU 0, each an op and its arguments."""
    for op, *args in steps:
        machine, _ = run(machine, 0, op, *args)
    return machine


def cached_then_changed(before, to, **registers):
    """Give a machine that has cached the page with the flags `before`, and whose entry has the flags `to` since."""
    machine = after(one_page(VA, OLD, before).but(**registers), (fill, VA))
    return with_entry(machine, VA, flags=to)


def bits(machine, va=VA):
    """Give the A and D bits of the leaf in memory."""
    entry = machine.walk(va).levels[-1].entry
    return entry.accessed, entry.dirty


def test_p_0_to_1_needs_no_invalidation():
    """Nothing can be cached of an entry that is not present, so the new page is the only answer."""
    assert outcomes(cached_then_changed("RW US A D", USER), load, VA) == (OLD,)


def test_p_1_to_0_needs_invalidation():
    """Until it is invalidated the old page may still be read and written."""
    machine = cached_then_changed(USER, "")
    assert outcomes(machine, load, VA) == (OLD, PageFault(0x0, VA))
    assert outcomes(machine, store, VA, 1) == (None, PageFault(0x2, VA))
    assert outcomes(after(machine, (invlpg, VA)), load, VA) == (PageFault(0x0, VA),)


def test_a_change_of_frame_needs_invalidation():
    """Until it is invalidated either frame may be read."""
    machine = with_entry(after(one_page(), (fill, VA)), VA, frame=NEW)
    assert outcomes(machine, load, VA) == (OLD, NEW)
    assert outcomes(after(machine, (invlpg, VA)), load, VA) == (NEW,)


MORE = {
    "RW 0 -> 1": ("P US A D", USER, store, (1,), 0x7, None),
    "US 0 -> 1": ("P RW A D", USER, load, (), 0x5, OLD),
    "NX 1 -> 0": (USER + " NX", USER, fetch, (), 0x15, OLD),
}


@pytest.mark.parametrize("row", MORE)
def test_a_new_right_may_be_refused_once(row):
    """User mode may get a spurious page fault; the fault drops the entry, so a second try succeeds for certain."""
    before, to, op, args, code, value = MORE[row]
    machine = cached_then_changed(before, to, cpl=3)
    assert set(outcomes(machine, op, VA, *args)) == {PageFault(code, VA), value}
    again = after(machine, (op, VA, *args))
    assert again.cpu(0).fault == PageFault(code, VA)
    assert outcomes(again, op, VA, *args) == (value,)


LESS = {
    "RW 1 -> 0": (USER, "P US A D", store, (1,), 0x7, None),
    "US 1 -> 0": (USER, "P RW A D", load, (), 0x5, OLD),
    "NX 0 -> 1": (USER, USER + " NX", fetch, (), 0x15, OLD),
}


@pytest.mark.parametrize("row", LESS)
def test_a_right_taken_away_may_be_used_until_invalidation(row):
    """Both the old answer and the refusal are right until the page is invalidated, and then the refusal alone."""
    before, to, op, args, code, value = LESS[row]
    machine = cached_then_changed(before, to, cpl=3)
    assert set(outcomes(machine, op, VA, *args)) == {PageFault(code, VA), value}
    flushed = after(machine.but(cpl=0), (invlpg, VA)).but(cpl=3)
    assert outcomes(flushed, op, VA, *args) == (PageFault(code, VA),)


@pytest.mark.parametrize(("bit", "op", "code"), [("SMEP", fetch, 0x11), ("SMAP", load, 0x1)])
def test_us_0_to_1_takes_a_right_from_the_kernel(bit, op, code):
    """With SMEP (or SMAP) US 0 -> 1 is not harmless: by the stale entry the kernel still fetches (or reads) there."""
    machine = cached_then_changed("P RW A D", USER, **{bit: 1})
    assert set(outcomes(machine, op, VA)) == {OLD, PageFault(code, VA)}
    assert outcomes(after(machine, (invlpg, VA)), op, VA) == (PageFault(code, VA),)


def test_a_cleared_a_bit_stays_clear_while_the_entry_is_cached():
    """A read by a cached entry does not set A again; after INVLPG it does."""
    machine = cached_then_changed(USER, "P RW US D")
    assert bits(after(machine, (load, VA))) == (False, True)
    assert bits(after(machine, (invlpg, VA), (load, VA))) == (True, True)


def test_a_cleared_d_bit_stays_clear_while_a_dirty_entry_is_cached():
    """A write by an entry cached as dirty does not set D again; after INVLPG it does."""
    machine = cached_then_changed(USER, "P RW US A")
    assert bits(after(machine, (store, VA, 1))) == (True, False)
    assert bits(after(machine, (invlpg, VA), (store, VA, 1))) == (True, True)


def test_a_first_write_through_a_clean_entry_looks_at_memory_again():
    """An entry cached with D=0 lets no write through to a page that has been unmapped: D must be set in memory."""
    machine = cached_then_changed("P RW US A", "")
    assert outcomes(machine, load, VA) == (OLD, PageFault(0x0, VA))
    assert outcomes(machine, store, VA, 1) == (PageFault(0x2, VA),)


def test_a_first_write_goes_where_memory_says_now():
    """Through a clean stale entry a write lands in the frame that the entry in memory names, and caches that one."""
    machine = with_entry(after(one_page(flags="P RW US A"), (fill, VA)), VA, frame=NEW)
    written = after(machine, (store, VA, 5))
    assert (written.memory.read64(OLD << 12), written.memory.read64(NEW << 12)) == (OLD, 5)
    assert outcomes(written, load, VA) == (5,)


def test_fill_sets_a_and_never_d():
    """What the hardware caches unasked sets A on the way, and D nowhere."""
    machine = after(one_page(flags="P RW US"), (fill, VA))
    assert bits(machine) == (True, False)
    assert [entry.dirty for entry in machine.cpu(0).tlb.entries] == [False]


def test_fill_heeds_no_rights():
    """A supervisor page may be cached while user mode runs, though user mode may not touch it."""
    machine = one_page(flags="P A").but(cpl=3)
    machine, filled = run(machine, 0, fill, VA)
    assert filled
    assert machine.cpu(0).fault is None
    assert outcomes(machine, load, VA) == (PageFault(0x5, VA),)


@pytest.mark.parametrize("va", [0x9000, 0x8000_0000_0000])
def test_fill_finds_nothing_where_nothing_is_mapped(va):
    """Where the tables have no page, or the address is not canonical, nothing is cached and nothing faults."""
    assert run(one_page(), 0, fill, va) == (one_page(), False)


def two_pcids():
    """Give a machine that has cached the page under PCID 1 and then under PCID 2, where it is now."""
    machine = machine_with([Page(VA, OLD << 12)], registers=KERNEL.but(PCIDE=1, cr3=0x1001))
    return after(machine, (fill, VA), (write_cr3, 0x1002), (fill, VA))


def test_fill_and_evict_touch_the_current_pcid_only():
    """What the hardware adds and drops by itself belongs to the PCID that CR3 names."""
    assert [entry.pcid for entry in two_pcids().cpu(0).tlb.entries] == [1, 2]
    assert [entry.pcid for entry in after(two_pcids(), (evict, VA)).cpu(0).tlb.entries] == [1]


def test_evict_says_whether_there_was_anything():
    """Dropping what is not there is False, and changes nothing."""
    assert run(one_page(), 0, evict, VA) == (one_page(), False)
    assert run(two_pcids(), 0, evict, VA)[1] is True


def test_a_page_is_global_only_with_pge():
    """G in a leaf counts only while CR4.PGE is 1 as it is cached."""
    machine = one_page(flags="P RW A D G")
    assert [entry.global_ for entry in after(machine, (fill, VA)).cpu(0).tlb.entries] == [True]
    assert [entry.global_ for entry in after(machine.but(PGE=0), (fill, VA)).cpu(0).tlb.entries] == [False]
    assert after(machine.but(PGE=0), (fill, VA), (write_cr3, 0x1000)).cpu(0).tlb.entries == ()


def test_g_above_the_leaf_is_ignored():
    """Bit 8 of a table pointer makes nothing global."""
    machine = one_page()
    pointer = machine.walk(VA).levels[-2]
    machine = after(machine.with_word(pointer.entry_pa, pointer.entry | 1 << 8), (fill, VA))
    assert [entry.global_ for entry in machine.cpu(0).tlb.entries] == [False]


def test_a_faulting_access_caches_nothing():
    """A read that is refused, and one of a page that is not there, leave no entry behind."""
    machine = after(one_page(flags="P RW A").but(cpl=3), (load, VA), (load, 0x9000))
    assert machine.cpu(0).tlb.entries == ()


def freed_table(**processor):
    """Give a machine that has walked to a page, and whose page table was then freed and filled with another entry."""
    machine = after(one_page(**processor), (load, VA))
    pointer, leaf = machine.walk(VA).levels[-2:]
    machine = machine.with_word(pointer.entry_pa, 0)  # no way leads to the table now,
    machine = machine.with_word(leaf.entry_pa, NEW << 12 | 0x67)  # and its frame is used for something else
    return machine.with_field(0, "tlb", machine.cpu(0).tlb.without(lambda _entry: True))


def test_a_freed_table_may_still_be_walked():
    """With paging-structure caches a walk may begin at a table that memory no longer names."""
    assert outcomes(freed_table(caches_structures=True), load, VA) == (NEW, PageFault(0x0, VA))


def test_without_structure_caches_no_freed_table_is_walked():
    """They are off unless asked for, and every walk then begins at CR3."""
    assert outcomes(freed_table(), load, VA) == (PageFault(0x0, VA),)
    assert one_page().processor.caches_structures is False


@pytest.mark.parametrize(
    "step", [(invlpg, 0x5000), (write_cr3, 0x1000), (invpcid, 1), (invpcid, 3), (invpcid, 0, 0, VA)]
)
def test_what_invalidates_tables_ends_it(step):
    """INVLPG of any page, MOV CR3 and INVPCID make sure that the freed table is walked no more."""
    assert outcomes(after(freed_table(caches_structures=True), step), load, VA) == (PageFault(0x0, VA),)


def test_a_table_pointer_is_cached_only_with_a_set():
    """Every entry that a cached table pointer came from has A=1 in memory, if A was 0 before the walk too."""
    machine = one_page(caches_structures=True)
    for step in machine.walk(VA).levels:
        machine = machine.with_word(step.entry_pa, step.entry & ~0x20)
    assert not any(step.entry.accessed for step in machine.walk(VA).levels)
    for op in (fill, load):
        done = after(machine, (op, VA))
        assert len(done.cpu(0).tlb.structures) == 3
        assert all(step.entry.accessed for step in done.walk(VA).levels)


def test_rights_above_a_cached_table_are_remembered():
    """A walk from a cached table has the rights collected above it, though memory has fewer by now."""
    machine = after(one_page(caches_structures=True), (load, VA))
    top = machine.walk(VA).levels[0]
    machine = machine.with_word(top.entry_pa, top.entry & ~0x2).but(cpl=3)
    machine = machine.with_field(0, "tlb", machine.cpu(0).tlb.without(lambda _entry: True))
    assert outcomes(machine, store, VA, 1) == (None, PageFault(0x7, VA))
