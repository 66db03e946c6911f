import pytest

from tempmm_lab import (
    NOFLUSH,
    GeneralProtection,
    PageFault,
    load,
    one_page,
    run,
    store,
    write_cr0,
    write_cr3,
    write_cr4,
)

CR0, CR3, CR4 = 0x8005_0033, 0x1000, 0xA0
PCIDE, PAE, LA57, CET, LASS = 1 << 17, 1 << 5, 1 << 12, 1 << 23, 1 << 27
WP, NW, CD, PG, PE = 1 << 16, 1 << 29, 1 << 30, 1 << 31, 1
LAM_U57, LAM_U48 = 1 << 61, 1 << 62
GP = GeneralProtection(0)


def machine(processor=None, **changes):
    """Give a machine with something in its TLB."""
    return run(one_page(**(processor or {})), 0, load, 0x7000)[0].but(**changes)


REFUSED = {
    "CR3 at CPL 3": (write_cr3, CR3, {"cpl": 3}, {}),
    "CR3 at CPL 1": (write_cr3, CR3, {"cpl": 1}, {}),
    "CR3 bit 63 without PCIDE": (write_cr3, NOFLUSH | CR3, {}, {}),
    "CR3 bit 62 without LAM": (write_cr3, LAM_U48 | CR3, {}, {}),
    "CR3 bit 61 without LAM": (write_cr3, LAM_U57 | CR3, {"PCIDE": 1}, {}),
    "CR3 bit 60": (write_cr3, 1 << 60 | CR3, {}, {"lam": True}),
    "CR3 bit 52": (write_cr3, 1 << 52 | CR3, {}, {}),
    "CR3 bit 40 with MAXPHYADDR 40": (write_cr3, 1 << 40 | CR3, {}, {"maxphyaddr": 40}),
    "CR4 at CPL 3": (write_cr4, CR4, {"cpl": 3}, {}),
    "CR4 bit 63": (write_cr4, CR4 | 1 << 63, {}, {}),
    "CR4 bit 15": (write_cr4, CR4 | 1 << 15, {}, {}),
    "CR4.PAE cleared": (write_cr4, CR4 & ~PAE, {}, {}),
    "CR4.LA57 set": (write_cr4, CR4 | LA57, {}, {}),
    "CR4.LA57 cleared": (write_cr4, CR4, {"LA57": 1}, {}),
    "CR4.PCIDE set with CR3 11:0 in use": (write_cr4, CR4 | PCIDE, {"cr3": CR3 | 0x18}, {}),
    "CR4.CET set without CR0.WP": (write_cr4, CR4 | CET, {"WP": 0}, {}),
    "CR0 at CPL 3": (write_cr0, CR0, {"cpl": 3}, {}),
    "CR0 bit 32": (write_cr0, CR0 | 1 << 32, {}, {}),
    "CR0 bit 63": (write_cr0, CR0 | 1 << 63, {}, {}),
    "CR0.PG cleared": (write_cr0, CR0 & ~PG, {}, {}),
    "CR0.PE cleared": (write_cr0, CR0 & ~PE, {}, {}),
    "CR0.PG and PE cleared": (write_cr0, CR0 & ~(PG | PE), {}, {}),
    "CR0.NW without CD": (write_cr0, CR0 | NW, {}, {}),
    "CR0.WP cleared with CR4.CET": (write_cr0, CR0 & ~WP, {"CET": 1}, {}),
}

ACCEPTED = {
    "CR3 with MAXPHYADDR's last bit": (write_cr3, 1 << 39 | CR3, {}, {"maxphyaddr": 40}),
    "CR3 bit 51 with MAXPHYADDR 52": (write_cr3, 1 << 51 | CR3, {}, {}),
    "CR3 bits 11:0 without PCIDE": (write_cr3, CR3 | 0xFFF, {}, {}),
    "CR3 bits 11:0 with PCIDE": (write_cr3, CR3 | 0xFFF, {"PCIDE": 1}, {}),
    "CR3 bits 61 and 62 with LAM": (write_cr3, LAM_U48 | LAM_U57 | CR3, {}, {"lam": True}),
    "CR4.PCIDE set with CR3 11:0 clear": (write_cr4, CR4 | PCIDE, {}, {}),
    "CR4.PCIDE kept with CR3 11:0 in use": (write_cr4, CR4 | PCIDE, {"PCIDE": 1, "cr3": CR3 | 5}, {}),
    "CR4.PCIDE cleared with CR3 11:0 in use": (write_cr4, CR4, {"PCIDE": 1, "cr3": CR3 | 5}, {}),
    "CR4.CET with CR0.WP": (write_cr4, CR4 | CET, {}, {}),
    "CR4.LASS": (write_cr4, CR4 | LASS, {}, {}),
    "CR4.LA57 kept": (write_cr4, CR4 | LA57, {"LA57": 1}, {}),
    "CR0.WP cleared": (write_cr0, CR0 & ~WP, {}, {}),
    "CR0.NW with CD": (write_cr0, CR0 | NW | CD, {}, {}),
}


@pytest.mark.parametrize("row", REFUSED)
def test_a_refused_write_changes_nothing_but_the_fault(row):
    """The processor answers #GP(0); registers, TLB, CR2 and memory stay as they were."""
    op, value, changes, processor = REFUSED[row]
    before = machine(processor, **changes)
    assert run(before, 0, op, value) == (before.with_field(0, "fault", GP), GP)


@pytest.mark.parametrize("row", ACCEPTED)
def test_an_accepted_write_is_what_the_register_holds(row):
    """The register has the new value afterwards, no fault is raised, and an older one is over."""
    op, value, changes, processor = ACCEPTED[row]
    before = machine(processor, **changes).with_field(0, "fault", GP)
    after, answer = run(before, 0, op, value)
    assert answer is None
    assert after.cpu(0).fault is None
    assert getattr(after.cpu(0).registers, op.__name__.removeprefix("write_")) == value


def test_bit_63_is_a_command_and_is_never_stored():
    """MOV CR3 with bit 63 leaves a CR3 without it; the LAM bits beside it are kept."""
    before = machine({"lam": True}, PCIDE=1)
    after, _ = run(before, 0, write_cr3, NOFLUSH | LAM_U48 | CR3 | 7)
    assert after.cpu(0).registers.cr3 == LAM_U48 | CR3 | 7


def test_lam_changes_no_translation():
    """With LAM's bits in CR3 the same address is translated as before; a tagged one stays non-canonical."""
    plain = machine({"lam": True})
    masked, _ = run(plain, 0, write_cr3, LAM_U57 | CR3)
    assert run(masked, 0, load, 0x7000)[1] == 0xA3
    assert run(masked, 0, load, 0x4200_0000_0000_7000)[1] == GP


def test_clearing_wp_needs_no_flush():
    """A cached read-only page becomes writable for the kernel at once when CR0.WP is cleared."""
    before = run(one_page(flags="P US A D"), 0, load, 0x7000)[0]
    assert run(before, 0, store, 0x7000, 1)[1] == PageFault(0x3, 0x7000)
    after, _ = run(before, 0, write_cr0, CR0 & ~WP)
    assert run(after, 0, store, 0x7000, 1)[1] is None
