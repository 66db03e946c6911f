"""What came of a trace: an answer for every access, the totals, and the memory with its A and D bits."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from tempmm_lab.bulk.addresses import AddressTrace
from tempmm_lab.bulk.loop import Run
from tempmm_lab.bulk.plan import Plan
from tempmm_lab.bulk.shape import FlushPolicy, TlbShape
from tempmm_lab.bulk.walker import ALLOWED, fault_of
from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.rights import Fault


@dataclass(frozen=True, slots=True, repr=False)
class TraceResult:
    """A trace's way through page tables and a TLB.

    Attributes:
        trace: the accesses.
        tlb: the TLB's shape.
        flush: the policy of switches and flushes.
        run: the answers, for `pa`, `fault` and `hit`.
        plan: what software did to the TLB, for `switches`, `emptied` and `singles`.
        memory: with the A and D bits that the accesses set.
    """

    trace: AddressTrace
    tlb: TlbShape
    flush: FlushPolicy
    run: Run
    plan: Plan
    memory: PhysicalMemory

    @property
    def pa(self) -> array[int]:
        """For each access its physical address, 0 after a fault; an `array("Q")`."""
        return self.run.pa

    @property
    def fault(self) -> array[int]:
        """For each access -1, or its page fault's error code, or -2 for a #GP; an `array("h")`."""
        return self.run.fault

    @property
    def hit(self) -> bytearray:
        """For each access 1 if it succeeded and the TLB held its translation, else 0."""
        return self.run.hit

    @property
    def dirty_walks(self) -> int:
        """Writes that hit an entry whose D was clear: the processor went to the tables to set it."""
        return self.run.dirty_walks

    @property
    def switches(self) -> int:
        """Changes of the address space."""
        return self.plan.switches

    @property
    def emptied(self) -> int:
        """Writes of CR3 that emptied a PCID or all of the TLB: at switches, and as flushes."""
        return self.plan.emptied

    @property
    def singles(self) -> int:
        """INVLPGs."""
        return self.plan.singles

    @property
    def hits(self) -> int:
        """Accesses that succeeded, and whose translation the TLB held."""
        return self.hit.count(1)

    @property
    def faults(self) -> int:
        """Accesses that faulted. They are neither hits nor misses."""
        return len(self.fault) - self.fault.count(ALLOWED)

    @property
    def misses(self) -> int:
        """Accesses that succeeded, and whose translation had to be fetched by a walk."""
        return len(self.fault) - self.faults - self.hits

    @property
    def walks(self) -> int:
        """Walks of accesses that succeeded: misses, and hits whose D had to be set."""
        return self.misses + self.dirty_walks

    def answer(self, number: int) -> tuple[Hex | None, Fault | None, bool]:
        """Give physical address, fault and hit of one access, as `translate` has them."""
        if whole_number(number, "the number of an access") >= len(self.pa):
            raise ModelError(f"This trace has {len(self.pa)} accesses, counted from 0: there is no {number}.")
        fault = fault_of(self.fault[number], self.trace.va[number])
        return None if fault else Hex(self.pa[number]), fault, bool(self.hit[number])

    def text(self) -> str:
        """Give the totals as a table."""
        rows = {
            "accesses": len(self.pa),
            "hits": self.hits,
            "misses": self.misses,
            "faults": self.faults,
            "walks only to set D": self.dirty_walks,
            "switches": self.switches,
            "CR3 writes that empty": self.emptied,
            "INVLPGs": self.singles,
        }
        lines = [f"{self.trace.name} through {self.tlb}", *(f"  {name:<22}{n:>12,}" for name, n in rows.items())]
        return "\n".join(lines)

    def __repr__(self) -> str:
        counts = f"{self.hits:,} hits, {self.misses:,} misses, {self.faults:,} faults"
        return f"TraceResult({len(self.pa):,} accesses: {counts})"
