"""The twelve patches: what each changes, in which kernel, and what its sender says about it."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from tempmm_lab.builddiff import BuildDiff, build_diff
from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.history_switch import switch_mm_irqs_off_83b0177a6c48
from tempmm_lab.reviews import calling, helping, poking, switching
from tempmm_lab.reviews.verdict import Verdict, weigh

Functions = dict[str, Callable[..., Any]]

CHANGES: dict[int, Functions] = {
    1: {"__text_poke": poking.text_poke_helpers_do_it},
    2: {"__text_poke": poking.text_poke_flush_later},
    3: {"__text_poke": poking.text_poke_dead_flush},
    4: {"__text_poke": poking.text_poke_irqs_first},
    5: {"unuse_temporary_mm": helping.unuse_temporary_mm_bit_outside},
    6: {"use_temporary_mm": helping.use_temporary_mm_unasked,
        "unuse_temporary_mm": helping.unuse_temporary_mm_unasked},
    7: {"switch_mm_irqs_off": switching.switch_mm_irqs_off_named_at_once},
    8: {"switch_mm_irqs_off": switching.switch_mm_irqs_off_barrier_on_top},
    9: {"efi_enter_mm": calling.efi_enter_mm_keeps_nothing,
        "efi_leave_mm": calling.efi_leave_mm_asks_the_task},
    10: {"efi_call_virt": calling.efi_call_virt_masked, "efi_call_rts": calling.efi_call_rts_masked},
    11: {"arch_efi_call_virt_setup": calling.arch_efi_call_virt_setup_fpu_last,
         "arch_efi_call_virt_teardown": calling.arch_efi_call_virt_teardown_fpu_first},
    12: {"switch_mm_irqs_off": switching.switch_mm_irqs_off_no_warning},
}  # fmt: skip
"""Number -> the functions that the patch replaces."""
_WITH_BARRIER = BUILDS["v6.16"].patched(switch_mm_irqs_off=switch_mm_irqs_off_83b0177a6c48)
_BASES = {8: _WITH_BARRIER, 12: BUILDS["posted"]}
_TOLD = {8: "v6.16 with the barrier of October 2025 (83b0177a6c48)", 12: "the seven patches as posted"}
KINDS = ("right", "wrong", "ugly")


@dataclass(frozen=True)
class Review:
    """A patch to be reviewed.

    Attributes:
        number: from 1 to 12.
        subject, letter: what its sender calls it and says about it.
        base: the kernel that it is for.
        build: that kernel with the patch.
        kind: "right", "wrong" or "ugly" (right, at a price); not shown before the verdict.
        breaks: the rules that it breaks; `still` those that it leaves broken.
        shows: what a wrong decision about it comes from, `alarm` what rejecting it comes from if that is another
            thing; `chapter` says which chapter treats that.
    """

    number: int
    subject: str
    letter: str
    base: Build
    build: Build
    kind: str
    breaks: tuple[str, ...]
    still: tuple[str, ...]
    shows: str
    alarm: str
    chapter: str

    @property
    def diffs(self) -> tuple[BuildDiff, ...]:
        """What it changes, function by function."""
        return tuple(build_diff(name, self.base, self.build) for name in CHANGES[self.number])

    def verdict(self) -> Verdict:
        """Give what the explorer says, in one to four seconds. Decide first."""
        return _weighed(self.number)

    def text(self) -> str:
        """Give the patch as one would read it in a mail."""
        on = _TOLD.get(self.number, self.base.name)
        head = [f"[{self.number}/12] {self.subject}", f"applies to: {on}", "", *textwrap.wrap(self.letter, 92)]
        for diff in self.diffs:
            head += ["", f"--- {diff.function}()", *(line.partition("  # noqa")[0] for line in diff.lines)]
        return "\n".join(head)

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("Review(...)" if cycle else self.text())  # type: ignore[attr-defined]


@cache
def _letters() -> dict[int, dict[str, Any]]:
    text = resources.files("tempmm_lab.reviews").joinpath("letters.toml").read_text(encoding="utf-8")
    return {row["number"]: row for row in tomllib.loads(text)["patch"]}


def review(number: int) -> Review:
    """Give a patch of chapter 15 by its number.

    Raises:
        ModelError: it is not from 1 to 12.
    """
    if not 1 <= whole_number(number, "a patch") <= len(CHANGES):
        raise ModelError(f"There are patches 1 to {len(CHANGES)} to review, not {number}.")
    row, base = _letters()[number], _BASES.get(number, BUILDS["v6.16"])
    rules = tuple(row["breaks"]), tuple(row.get("still", ()))
    build = base.patched(**CHANGES[number])
    told = row["shows"], row.get("alarm", row["shows"]), row["chapter"]
    return Review(number, row["subject"], row["letter"], base, build, row["kind"], *rules, *told)


@cache
def _weighed(number: int) -> Verdict:
    one = review(number)
    return weigh(one.build, one.base)
