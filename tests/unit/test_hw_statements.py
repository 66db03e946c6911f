# ruff: noqa: N802  (tests are named after the statements they check)
"""One test or more for each statement about an access, S95-S98 and S104-S106, named after it."""

import pytest

from tempmm_lab import (
    Access,
    GeneralProtection,
    Page,
    PageFault,
    fetch,
    invlpg,
    load,
    machine_with,
    one_page,
    run,
    store,
    translate,
)

VA, OTHER = 0x7000, 0x9000
UPPER_VA = 0xFFFF_8880_0000_0000
WORD = 0xA3


def answer(machine, op, *args):
    """Give the answer of one op, run undisturbed."""
    return run(machine, 0, op, *args)[1]


def after(machine, op, *args):
    """Give the machine after one op."""
    return run(machine, 0, op, *args)[0]


@pytest.mark.parametrize(("access", "code"), [("read", 0x5), ("write", 0x7)])
def test_S95_a_supervisor_leaf_under_user_tables_is_a_supervisor_page(access, code):
    """With US=1 in every upper entry and US=0 in the leaf, user mode gets 0x5 for a read and 0x7 for a write."""
    machine = one_page(VA, 0xA3, "P RW A D").but(cpl=3)
    walk = machine.walk(VA, Access(access))
    assert [step.entry.user for step in walk.levels] == [True, True, True, False]
    assert walk.fault == PageFault(code, VA)
    assert answer(machine.but(cpl=0), load, VA) == WORD


def test_S96_a_kernel_write_to_a_read_only_page_faults_with_wp():
    """A supervisor write to a page with RW=0 gives 0x3 while CR0.WP=1."""
    assert answer(one_page(VA, 0xA3, "P A").but(WP=1), store, VA, 1) == PageFault(0x3, VA)


def test_S96_a_kernel_write_to_a_read_only_page_succeeds_without_wp():
    """The same write is allowed while CR0.WP=0."""
    machine = one_page(VA, 0xA3, "P A").but(WP=0)
    assert answer(machine, store, VA, 1) is None
    assert after(machine, store, VA, 1).memory.read64(0xA3000) == 1


def test_S97_the_kernel_fetching_from_a_user_page_under_smep():
    """A supervisor fetch from a user page gives 0x11 with SMEP, whatever AC is, and succeeds without."""
    machine = one_page()
    for ac in (0, 1):
        assert answer(machine.but(SMEP=1, AC=ac), fetch, VA) == PageFault(0x11, VA)
    assert answer(machine.but(SMEP=0), fetch, VA) == WORD


def test_S97_a_user_fetch_from_an_nx_page():
    """A user fetch from a page with NX=1 gives 0x15."""
    assert answer(one_page(flags="P US A NX").but(cpl=3), fetch, VA) == PageFault(0x15, VA)


@pytest.mark.parametrize(("access", "code"), [("read", 0x4), ("write", 0x6)])
def test_S98_a_user_access_to_a_page_that_is_not_present(access, code):
    """A user read of a page with P=0 gives 0x4, a write 0x6, whatever else is in the entry."""
    machine = one_page(flags="RW US NX PS G").but(cpl=3)
    assert machine.walk(VA, Access(access)).fault == PageFault(code, VA)


def test_S98_a_reserved_bit_on_a_supervisor_read():
    """A supervisor read through an entry with a reserved bit gives 0x9: RSVD comes with P."""
    machine = one_page(VA, 1 << 30, maxphyaddr=40)
    assert answer(machine, load, VA) == PageFault(0x9, VA)


@pytest.mark.parametrize("va", [0x8000_0000_0000, 0xFFFF_7FFF_FFFF_FFF8, 1 << 63, 0x1_0000_0000_7000])
@pytest.mark.parametrize(("op", "more"), [(load, ()), (fetch, ()), (store, (1,))], ids=["load", "fetch", "store"])
def test_S104_a_non_canonical_address_gives_gp_and_leaves_cr2_alone(va, op, more):
    """An access to a non-canonical address is #GP(0), not #PF, and CR2 keeps the address of the last page fault."""
    machine, fault = run(after(one_page(), load, OTHER), 0, op, va, *more)
    assert fault == GeneralProtection(0)
    assert machine.cpu(0).fault == fault
    assert machine.cpu(0).cr2 == OTHER


