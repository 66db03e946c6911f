"""The TLB of a limited size, and what software does to it: the two things that a trace is run against."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.errors import ModelError, one_of, whole_number

POLICIES = ("lru", "fifo")
SWITCHES = ("keep", "asids", "full")
ASIDS = 6
"""Address spaces whose translations Linux keeps apart on one CPU (S46)."""
CEILING = 33
"""Pages up to which Linux drops a range page by page (S60)."""


@dataclass(frozen=True, slots=True)
class TlbShape:
    """A set-associative TLB: how many sets, how many ways, and which entry makes room for a new one.

    An entry is one translation, of whatever page size, tagged with its address space. Its set is chosen by the lowest
    bits of its page number. An empty way is filled first; then the entry goes that was used longest ago ("lru") or
    came first ("fifo"). There is one TLB, for data and code. Real processors have several, most with a size for
    each page size, and do not say how they choose; this is their common core and no model of any one.

    Attributes:
        sets: a power of two, up to 65,536.
        ways: 1 to 1,024.
        policy: "lru" or "fifo".
    """

    sets: int = 16
    ways: int = 4
    policy: str = "lru"

    def __post_init__(self) -> None:
        """Refuse a TLB that cannot be built."""
        sets, ways = whole_number(self.sets, "the sets of a TLB"), whole_number(self.ways, "the ways of a TLB")
        if not sets or sets & (sets - 1) or sets > 1 << 16:
            raise ModelError(f"The sets of a TLB are a power of two up to 65536, such as 16: got {sets}.")
        if not 1 <= ways <= 1024:
            raise ModelError(f"A TLB has 1 to 1024 ways in each set: got {ways}.")
        one_of(self.policy, POLICIES, "policy")

    @property
    def entries(self) -> int:
        """How many translations there is room for."""
        return self.sets * self.ways

    def __str__(self) -> str:
        return f"{self.sets} sets x {self.ways} ways, {self.policy.upper()}"


@dataclass(frozen=True, slots=True)
class FlushPolicy:
    """What is dropped at a context switch, and when pages are taken away.

    Attributes:
        switch: "keep": every address space has a PCID of its own, and CR3 is written with bit 63 set: nothing goes.
            "asids": six PCIDs, given out in turn as Linux gives its ASIDs; a space that lost its own gets the next
            one, emptied first. "full": no PCIDs: each switch drops everything that is not global (S49, S99).
        ceiling: a range of more pages than this is dropped by one write of CR3, which empties the current PCID;
            a shorter one by INVLPG for each page. Linux has 33 (S60). 0: always the whole; None: always page by page.
    """

    switch: str = "keep"
    ceiling: int | None = CEILING

    def __post_init__(self) -> None:
        """Refuse a policy that nobody has."""
        one_of(self.switch, SWITCHES, "switch")
        if self.ceiling is not None:
            whole_number(self.ceiling, "the ceiling")
