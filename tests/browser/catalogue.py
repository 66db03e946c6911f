"""What the book promises its readers to operate: one place for the tests and for the latency table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CHAPTERS = Path(__file__).resolve().parents[2] / "chapters"

# Chapter number: the names of its widgets. Every chapter has a row, so that no widget is left out unseen.
WIDGETS: dict[str, tuple[str, ...]] = {
    "00": (),
    "01": ("predict", "walk-explorer"),
    "02": ("predict", "rights-grid"),
    "03": ("predict", "tlb-bench"),
}


@dataclass(frozen=True)
class Measured:
    """A widget in the latency table: what is clicked, in turn. Every click must give another picture."""

    notebook: str  # the beginning of its file name
    widget: str
    clicks: tuple[str, ...]  # the ends of the controls' names; empty: the first one found that does


# A prediction box is answered once, so there is nothing to repeat.
MEASURED = (
    Measured("01", "walk-explorer", ()),
    Measured("02", "rights-grid", ()),
    Measured("03", "tlb-bench", ()),
)


def chapters() -> list[str]:
    """The file names of the book's chapters."""
    return sorted(path.name for path in CHAPTERS.glob("[0-9][0-9]-*.ipynb"))


def promised(chapter: str) -> tuple[str, ...]:
    """The names of the widgets that a chapter must have."""
    if chapter[:2] not in WIDGETS:
        raise LookupError(f"{chapter} has no row in tests/browser/catalogue.py; give it one")
    return WIDGETS[chapter[:2]]
