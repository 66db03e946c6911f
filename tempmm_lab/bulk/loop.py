"""A trace through the TLB, one access after another, with the standard library alone; also the judge of `lru`."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from tempmm_lab.bulk.addresses import AddressTrace
from tempmm_lab.bulk.pages import Page, Pages
from tempmm_lab.bulk.plan import ANY, Drop, Plan
from tempmm_lab.bulk.shape import TlbShape
from tempmm_lab.bulk.walker import ALLOWED, GLOBAL, PROTECTION, Walker
from tempmm_lab.hw.paging import D

Key = tuple[int, int, int]


@dataclass(slots=True)
class Run:
    """What came of each access: physical address (0 after a fault), code, 1 for a hit; and walks only to set D."""

    pa: array[int]
    fault: array[int]
    hit: bytearray
    dirty_walks: int
    changed: dict[int, int]


class Loop:
    """The TLB's sets, and the accesses one after another."""

    def __init__(self, walker: Walker, trace: AddressTrace, shape: TlbShape) -> None:
        self._walker, self._trace, self._shape = walker, trace, shape
        self._pages = Pages(walker, shape.sets)
        self._sets: list[dict[Key, bool]] = [{} for _ in range(shape.sets)]  # key -> dirty, the next to go first
        self._dirty: dict[int, bool] = {}  # leaf -> whether D is set in memory by now
        size = len(trace)
        self._run = Run(array("Q", bytes(8 * size)), array("h", [ALLOWED]) * size, bytearray(size), 0, {})

    def run(self, plan: Plan) -> Run:
        """Make every access, with the drops between them."""
        begin = 0
        for drop in plan.drops:
            self._accesses(begin, drop[0])
            begin = drop[0]
            self._drop(drop)
        self._accesses(begin, len(self._trace))
        self._run.changed = self._pages.finish()
        return self._run

    def _accesses(self, begin: int, end: int) -> None:
        trace, run, known = self._trace, self._run, self._pages.known
        pa, fault = run.pa, run.fault
        part = slice(begin, end)
        for number, va, kind, space in zip(
            range(begin, end), trace.va[part], trace.kind[part], trace.space[part], strict=True
        ):
            page = known.get(space << 52 | va >> 12) or self._pages.get(space, va >> 12)
            found = page.found
            code = found.codes[kind]
            if code == ALLOWED:
                pa[number] = found.frame | va & found.offset
                self._through(page, number, write=kind == 1)
            else:
                fault[number] = code
                if page.key and code != PROTECTION:  # a page fault drops the page's entry
                    self._sets[page.index].pop(page.key, None)

    def _through(self, page: Page, number: int, *, write: bool) -> None:
        """Take one access that succeeds through the TLB."""
        ways, key = self._sets[page.index], page.key
        assert key is not None
        if key in ways:
            self._run.hit[number] = 1
            if write and not ways[key]:
                self._run.dirty_walks += 1
                ways[key] = True
                self._walked(page, write=True)
            if self._shape.policy == "lru":
                ways[key] = ways.pop(key)
        else:
            if len(ways) == self._shape.ways:
                del ways[next(iter(ways))]
            ways[key] = write or self._is_dirty(page)
            self._walked(page, write=write)

    def _walked(self, page: Page, *, write: bool) -> None:
        """Note that this page's own entries get A, and D."""
        page.used = True
        if write:
            page.written = self._dirty[page.found.path[-1]] = True

    def _is_dirty(self, page: Page) -> bool:
        leaf = page.found.path[-1]
        return self._dirty.setdefault(leaf, bool(self._walker.words[leaf] & D))

    def _drop(self, drop: Drop) -> None:
        _, space, va = drop
        if va != ANY:
            page = self._pages.get(space, va >> 12)
            if page.key:
                self._sets[page.index].pop(page.key, None)
            return
        for ways in self._sets:
            for key in [key for key in ways if key[0] != GLOBAL and space in (ANY, key[0])]:
                del ways[key]
