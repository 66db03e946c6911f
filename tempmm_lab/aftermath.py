"""From the posting of the series to its merge, April and May 2025: what happened on which days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to the series.

    Attributes:
        first, last: from which day to which.
        kind: "series", "report" or "fix-up".
        what: in a few words.
        row: the row of the provenance table that it stands in.
    """

    first: date
    last: date
    kind: str
    what: str
    row: str

    @property
    def when(self) -> str:
        """The days in words, such as "14-17 April"."""
        begin, end = (f"{day.day} {day:%B}" for day in (self.first, self.last))
        if self.first == self.last:
            return begin
        return f"{self.first.day}-{end}" if self.first.month == self.last.month else f"{begin} - {end}"

    def __str__(self) -> str:
        return f"{self.when:<19} {self.what} ({self.row})"


def _on(first: tuple[int, int], kind: str, what: str, row: str, last: tuple[int, int] | None = None) -> Happening:
    return Happening(date(2025, *first), date(2025, *(last or first)), kind, what, row)


HAPPENINGS = (
    _on((4, 2), "series", "the seven patches are posted", "P-3301"),
    _on((4, 12), "series", "they are committed to the tip tree", "P-3301"),
    _on((4, 14), "report", "a warning of a debug kernel", "P-3302", (4, 17)),
    _on((4, 17), "fix-up", "52ebfe7412ce, the first fix-up", "P-3302"),
    _on((4, 17), "report", "two warnings at boot", "P-3303", (4, 18)),
    _on((4, 18), "fix-up", "aef1d0209ddf, the second", "P-3303"),
    _on((4, 24), "report", "warnings in linux-next", "P-3304", (5, 6)),
    _on((5, 6), "fix-up", "7f9958230d8a, the third", "P-3304"),
    _on((5, 25), "series", "pull request for v6.16: all ten", "P-3305"),
)
"""What happened, in the order of its first days."""
