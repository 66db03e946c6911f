import pytest

from tempmm_lab import (
    SNAPSHOTS,
    Access,
    Entry,
    Level,
    PageFault,
    UnknownWord,
    fetch,
    load,
    load_snapshot,
    outcomes,
    run,
    store,
)
from tests.oracle.guests import NO_RIGHTS, disagreement, every_address

COUNTS = {"user": 80, "text_poke": 62, "efi": 63, "user-kaslr": 80, "user-pti": 78, "user-la57": 82}
MAPPED = {"user": 50, "text_poke": 36, "efi": 45, "user-kaslr": 50, "user-pti": 23, "user-la57": 50}
USERS = [name for name in SNAPSHOTS if name.startswith("user")]
ALIAS = 0x4059_37FA_3000


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_every_recorded_address_is_translated_as_qemu_did(name):
    """Address, page size and each of the leaf's nine flags are QEMU's, and what it found unmapped is unmapped."""
    snapshot = load_snapshot(name)
    assert [disagreement(snapshot, recorded) for recorded in snapshot.addresses] == [""] * COUNTS[name]
    assert sum(recorded.pa is not None for recorded in snapshot.addresses) == MAPPED[name]


def test_an_unmapped_address_faults_as_its_kind():
    """Of the 445 addresses 254 translate, 179 are not present, and the 12 that are not canonical give #GP."""
    kinds = {"mapped": 0, "PageFault": 0, "GeneralProtection": 0}
    for snapshot, recorded in every_address():
        fault = snapshot.walk(recorded.va, **NO_RIGHTS).fault
        kinds[type(fault).__name__ if fault else "mapped"] += 1
        assert not fault or not isinstance(fault, PageFault) or fault == PageFault(0, recorded.va)
    assert kinds == {"mapped": 254, "PageFault": 179, "GeneralProtection": 12}


def test_a_load_reads_the_word_the_guest_read():
    """At every aligned address whose word was saved, a load on the machine gives that word: 225 of them."""
    compared = 0
    for snapshot, recorded in every_address():
        if recorded.word is not None and not recorded.va & 7:
            assert run(snapshot.machine(**NO_RIGHTS), 0, load, recorded.va)[1] == recorded.word, recorded.label
            compared += 1
    assert compared == 225


@pytest.mark.parametrize("name", USERS)
def test_a_user_right_lies_inside_the_vma(name):
    """Whatever user mode may do to a mapped page, the process's own memory map allows."""
    snapshot = load_snapshot(name)
    seen = 0
    for recorded in snapshot.addresses:
        if recorded.pa is None or "U" not in recorded.flags:
            continue
        seen += 1
        rights = _vma_rights(snapshot.raw["user_maps"], recorded.va)
        for access, letter in zip(Access, "rwx", strict=True):
            allowed = snapshot.walk(recorded.va, access, cpl=3).fault is None
            assert not allowed or letter in rights, (recorded.label, access)
    assert seen == 19


def _vma_rights(maps, va):
    for line in maps:
        span, rights, *_ = line.split()
        first, end = (int(word, 16) for word in span.split("-"))
        if first <= va < end:
            return rights
    return ""


@pytest.mark.parametrize("name", USERS)
def test_the_guests_own_signature_is_found_where_it_was_written(name):
    """Each page that the guest signed with its own address plus 0x5000000000000000 holds that, read in user mode."""
    snapshot = load_snapshot(name)
    signed = snapshot.raw["pages_holding_0x5000000000000000_plus_own_address"]
    assert len(signed) == 9
    for label in signed:
        va = snapshot.find(label)
        assert run(snapshot.machine(), 0, load, va)[1] == 0x5000_0000_0000_0000 + va


def test_only_the_leaf_keeps_user_mode_out_of_the_alias():
    """The alias has the leaf 0x800000000180d063 (US=0) under three entries that end in 067 (US=1)."""
    walk = load_snapshot("text_poke").walk(ALIAS)
    *upper, leaf = (step.entry for step in walk.levels)
    assert leaf == 0x8000_0000_0180_D063
    assert [entry & 0xFFF for entry in upper] == [0x067] * 3
    assert walk.pa == 0x180_D000
    assert load_snapshot("text_poke").walk(ALIAS, cpl=3).fault == PageFault(0x5, ALIAS)


def test_the_page_after_the_alias_is_not_present():
    """This poke touches one page, and the window's second page has no translation."""
    walk = load_snapshot("text_poke").walk(ALIAS + 0x1000)
    assert walk.fault == PageFault(0x0, ALIAS + 0x1000)
    assert walk.levels[-1].level == Level.PT


def test_one_frame_has_three_names():
    """Kernel text, direct map and alias reach one byte, and each allows something else."""
    snapshot = load_snapshot("text_poke")
    names = {0xFFFF_FFFF_8120_D1BB: (0x3, None), 0xFFFF_8880_0180_D1BB: (0x3, 0x11), 0x4059_37FA_31BB: (None, 0x11)}
    for va, (write, execute) in names.items():
        assert snapshot.walk(va, WP=1, AC=1).pa == 0x180_D1BB
        for access, code in ((Access.WRITE, write), (Access.EXECUTE, execute)):
            assert snapshot.walk(va, access).fault == (None if code is None else PageFault(code, va))


