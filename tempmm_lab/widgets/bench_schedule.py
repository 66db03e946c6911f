"""A bench's schedule: going through the run, and on each CPU a button for everything that may happen there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import ipywidgets as w

from tempmm_lab import benchplay
from tempmm_lab.kernel.step import Action

if TYPE_CHECKING:
    from tempmm_lab.benchplay import Bench
    from tempmm_lab.widgets.bench import BenchWidget

NAMES = {
    "s": "step CPU {0}", "i": "IRQ on CPU {0}", "n": "NMI on CPU {0}", "t": "tick on CPU {0}",
    "p": "take IPI on CPU {0}", "d": "drain CPU {0}", "f": "fill {1:#x} on CPU {0}", "e": "evict {1:#x} on CPU {0}",
}  # fmt: skip


class Schedule:
    """The controls that move: through the run, and the run itself."""

    def __init__(self, owner: BenchWidget) -> None:
        """Make the row that moves, and room for a row for each CPU."""
        self.owner = owner
        self.buttons: dict[Action, w.Button] = {}
        self.shape: tuple[Action, ...] = ()
        self.slider = w.IntSlider(
            min=0, max=1, description="Step", readout=False, layout=w.Layout(width="300px", max_width="100%")
        )
        owner.hear(self.slider, lambda at: owner.put(benchplay.jump(owner.bench, at)))
        # The player's own buttons have no names, so it is hidden; `play` starts and stops its clock, which is in the
        # page.
        self.player = w.Play(min=0, max=1, interval=400, layout=w.Layout(display="none"))
        owner.hear(self.player, lambda at: owner.put(benchplay.jump(owner.bench, at)), plays=True)
        owner.hear(self.player, lambda _: None, "playing", plays=True)
        self.play = w.ToggleButton(
            description="play", tooltip="Go on by itself, a step every 0.4 s", layout=w.Layout(width="auto")
        )
        owner.hear(self.play, self._play, plays=True)
        self.start = self._mover("|◀ start", lambda bench: benchplay.jump(bench, 0), "Go to the start")
        self.back = self._mover("◀ back", lambda bench: benchplay.jump(bench, bench.at - 1), "Take back one step")
        self.next = self._mover("step ▶", benchplay.forward, "The next step: as planned, else in order")
        self.next.button_style = "primary"
        self.run = self._mover("run on ▶|", benchplay.run_on, "Go on until a rule breaks or nothing more can happen")
        self.cut = self._mover("cut the rest", benchplay.cut, "Forget the steps that are planned after this one")
        self.cpus = w.VBox()
        movers = [self.start, self.back, self.next, self.run, self.cut, self.slider, self.play, self.player]
        self.rows: list[w.Widget] = [w.HBox(movers), self.cpus]

    def _mover(self, label: str, move: Callable[[Bench], Bench], tip: str) -> w.Button:
        return self.owner.button(label, lambda: self.owner.put(move(self.owner.bench)), tip)

    def pause(self) -> None:
        """Stop the clock."""
        before, self.owner.syncing = self.owner.syncing, True
        self.player.playing = False
        self.owner.syncing = before

    def _play(self, on: bool) -> None:
        if on:
            self.owner.put(benchplay.planned(self.owner.bench))
            self._sync_movers(self.owner.bench)
        self.player.playing = on

    def _button(self, action: Action) -> w.Button:
        """Give the button for an action; it stays the same one, so that it keeps the keyboard."""
        if action not in self.buttons:
            label = NAMES[action.kind].format(action.cpu, action.va or 0)
            act = partial(self._happen, action)
            self.buttons[action] = self.owner.button(label, act, label)
        return self.buttons[action]

    def _happen(self, action: Action) -> None:
        self.owner.put(benchplay.do(self.owner.bench, action))

    def sync(self) -> None:
        """Show what may happen now, and say why the rest may not."""
        bench = self.owner.bench
        every = dict(benchplay.choices(bench))
        if tuple(every) != self.shape:
            self._lay_out(tuple(every))
        for action, why in every.items():
            button = self._button(action)
            with button.hold_sync():
                button.disabled = why is not None
                button.tooltip = f"{button.description}: not now, {why}" if why else button.description
        for number, note in enumerate(self.notes):
            note.value = _reasons(number, every)
        self._sync_movers(bench)

    def _sync_movers(self, bench: Bench) -> None:
        last = max(1, len(bench.trace))
        for control in (self.slider, self.player):
            control.max = last  # a message of its own: the page would cut a value to the old limit and send that back
            control.value = bench.at
        self.play.value = self.player.playing
        self.play.description = "pause" if self.player.playing else "play"
        self.start.disabled = self.back.disabled = bench.at == 0
        self.cut.disabled = bench.at == len(bench.trace)

    def _lay_out(self, every: tuple[Action, ...]) -> None:
        """Give each CPU a row."""
        self.shape = every
        cpus = range(len(self.owner.bench.system.cpus))
        self.notes = [w.HTML().add_class("tmm-why") for _ in cpus]
        rows = [[self._button(action) for action in every if action.cpu == number] for number in cpus]
        self.cpus.children = [w.HBox([*row, note]) for row, note in zip(rows, self.notes, strict=True)]


def _reasons(number: int, every: dict[Action, str | None]) -> str:
    """Say in a few words why some things cannot happen on a CPU now."""
    reasons: dict[str, list[str]] = {}
    for action, why in every.items():
        if why and action.cpu == number:
            reasons.setdefault(why.rstrip("."), []).append(benchplay.KINDS[action.kind])
    told = "; ".join(f"{', '.join(dict.fromkeys(kinds))} ({why})" for why, kinds in reasons.items())
    words = escape(f"not now: {told}") if told else ""
    return f'<span title="{words}">{words}</span>'
