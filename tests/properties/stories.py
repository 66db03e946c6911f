"""Short stories of one CPU and its page tables, for hypothesis to make up: software writes entries, hardware acts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tempmm_lab import (
    Entry,
    Machine,
    Page,
    evict,
    fetch,
    fill,
    invlpg,
    invpcid,
    load,
    machine_with,
    run,
    store,
    write_cr3,
)
from tempmm_lab.hw.build import KERNEL

ROOT = 0x1000
PAGES = (0x7000, 0x9000, 0x40_0000)
FRAMES = (0xA3, 0xB7, 0xC5)
FLAGS = ("", "P RW US A D", "P RW US", "P US A", "P RW A D", "P RW US A D NX", "P RW US A D G")

pages = st.sampled_from(PAGES)
entries = st.tuples(st.just("entry"), pages, st.sampled_from(FRAMES), st.sampled_from(FLAGS))
accesses = st.one_of(st.tuples(st.sampled_from((load, fetch)), pages), st.tuples(st.just(store), pages, st.just(0x5A)))
hardware = st.tuples(st.sampled_from((fill, evict)), pages)
switches = st.tuples(st.just(write_cr3), st.sampled_from((ROOT | 1, ROOT | 2, 1 << 63 | ROOT | 1, 1 << 63 | ROOT | 2)))
flushes = st.one_of(
    switches,
    st.tuples(st.just(invlpg), pages),
    st.tuples(st.just(invpcid), st.just(0), st.sampled_from((1, 2)), pages),
    st.tuples(st.just(invpcid), st.just(1), st.sampled_from((1, 2))),
    st.tuples(st.just(invpcid), st.sampled_from((2, 3))),
)
acts = st.one_of(entries, entries, accesses, hardware, flushes)
stories = st.lists(acts, max_size=12)


def stage(*, cpl: int = 0, **processor: Any) -> Machine:
    """Give a machine that maps three pages, in two page tables, under PCID 1."""
    registers = KERNEL.but(PCIDE=1, cr3=ROOT | 1, cpl=cpl)
    words = {frame << 12: frame for frame in FRAMES}
    pages_here = [Page(va, FRAMES[0] << 12) for va in PAGES]
    return machine_with(pages_here, words=words, registers=registers, **processor)


def leaf_places(machine: Machine) -> dict[int, int]:
    """Give the physical address of each page's leaf entry."""
    return {va: int(machine.walk(va).levels[-1].entry_pa) for va in PAGES}


def moments(machine: Machine, story: list[tuple[Any, ...]]) -> Iterator[Machine]:
    """Give the machine before the story and after each act. What needs CPL 0 is done there."""
    places = leaf_places(machine)
    cpl = machine.cpu(0).registers.cpl
    yield machine
    for act, *args in story:
        if act == "entry":
            va, frame, flags = args
            machine = machine.with_word(places[va], Entry.of(frame << 12, flags))
        else:
            inside = cpl if act in (load, fetch, store) else 0
            machine = run(machine.but(cpl=inside), 0, act, *args)[0].but(cpl=cpl)
        yield machine


def last(machine: Machine, story: list[tuple[Any, ...]]) -> Machine:
    """Give the machine at the end of a story."""
    for moment in moments(machine, story):
        machine = moment
    return machine


def forgetful(machine: Machine) -> Machine:
    """Give the machine with nothing cached: what it answers then, its tables say."""
    empty = replace(machine.cpu(0).tlb, entries=(), structures=())
    return machine.with_field(0, "tlb", empty)
