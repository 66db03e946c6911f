"""What happens after the questions of chapter 1, From CR3 to a byte."""

from __future__ import annotations

from collections.abc import Callable

from tempmm_lab.assess.question import Outcome
from tempmm_lab.examples import plain_walk, sized_walk
from tempmm_lab.hw.address import split
from tempmm_lab.hw.paging import P
from tempmm_lab.oracles import compare_walkers
from tempmm_lab.snapshots import Snapshot, load_snapshot
from tempmm_lab.views.entry import draw_entry
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.walk import draw_walk

BANNER = "linux_banner"
NO_LUCK = 1 << 51


def _user() -> Snapshot:
    return load_snapshot("user")


def _changed(bits_off: int, bits_on: int) -> Picture:
    """Draw the walk to the banner after changing bits of its PDE."""
    guest = _user()
    pde = guest.walk(BANNER, cpl=0).levels[-1]
    guest = guest.with_word(pde.entry_pa, int(pde.entry) & ~bits_off | bits_on)
    return draw_walk(guest.walk(BANNER, cpl=0))


def _next_page() -> str:
    va = _user().find(BANNER)
    return f"{va:#x}  {split(va)}\n{va + 4096:#x}  {split(va + 4096)}"


def _sizes() -> tuple[str, Picture]:
    guest = _user()
    labels = ("direct map of physical 0", "direct map of physical 0x12345678", "direct map of physical 0x40123456")
    walks = [guest.walk(label, cpl=0) for label in labels]
    counts = [
        f"{walk.va:#x}  {len(walk.levels)} entries read, page of {(walk.page_size or 0) >> 10:,} KiB" for walk in walks
    ]
    return "\n".join(counts), draw_walk(walks[-1])


def _disagreements(*walkers: Callable[..., int | None]) -> str:
    found = {walker.__name__: len(compare_walkers(walker).differs) for walker in walkers}
    return "\n".join(f"{name}: {number:,} of 3,000 differ from Unicorn's answer" for name, number in found.items())


OUTCOMES: dict[str, Outcome] = {
    "ch01-next-page": _next_page,
    "ch01-ps": lambda: (
        draw_walk(_user().walk(BANNER, cpl=0)),
        draw_entry(_user().walk(BANNER, cpl=0).levels[-1].entry, "PD"),
    ),
    "ch01-sizes": _sizes,
    "ch01-clear-p": lambda: _changed(P, 0),
    "ch01-reserved": lambda: (_changed(0, NO_LUCK), _changed(P, NO_LUCK)),
    "ch01-canonical": lambda: draw_walk(_user().walk(0x8000_0000_0000)),
    "ch01-prot-none": lambda: draw_walk(_user().walk("anon_prot_none")),
    "ch01-null": lambda: draw_walk(load_snapshot("efi").walk("null page")),
    "ch01-walker": lambda: _disagreements(plain_walk),
    "ch01-closer": lambda: _disagreements(plain_walk, sized_walk),
}
"""Question id -> what is run and shown after an answer."""
