"""The seven patches of April 2025, told in our own words: what each does, where, and which of the others it needs."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.errors import ModelError, whole_number


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch of the series.

    Attributes:
        number: its place, from 1 to 7.
        does: what it does; `why` what for.
        author, files: who wrote it, and the files it changes.
        kind: "prepares", "repairs", "permits", "uses" or "aside".
        needs: the patches that it cannot do without; `takes_back` the one that it undoes.
        commit: its name in Linux, where the sources that we read give it.
        row: the row of the provenance table.
    """

    number: int
    does: str
    why: str
    author: str
    files: str
    kind: str
    needs: tuple[int, ...]
    row: str
    takes_back: int | None = None
    commit: str = ""

    def __str__(self) -> str:
        needs = f" Needs {', '.join(f'{each}/7' for each in self.needs)}." if self.needs else ""
        back = f" Takes {self.takes_back}/7 back." if self.takes_back else ""
        name = f" {self.commit}" if self.commit else ""
        return f"{self.number}/7{name} {self.does} ({self.author}; {self.files}). {self.why}{needs}{back} [{self.row}]"


PATCHES = (
    Patch(1, "unuse is told which mm to leave", "It named text_poke()'s mm; now it need not know it.",
          "Zijlstra", "alternative.c", "prepares", (), "P-3202"),
    Patch(2, "an NMI looks up segments through current->mm", "active_mm may name an mm that is not loaded.",
          "Lutomirski", "events/core.c, insn-eval.c", "repairs", (), "P-3203", commit="81e3cbdef230"),
    Patch(3, "use and unuse move to mm/tlb.c and can be called", "EFI has to reach them.",
          "Lutomirski", "alternative.c, tlb.c, mmu_context.h", "prepares", (), "P-3204", commit="d376972c9825"),
    Patch(4, "unuse reads the mm to leave from loaded_mm", "In tlb.c it can: the argument goes again.",
          "Zijlstra", "tlb.c, mmu_context.h, alternative.c", "prepares", (3,), "P-3205", 1, "4873f494bbe4"),
    Patch(5, "the assertions ask for preemption off, not IRQs off", "EFI wants interrupts on.",
          "Lutomirski", "tlb.c", "permits", (3,), "P-3206", commit="58f8ffa91766"),
    Patch(6, "EFI borrows efi_mm with use and unuse", "One way in; no faked active_mm.",
          "Lutomirski", "efi_64.c", "uses", (2, 3, 5), "P-3207", commit="e7021e2fe0b4"),
    Patch(7, "execve's activate_mm() runs with IRQs off", "The gap before that switch is closed.",
          "Lutomirski", "Kconfig, mmu_context.h", "aside", (), "P-3208", commit="af8967158f9a"),
)  # fmt: skip
"""The series, in order."""


def a_patch(number: int) -> Patch:
    """Give a patch of the series by its number.

    Raises:
        ModelError: it is not from 1 to 7.
    """
    if not 1 <= whole_number(number, "a patch") <= len(PATCHES):
        raise ModelError(f"The series has patches 1 to {len(PATCHES)}, not {number}.")
    return PATCHES[number - 1]
