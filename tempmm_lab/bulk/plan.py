"""When the TLB loses what: a trace's switches and flushes under a policy, as a list of drops in order."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import compress, islice
from operator import ne

from tempmm_lab.bulk.addresses import AddressTrace
from tempmm_lab.bulk.files import Flush
from tempmm_lab.bulk.shape import ASIDS, FlushPolicy
from tempmm_lab.hw.address import KIB4

ANY = -1
Drop = tuple[int, int, int]
"""The access it comes before; the space, or ANY for all; the address, or ANY for all of it. Globals go by address."""


@dataclass(slots=True)
class Plan:
    """What happens to the TLB besides accesses.

    Attributes:
        drops: in order.
        switches: changes of the address space.
        emptied: writes of CR3 that empty one PCID, or the whole TLB.
        singles: INVLPGs.
    """

    drops: list[Drop]
    switches: int = 0
    emptied: int = 0
    singles: int = 0


def plan(trace: AddressTrace, policy: FlushPolicy) -> Plan:
    """Give what software does to the TLB on the way of a trace."""
    made = Plan([])
    slots = {trace.space[0]: None} if len(trace) else {}
    flushes = [flush for flush in trace.flushes if flush.before < len(trace)][::-1]
    for before in [*changes(trace.space), len(trace)]:
        while flushes and flushes[-1].before < before:
            _flush(made, flushes.pop(), trace, policy)
        if before < len(trace):
            made.switches += 1
            _switch(made, before, trace.space[before], policy, slots)
    return made


def changes(space: array[int]) -> list[int]:
    """Give the places where an array's value differs from the one before."""
    data = space.tobytes()
    if data[space.itemsize :] == data[: -space.itemsize]:
        return []
    return list(compress(range(1, len(space)), map(ne, space, islice(space, 1, None))))


def _switch(made: Plan, before: int, space: int, policy: FlushPolicy, slots: dict[int, None]) -> None:
    if policy.switch == "full":
        made.drops.append((before, ANY, ANY))
        made.emptied += 1
    elif policy.switch == "asids" and space not in slots:
        made.emptied += 1
        if len(slots) == ASIDS:  # slots are given out in turn, so the one given first goes
            loser = next(iter(slots))
            del slots[loser]
            made.drops.append((before, loser, ANY))
        slots[space] = None


def _flush(made: Plan, flush: Flush, trace: AddressTrace, policy: FlushPolicy) -> None:
    space = trace.space[flush.before]
    if flush.pages is None or (policy.ceiling is not None and flush.pages > policy.ceiling):
        made.emptied += 1
        made.drops.append((flush.before, space, ANY))
        return
    made.singles += flush.pages
    made.drops += [(flush.before, space, flush.va + KIB4 * number) for number in range(flush.pages)]
