"""Whole traces agree, access for access, with `translate` and a TLB kept in plain dicts."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import (
    AddressTrace,
    Flush,
    FlushPolicy,
    ModelError,
    Page,
    PhysicalMemory,
    TlbShape,
    Translator,
    build_tables,
    translate_trace,
)
from tempmm_lab.hw.build import KERNEL
from tests.properties.slow_tlb import KINDS, SlowTlb

FIELDS = ("pa", "fault", "hit", "dirty_walks", "switches", "emptied", "singles", "memory")
ROOTS = {0: 0x1000, 1: 0x10_1000, 2: 0x20_1000, 3: 0x1000, 4: 0x10_1000, 5: 0x20_1000, 6: 0x1000, 7: 0x10_1000}
KERNEL_VA = 0xFFFF_8880_0000_0000
MIB2 = 1 << 21


def tables(flags: list[str]) -> PhysicalMemory:
    """Give three address spaces with small, large, global, read-only and supervisor pages, and holes."""
    words: dict[int, int] = {}
    for number, root in enumerate((0x1000, 0x10_1000, 0x20_1000)):
        pages = [
            Page(0x1000 * (7 + at), 0x1000_0000 * (number + 1) + 0x1000 * at, flag)
            for at, flag in enumerate(flags)
            if flag
        ]
        pages += [Page(MIB2, MIB2 * (9 + number), flags[0] or "P RW US", MIB2)]
        pages += [Page(KERNEL_VA + 0x1000 * at, 0x7000_0000 + 0x1000 * at, "P RW G") for at in range(2)]
        words |= build_tables(pages, root)
    return PhysicalMemory.from_words(words)


flag_lists = st.lists(
    st.sampled_from(["", "P US", "P RW US", "P RW US", "P RW US A D", "P RW", "P US NX", "P RW US NX A"]),
    min_size=12,
    max_size=12,
)
addresses = st.one_of(
    st.integers(7, 20).map(lambda page: page * 0x1000 + 8),
    st.integers(7, 20).map(lambda page: page * 0x1000 + 8),
    st.integers(0, 3).map(lambda page: MIB2 + page * 0x1000),
    st.integers(0, 1).map(lambda page: KERNEL_VA + page * 0x1000 + 16),
    st.just(1 << 60),
)
accesses = st.lists(st.tuples(addresses, st.integers(0, 2), st.integers(0, 7)), min_size=1, max_size=70)
flushes = st.lists(
    st.builds(
        Flush,
        st.integers(0, 70),
        addresses.filter(lambda va: va < 1 << 48 or va >> 48 == 0xFFFF),
        st.one_of(st.none(), st.integers(0, 5)),
    ),
    max_size=4,
)
shapes = st.builds(TlbShape, st.sampled_from((1, 2, 4)), st.integers(1, 4), st.sampled_from(("lru", "fifo")))
policies = st.builds(FlushPolicy, st.sampled_from(("keep", "asids", "full")), st.sampled_from((None, 0, 2, 33)))
registers_of = st.sampled_from(
    (KERNEL, KERNEL.but(cpl=3), KERNEL.but(SMEP=1, SMAP=1), KERNEL.but(LASS=1, SMAP=1, AC=1))
)
spread = st.sampled_from((0, 3, 7))


def make(items, limit, flush):
    """Give a trace whose spaces change rarely, or not at all."""
    va, kind, space = zip(*items, strict=True)
    return AddressTrace.of(va, kind, [number & limit for number in space], flush)


@given(flag_lists, registers_of, accesses, spread, flushes, shapes, policies)
def test_a_trace_is_translated_as_one_access_after_another(flags, registers, items, limit, flush, shape, policy):
    """Address, fault, hit, walks that set D and the memory after it equal those of a loop over `translate`."""
    memory, trace = tables(flags), make(items, limit, flush)
    result = translate_trace(memory, registers, trace, tlb=shape, flush=policy, roots=ROOTS)
    slow = SlowTlb(memory, registers, ROOTS, shape, policy)
    assert [result.answer(number) for number in range(len(trace))] == slow.run(trace)
    assert result.dirty_walks == slow.dirty_walks
    assert result.memory == slow.memory


@given(flag_lists, registers_of, accesses, spread, flushes, shapes, policies)
def test_the_answers_do_not_depend_on_numpy(flags, registers, items, limit, flush, shape, policy):
    """With NumPy out of reach every array, count and word is the same."""
    memory, trace = tables(flags), make(items, limit, flush)
    with pytest.MonkeyPatch.context() as patch:
        first = translate_trace(memory, registers, trace, tlb=shape, flush=policy, roots=ROOTS)
        patch.setitem(sys.modules, "numpy", None)
        second = translate_trace(memory, registers, trace, tlb=shape, flush=policy, roots=ROOTS)
    for name in FIELDS:
        assert getattr(first, name) == getattr(second, name)


@given(flag_lists, registers_of, accesses, spread, shapes)
def test_one_access_at_a_time_is_the_same(flags, registers, items, limit, shape):
    """A `Translator` gives, access by access, what the whole trace gives."""
    memory, trace = tables(flags), make(items, limit, ())
    whole = translate_trace(memory, registers, trace, tlb=shape, roots=ROOTS)
    one = Translator(memory, registers, tlb=shape, roots=ROOTS, space=trace.space[0])
    for number, (va, kind, space) in enumerate(zip(trace.va, trace.kind, trace.space, strict=True)):
        one.switch(space)
        assert one.access(va, KINDS[kind])[:3] == whole.answer(number)
    assert one.memory == whole.memory


def test_a_global_page_must_be_global_everywhere():
    """A page that is global in one space and another page in the next is refused: the TLB would mix them up."""
    words = build_tables([Page(0x7000, 0xA3000, "P US G")], 0x1000)
    words |= build_tables([Page(0x7000, 0xB7000, "P US")], 0x10_1000)
    trace = AddressTrace.of([0x7000, 0x7000], space=[0, 1])
    with pytest.raises(ModelError, match="0x7000 is a global page"):
        translate_trace(PhysicalMemory.from_words(words), KERNEL, trace, roots=ROOTS)
