"""Walkers with one rule of the hardware changed each. The comparisons must notice every one of them."""

from __future__ import annotations

from tempmm_lab.hw import walk as walking
from tempmm_lab.hw.address import ADDRESS_BITS, KIB4, MIB2, Hex, Level
from tempmm_lab.hw.paging import NX, PAGE_SIZES, PAT_LARGE, PS, A, D, Entry
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, Rights
from tests.oracle.mutation import (
    Mutant,
    Patch,
    as_if,
    begins_with,
    canonical,
    code,
    combines,
    cr2,
    cr3_flags_kept,
    judges_on_the_way,
    marks,
    reserves,
)

READ, WRITE, EXECUTE = Access
LARGE_LOW, HUGE_LOW = 0xFF << 13, 0x1FFFF << 13  # reserved in a 2 MiB and a 1 GiB leaf
P_BIT, W_BIT, U_BIT, RSVD_BIT, I_BIT = 1, 2, 4, 8, 16


def mutant(name: str, rule: str, *patches: Patch) -> Mutant:
    """Give a mutant; the rule is the wrong one."""
    return Mutant(name, rule, patches)


def is_canonical(va: int, lowest: int) -> bool:
    """Say whether all bits of `va` from `lowest` up are equal."""
    return va >> lowest in (0, (1 << (64 - lowest)) - 1)


def leaf_if(*large: Level) -> Patch:
    """Only a PTE, and entries of these levels with PS, map a page."""
    return Entry, "is_leaf", lambda entry, level: level == Level.PT or (level in large and entry.ps)


def page_size(level: Level, size: int) -> Patch:
    """The offset in a page of this level has the width that belongs to `size`."""
    return walking, "PAGE_SIZES", {**PAGE_SIZES, level: size}


def index(give: object) -> Patch:
    """An entry's index is taken from the address as `give(level, va)` says."""
    return Level, "index", give


def _d(leaf: bool, access: Access) -> int:
    return D if leaf and access is WRITE else 0


ADDRESSES = (
    mutant("canonical-48", "Bit 47 need not agree: bits 63:48 decide.",
           canonical(lambda va, levels: is_canonical(va, 12 + 9 * levels))),
    mutant("canonical-46", "Bit 46 must agree too.", canonical(lambda va, levels: is_canonical(va, 10 + 9 * levels))),
    mutant("canonical-never", "Any address is walked.", canonical(lambda _va, _levels: True)),
    mutant("canonical-4-levels", "Bits 63:47 must agree with five levels too.",
           canonical(lambda va, _levels: is_canonical(va, 47))),
    mutant("five-as-four", "CR4.LA57 is not looked at.", (Registers, "levels", property(lambda _registers: 4))),
    mutant("index-8-bits", "An index has eight bits.", index(lambda level, va: va >> level.shift & 0xFF)),
    mutant("index-10-bits", "An index has ten bits.", index(lambda level, va: va >> level.shift & 0x3FF)),
    mutant("index-shift", "The indexes begin at bit 13.", index(lambda level, va: va >> (level.shift + 1) & 0x1FF)),
    mutant("pml5-index", "The PML5 index is that of the PML4.",
           index(lambda level, va: va >> min(level.shift, 39) & 0x1FF)),
    mutant("cr3-flags", "CR3 bits 3 and 4 belong to the address.", (walking, "top", cr3_flags_kept)),
    mutant("tables-32-bits", "A table lies below 4 GiB.",
           (Entry, "address", property(lambda entry: Hex(entry & ADDRESS_BITS & 0xFFFF_FFFF)))),
    mutant("tables-51-bits", "Bit 39 of a table's address is dropped.",
           (Entry, "address", property(lambda entry: Hex(entry & ADDRESS_BITS & ~(1 << 39))))),
)  # fmt: skip

