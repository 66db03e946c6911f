"""Walk any address of a recorded guest, as anyone, and flip bits in the entries on the way."""

from __future__ import annotations

import ipywidgets as w

from tempmm_lab.errors import ModelError
from tempmm_lab.hw.paging import FLAGS
from tempmm_lab.hw.rights import Access
from tempmm_lab.hw.walk import Walk
from tempmm_lab.snapshots import Snapshot, load_snapshot
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.walk import draw_walk
from tempmm_lab.widgets.live import Live


def flip(snapshot: Snapshot, walked: Walk, level: str, flag: str) -> Snapshot:
    """Give the guest with one flag flipped in the entry that a walk used at `level`."""
    for step in walked.levels:
        if step.level.name == level:
            return snapshot.with_word(step.entry_pa, step.entry ^ FLAGS[flag])
    msg = (
        f"This walk uses no {level}. It looked at: {', '.join(step.level.name for step in walked.levels) or 'nothing'}."
    )
    raise ModelError(msg)


class WalkExplorer(Live):
    """Pick an address, an access and a privilege level; flip a bit; see where the walk goes."""

    name = "walk-explorer"

    def __init__(self, snapshot: Snapshot, va: int | str, cpl: int) -> None:
        """Begin at `va`, reading."""
        self.recorded = self.guest = snapshot
        self.cpl = cpl
        self.begin = snapshot.find(va) if isinstance(va, str) else va
        super().__init__()

    def controls(self) -> list[w.Widget]:
        """An address by name or by number, who and how, and the bit to flip."""
        names = {f"{row.label}  {row.va:#x}": f"{row.va:#x}" for row in self.guest.addresses}
        wide = w.Layout(width="430px", max_width="100%")
        self.named = w.Dropdown(
            options=[("choose an address …", ""), *names.items()], description="Address", layout=wide
        )
        self.typed = w.Text(
            value=f"{self.begin:#x}", description="in hex", continuous_update=False, layout=w.Layout(width="260px")
        )
        self.access = w.ToggleButtons(options=[one.value for one in Access], style={"button_width": "80px"})
        self.user = w.Checkbox(value=self.cpl == 3, description="in user mode (CPL 3)", indent=False)
        narrow = w.Layout(width="150px")
        self.level = w.Dropdown(options=self._levels(), value=self._levels()[-1], description="Flip in", layout=narrow)
        self.flag = w.Dropdown(options=list(FLAGS), value="US", description="the bit", layout=narrow)
        self.named.observe(self._take_name, "value")
        for control in (self.typed, self.access, self.user):
            self.watch(control)
        do = self.button("Flip the bit", self._flip, "Flip this bit in the entry that the walk uses")
        undo = self.button("As recorded", self._undo, "Take back every flip")
        return [
            w.HBox([self.named, self.typed]),
            w.HBox([self.access, self.user]),
            w.HBox([self.level, self.flag, do, undo]),
        ]

    def _levels(self) -> tuple[str, ...]:
        """Give the levels of the first walk: their entries are there to be flipped."""
        return tuple(step.level.name for step in self.guest.walk(self.begin, cpl=self.cpl).levels) or ("PT",)

    def _take_name(self, _: object) -> None:
        if self.named.value:
            self.typed.value = self.named.value

    def walk(self) -> Walk:
        """Give the walk that the controls ask for."""
        return self.guest.walk(self.typed.value, self.access.value, cpl=3 if self.user.value else 0)

    def _flip(self) -> None:
        self.guest = flip(self.guest, self.walk(), self.level.value, self.flag.value)

    def _undo(self) -> None:
        self.guest = self.recorded

    def draw(self) -> Picture:
        """Give the picture of that walk, and offer its levels for the next flip."""
        walked = self.walk()
        self._offer(tuple(step.level.name for step in walked.levels))
        return draw_walk(walked)

    def _offer(self, levels: tuple[str, ...]) -> None:
        if levels and levels != self.level.options:
            before = self.level.value
            self.level.options = levels
            self.level.value = before if before in levels else levels[-1]


def walk_explorer(snapshot: str | Snapshot = "user", va: int | str = "linux_banner", cpl: int = 0) -> WalkExplorer:
    """Give a widget that walks a recorded guest's page tables, beginning at `va` (a number, a symbol or a label)."""
    return WalkExplorer(load_snapshot(snapshot) if isinstance(snapshot, str) else snapshot, va, cpl)
