"""What flushing costs, as far as anybody has published it: each figure with what it is worth.

What nobody has measured is in the table too, and says so. The book's own run is in `drops.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """One figure.

    Attributes:
        name: what it is the cost of.
        figure: the number with its unit, or "no figure".
        kind: what it is worth, one of `durations.KINDS`.
        where: on which machine, and the row of the provenance table.
    """

    name: str
    figure: str
    kind: str
    where: str


COSTS: tuple[Cost, ...] = (
    Cost("one page, by INVLPG", "about 100 ns", "guideline", "a comment in tlb.c, no machine named (P-2622)"),
    Cost("the same", "hundreds of cycles", "reported", "a mail with patches, 2019 to 2021 (P-2623)"),
    Cost("drop of a shared page", "13.4 µs", "measured", "Skylake 2.3 GHz in KVM, 2017; 21.6 before PCIDs (P-2624)"),
    Cost("a shootdown", "several µs", "reported", "a paper of 2017 (P-2625)"),
    Cost("taking an IPI", "1,212 cycles", "reported", "a paper of 2019 (P-2626)"),
    Cost("all flushing, by IPIs", "40 % of CPU time", "measured", "one load, 36-core Milan; 4 % by INVLPGB (P-2627)"),
    Cost("MOV CR3, keep or flush", "no figure", "unknown", "none found by itself on a current CPU (P-2628)"),
)
"""The figures, in the order of the chapter."""


@dataclass(frozen=True)
class CostTable:
    """The figures as a table."""

    rows: tuple[Cost, ...]

    def text(self) -> str:
        """Give one line for each figure."""
        return "\n".join(f"{row.name:<23} {row.figure:<19} {row.kind:<10} {row.where}" for row in self.rows)

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("CostTable(...)" if cycle else self.text())  # type: ignore[attr-defined]


def flush_times() -> CostTable:
    """Give every published figure for the cost of flushing, with its worth and its machine."""
    return CostTable(COSTS)
