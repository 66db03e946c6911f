"""The translation lookaside buffer: what a processor may keep of finished walks, and what each operation drops.

Source: Intel SDM vol. 3, "Caching Translation Information"; statements S99-S103.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tempmm_lab.hw.address import Hex, Level
from tempmm_lab.hw.paging import PAGE_SIZES, D
from tempmm_lab.hw.rights import Rights
from tempmm_lab.hw.walk import Start, Walk


@dataclass(frozen=True, slots=True)
class TlbEntry:
    """One cached translation: for which PCID and page, to which frame, with which combined rights."""

    pcid: int
    va: Hex
    page_size: int
    pa: Hex
    rights: Rights
    dirty: bool
    global_: bool = False

    def covers(self, va: int) -> bool:
        """Say whether `va` lies in this page."""
        return int(self.va) == va & -self.page_size

    def serves(self, va: int, pcid: int) -> bool:
        """Say whether an access to `va` under `pcid` may use this entry. A global entry serves every PCID."""
        return self.covers(va) and (self.global_ or self.pcid == pcid)

    def target(self, va: int) -> Hex:
        """The physical address that `va` has through this entry."""
        return self.pa | va & (self.page_size - 1)

    @property
    def sort_key(self) -> tuple[int, ...]:
        """Where this entry stands in the TLB's fixed order."""
        rights = self.rights
        place = (self.pcid, int(self.va), self.page_size, int(self.pa))
        return (*place, self.global_, self.dirty, rights.user, rights.write, rights.nx)


@dataclass(frozen=True, slots=True)
class StructureEntry:
    """One entry of a paging-structure cache: the table that a walk reaches after `level`, and the rights so far.

    An entry with `level` PD belongs to the PDE cache and lets a walk begin at the page table.
    """

    pcid: int
    level: Level
    va: Hex
    table: Hex
    rights: Rights

    def serves(self, va: int, pcid: int) -> bool:
        """Say whether a walk for `va` under `pcid` may begin here. Nothing is global in these caches."""
        return self.pcid == pcid and int(self.va) == va & -self.level.span

    @property
    def start(self) -> Start:
        """Where such a walk begins."""
        return Start(Level(self.level - 1), self.table, self.rights)

    @property
    def sort_key(self) -> tuple[int, ...]:
        """Where this entry stands in the cache's fixed order: deepest first."""
        rights = self.rights
        place = (self.pcid, int(self.level), int(self.va), int(self.table))
        return (*place, rights.user, rights.write, rights.nx)


@dataclass(frozen=True, slots=True)
class Tlb:
    """Everything one processor has cached of its page tables. A value: every operation gives a new one.

    The operations drop what the manual requires of them and nothing else; that is the `minimal` policy.
    """

    entries: tuple[TlbEntry, ...] = ()
    structures: tuple[StructureEntry, ...] = ()

    def hits(self, va: int, pcid: int) -> tuple[TlbEntry, ...]:
        """Give every entry that an access to `va` under `pcid` may use. There can be several (page sizes)."""
        return tuple(entry for entry in self.entries if entry.serves(va, pcid))

    def starts(self, va: int, pcid: int) -> tuple[StructureEntry, ...]:
        """Give every cached place where a walk for `va` may begin, deepest first."""
        return tuple(entry for entry in self.structures if entry.serves(va, pcid))

    def with_entry(self, new: TlbEntry) -> Tlb:
        """Give a TLB that also holds `new`. A processor may hold several translations of one address."""
        return replace(self, entries=tuple(sorted({*self.entries, new}, key=lambda entry: entry.sort_key)))

    def with_structures(self, new: tuple[StructureEntry, ...]) -> Tlb:
        """Give a TLB whose paging-structure caches also hold `new`."""
        return replace(self, structures=tuple(sorted({*self.structures, *new}, key=lambda entry: entry.sort_key)))

    def without(self, gone: Callable[[TlbEntry], bool]) -> Tlb:
        """Give a TLB that lacks the translations for which `gone` is true."""
        return replace(self, entries=tuple(entry for entry in self.entries if not gone(entry)))

    def without_structures_of(self, pcid: int) -> Tlb:
        """Give a TLB whose paging-structure caches hold nothing of `pcid`."""
        return replace(self, structures=tuple(entry for entry in self.structures if entry.pcid != pcid))

    def without_starts(self, va: int, pcid: int) -> Tlb:
        """Give a TLB whose paging-structure caches hold nothing that a walk for `va` under `pcid` could use."""
        return replace(self, structures=tuple(entry for entry in self.structures if not entry.serves(va, pcid)))

    def invlpg(self, va: int, pcid: int) -> Tlb:
        """INVLPG: the page's entries of this PCID, its global ones of any, and this PCID's structure caches (S100)."""
        return self.without(lambda entry: entry.serves(va, pcid)).without_structures_of(pcid)

    def one_address(self, va: int, pcid: int) -> Tlb:
        """INVPCID type 0: what would translate one address under one PCID, but nothing global."""
        tlb = self.without(lambda entry: entry.serves(va, pcid) and not entry.global_)
        return tlb.without_starts(va, pcid)

    def one_context(self, pcid: int) -> Tlb:
        """INVPCID type 1, and MOV CR3 with bit 63 clear: all of one PCID but what is global (S99)."""
        return self.without(lambda entry: entry.pcid == pcid and not entry.global_).without_structures_of(pcid)

    def all_but_global(self) -> Tlb:
        """INVPCID type 3: everything of every PCID but what is global."""
        return Tlb(entries=tuple(entry for entry in self.entries if entry.global_))

    def page_fault(self, va: int, pcid: int) -> Tlb:
        """A page fault on `va`: what could have caused it goes, so that the access is not refused twice."""
        return self.without(lambda entry: entry.serves(va, pcid)).without_starts(va, pcid)


def cached(walked: Walk, pcid: int) -> TlbEntry:
    """Give the TLB entry that a walk which reached a page leaves behind."""
    leaf = walked.levels[-1]
    size = PAGE_SIZES[leaf.level]
    is_global = leaf.entry.global_ and walked.registers.bit("PGE")
    dirty = bool((leaf.entry | walked.accessed_dirty.get(leaf.entry_pa, Hex(0))) & D)
    return TlbEntry(
        pcid, walked.va & -size, size, leaf.entry.frame(leaf.level), leaf.rights, dirty=dirty, global_=is_global
    )


def structures_of(walked: Walk, pcid: int) -> tuple[StructureEntry, ...]:
    """Give what the paging-structure caches may keep of a walk: its table pointers."""
    return tuple(
        StructureEntry(pcid, step.level, walked.va & -step.level.span, step.entry.address, step.rights)
        for step in walked.levels
        if not step.problem and not step.is_leaf
    )
