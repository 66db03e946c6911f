"""A whole trace through page tables and TLB: one call, with NumPy where it is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tempmm_lab.bulk.addresses import AddressTrace
from tempmm_lab.bulk.loop import Loop, Run
from tempmm_lab.bulk.plan import Plan, plan
from tempmm_lab.bulk.result import TraceResult
from tempmm_lab.bulk.shape import FlushPolicy, TlbShape
from tempmm_lab.bulk.walker import Walker
from tempmm_lab.errors import a_thing
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import Registers


def translate_trace(
    memory: PhysicalMemory,
    registers: Registers,
    trace: AddressTrace,
    *,
    tlb: TlbShape | None = None,
    flush: FlushPolicy | None = None,
    roots: Mapping[int, int] | None = None,
    processor: Processor | None = None,
) -> TraceResult:
    """Translate every access of a trace, through a TLB that starts empty; every answer is that of `translate`.

    The tables change by A and D alone. A page fault also drops the entry of its page; a #GP touches nothing. Caches
    of upper-level entries and prefetching are not modelled, and nothing takes time. With NumPy an "lru" TLB is many
    times quicker; the answers are the same.

    Args:
        memory: holds the page tables.
        registers: one set for the whole trace; their CR3 is every space's top table unless `roots` says otherwise.
        trace: the accesses.
        tlb: sets, ways and replacement; 16 x 4 LRU if left out.
        flush: what switches and flushes drop; nothing at switches, and Linux's ceiling of 33 pages, if left out.
        roots: top table of each address space of the trace, `{space: physical address}`.
        processor: vendor, physical-address width and 1 GiB pages, as for `translate`.

    Raises:
        ModelError: an argument is of the wrong kind; a space has no top table; a global page differs between spaces;
            or the memory is a recording that lacks a word.
    """
    walker = Walker(memory, registers, processor, roots)
    a_thing(trace, AddressTrace, "Give the trace third, such as AddressTrace.of([0x7000, 0x8000]).")
    shape = TlbShape() if tlb is None else a_thing(tlb, TlbShape, "Give tlb=TlbShape(sets=16, ways=4).")
    policy = FlushPolicy() if flush is None else a_thing(flush, FlushPolicy, 'Give flush=FlushPolicy("keep").')
    made = plan(trace, policy)
    run = _run(walker, trace, shape, made)
    return TraceResult(trace, shape, policy, run, made, memory.with_words(run.changed))


def _run(walker: Walker, trace: AddressTrace, shape: TlbShape, made: Plan) -> Run:
    if shape.policy == "lru" and len(trace):
        try:
            from tempmm_lab.bulk.lru import Lru

            return Lru(walker, trace, shape).run(made)
        except ImportError:
            pass
    return Loop(walker, trace, shape).run(made)


def hits_by_size(
    memory: PhysicalMemory, registers: Registers, trace: AddressTrace, shapes: Iterable[TlbShape]
) -> list[TraceResult]:
    """Translate a trace through TLBs of several shapes, for `chart_hits_by_size`."""
    advice = "Give shapes as a list such as [TlbShape(4), TlbShape(16)]."
    every = [a_thing(shape, TlbShape, advice) for shape in a_thing(shapes, Iterable, advice)]
    return [translate_trace(memory, registers, trace, tlb=shape) for shape in every]


POLICIES = {
    "no PCIDs: every switch empties the TLB": FlushPolicy("full"),
    "six ASIDs, as Linux": FlushPolicy("asids"),
    "a PCID for every space": FlushPolicy("keep"),
}
"""Ways to switch, for `flush_costs`."""


def flush_costs(
    memory: PhysicalMemory,
    registers: Registers,
    trace: AddressTrace,
    *,
    tlb: TlbShape | None = None,
    policies: Mapping[str, FlushPolicy] | None = None,
    roots: Mapping[int, int] | None = None,
) -> dict[str, TraceResult]:
    """Translate a trace under several policies, by name, for `chart_flush_cost`: three ways to switch if left out."""
    every = POLICIES if policies is None else a_thing(policies, Mapping, "Give policies as a dict of FlushPolicy.")
    return {
        name: translate_trace(memory, registers, trace, tlb=tlb, flush=flush, roots=roots)
        for name, flush in every.items()
    }
