"""Traces of addresses: reading them, the recorded one, and published counts."""

from __future__ import annotations

import gzip
import sys
from array import array

import pytest

from tempmm_lab import (
    Access,
    AddressTrace,
    Flush,
    FlushPolicy,
    ModelError,
    TlbShape,
    Translator,
    chart_flush_cost,
    chart_hits_by_size,
    flush_costs,
    hits_by_size,
    one_page,
    tables_for,
    translate_trace,
)

LACKEY = """==7== Lackey, an example Valgrind tool
I  0401ab70,3
 S 1fff000688,8
 L 04000ffc,8
 M 04001000,4
"""
SIMPLE = "r 7000\nx 0x401000  # a fetch\nspace 2\nflush 7000 3\nw 7008\nflush\n"


def through(trace, **more):
    """Give a trace's way through tables made for it."""
    made = tables_for(trace)
    return translate_trace(made.memory, made.registers, trace, roots=made.roots, **more)


def test_lackey_lines_are_read(tmp_path):
    """Fetch, store, load over the end of a page (two accesses) and modify (read and write), compressed or not."""
    plain, packed = tmp_path / "a.trace", tmp_path / "b.gz"
    plain.write_text(LACKEY)
    packed.write_bytes(gzip.compress(LACKEY.encode()))
    for file in (plain, packed):
        trace = AddressTrace.read(file)
        assert list(trace.va) == [0x401AB70, 0x1FFF000688, 0x4000FFC, 0x4001000, 0x4001000, 0x4001000]
        assert list(trace.kind) == [2, 1, 0, 0, 0, 1]


def test_the_simple_form_is_read_and_written(tmp_path):
    """What `text` writes is what `read` reads: accesses, spaces and flushes."""
    file = tmp_path / "simple"
    file.write_text(SIMPLE)
    trace = AddressTrace.read(file)
    assert trace.flushes == (Flush(2, 0x7000, 3), Flush(3))
    assert list(trace.space) == [0, 0, 2]
    file.write_text(trace.text())
    again = AddressTrace.read(file)
    assert (again.va, again.kind, again.space, again.flushes) == (trace.va, trace.kind, trace.space, trace.flushes)


@pytest.mark.parametrize(
    "line", ["q 7000", "r", "r 7g", "space 4096", "flush 7000", "I 1,2", "r 11112222333344445", ""]
)
def test_a_line_that_is_none_is_refused(line, tmp_path):
    """A line of neither form, or a file without any access, is one clear error."""
    file = tmp_path / "broken"
    file.write_text(line + "\n")
    with pytest.raises(ModelError, match=r"broken|space in line 1"):
        AddressTrace.read(file)


def test_the_recorded_program():
    """The shipped trace holds 170,080 lines of lackey: 171,717 accesses to 140 pages, and names no file."""
    trace = AddressTrace.recorded()
    assert [len(trace), trace.kind.count(0), trace.kind.count(1), trace.kind.count(2)] == [171717, 29825, 11770, 130122]
    assert len({va >> 12 for va in trace.va}) == 140
    result = through(trace)
    assert (result.hits, result.misses, result.faults, result.dirty_walks) == (171369, 348, 0, 10)


@pytest.mark.parametrize(
    ("shape", "hits"),
    [((16, 4, "lru"), 171369), ((4, 4, "lru"), 169379), ((4, 4, "fifo"), 168805), ((1, 1, "lru"), 91391)],
)
def test_hits_equal_pycachesim(shape, hits):
    """Hits of the recorded trace are those that pycachesim counts: see tests/oracle/pycachesim_hits.py."""
    assert through(AddressTrace.recorded(), tlb=TlbShape(*shape)).hits == hits


def test_a_trace_may_come_from_numpy():
    """A NumPy array of unsigned 64-bit numbers makes the same trace as a list."""
    numpy = pytest.importorskip("numpy")
    assert AddressTrace.of(numpy.array([0x7000, 1 << 63], numpy.uint64)).va == array("Q", [0x7000, 1 << 63])


