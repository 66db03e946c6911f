"""One access at a time, through a TLB of a limited size: quick enough for a trace, and every answer says its reason.

`load` and `store` on a `Machine` are the model of what a processor *may* do. This is one processor that decided: its
TLB has a size and a rule for making room, and nothing happens that is not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tempmm_lab.bulk.shape import TlbShape
from tempmm_lab.bulk.walker import ALLOWED, GLOBAL, KINDS, Found, Walker, fault_of
from tempmm_lab.errors import a_thing, whole_number
from tempmm_lab.hw.address import Level
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, Fault, GeneralProtection, as_access

READ, WRITE, EXECUTE = Access.READ, Access.WRITE, Access.EXECUTE
SHIFTS = (12, 21, 30)
_make = tuple.__new__


class Answer(NamedTuple):
    """What came of one access.

    Attributes:
        pa: the physical address, or None after a fault.
        fault: None, a `PageFault` or a `GeneralProtection`.
        hit: whether the TLB held the translation; False after a fault.
        walked: where the entries are that were looked at, top first; empty if the TLB answered alone.
    """

    pa: int | None
    fault: Fault | None
    hit: bool
    walked: tuple[int, ...]

    def __str__(self) -> str:
        end = str(self.fault) if self.fault else f"physical address {self.pa:#x}"
        if not self.walked:
            return f"{'from the TLB' if self.hit else 'no table was read'}: {end}"
        top = len(self.walked)
        steps = ", ".join(f"{Level(top - n).entry_name} at {pa:#x}" for n, pa in enumerate(self.walked))
        return f"{'hit, but D is to be set' if self.hit else 'by a walk'} ({steps}): {end}"


class Translator:
    """A CPU's page tables and TLB, to be asked access by access.

    The A and D bits are set in this object's own copy of the memory: see `memory`. An access that page-faults also
    drops the page's entry (P-0326). Nothing is cached from a walk that faults.

    Raises:
        ModelError: an argument is of the wrong kind, or the registers do not select 4- or 5-level paging.
    """

    def __init__(
        self,
        memory: PhysicalMemory,
        registers: Registers,
        *,
        tlb: TlbShape | None = None,
        roots: Mapping[int, int] | None = None,
        processor: Processor | None = None,
        space: int = 0,
    ) -> None:
        self._walker = Walker(memory, registers, processor, roots)
        self.shape = TlbShape() if tlb is None else a_thing(tlb, TlbShape, "Give tlb=TlbShape(sets=16, ways=4).")
        self._sets: list[dict[int, Found]] = [{} for _ in range(self.shape.sets)]
        self._find, self._ways = self._walker.find, self.shape.ways
        self._mask, self._lru = self.shape.sets - 1, self.shape.policy == "lru"
        self._mixed = False  # whether a large or a global page was ever cached
        self.switch(space)

    @property
    def memory(self) -> PhysicalMemory:
        """The memory now, with the A and D bits that the accesses so far have set."""
        return self._walker.memory.with_words(self._walker.changed())

    def access(self, va: int, kind: Access) -> Answer:
        """Make one access, and say what came of it.

        Raises:
            ModelError: `va` is no 64-bit address, or `kind` no kind of access.
        """
        if type(va) is not int:
            va = int(whole_number(va, "an address"))
        number = 0 if kind is READ else 1 if kind is WRITE else 2 if kind is EXECUTE else _number(kind)
        page = va >> 12
        key = page | self._tag
        ways = self._sets[page & self._mask]
        entry = ways.get(key)
        if entry is not None:
            if entry.codes[number] != ALLOWED or (number == 1 and not entry.dirty):
                return self._uncommon(va, number)
            if self._lru:
                del ways[key]
                ways[key] = entry
            return _make(Answer, (entry.frame | va & 0xFFF, None, True, ()))
        if self._mixed:
            return self._uncommon(va, number)
        found = self._find(self._root, va)
        if not found.accessed or found.codes[number] != ALLOWED or found.mixed or (number == 1 and not found.dirty):
            return self._uncommon(va, number, found)
        if len(ways) == self._ways:
            del ways[next(iter(ways))]
        ways[key] = found
        return _make(Answer, (found.frame | va & 0xFFF, None, False, found.path))

    def _uncommon(self, va: int, number: int, found: Found | None = None) -> Answer:
        """Give the answer where a small page of this space is not simply there, or its walk is not a plain one."""
        key, ways, entry = self._look_up(va)
        if entry is not None and entry.codes[number] != ALLOWED:
            return self._refused(va, entry, number, hit=True)
        if entry is not None and (number != 1 or entry.dirty):
            self._use(ways, key, entry)
            return Answer(entry.frame | va & entry.offset, None, hit=True, walked=())
        if found is None:
            found = self._find(self._root, va)
        if found.codes[number] != ALLOWED:
            return self._refused(va, found, number, hit=False)
        if number == 1 or not found.accessed:
            self._walker.mark(found, write=number == 1)
            found.dirty |= number == 1
        if found.mixed:
            self._mixed = True
            key, ways = self._place(found, va)
        if entry is None and len(ways) == self.shape.ways:
            del ways[next(iter(ways))]
        self._use(ways, key, found)
        return _make(Answer, (found.frame | va & found.offset, None, entry is not None, found.path))

    def _use(self, ways: dict[int, Found], key: int, entry: Found) -> None:
        """Put an entry into its set: in front if it counts when it was used last, else where it was."""
        if self._lru:
            ways.pop(key, None)
        ways[key] = entry

    def _refused(self, va: int, found: Found, number: int, *, hit: bool) -> Answer:
        fault = fault_of(found.codes[number], va)
        if hit and not isinstance(fault, GeneralProtection):
            self.invlpg(va)
        return _make(Answer, (None, fault, False, () if hit else found.path))

    def _look_up(self, va: int) -> tuple[int, dict[int, Found], Found | None]:
        """Give the key and set of the page of `va`, and its entry: a small page's if no other is there."""
        key = va >> 12 | self._tag
        if self._mixed:
            for tag in (self._tag, GLOBAL << 52):
                for size, shift in enumerate(SHIFTS):
                    other, ways = va >> shift | tag | size << 66, self._sets[va >> shift & self._mask]
                    if other in ways:
                        return other, ways, ways[other]
        ways = self._sets[va >> 12 & self._mask]
        return key, ways, ways.get(key)

    def _place(self, found: Found, va: int) -> tuple[int, dict[int, Found]]:
        size = {(1 << shift) - 1: number for number, shift in enumerate(SHIFTS)}[found.offset]
        number = va >> SHIFTS[size]
        tag = GLOBAL << 52 if found.global_ else self._tag
        return number | tag | size << 66, self._sets[number & self._mask]

    def switch(self, space: int, *, keep: bool = True) -> None:
        """MOV CR3: go to another address space. With `keep` (bit 63) nothing is dropped, else what that space had."""
        self.space = whole_number(space, "an address space", bits=12)
        self._tag, self._root = self.space << 52, self._walker.root(self.space)
        if not keep:
            self.drop_space(self.space)

    def drop_space(self, space: int | None = None) -> None:
        """Drop what is cached for one address space, or for all (None). Global translations stay."""
        for ways in self._sets:
            for key in [key for key in ways if _dropped(key >> 52 & 0x1FFF, space)]:
                del ways[key]

    def invlpg(self, va: int) -> None:
        """INVLPG: drop the translation of one address in this space, and its global one."""
        whole_number(va, "an address")
        for tag in (self._tag, GLOBAL << 52):
            for size, shift in enumerate(SHIFTS):
                self._sets[va >> shift & self._mask].pop(va >> shift | tag | size << 66, None)


def _dropped(tag: int, space: int | None) -> bool:
    return tag != GLOBAL and space in (None, tag)


def _number(kind: object) -> int:
    return KINDS.index(as_access(kind))
