"""Make a TLB lie, as the kernel and as the hardware, and flush it in four ways."""

from __future__ import annotations

from functools import partial

import ipywidgets as w

from tempmm_lab.tlbplay import FLUSHES, PAGES, SOFTWARE, Play, act, begin, tables_say
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.tlb import draw_tlb
from tempmm_lab.widgets.live import Live

ROWS = {
    "the CPU": ("load", "store"),
    "the kernel, in memory": tuple(SOFTWARE),
    "the kernel flushes": FLUSHES,
    "the kernel switches": ("MOV CR3, keep", "other space", "other space, keep"),
    "the hardware": ("fill", "evict"),
}


def draw_play(play: Play, va: int) -> Picture:
    """Draw the TLB, what a load may now read, what the tables say, and the last things done."""
    answers = play.may_read(va)
    notes = [
        f"a load of {va:#x} may now read: {' or '.join(answers)}",
        f"the tables say: {tables_say(play, va)}",
        f"last: {'  '.join(play.log[-3:]) or 'nothing yet'}",
    ]
    return draw_tlb(play.machine, notes=notes)


class TlbBench(Live):
    """Buttons for the CPU, the kernel and the hardware, and the TLB below."""

    name = "tlb-bench"

    def __init__(self, *, invalidation: str) -> None:
        """Begin with an empty TLB."""
        self.first = begin(invalidation=invalidation)
        self.plays = [self.first]
        super().__init__()

    @property
    def play(self) -> Play:
        """The stage now."""
        return self.plays[-1]

    def controls(self) -> list[w.Widget]:
        """One row of buttons for each actor."""
        self.page = w.ToggleButtons(options=list(PAGES.items()), description="Page", style={"button_width": "auto"})
        self.watch(self.page)
        rows: list[w.Widget] = [self.page]
        for who, actions in ROWS.items():
            label = w.Label(f"{who}:", layout=w.Layout(width="150px"))
            rows.append(w.HBox([label, *(self.button(action, partial(self._act, action)) for action in actions)]))
        back = self.button("undo", self._undo, "Take back the last action")
        return [*rows, w.HBox([back, self.button("start over", self._restart, "An empty TLB and fresh tables")])]

    def _act(self, action: str) -> None:
        self.plays.append(act(self.play, action, self.page.value))

    def _undo(self) -> None:
        if len(self.plays) > 1:
            self.plays.pop()

    def _restart(self) -> None:
        self.plays = [self.first]

    def draw(self) -> Picture:
        """Give the picture of the stage now."""
        return draw_play(self.play, self.page.value)


def tlb_bench(*, invalidation: str = "minimal") -> TlbBench:
    """Give a widget on which to make translations stale; `invalidation` is "minimal" or "aggressive"."""
    return TlbBench(invalidation=invalidation)
