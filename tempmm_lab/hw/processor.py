"""What kind of processor it is: the few things that differ from one to the next and change an answer."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.errors import ModelError, one_of, whole_number


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor's traits.

    Attributes:
        vendor: "intel" or "amd"; AMD also reserves bit 8 of a PML4E and PML5E.
        maxphyaddr: bits of a physical address, 32 to 52; higher address bits in an entry are reserved.
        gb_pages: whether a PDPTE may map a 1 GiB page.
        lam: whether CR3 has the linear-address-masking bits 61 and 62. Translation never removes tags.
        caches_structures: whether the paging-structure caches (PDE cache and so on) are modelled.
        invalidation: "minimal" drops what the manual requires and no more, "aggressive" drops everything each time.
    """

    vendor: str = "intel"
    maxphyaddr: int = 52
    gb_pages: bool = True
    lam: bool = False
    caches_structures: bool = False
    invalidation: str = "minimal"

    def __post_init__(self) -> None:
        """Refuse a processor that nobody makes."""
        one_of(self.vendor, ("intel", "amd"), "vendor")
        one_of(self.invalidation, ("minimal", "aggressive"), "invalidation")
        bits = whole_number(self.maxphyaddr, "maxphyaddr")
        if not 32 <= bits <= 52:
            msg = f"maxphyaddr must be from 32 to 52 bits, not {bits}."
            raise ModelError(msg)
