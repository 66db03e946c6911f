"""What the book promises its readers to operate: one place for the tests and for the latency table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tempmm_lab.book import NAME

CHAPTERS = Path(__file__).resolve().parents[2] / "chapters"

# Chapter number, or appendix letter: the names of its widgets. Each has a row, so that no widget is left out unseen.
WIDGETS: dict[str, tuple[str, ...]] = {
    "00": ("predict", "three-kernels", "bench"),
    "01": ("predict", "walk-explorer"),
    "02": ("predict", "rights-grid"),
    "03": ("predict", "tlb-bench"),
    "04": ("predict", "bench"),
    "05": ("predict", "bench"),
    "06": ("predict", "bench"),
    "07": ("predict", "bench"),
    "08": ("predict", "bench"),
    "09": ("predict", "bench"),
    "10": ("predict", "bench"),
    "11": ("predict", "bench"),
    "12": ("predict", "bench"),
    "13": ("predict", "bench"),
    "14": ("predict", "bench"),
    "15": ("predict", "bench"),
    "A": ("predict",),
    "B": (),
    "C": (),
    "D": (),
}

# Widget: patterns for those of its controls that need not change the picture, when all are operated in page order.
# Every other control must.
SILENT: dict[str, tuple[str, ...]] = {
    "predict": ("radio *",),  # a choice waits for Check
    "walk-explorer": ("button read", "select Flip in", "select the bit"),  # chosen at first; wait for "Flip the bit"
    "tlb-bench": ("button Page / user page 0x7000",),  # chosen at first
    "bench": (
        "button More knobs",  # shows more controls
        "button play", "button pause",  # start and stop a clock; each of its ticks gives another picture
        "button Explore*", "button Prove*", "button Stop", "button show *",  # may find and show what is there already
        "text config",  # the driver types it again as it is
    ),
}  # fmt: skip

# Widget: patterns for those of its text fields for which what the driver types is nonsense: they must say so.
ANSWERED: dict[str, tuple[str, ...]] = {"bench": ("text Replay string",)}


@dataclass(frozen=True)
class Measured:
    """A row of the latency table: a widget, and the controls that are clicked in turn, by the ends of their names.

    Every click must give another picture.
    """

    notebook: str  # the beginning of its file name
    widget: str
    clicks: tuple[str, ...]


# A prediction box is answered once, so there is nothing to repeat.
MEASURED = (
    Measured("01", "walk-explorer", ("in user mode (CPL 3)",)),
    Measured("02", "rights-grid", ("US=1",)),
    Measured("03", "tlb-bench", ("fill", "evict")),
    Measured("05", "bench", ("step ▶",)),
)


def chapters() -> list[str]:
    """The file names of the book's chapters and appendices, in order."""
    return sorted(path.name for path in CHAPTERS.glob("*.ipynb") if NAME.fullmatch(path.name))


def promised(chapter: str) -> tuple[str, ...]:
    """The names of the widgets that a chapter must have."""
    number = chapter.partition("-")[0]
    if number not in WIDGETS:
        raise LookupError(f"{chapter} has no row in tests/browser/catalogue.py; give it one")
    return WIDGETS[number]
