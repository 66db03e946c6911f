"""What a recording would notice: the model with one thing changed, beside the same recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tempmm_lab.agreement import Conformance
from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.kernel.builds import BUILDS, Build, a_build
from tempmm_lab.kernel.history_switch import switch_mm_irqs_off_83b0177a6c48
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.matching import conform
from tempmm_lab.recordings import Recording
from tempmm_lab.shipped import recording_of

ON_V6_16 = (
    "no-irqsave", "no-unuse", "wrong-cookie", "no-flush", "early-flush", "bit-left", "late-clear", "armed",
    "lazy-skipped",
)  # fmt: skip
"""The mistakes that are mistakes in v6.16's functions."""
AFTER = ("text_poke-6.16.12", "efi-6.16.12")


@dataclass(frozen=True)
class Noticed:
    """What each recording says of each kernel: `{kernel: {recording: the comparison}}`."""

    results: Mapping[str, Mapping[str, Conformance]]

    def by(self, kernel: str) -> tuple[str, ...]:
        """Give the recordings that disagree with a kernel."""
        return tuple(name for name, result in self.results[kernel].items() if not result.holds)

    def text(self) -> str:
        """Give a table: one kernel a line, and for each recording the first row and field that disagree."""
        names = list(next(iter(self.results.values())))
        rows = [("", *names)]
        rows += [(kernel, *(_first(results[name]) for name in names)) for kernel, results in self.results.items()]
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, wide, strict=True)).rstrip() for row in rows
        )

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Noticed(...)" if cycle else self.text())


def _first(result: Conformance) -> str:
    if result.holds:
        return "-"
    first = result.differences[0]
    name, _, here = first.fields[0]
    return f"row {first.row.number}: {first.row.event if here == 'never reached' else name}"


def changed_kernels() -> dict[str, Build]:
    """Give kernels that differ from v6.16 in one thing: each mistake, the series as posted, and the later barrier."""
    base = BUILDS["v6.16"]
    found = {name: base.patched(**MISTAKES[name]) for name in ON_V6_16}
    later = base.patched(switch_mm_irqs_off=switch_mm_irqs_off_83b0177a6c48)
    return {**found, "posted": BUILDS["posted"], "83b0177a6c48": later}


def noticed(kernels: Mapping[str, str | Build] | None = None, recordings: Sequence[str | Recording] = AFTER) -> Noticed:
    """Compare recordings with several kernels of the model; by default those of 6.16.12 with `changed_kernels()`.

    Raises:
        ModelError: these are no kernels by name, or no recordings.
    """
    advice = 'Give kernels by name, such as {"mine": BUILDS["v6.16"].patched(...)}.'
    given = changed_kernels() if kernels is None else a_thing(kernels, Mapping, advice)
    loaded = [recording_of(each) for each in a_thing(recordings, list | tuple, "Give a list of recordings.")]
    if not given or not loaded:
        raise ModelError(f"{advice} And a list of recordings, such as {list(AFTER)}.")
    return Noticed({
        name: {_short(each): conform(each, a_build(kernel)) for each in loaded} for name, kernel in given.items()
    })  # fmt: skip


def _short(recording: Recording) -> str:
    return recording.name.removesuffix(".gz").removesuffix(".jsonl")