def test_S104_what_is_canonical_depends_on_the_levels():
    """0x800000000000 is not canonical with four levels and is with five, where it is merely not mapped."""
    machine = one_page()
    assert machine.walk(0x8000_0000_0000).fault == GeneralProtection(0)
    assert machine.but(LA57=1).walk(0x8000_0000_0000).fault == PageFault(0x0, 0x8000_0000_0000)


@pytest.mark.parametrize("op", [load, fetch], ids=["load", "fetch"])
def test_S105_any_use_sets_a_at_every_level_and_d_nowhere(op):
    """A read or a fetch sets A in all four entries, and D in none."""
    machine = after(_without_a_or_d(), op, VA)
    assert [(step.entry.accessed, step.entry.dirty) for step in machine.walk(VA).levels] == [(True, False)] * 4


def test_S105_a_write_sets_d_at_the_leaf():
    """A write sets A in all four entries, and D in the leaf alone."""
    machine = after(_without_a_or_d(), store, VA, 1)
    marks = [(step.entry.accessed, step.entry.dirty) for step in machine.walk(VA).levels]
    assert marks == [(True, False)] * 3 + [(True, True)]


def _without_a_or_d():
    machine = one_page(flags="P RW US")
    for step in machine.walk(VA).levels:
        machine = machine.with_word(step.entry_pa, step.entry & ~0x60)
    return machine


LASS_PAGE, LASS = "P RW A D", {"LASS": 1, "SMAP": 1}


@pytest.mark.parametrize(
    ("changes", "op", "allowed"),
    [
        ({**LASS, "AC": 0}, load, False),
        ({**LASS, "AC": 1}, load, True),
        ({"LASS": 1, "SMAP": 0, "AC": 0}, load, True),
        ({"LASS": 0, "SMAP": 1, "AC": 0}, load, True),
        ({**LASS, "AC": 1}, fetch, False),
        ({"LASS": 1, "SMAP": 0, "AC": 1}, fetch, False),
        ({"LASS": 0, "SMAP": 1}, fetch, True),
    ],
)
def test_S106_lass_and_the_kernel_in_the_lower_half(changes, op, allowed):
    """On a supervisor page in the lower half: data is refused with SMAP=1 and AC=0 only, a fetch always."""
    machine = one_page(flags=LASS_PAGE).but(**changes)
    assert answer(machine, op, VA) == (WORD if allowed else GeneralProtection(0))


@pytest.mark.parametrize("op", [load, fetch], ids=["load", "fetch"])
def test_S106_lass_and_user_mode_in_the_upper_half(op):
    """At CPL 3 any access to the upper half gives #GP with LASS, and #PF without, whatever SMAP and AC are."""
    machine = machine_with([Page(UPPER_VA, 0)], words={0: 1}).but(cpl=3)
    for smap, ac in ((0, 0), (0, 1), (1, 0), (1, 1)):
        there = machine.but(LASS=1, SMAP=smap, AC=ac)
        assert answer(there, op, UPPER_VA) == GeneralProtection(0)
        assert answer(there.but(LASS=0), op, UPPER_VA) == 1


def test_S106_invlpg_is_exempt_from_lass():
    """INVLPG of a lower-half address is no access: with LASS and SMAP on and AC=0 it drops the page all the same."""
    machine = after(one_page(flags=LASS_PAGE), load, VA).but(**LASS)
    assert answer(machine, invlpg, VA) is None
    assert after(machine, invlpg, VA).cpu(0).tlb.entries == ()


def test_translate_masks_the_command_bits_of_cr3():
    """Bits 61-63 of CR3 (LAM, and MOV CR3's bit 63) take no part in the address of the top table."""
    machine = one_page()
    registers = machine.cpu(0).registers
    for bit in (61, 62, 63):
        assert translate(machine.memory, registers.but(cr3=registers.cr3 | 1 << bit), VA, Access.READ).pa == 0xA3000