def test_one_access_says_its_reason():
    """A miss names the entries walked, a hit none, a first write walks again to set D, a fault has its code."""
    machine = one_page(flags="P US RW")
    one = Translator(machine.memory, machine.cpus[0].registers.but(cpl=3))
    texts = [str(one.access(va, kind)) for va, kind in ((0x7008, Access.READ), (0x7008, Access.READ),
                                                        (0x7008, Access.WRITE), (0x9000, Access.EXECUTE))]  # fmt: skip
    assert texts[0].startswith("by a walk (PML4E at 0x1000, PDPTE at 0x2000, PDE at 0x3000, PTE at 0x4038)")
    assert texts[1] == "from the TLB: physical address 0xa3008"
    assert texts[2].startswith("hit, but D is to be set (PML4E")
    assert "#PF error code 0x14" in texts[3]
    assert one.memory.read64(0x4038) == 0xA3067


def test_invlpg_and_switches_of_a_translator():
    """INVLPG drops one page, and a CR3 write without bit 63 drops what the space had."""
    machine = one_page()
    one = Translator(machine.memory, machine.cpus[0].registers)
    hits = []
    for act in (
        int,
        lambda: one.invlpg(0x7000),
        lambda: one.switch(0),
        lambda: one.switch(0, keep=False),
        one.drop_space,
    ):
        act()
        hits.append(one.access(0x7000, Access.READ).hit)
    assert hits == [False, False, True, False, False]


def test_33_pages_are_dropped_one_by_one():
    """S60: a range of 33 pages is 33 INVLPGs, one of 34 is a write of CR3."""
    trace = AddressTrace.of([0x7000] * 9)
    for pages, counts in ((33, (33, 0)), (34, (0, 1))):
        flushed = through(AddressTrace.of(trace.va, flushes=[Flush(5, 0x7000, pages)]))
        assert ((flushed.singles, flushed.emptied), flushed.misses) == (counts, 2)


@pytest.mark.parametrize(
    ("spaces", "misses"), [(6, {"keep": 6, "asids": 6, "full": 60}), (7, {"keep": 7, "asids": 70})]
)
def test_six_asids(spaces, misses):
    """S46: six spaces keep their translations; with a seventh in turn nobody does."""
    trace = AddressTrace.of([0x7000]).shared_by(spaces, 1)
    trace = AddressTrace.of([0x7000] * 10 * spaces, space=list(trace.space) * 10)
    for switch, expected in misses.items():
        assert through(trace, tlb=TlbShape(1, 16), flush=FlushPolicy(switch)).misses == expected


def test_the_charts_say_their_numbers():
    """Both charts are a figure with alternative text, and a table with the same numbers."""
    trace = AddressTrace.of([0x7000, 0x8000, 0x7000]).shared_by(2, 1)
    made = tables_for(trace)
    sizes = chart_hits_by_size(hits_by_size(made.memory, made.registers, trace, [TlbShape(1, 1), TlbShape(1, 4)]))
    costs = chart_flush_cost(flush_costs(made.memory, made.registers, trace, roots=made.roots))
    for drawn, number in ((sizes, "33.33"), (costs, "6 misses")):
        shown = drawn._repr_mimebundle_()
        assert shown["text/html"].startswith('<figure><img alt="') == bool(drawn.png)
        assert drawn.png.startswith(b"\x89PNG")
        assert number.split()[0] in drawn.text()
        assert number in shown["text/html"]


def test_without_matplotlib_a_chart_is_its_table(monkeypatch):
    """Where matplotlib is missing, the chart shows the table and says what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    drawn = chart_hits_by_size([through(AddressTrace.of([0x7000]))])
    assert drawn.png is None
    assert "needs matplotlib" in drawn._repr_mimebundle_()["text/plain"]
