"""The walk of `hw`, made ready for very many accesses under one set of registers.

Which bits are reserved, who is refused and with which code are asked of `hw` once, for every case there is; what is
left for each page is the descent. `translate()` gives the same answers and explains them.
"""

from __future__ import annotations

from collections.abc import Mapping

from tempmm_lab.errors import ModelError, a_thing, whole_number
from tempmm_lab.hw.address import ADDRESS_BITS, KIB4, Hex, Level, is_canonical
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.paging import PS, A, D, G, P, reserved_bits
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import PCID_MASK, Registers
from tempmm_lab.hw.rights import (
    Access,
    Fault,
    GeneralProtection,
    PageFault,
    Rights,
    page_fault,
    refusal,
    refused_before_paging,
)

KINDS = (Access.READ, Access.WRITE, Access.EXECUTE)
"""Kinds of access by the numbers they have in a trace."""
ALLOWED, PROTECTION = -1, -2
"""What stands in a list of error codes where there is none: no fault, and a #GP."""
GLOBAL = PCID_MASK + 1
"""The tag of a global translation, which serves every address space."""

Codes = tuple[int, int, int]


class Found:
    """What the tables say of one page. A TLB entry is one of these.

    Attributes:
        codes: for a read, a write and a fetch: ALLOWED, PROTECTION, or the error code of a #PF.
        frame: physical address of the page; 0 if none was reached.
        offset: the page's size less one; 0 if no page was reached.
        path: where the entries looked at are, top first.
        dirty: whether D is set in the leaf, as far as this copy knows.
        accessed: whether A was set in every entry before.
        mixed: 0 for a small page of one space; else G (bit 8) if it serves every space, and 1 if it is large. More than
            one key has to be tried for these.
    """

    __slots__ = ("accessed", "codes", "dirty", "frame", "mixed", "offset", "path")

    def __init__(
        self,
        codes: Codes,
        path: tuple[int, ...],
        frame: int = 0,
        offset: int = 0,
        dirty: int = 0,
        accessed: int = 0,
        mixed: int = 0,
    ) -> None:
        self.codes = codes
        self.path = path
        self.frame = frame
        self.offset = offset
        self.dirty = dirty
        self.accessed = accessed
        self.mixed = mixed

    @property
    def global_(self) -> bool:
        """Whether it serves every address space."""
        return bool(self.mixed & G)


def fault_of(code: int, va: int) -> Fault | None:
    """Give the exception that a code stands for."""
    if code == ALLOWED:
        return None
    return GeneralProtection() if code == PROTECTION else PageFault(Hex(code), Hex(va))


