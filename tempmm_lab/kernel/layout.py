"""Where everything lies: the addresses a model machine uses, and page tables made of real entries.

Small on purpose: one page of each kind. Every address space shares the kernel half through one top entry, as in
Linux; efi_mm has a PDPT of its own there, with a window for firmware.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tempmm_lab.hw.address import KIB4, Hex, Level

INIT_MM, TEXT_POKE_MM, EFI_MM = "init_mm", "text_poke_mm", "efi_mm"
USER_MM, OTHER_MM = "user_mm", "other_mm"
LOADED_MM_SWITCHING = "LOADED_MM_SWITCHING"
"""What `loaded_mm` holds while CR3 changes. In C it is the pointer value 1."""

TEXT = (Hex(0xFFFF_FFFF_8100_0000), Hex(0xFFFF_FFFF_8100_1000))
"""Two pages of kernel text, mapped read-only and executable."""
TEXT_FRAMES = (Hex(0x10_0000), Hex(0x10_1000))
ALIAS = Hex(0x5D4A_083E_7000)
"""text_poke_mm_addr: chosen at boot, always in the lower half (S33)."""
FIXMAP = (Hex(0xFFFF_FFFF_FF57_8000), Hex(0xFFFF_FFFF_FF57_9000))
"""FIX_TEXT_POKE0 and 1, where kernels before v5.2 put the alias: in the half that everyone shares."""
USER_CODE, USER_PAGE = Hex(0x7F00_0000_0000), Hex(0x7F00_0000_1000)
EFI_1TO1, EFI_WINDOW = Hex(0x30_0000), Hex(0xFFFF_FFFE_FE00_0000)
"""Firmware's code: at its physical address, and in the window below -4 GiB. Both map the same frame."""
FRAMES = {USER_MM: (Hex(0x20_0000), Hex(0x20_1000)), OTHER_MM: (Hex(0x21_0000), Hex(0x21_1000))}
"""The frames of each user mm's code page and data page."""

TABLE = 0x67  # P RW US A D, what Linux puts into table pointers of the lower half
KERNEL_TABLE = 0x63
PAGE_KERNEL = 0x8000_0000_0000_0163  # P RW A D G NX
ALIAS_PTE = 0x8000_0000_0000_0063  # the same without G (S32)
TEXT_PTE = 0x161  # P A D G
USER_CODE_PTE, USER_PAGE_PTE = 0x65, 0x8000_0000_0000_0067
EFI_CODE_PTE = 0x63  # P RW A D: writable and executable, without a memory-attributes table (S94)

BASES = {INIT_MM: 0x1_0000, TEXT_POKE_MM: 0x2_0000, EFI_MM: 0x3_0000, USER_MM: 0x4_0000, OTHER_MM: 0x5_0000}
CTX_IDS = {INIT_MM: 1, TEXT_POKE_MM: 2, EFI_MM: 3, USER_MM: 4, OTHER_MM: 5}
KERNEL_PDPT = 0x8000
USER_PGD_BIT = 1 << 12
"""With PTI the user's top table is the page after the kernel's."""


@dataclass(frozen=True, slots=True)
class Mm:
    """What is fixed about an mm: its identity and its top table. What changes is in cells and in the CPUs' masks."""

    name: str
    ctx_id: int
    pgd: Hex
    temporary: bool = False


@dataclass(slots=True)
class Tables:
    """Page tables under construction: words by physical address, and where the next table page goes."""

    words: dict[int, int] = field(default_factory=dict)

    def map(self, pgd: int, free: int, va: int, leaf: int, pointer: int = TABLE) -> int:
        """Map one 4 KiB page below `pgd`, with new tables from `free` on; give what is still free."""
        table = pgd
        for level in (Level.PML4, Level.PDPT, Level.PD):
            place = table + 8 * level.index(va)
            if place not in self.words:
                self.words[place] = free | pointer
                free += KIB4
            table = self.words[place] & 0x000F_FFFF_FFFF_F000
        self.words[table + 8 * Level.PT.index(va)] = leaf
        return free

    def entry_pa(self, pgd: int, va: int) -> int:
        """Give where the leaf entry of `va` is; its upper tables must exist."""
        table = pgd
        for level in (Level.PML4, Level.PDPT, Level.PD):
            table = self.words[table + 8 * level.index(va)] & 0x000F_FFFF_FFFF_F000
        return table + 8 * Level.PT.index(va)


def standard_tables(*, pti: bool = False) -> Tables:
    """Give the tables of the five mms: two user mms, init_mm and the two temporary ones."""
    tables = Tables()
    kernel = BASES[INIT_MM]
    tables.words[kernel + 8 * 511] = KERNEL_PDPT | KERNEL_TABLE
    free = KERNEL_PDPT + KIB4
    for va, frame in zip(TEXT, TEXT_FRAMES, strict=True):
        free = tables.map(kernel, free, va, frame | TEXT_PTE, KERNEL_TABLE)
    for va in FIXMAP:
        free = tables.map(kernel, free, va, 0, KERNEL_TABLE)
    for name in (TEXT_POKE_MM, USER_MM, OTHER_MM):
        tables.words[BASES[name] + 8 * 511] = tables.words[kernel + 8 * 511]
    _poking_init(tables)
    for name, (code, data) in FRAMES.items():
        free = tables.map(BASES[name], BASES[name] + 2 * KIB4, USER_CODE, code | USER_CODE_PTE)
        tables.map(BASES[name], free, USER_PAGE, data | USER_PAGE_PTE)
    _efi_tables(tables)
    if pti:
        _user_tables(tables)
    return tables


def _poking_init(tables: Tables) -> None:
    """poking_init(): every table for the two alias pages exists from boot; the leaves are empty."""
    pgd = BASES[TEXT_POKE_MM]
    free = tables.map(pgd, pgd + 2 * KIB4, ALIAS, 0)
    tables.map(pgd, free, ALIAS + KIB4, 0)


def _efi_tables(tables: Tables) -> None:
    """efi_mm: firmware at its physical address and in the window; the rest of the kernel half is copied."""
    pgd = BASES[EFI_MM]
    free = tables.map(pgd, pgd + 2 * KIB4, EFI_1TO1, EFI_1TO1 | EFI_CODE_PTE)
    tables.map(pgd, free, EFI_WINDOW, EFI_1TO1 | EFI_CODE_PTE, KERNEL_TABLE)
    own = tables.words[pgd + 8 * 511] & 0x000F_FFFF_FFFF_F000
    for index in (510, 511):
        tables.words[own + 8 * index] = tables.words[KERNEL_PDPT + 8 * index]


def _user_tables(tables: Tables) -> None:
    """The user halves of PTI: the same lower half, and of the kernel nothing that this model needs."""
    for base in BASES.values():
        lower = {pa: word for pa, word in tables.words.items() if base <= pa < base + 8 * 256}
        tables.words |= {pa | USER_PGD_BIT: word for pa, word in lower.items()}


def standard_mms() -> dict[str, Mm]:
    """Give the five mms by name."""
    temporary = (TEXT_POKE_MM, EFI_MM)
    return {name: Mm(name, CTX_IDS[name], Hex(base), name in temporary) for name, base in BASES.items()}