PAGES = (
    mutant("no-2m", "PS in a PDE means nothing.", leaf_if(Level.PDPT)),
    mutant("no-1g", "PS in a PDPTE means nothing.", leaf_if(Level.PD)),
    mutant("offset-2m", "The offset in a 2 MiB page has 12 bits.", page_size(Level.PD, KIB4)),
    mutant("offset-1g", "The offset in a 1 GiB page has 21 bits.", page_size(Level.PDPT, MIB2)),
    mutant("pat-in-address", "Bit 12 of a large page belongs to its address.",
           (Entry, "frame", lambda entry, _level: Hex(entry & ADDRESS_BITS))),
    mutant("pat-4k-is-ps", "Bit 7 of a PTE is reserved.",
           reserves(lambda level, entry, bits: bits | (entry & PS if level == Level.PT else 0))),
    mutant("1g-always", "Every processor has 1 GiB pages.", reserves(gb_pages=True)),
    mutant("1g-never", "No processor has 1 GiB pages.", reserves(gb_pages=False)),
    mutant("2m-low-bits", "Bits 20:13 of a 2 MiB leaf are ignored.",
           reserves(lambda level, _entry, bits: bits & ~LARGE_LOW if level == Level.PD else bits)),
    mutant("1g-low-bits", "Bits 29:13 of a 1 GiB leaf are ignored.",
           reserves(lambda level, _entry, bits: bits & ~HUGE_LOW if level == Level.PDPT else bits)),
    mutant("pat-reserved", "Bit 12 of a large page is reserved.",
           reserves(lambda level, entry, bits: bits | (entry & PAT_LARGE if level in (2, 3) and entry & PS else 0))),
    mutant("ps-on-top", "PS in a PML4E or PML5E is ignored.",
           reserves(lambda level, _entry, bits: bits & ~PS if level >= Level.PML4 else bits)),
    mutant("maxphyaddr-ignored", "No address bit is reserved.", reserves(maxphyaddr=52)),
    mutant("maxphyaddr-41", "MAXPHYADDR is one bit more than it is.", reserves(maxphyaddr=41)),
    mutant("maxphyaddr-39", "MAXPHYADDR is one bit less than it is.", reserves(maxphyaddr=39)),
    mutant("nx-not-reserved", "NX is ignored while NXE=0.", reserves(nxe=True)),
    mutant("nx-reserved", "NX is reserved while NXE=1 too.", reserves(nxe=False)),
    mutant("software-bits", "Bits 62:52 are reserved.",
           reserves(lambda _level, entry, bits: bits | entry & 0x7FF << 52)),
    mutant("intel-is-amd", "Bit 8 of a PML4E is reserved by every vendor.", reserves(vendor="amd")),
)  # fmt: skip

RIGHTS = (
    mutant("us-or", "One US=1 is enough.", begins_with(Rights(user=False)),
           combines(lambda above, entry, right: Rights(above.user or entry.user, right.write, right.nx))),
    mutant("us-leaf", "US of the leaf decides.",
           combines(lambda _above, entry, right: Rights(entry.user, right.write, right.nx))),
    mutant("us-never", "US is not looked at.",
           combines(lambda _above, _entry, right: Rights(True, right.write, right.nx))),
    mutant("rw-or", "One RW=1 is enough.", begins_with(Rights(write=False)),
           combines(lambda above, entry, right: Rights(right.user, above.write or entry.rw, right.nx))),
    mutant("rw-leaf", "RW of the leaf decides.",
           combines(lambda _above, entry, right: Rights(right.user, entry.rw, right.nx))),
    mutant("nx-leaf", "NX of the leaf decides.",
           combines(lambda _above, entry, right: Rights(right.user, right.write, entry.nx))),
    mutant("nx-and", "NX must be set at every level.", begins_with(Rights(nx=True)),
           combines(lambda above, entry, right: Rights(right.user, right.write, above.nx and entry.nx))),
    mutant("nx-ignored", "NX forbids nothing.",
           combines(lambda _above, _entry, right: Rights(right.user, right.write, False))),
    mutant("wp-ignored", "The kernel writes where it likes.", as_if(lambda r, _rights, _a: r.but(WP=0))),
    mutant("wp-always", "CR0.WP=0 changes nothing.", as_if(lambda r, _rights, _a: r.but(WP=1))),
    mutant("wp-for-users", "With WP=0 user mode writes too.",
           as_if(lambda r, rights, a: r.but(cpl=0, SMAP=0) if a is WRITE and rights.user and not r.bit("WP") else r)),
    mutant("smep-ignored", "The kernel fetches from user pages.", as_if(lambda r, _rights, _a: r.but(SMEP=0))),
    mutant("smep-always", "SMEP is always on.", as_if(lambda r, _rights, _a: r.but(SMEP=1))),
    mutant("smep-ac", "AC overrides SMEP.", as_if(lambda r, _rights, _a: r.but(SMEP=0) if r.bit("AC") else r)),
    mutant("smap-ignored", "SMAP forbids nothing.", as_if(lambda r, _rights, _a: r.but(SMAP=0))),
    mutant("smap-without-ac", "AC overrides nothing.", as_if(lambda r, _rights, _a: r.but(AC=0))),
    mutant("smap-ac-reversed", "AC=0 overrides SMAP.", as_if(lambda r, _rights, _a: r.but(AC=not r.bit("AC")))),
    mutant("smap-writes", "SMAP forbids writes only.", as_if(lambda r, _rights, a: r.but(SMAP=0) if a is READ else r)),
    mutant("smap-fetches", "SMAP forbids fetches too.",
           as_if(lambda r, _rights, a: r.but(SMEP=1) if a is EXECUTE and r.bit("SMAP") and not r.bit("AC") else r)),
    mutant("user-reads-all", "User mode reads supervisor pages.",
           as_if(lambda r, _rights, a: r.but(cpl=0, SMAP=0) if a is READ else r)),
    mutant("user-fetches-all", "User mode fetches from supervisor pages.",
           as_if(lambda r, _rights, a: r.but(cpl=0, SMEP=0) if a is EXECUTE else r)),
)  # fmt: skip