class Walker:
    """Page tables, registers and a processor, ready to be asked. Its copy of memory takes the A and D bits."""

    def __init__(
        self,
        memory: PhysicalMemory,
        registers: Registers,
        processor: Processor | None,
        roots: Mapping[int, int] | None = None,
    ) -> None:
        if processor is None:
            processor = Processor()
        a_thing(processor, Processor, "Give processor=Processor(maxphyaddr=40).")
        a_thing(memory, PhysicalMemory, "Give the memory first: PhysicalMemory.from_words({...}).")
        a_thing(registers, Registers, "Give Registers second, such as snapshot.registers.").require_long_mode()
        self.memory, self.registers = memory, registers
        self._before = memory.plain()
        self.words = dict(self._before)
        self._address = ADDRESS_BITS & ((1 << processor.maxphyaddr) - 1)
        self._top = int(registers.cr3) & self._address
        self.roots = _checked(roots) if roots is not None else None
        self._pge = G if registers.bit("PGE") else 0
        self._middle = 1 << 11 + 9 * registers.levels
        self._low, self._high = _Half(registers, 0), _Half(registers, (1 << 64) - KIB4)
        self._reserved = {n: _reserved(Level(n), registers, processor) for n in range(1, registers.levels + 1)}
        self._stop_leaf = self._reserved[1][0]
        self._stop_upper = PS
        for level in range(2, registers.levels + 1):
            self._stop_upper |= self._reserved[level][0]
        self._written_out = self._middle if registers.levels == 4 else 0

    def root(self, space: int) -> int:
        """Give the top table of an address space: the one in CR3 unless `roots` were given.

        Raises:
            ModelError: roots were given, and none for this space.
        """
        if self.roots is None:
            return self._top
        if space not in self.roots:
            raise ModelError(f"The trace uses address space {space}, and roots has no top table for it.")
        return self.roots[space] & self._address

    def find(self, root: int, va: int) -> Found:
        """Give what the tables below `root` say of the page of `va`.

        Four levels down to a small page of the lower half, with nothing in the way, is written out; all else is left
        to the loop in `_descend`.
        """
        if not 0 <= va < self._written_out:
            return self._descend(root, va)
        words = self.words
        try:
            word4 = words[at4 := root | va >> 36 & 0xFF8]
            word3 = words[at3 := word4 & ADDRESS_BITS | va >> 27 & 0xFF8]
            word2 = words[at2 := word3 & ADDRESS_BITS | va >> 18 & 0xFF8]
            word1 = words[at1 := word2 & ADDRESS_BITS | va >> 9 & 0xFF8]
        except KeyError:
            return self._descend(root, va)
        both, upper = word4 & word3 & word2, word4 | word3 | word2
        if not both & P or upper & self._stop_upper or word1 & self._stop_leaf:
            return self._descend(root, va)
        path = (at4, at3, at2, at1)
        if not word1 & P:
            return Found(self._low.absent, path)
        both &= word1
        codes = self._low.rights[both & 6 | (upper | word1) >> 63]
        return Found(codes, path, word1 & ADDRESS_BITS, 0xFFF, word1 & D, both & A, word1 & self._pge)

    def _descend(self, root: int, va: int) -> Found:
        """Give the same for any address and any tables: level by level, until an entry ends the walk."""
        if not 0 <= va < self._middle and not is_canonical(va, self.registers.levels):
            return Found((PROTECTION,) * 3, ())
        table, both, any_ = root, -1, 0
        path: list[int] = []
        for level in range(self.registers.levels, 0, -1):
            path.append(table | va >> 9 * level & 0xFF8)
            word = self._word(path[-1])
            if level == 1 or not word & P or word & (PS | self._reserved[level][0]):
                break
            table, both, any_ = word & ADDRESS_BITS, both & word, any_ | word
        return self._end(va, path, both, any_)

    def _end(self, va: int, path: list[int], both: int, any_: int) -> Found:
        """Give how a walk ends that does not end at a small page of the lower half."""
        half = self._high if va >= self._middle else self._low
        level, word = self.registers.levels + 1 - len(path), self.words[path[-1]]
        if not word & P:
            return Found(half.absent, tuple(path))
        if word & self._reserved[level][bool(word & PS)]:
            return Found(half.reserved, tuple(path))
        offset, both = Level(level).span - 1, both & word
        codes, frame = half.rights[both & 6 | (any_ | word) >> 63], word & ADDRESS_BITS & ~offset
        mixed = word & self._pge | (level > 1)
        return Found(codes, tuple(path), frame, offset, word & D, both & A, mixed)

    def _word(self, at: int) -> int:
        """Give a word: 0 for one that nobody wrote; in a recording that lacks it this is an `UnknownWord`."""
        word = self.words.get(at)
        if word is None:
            word = self.words[at] = int(self.memory.read64(at))
        return word

    def mark(self, found: Found, *, write: bool) -> None:
        """Set A in every entry of a successful access, and D in the leaf of a write."""
        words = self.words
        if not found.accessed:
            for at in found.path:
                words[at] |= A
        if write:
            words[found.path[-1]] |= D

    def changed(self) -> dict[int, int]:
        """Give the words in which the A and D bits set so far differ from the memory given: `{address: word}`."""
        before = self._before
        return {at: word for at, word in self.words.items() if word and word != before.get(at)}


class _Half:
    """The codes of one half of the address space: of rights by the bits (US 4, RW 2, NX 1), and of a broken walk."""

    def __init__(self, registers: Registers, va: int) -> None:
        self.absent = _codes(registers, va, None, present=False)
        self.reserved = _codes(registers, va, None, reserved=True)
        every = [Rights(bool(bits & 4), bool(bits & 2), bool(bits & 1)) for bits in range(8)]
        self.rights = [_codes(registers, va, rights) for rights in every]


def _codes(
    registers: Registers, va: int, rights: Rights | None, *, present: bool = True, reserved: bool = False
) -> Codes:
    """Ask `hw` about each kind of access to a page with these rights, or (None) to one that no walk reaches."""
    codes = []
    for access in KINDS:
        code = ALLOWED
        if refused_before_paging(registers, va, access):
            code = PROTECTION
        elif rights is None or refusal(registers, rights, access):
            code = int(page_fault(registers, va, access, present=present, reserved=reserved).error_code)
        codes.append(code)
    read, write, fetch = codes
    return read, write, fetch


def _reserved(level: Level, registers: Registers, processor: Processor) -> tuple[int, int]:
    """Give the reserved bits of an entry with PS clear, and with PS set."""
    nxe, (vendor, width, gb) = registers.bit("NXE"), (processor.vendor, processor.maxphyaddr, processor.gb_pages)
    every = (1 << 64) - 1
    clear, with_ps = (
        int(reserved_bits(level, bits, nxe=nxe, vendor=vendor, maxphyaddr=width, gb_pages=gb))
        for bits in (every & ~PS, every)
    )
    return clear, with_ps


def _checked(roots: Mapping[int, int]) -> dict[int, int]:
    advice = "Give roots as a dict from address space to top table, such as {0: 0x1000, 1: 0x9000}."
    a_thing(roots, Mapping, advice)
    return {
        whole_number(space, "an address space", bits=12): whole_number(top, "a top table", bits=52)
        for space, top in roots.items()
    }