def test_the_poke_put_an_int3_into_the_text():
    """The byte that was patched was 0f and is cc, also through the alias, and nothing beside it changed."""
    poke = load_snapshot("text_poke").raw["poke"]
    assert (poke["byte_before"], poke["byte_after"]) == ("0f", "cc")
    assert poke["eight_bytes_through_alias_after"] == poke["eight_bytes_after"] == "cc" + poke["eight_bytes_before"][2:]


def test_text_poke_mm_has_one_slot_of_its_own():
    """The top table of text_poke_mm is init_mm's, with one slot more in the user half: the alias's."""
    snapshot = load_snapshot("text_poke")
    top = int(snapshot.registers.cr3) & -0x1000
    slots = {slot: word for slot in range(512) if (word := snapshot.memory.read64(top + 8 * slot))}
    shared = {int(slot): int(word, 16) for slot, word in snapshot.raw["init_mm_top"].items()}
    assert slots.keys() - shared.keys() == {Level.PML4.index(ALIAS)}
    assert {slot: word & ~0x20 for slot, word in slots.items() if slot in shared} == {
        slot: word & ~0x20 for slot, word in shared.items()
    }


def test_null_is_mapped_in_efi_mm():
    """While the firmware is called a kernel read of address 0 succeeds, at physical 0; user mode has no right to it."""
    snapshot = load_snapshot("efi")
    assert snapshot.walk(0).pa == 0
    assert run(snapshot.machine(), 0, load, 0)[1] == 0
    assert snapshot.walk(0, cpl=3).fault == PageFault(0x5, 0)
    assert load_snapshot("user").walk(0).fault == PageFault(0x4, 0)


def test_a_prot_none_page_is_absent_but_not_empty():
    """P is 0 and the frame is stored inverted; turned back, that frame holds what the page held."""
    snapshot = load_snapshot("user")
    walk = snapshot.walk("anon_prot_none")
    assert walk.fault == PageFault(0x4, snapshot.find("anon_prot_none"))
    entry = walk.levels[-1].entry
    assert entry == int(snapshot.raw["prot_none"]["entry"], 16)
    assert Entry(~entry & (1 << 40) - 1).address == int(snapshot.raw["prot_none"]["frame_stored_inverted"], 16)


def test_one_page_of_zeros_serves_two_addresses():
    """An anonymous page and a page of bss, both only ever read, are the same frame, and neither may be written."""
    snapshot = load_snapshot("user")
    labels = ("anon_only_read_zero_page", "bss_only_read")
    assert len({snapshot.walk(label).pa for label in labels}) == 1
    assert [snapshot.walk(label, "write").fault.error_code for label in labels] == [0x7, 0x7]


def test_with_pti_the_user_copy_is_one_page_on():
    """With page-table isolation CR3 holds the mm's pgd plus 0x1000, and most kernel addresses are gone."""
    snapshot = load_snapshot("user-pti")
    pgd = int(snapshot.raw["mm_pgd"], 16) - int(snapshot.raw["bases"]["page_offset"], 16)
    assert snapshot.registers.cr3 == pgd + 0x1000
    assert snapshot.walk("linux_banner", **NO_RIGHTS).pa is None
    assert load_snapshot("user").walk("linux_banner", **NO_RIGHTS).pa is not None


def test_the_gdt_is_read_only_by_one_name():
    """The GDT cannot be written where GDTR points, but it can be through the direct map."""
    snapshot = load_snapshot("user")
    at_gdtr, direct = snapshot.find("GDT (GDTR)"), snapshot.find("gdt_page of this CPU")
    assert snapshot.walk(at_gdtr, cpl=0).pa == snapshot.walk(direct, cpl=0).pa
    assert snapshot.walk(at_gdtr, "write", cpl=0).fault == PageFault(0x3, at_gdtr)
    assert snapshot.walk(direct, "write", cpl=0).fault is None


def test_the_la57_guest_walks_five_levels():
    """With five levels a kernel address takes five entries down to a 4 KiB page, and the first is a PML5E."""
    walk = load_snapshot("user-la57").walk("heap")
    assert [step.level.name for step in walk.levels] == ["PML5", "PML4", "PDPT", "PD", "PT"]


def test_what_was_not_recorded_is_never_made_up():
    """A walk into a table that was not saved, or a load of a word that was not, is an error and no zero."""
    snapshot = load_snapshot("user")
    with pytest.raises(UnknownWord, match="does not hold"):
        run(snapshot.machine(), 0, load, snapshot.find("heap") + 0x100 & -8)


def test_a_guest_is_a_machine_to_try_things_on():
    """On the recorded guest user mode stores, fetches and is refused as the tables say, and the fault has the CR2."""
    machine = load_snapshot("user").machine()
    text, data = 0x40_1000, load_snapshot("user").find("heap") & -8
    assert outcomes(machine, store, text, 0) == (PageFault(0x7, text),)
    assert outcomes(machine, fetch, data) == (PageFault(0x15, data),)
    assert run(machine, 0, fetch, text)[1] == 0x00C0_C748_08EC_8348
