"""How long firmware calls take, as far as anybody has published it: each figure with what it is worth.

Nothing here was measured by this project. What nobody has measured is in the table too, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.errors import ModelError, one_of

KINDS = ("measured", "reported", "guideline", "assumed", "unknown")
"""What a figure is worth: measured and published with its machine; said by users in a bug report; a rule of thumb;
chosen by whoever draws; or nobody has published one."""


@dataclass(frozen=True, slots=True)
class Duration:
    """How long something takes.

    Attributes:
        name: what takes so long.
        low, high: microseconds; both None where no figure is known.
        kind: one of KINDS.
        where: on which machine, and the row of the provenance table.
        about: whether the source itself says "about".
    """

    name: str
    low: float | None
    high: float | None
    kind: str
    where: str
    about: bool = False

    @property
    def figure(self) -> str:
        """The figure in words, such as "about 10 ms" or "6 to 20 µs"."""
        if self.low is None or self.high is None:
            return "no figure"
        if self.low == self.high:
            return "about " * self.about + in_words(self.high)
        high = in_words(self.high)
        low = in_words(self.low)
        shared = low.split()[0] if low.split()[1] == high.split()[1] else low
        return f"up to {high}" if not self.low else f"{shared} to {high}"


def in_words(us: float) -> str:
    """Give microseconds in the unit that reads best."""
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if us >= size:
            return f"{us / size:g} {unit}"
    return f"{us:g} µs"


_ARM = "SoftIron Overdrive 1000 (arm64), EFI 2.60 (P-3120)"
DURATIONS: dict[str, Duration] = {
    each.name: each
    for each in (
        Duration("GetVariable", 0, 2, "measured", _ARM),
        Duration("GetTime", 10_000, 10_000, "measured", f"{_ARM}; SetTime alike", about=True),
        Duration("SetVariable", None, None, "unknown", "no published measurement on x86 was found (P-3121)"),
        Duration("variable read", 6, 20, "reported", "an x86 PC, a variable that is not there (P-3122)"),
        Duration("slow variable read", 400_000, 500_000, "reported", "one old laptop (P-3123)"),
        Duration("one SMI", 0, 150, "guideline", "Intel BITS: an SMI should take less (P-3124)"),
    )
}
"""The figures by name."""


@dataclass(frozen=True)
class DurationTable:
    """The figures as a table."""

    rows: tuple[Duration, ...]

    def text(self) -> str:
        """Give one line for each figure."""
        return "\n".join(f"{row.name:<19} {row.figure:<14} {row.kind:<10} {row.where}" for row in self.rows)

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("DurationTable(...)" if cycle else self.text())  # type: ignore[attr-defined]


def firmware_durations() -> DurationTable:
    """Give every published figure for the duration of a firmware call, with its worth and its machine."""
    return DurationTable(tuple(DURATIONS.values()))


def a_duration(given: str | float) -> Duration:
    """Give a figure by its name; a number of milliseconds is taken for an assumption.

    Raises:
        ModelError: there is no such figure, nobody knows it, or the number is none.
    """
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ModelError(f"Give a number of milliseconds, or a name: {', '.join(DURATIONS)}. Got {given!r}.")
    if isinstance(given, str):
        found = DURATIONS[one_of(given, tuple(DURATIONS), "a duration")]
        if found.high is None:
            raise ModelError(f"{given}: {found.where}. Give a number of milliseconds that you assume.")
        return found
    if not 0 < given <= 10_000:
        raise ModelError(f"A call of {given} ms cannot be drawn. Give more than 0 and at most 10,000 ms.")
    return Duration("a call", given * 1000, given * 1000, "assumed", "chosen by whoever drew this")
