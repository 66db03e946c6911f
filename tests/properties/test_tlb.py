from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import Hex, PageFault, invpcid, load, outcomes, run, store, write_cr3, write_cr4
from tests.properties.stories import (
    PAGES,
    ROOT,
    accesses,
    entries,
    flushes,
    forgetful,
    hardware,
    last,
    moments,
    pages,
    stage,
    stories,
)

cpls = st.sampled_from((0, 3))
switches_on = st.booleans()


def table_answer(machine, op, *args):
    """Give what the tables alone say now."""
    return run(forgetful(machine), 0, op, *args)[1]


@given(stories, accesses, cpls, switches_on)
def test_outcomes_contain_what_run_gives(story, access, cpl, structures):
    """The undisturbed answer is one of the possible ones, and the first of them; each is there once."""
    machine = last(stage(cpl=cpl, caches_structures=structures), story)
    possible = outcomes(machine, *access)
    assert run(machine, 0, *access)[1] == possible[0]
    assert len({(type(answer), answer) for answer in possible}) == len(possible)


@given(stories, accesses, cpls, switches_on)
def test_what_the_tables_say_is_always_possible(story, access, cpl, structures):
    """A CPU may have dropped everything, so the tables' own answer is among the outcomes."""
    machine = last(stage(cpl=cpl, caches_structures=structures), story)
    assert table_answer(machine, *access) in outcomes(machine, *access)


reading = st.lists(st.one_of(entries, entries, hardware, st.tuples(st.just(load), pages), flushes), max_size=12)


@given(reading, pages, cpls)
def test_a_stale_answer_was_once_true(story, va, cpl):
    """Without structure caches every possible answer to a load is what the tables said at some moment so far."""
    history = list(moments(stage(cpl=cpl), story))
    ever = {table_answer(moment, load, va) for moment in history}
    assert set(outcomes(history[-1], load, va)) <= ever


FULL = [(invpcid, 2), (write_cr4, "PGE")]


@given(stories, accesses, cpls, switches_on, st.sampled_from(FULL))
def test_after_a_full_flush_the_tables_alone_answer(story, access, cpl, structures, flush):
    """INVPCID 2 and a toggle of CR4.PGE leave one possible answer: what the tables say."""
    machine = last(stage(cpl=cpl, caches_structures=structures), story).but(cpl=0)
    op, what = flush
    value = what if op is invpcid else int(machine.but(PGE=0).cpu(0).registers.cr4)
    machine = run(machine, 0, op, value)[0].but(cpl=cpl)
    assert outcomes(machine, *access) == (table_answer(machine, *access),)


local = entries.filter(lambda act: not act[-1].endswith(" G"))


@given(st.lists(st.one_of(local, accesses, hardware), max_size=12), accesses)
def test_without_globals_mov_cr3_is_a_full_flush(story, access):
    """With no global page and one PCID, MOV CR3 without bit 63 leaves the tables' answer alone."""
    machine = run(last(stage(), story), 0, write_cr3, ROOT | 1)[0]
    assert outcomes(machine, *access) == (table_answer(machine, *access),)


@given(stories, flushes, switches_on)
def test_minimal_keeps_all_that_aggressive_keeps(story, flush, structures):
    """From one state, what an aggressive processor still holds after an invalidation a minimal one holds too."""
    before = last(stage(caches_structures=structures), story)
    kept = {}
    for policy in ("minimal", "aggressive"):
        processor = stage(caches_structures=structures, invalidation=policy).processor
        tlb = run(type(before)(before.cpus, before.memory, processor), 0, *flush)[0].cpu(0).tlb
        kept[policy] = {*tlb.entries, *tlb.structures}
    assert kept["minimal"] >= kept["aggressive"]
    assert kept["minimal"] <= {*before.cpu(0).tlb.entries, *before.cpu(0).tlb.structures}


@given(stories, pages)
def test_a_page_fault_does_not_recur_unprovoked(story, va):
    """After a fault, the same access is answered by the tables alone: it faults again only if they say so."""
    machine = last(stage(cpl=3), story)
    machine, answer = run(machine, 0, store, va, 1)
    if isinstance(answer, PageFault):
        assert outcomes(machine, store, va, 1) == (table_answer(machine, store, va, 1),)


@given(stories)
def test_equal_machines_hash_the_same(story):
    """One story told twice ends in equal machines of equal hash, and a word written and undone changes nothing."""
    one, two = last(stage(), story), last(stage(), story)
    assert one == two
    assert hash(one) == hash(two)
    changed = one.with_word(0x50_0000, 1)
    assert changed != one
    undone = changed.with_word(0x50_0000, 0)
    assert undone == one
    assert hash(undone) == hash(one)


@given(stories, switches_on)
def test_nothing_of_another_pcid_is_used(story, structures):
    """Under a PCID that was never loaded only global translations are possible besides the tables' answer."""
    machine = run(last(stage(caches_structures=structures), story), 0, write_cr3, ROOT | 7)[0]
    for va in PAGES:
        globals_ = {entry.target(va) for entry in machine.cpu(0).tlb.entries if entry.global_ and entry.covers(va)}
        stale = {machine.memory.read64(pa) for pa in globals_}
        assert set(outcomes(machine, load, va)) <= stale | {table_answer(machine, load, va)}


@given(stories, accesses)
def test_an_access_leaves_its_answer_possible(story, access):
    """A successful load or fetch answers the same again when nobody comes between."""
    machine, answer = run(last(stage(), story), 0, *access)
    if isinstance(answer, Hex):
        assert run(machine, 0, *access)[1] == answer
