"""A trace through an LRU TLB with NumPy, without a loop over time.

Each set is a stack, the last used on top; an access hits if its page is among the first `ways`. What stands at place
p of the stack after an access that got past the places above is what stood at p-1 before: so the accesses that get to
place p, in a row, hand each other what they push down, and one shift of an array gives every stack's place p at every
moment. An entry is named by the access that put it there. It ends when its page is touched again or dropped; a place
whose entry has ended is empty, and an access that finds one goes no deeper. (Places that were never filled hold what
belongs to nobody, and that cannot be told from an entry that nobody asks for: it sinks and falls off the bottom.)
"""

from __future__ import annotations

from array import array
from typing import Any

from tempmm_lab.bulk.addresses import AddressTrace
from tempmm_lab.bulk.kills import Kills
from tempmm_lab.bulk.loop import Loop, Run
from tempmm_lab.bulk.pages import Page, Pages
from tempmm_lab.bulk.plan import Plan
from tempmm_lab.bulk.shape import TlbShape
from tempmm_lab.bulk.walker import ALLOWED, PROTECTION, Walker
from tempmm_lab.hw.paging import D

Array = Any  # NumPy is not there for every reader, nor for every type checker


class Lru:
    """One trace on its way through one TLB. Times are numbers of accesses, doubled: a drop comes at an odd one."""

    def __init__(self, walker: Walker, trace: AddressTrace, shape: TlbShape) -> None:
        import numpy as np

        self._np, self._walker, self._trace, self._shape = np, walker, trace, shape
        self._va = np.frombuffer(trace.va, np.uint64)
        self._kind = np.frombuffer(trace.kind, np.uint8)
        self._space = np.frombuffer(trace.space, np.uint16)
        self._time = np.int64 if len(trace) >> 29 else np.int32  # half the bytes, half the way to memory
        self._far = int(np.iinfo(self._time).max)
        self._pages = Pages(walker, shape.sets)

    def run(self, plan: Plan) -> Run:
        """Give what came of every access."""
        np = self._np
        order, first = self._by_page()
        pages = [self._pages.get(space, number) for space, number in self._names(order[first])]
        if len({self._space.min(), self._space.max()}) > 1 and any(page.found.global_ for page in pages):
            return Loop(self._walker, self._trace, self._shape).run(plan)  # each space has a D of its own for them
        ids = np.empty(len(order), self._time)
        ids[order] = np.cumsum(first, dtype=self._time) - 1
        codes = np.array([page.found.codes for page in pages], np.int16)
        asked = ids * 3 + self._kind
        fault = codes.reshape(-1).take(asked)
        pa = self._addresses(pages, ids, fault)
        ends = self._ends(pages, ids, order, first, fault)
        kills = Kills(np, plan, self._pages, pages, ids, self._space).times()
        if kills is not None:
            ends = np.minimum(ends, kills).astype(self._time)
        index = np.array([page.index for page in pages], np.uint16).take(ids)
        hit = self._hits(index, fault, ends)
        dirty = self._dirty_walks(pages, ids, fault, hit)
        self._use(pages, asked, codes)
        return Run(_array("Q", pa), _array("h", fault), bytearray(hit), dirty, self._pages.finish())

    def _by_page(self) -> tuple[Array, Array]:
        """Give the accesses sorted by page and then by time, and where in that order a new page begins."""
        np = self._np
        key = self._va >> np.uint64(12)
        width, spaces = int(key.max()).bit_length(), int(self._space.max())
        if spaces:
            key |= self._space.astype(np.uint64) << np.uint64(width)
        bits = (len(key) - 1).bit_length()
        if width + spaces.bit_length() + bits > 64:  # too wide to carry the time along
            order = np.argsort(key, kind="stable")
            tag = key[order]
        else:
            key <<= np.uint64(bits)
            key |= np.arange(len(key), dtype=np.uint64)
            key.sort()
            order = key.astype(np.uint32 if bits <= 32 else np.uint64).astype(self._time)
            order &= (1 << bits) - 1
            key >>= np.uint64(bits)
            tag = key
        return order, _new(np, tag)

    def _names(self, order: Array) -> list[tuple[int, int]]:
        """Give space and page number of some accesses."""
        return list(zip(self._space[order].tolist(), (self._va[order] >> self._np.uint64(12)).tolist(), strict=True))

    def _addresses(self, pages: list[Page], ids: Array, fault: Array) -> Array:
        np = self._np
        frames = np.array([page.found.frame for page in pages], np.uint64).take(ids)
        offsets = np.array([page.found.offset for page in pages], np.uint64)
        same = len(offsets) and bool((offsets == offsets[0]).all())
        frames |= self._va & (offsets[0] if same else offsets.take(ids))
        frames[np.flatnonzero(fault != ALLOWED)] = 0
        return frames

    def _ends(self, pages: list[Page], ids: Array, order: Array, first: Array, fault: Array) -> Array:
        """Give for each access when the entry it leaves behind is touched again, or dropped by a page fault."""
        np = self._np
        keys = {page.key for page in pages if page.key}
        if len(keys) < sum(bool(page.key) for page in pages):  # several pages share a large or global translation
            number = {key: at for at, key in enumerate(keys)}
            tag = np.array([number.get(page.key, -1 - at) for at, page in enumerate(pages)], np.int64)  # type: ignore[arg-type]
            order = np.argsort(tag.take(ids), kind="stable")
            first = _new(np, tag.take(ids)[order])
        if fault.min() == PROTECTION:  # a #GP comes before the TLB is asked
            kept = fault.take(order) != PROTECTION
            group = np.cumsum(first)[kept]
            order, first = order[kept], _new(np, group)
        ends = np.full(len(ids), self._far, self._time)
        after = 2 * order[1:]
        after[first[1:]] = self._far
        ends[order[:-1]] = after
        return ends

    def _hits(self, index: Array, fault: Array, ends: Array) -> Array:
        """Give 1 for each access that finds its page in the first `ways` places of its set's stack."""
        np = self._np
        allowed = fault == ALLOWED
        order = np.argsort(index.astype(np.uint8) if self._shape.sets <= 256 else index, kind="stable")
        order = order.astype(self._time).compress(allowed.take(order))
        result = allowed.view(np.uint8)
        if len(order):
            ends, now = ends.take(order), 2 * order  # both by place in `order` from here on
            result[order.take(self._misses(ends, now))] = 0
        return result

    def _misses(self, ends: Array, now: Array) -> Array:
        """Give the places of the accesses that find their page nowhere."""
        np = self._np
        here = np.arange(len(now), dtype=self._time)
        end, pushed = np.empty_like(ends), here - 1
        end[0], end[1:] = self._far, ends[:-1]  # nobody is there yet
        time = now
        stopped = np.empty(0, self._time)  # what found an empty place higher up, and may still be below it
        for _ in range(self._shape.ways - 1):
            goes_on, early = end > time, end < time
            waiting = here.compress(early) if early.any() else stopped[:0]
            here, above = here.compress(goes_on), pushed.compress(goes_on)
            if not len(here):
                return np.concatenate([stopped, waiting])
            pushed = np.empty_like(above)
            pushed[0], pushed[1:] = 0, above[:-1]
            end, time = ends.take(pushed), now.take(here)
            end[0] = self._far
            stopped = self._below(np.concatenate([stopped, waiting]), here, above, (ends, now))
        return np.concatenate([stopped, here.compress(end != time)])

    def _below(self, stopped: Array, here: Array, above: Array, times: tuple[Array, Array]) -> Array:
        """Look for the pages of accesses that stopped higher up, at this place of their stacks; give the rest."""
        if not len(stopped):
            return stopped
        np, (ends, now) = self._np, times
        at = np.searchsorted(here, stopped) - 1  # the last access before that changed this place
        entry = above.take(np.maximum(at, 0))
        found = (at >= 0) & (ends.take(entry) == now.take(stopped))
        return stopped[~found]

    def _dirty_walks(self, pages: list[Page], ids: Array, fault: Array, hit: Array) -> int:
        """Count the writes that hit an entry whose D was clear: only a key's first write can be one."""
        np = self._np
        number = {key: at for at, key in enumerate(dict.fromkeys(page.key for page in pages))}
        tag = np.array([number[page.key] for page in pages], np.int64)
        leaf = {number[page.key]: page.found.path[-1] for page in pages if page.key}
        clean = {number[page.key] for page in pages if page.key and not self._walker.words[page.found.path[-1]] & D}
        allowed = fault == ALLOWED
        writes = np.flatnonzero(allowed & (self._kind == 1))
        first = np.full(len(number), self._far, self._time)
        first[tag.take(ids.take(writes))[::-1]] = writes[::-1]  # of equal places the last one written stays
        written: dict[int, int] = {}
        for at, time in enumerate(first.tolist()):
            if time != self._far:
                written[leaf[at]] = min(time, written.get(leaf[at], self._far))
        times = {at: time for at, time in enumerate(first.tolist()) if at in clean and time != self._far and hit[time]}
        filled = self._last_fills(times, tag, ids, allowed & (hit == 0), first, written, leaf)
        return sum(filled[at] < written[leaf[at]] for at in times)

    def _last_fills(
        self,
        times: dict[int, int],
        tag: Array,
        ids: Array,
        missed: Array,
        first: Array,
        written: dict[int, int],
        leaf: dict[int, int],
    ) -> dict[int, int]:
        """Give when the entry that each first write hits was filled. Matters only where two keys share a leaf."""
        if all(written[leaf[at]] == time for at, time in times.items()):
            return dict.fromkeys(times, -1)
        np = self._np
        misses = np.flatnonzero(missed)
        keys = tag.take(ids.take(misses))
        before = misses < first.take(keys)
        last = np.full(len(first), -1, np.int64)
        last[keys[before]] = misses[before]
        return {at: int(last[at]) for at in times}

    def _use(self, pages: list[Page], asked: Array, codes: Array) -> None:
        """Note which pages were used and written."""
        np = self._np
        seen = np.zeros(codes.size, bool)
        seen[asked] = True
        worked = (seen & (codes.reshape(-1) == ALLOWED)).reshape(-1, 3)
        for page, used, written in zip(pages, worked.any(1).tolist(), worked[:, 1].tolist(), strict=True):
            page.used, page.written = used, written


def _new(np: Any, values: Array) -> Array:
    """Say where a value differs from the one before; the first does."""
    new = np.empty(len(values), bool)
    new[:1] = True
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new


def _array(code: str, values: Array) -> array[int]:
    found: array[int] = array(code)
    found.frombytes(memoryview(values).cast("B"))
    return found
