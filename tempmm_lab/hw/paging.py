"""Paging-structure entries: 64-bit words, the bits in them, and which bits are reserved.

Source: Intel SDM vol. 3, "4-Level Paging and 5-Level Paging"; AMD APM vol. 2, "Long-Mode Page Translation".
"""

from __future__ import annotations

from tempmm_lab.errors import ModelError, a_thing, whole_number
from tempmm_lab.hw.address import ADDRESS_BITS, GIB1, KIB4, MIB2, Hex, Level

P, RW, US, PWT, PCD, A, D, PS, G = (1 << bit for bit in range(9))
PAT_4K = 1 << 7
PAT_LARGE = 1 << 12
NX = 1 << 63

FLAGS: dict[str, int] = {"P": P, "RW": RW, "US": US, "PWT": PWT, "PCD": PCD, "A": A, "D": D, "PS": PS, "G": G, "NX": NX}
"""The architectural flags by the names used all through the book."""

PAGE_SIZES = {Level.PT: KIB4, Level.PD: MIB2, Level.PDPT: GIB1}
"""What a leaf at each level maps, in bytes."""


class Entry(Hex):
    """One paging-structure entry: a 64-bit word whose bits have names."""

    __slots__ = ()

    present = property(lambda self: bool(self & P), doc="P: the entry may be used.")
    rw = property(lambda self: bool(self & RW), doc="R/W: writes may be allowed below here.")
    user = property(lambda self: bool(self & US), doc="U/S: user-mode accesses may be allowed below here.")
    accessed = property(lambda self: bool(self & A), doc="A: the processor has used this entry.")
    dirty = property(lambda self: bool(self & D), doc="D: the processor has written to the page (leaf only).")
    ps = property(lambda self: bool(self & PS), doc="PS: this PDPTE or PDE maps a large page.")
    global_ = property(lambda self: bool(self & G), doc="G: the translation survives MOV CR3 (leaf only).")
    nx = property(lambda self: bool(self & NX), doc="XD/NX: no instruction fetch below here.")

    @classmethod
    def of(cls, address: int, flags: str = "P RW US A D") -> Entry:
        """Make an entry from a physical address and flag names.

        >>> Entry.of(0x180d000, "P RW A D NX")
        0x800000000180d063
        """
        pa = whole_number(address, "a physical address", bits=52)
        if pa & (KIB4 - 1):
            msg = f"An entry holds the address of a whole 4 KiB frame; {pa:#x} does not end in three zero digits."
            raise ModelError(msg)
        word = pa
        for name in a_thing(flags, str, 'Flags are names in one string, such as "P RW US".').split():
            if name not in FLAGS:
                msg = f"There is no flag {name!r}. The names are {', '.join(FLAGS)}."
                raise ModelError(msg)
            word |= FLAGS[name]
        return cls(word)

    @property
    def flags(self) -> str:
        """The names of the bits that are set, lowest first. Bit 7 is called PS at every level."""
        return " ".join(name for name, bit in FLAGS.items() if self & bit)

    @property
    def address(self) -> Hex:
        """Bits 51:12: the physical address of the next table or of a 4 KiB page."""
        return Hex(self & ADDRESS_BITS)

    def is_leaf(self, level: Level) -> bool:
        """Say whether an entry of `level` maps a page: every PTE does, and a PDE or PDPTE with PS set."""
        return level == Level.PT or (level in (Level.PD, Level.PDPT) and self.ps)

    def frame(self, level: Level) -> Hex:
        """The physical address of the page that a leaf of `level` maps."""
        return Hex(self & ADDRESS_BITS & ~(PAGE_SIZES[level] - 1))


def reserved_bits(level: Level, entry: int, *, nxe: bool, vendor: str, maxphyaddr: int, gb_pages: bool) -> Hex:
    """Give the bits of a present entry that are set although the processor reserves them; 0 if there are none.

    Reserved are: address bits from MAXPHYADDR up to 51; NX while EFER.NXE is 0; PS in a PML4E or PML5E, and in a
    PDPTE of a processor without 1 GiB pages; the low address bits of a large page; and, on AMD only, bit 8 of a
    PML4E or PML5E.
    """
    reserved = ADDRESS_BITS & ~((1 << maxphyaddr) - 1)
    if not nxe:
        reserved |= NX
    if level >= Level.PML4:
        reserved |= PS | (G if vendor == "amd" else 0)
    elif level == Level.PDPT and not gb_pages:
        reserved |= PS
    elif level > Level.PT and entry & PS:
        reserved |= (PAGE_SIZES[level] - 1) & ~(KIB4 - 1) & ~PAT_LARGE
    return Hex(entry & reserved)