FAULTS = (
    mutant("code-p", "A fault never reports P.", code(lambda bits, _r, _a: bits & ~P_BIT)),
    mutant("code-p-always", "A fault always reports P.", code(lambda bits, _r, _a: bits | P_BIT)),
    mutant("code-w", "A write is not reported.", code(lambda bits, _r, _a: bits & ~W_BIT)),
    mutant("code-w-fetch", "A fetch is reported as a write.",
           code(lambda bits, _r, a: bits | (W_BIT if a is EXECUTE else 0))),
    mutant("code-u", "User mode is not reported.", code(lambda bits, _r, _a: bits & ~U_BIT)),
    mutant("code-u-always", "User mode is always reported.", code(lambda bits, _r, _a: bits | U_BIT)),
    mutant("code-rsvd", "A reserved bit is not reported.", code(lambda bits, _r, _a: bits & ~RSVD_BIT)),
    mutant("code-rsvd-without-p", "RSVD is reported without P.",
           code(lambda bits, _r, _a: bits & ~P_BIT if bits & RSVD_BIT else bits)),
    mutant("code-i", "A fetch is not reported.", code(lambda bits, _r, _a: bits & ~I_BIT)),
    mutant("code-i-always", "A fetch is reported without NXE and SMEP.",
           code(lambda bits, _r, a: bits | (I_BIT if a is EXECUTE else 0))),
    mutant("code-i-nxe", "A fetch is reported with NXE only.",
           code(lambda bits, r, _a: bits if r.bit("NXE") else bits & ~I_BIT)),
    mutant("code-i-smep", "A fetch is reported with SMEP only.",
           code(lambda bits, r, _a: bits if r.bit("SMEP") else bits & ~I_BIT)),
    mutant("cr2-page", "CR2 names the page.", cr2(lambda va: va & -KIB4)),
    mutant("cr2-48", "CR2 has 48 bits.", cr2(lambda va: va & (1 << 48) - 1)),
    mutant("us-before-p", "US=0 above refuses before P and reserved bits below.",
           judges_on_the_way(reserved_only=False)),
    mutant("us-before-rsvd", "US=0 above refuses before reserved bits below.", judges_on_the_way(reserved_only=True)),
    mutant("rsvd-before-p", "Reserved bits count in an entry that is not present.",
           (Entry, "present", property(lambda entry: bool(entry & 1 or entry & (NX - (1 << 40)) & ADDRESS_BITS)))),
)  # fmt: skip

ACCESSED_DIRTY = (
    mutant("a-leaf", "A is set in the leaf only.", marks(lambda leaf, a: (A if leaf else 0) | _d(leaf, a))),
    mutant("a-upper", "A is not set in the leaf.", marks(lambda leaf, a: (0 if leaf else A) | _d(leaf, a))),
    mutant("a-reads", "A is set by reads only.", marks(lambda leaf, a: (A if a is READ else 0) | _d(leaf, a))),
    mutant("a-never", "A is never set.", marks(_d)),
    mutant("d-never", "D is never set.", marks(lambda _leaf, _a: A)),
    mutant("d-read", "A read sets D.", marks(lambda leaf, a: A | (D if leaf and a is not EXECUTE else 0))),
    mutant("d-fetch", "A fetch sets D.", marks(lambda leaf, a: A | (D if leaf and a is not READ else 0))),
    mutant("d-upper", "A write sets D at every level.", marks(lambda _leaf, a: A | (D if a is WRITE else 0))),
)  # fmt: skip

MUTANTS = (*ADDRESSES, *PAGES, *RIGHTS, *FAULTS, *ACCESSED_DIRTY)
