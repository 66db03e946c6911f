"""The pages that a trace meets: each is walked once, since the tables do not change on the way."""

from __future__ import annotations

from tempmm_lab.bulk.walker import GLOBAL, Found, Walker
from tempmm_lab.errors import ModelError

SHIFT = {0xFFF: 12, 0x1F_FFFF: 21, 0x3FFF_FFFF: 30}


class Page:
    """One page of 4 KiB in one space: what the tables say, and under which key and in which set the TLB has it.

    Attributes:
        found: the tables' answer.
        key: space or GLOBAL, size and number of the translation it belongs to; None if there is none.
        index: the TLB's set.
        used, written: whether an access, or a write, succeeded.
    """

    __slots__ = ("found", "index", "key", "used", "written")

    def __init__(self, found: Found, space: int, va: int, sets: int) -> None:
        self.found, self.used, self.written = found, False, False
        shift = SHIFT.get(found.offset, 12)
        self.key = (GLOBAL if found.global_ else space, shift, va >> shift) if found.offset else None
        self.index = va >> shift & sets - 1


class Pages:
    """Every page asked for so far, by space and page number."""

    def __init__(self, walker: Walker, sets: int) -> None:
        self._walker, self._sets = walker, sets
        self.known: dict[int, Page] = {}

    def get(self, space: int, number: int) -> Page:
        """Give the page with this number (its address / 4096) in a space."""
        page = self.known.get(space << 52 | number)
        if page is None:
            found = self._walker.find(self._walker.root(space), number << 12)
            page = self.known[space << 52 | number] = Page(found, space, number << 12, self._sets)
        return page

    def finish(self) -> dict[int, int]:
        """Set the A and D bits of what was used, and give the words that changed."""
        self._check_global()
        for page in self.known.values():
            if page.used and (page.written or not page.found.accessed):
                self._walker.mark(page.found, write=page.written)
        return self._walker.changed()

    def _check_global(self) -> None:
        """Refuse tables in which a global page is not the same in every space: the TLB would mix them up."""
        everywhere = {page.key: page.found for page in self.known.values() if page.key and page.key[0] == GLOBAL}
        for place, page in self.known.items() if everywhere else ():
            va = place << 12 & (1 << 64) - 1
            for shift in SHIFT.values():
                other = everywhere.get((GLOBAL, shift, va >> shift))
                if other and not _same(other, page.found):
                    raise ModelError(
                        f"{va:#x} is a global page in one address space and something else in another. "
                        "Leave G out of its entry, or map it alike in all."
                    )


def _same(one: Found, other: Found) -> bool:
    return (one.frame, one.offset, one.codes) == (other.frame, other.offset, other.codes) and bool(other.global_)
