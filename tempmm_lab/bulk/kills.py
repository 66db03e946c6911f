"""When each entry of the TLB is dropped by a switch or a flush: the part of `lru` that most traces do without."""

from __future__ import annotations

from typing import Any

from tempmm_lab.bulk.pages import Page, Pages
from tempmm_lab.bulk.plan import ANY, Plan

Array = Any  # NumPy is not there for every reader, nor for every type checker
FAR = 1 << 62


class Kills:
    """The drops of a plan, and the accesses whose entries they end."""

    def __init__(self, np: Any, plan: Plan, known: Pages, pages: list[Page], ids: Array, space: Array) -> None:
        self._np, self._plan, self._known, self._pages = np, plan, known, pages
        self._ids, self._space = ids, space
        self._bits = len(ids).bit_length() + 1

    def times(self) -> Array | None:
        """Give for each access the doubled time, less one, of the first drop after it of what it left behind."""
        if not self._plan.drops:
            return None
        np, everything, spaces, single = self._np, [], [], []
        for before, space, va in self._plan.drops:
            if va != ANY:
                single.append((before, space, va))
            elif space == ANY:
                everything.append((0, before))
            else:
                spaces.append((space, before))
        is_global = np.array([bool(page.found.global_) for page in self._pages]).take(self._ids)
        ends = np.minimum(self._first(everything, 0), self._first(spaces, self._space.astype(np.int64)))
        ends[is_global] = FAR
        return np.minimum(ends, self._singles(single))

    def _singles(self, drops: list[tuple[int, int, int]]) -> Array:
        """Give the end of each entry by INVLPG, for its own translation of whatever size."""
        np = self._np
        number = {key: at for at, key in enumerate(dict.fromkeys(page.key for page in self._pages))}
        tag = np.array([number[page.key] for page in self._pages], np.int64).take(self._ids)
        hit = [(number.get(self._known.get(space, va >> 12).key), before) for before, space, va in drops]
        return self._first([(at, before) for at, before in hit if at is not None], tag)

    def _first(self, drops: list[tuple[int, int]], group: Array | int) -> Array:
        """Give for each access the first drop of its group that comes after it."""
        np = self._np
        time = np.arange(len(self._ids))
        if not drops:
            return np.full(len(time), FAR, np.int64)
        packed = np.array(sorted(at << self._bits | before for at, before in drops), np.int64)
        place = np.searchsorted(packed, (group << self._bits) | time, side="right")
        found = packed.take(np.minimum(place, len(packed) - 1))
        mine = (place < len(packed)) & (found >> self._bits == group)
        return np.where(mine, 2 * (found & (1 << self._bits) - 1) - 1, FAR)
