"""A bench's knobs: build, interrupts, a second build, and everything else that its scenario can be told."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from tempmm_lab import benchplay
from tempmm_lab.errors import ModelError
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.handlers import HANDLERS
from tempmm_lab.scenarios.scenario import Scenario, Story

if TYPE_CHECKING:
    from tempmm_lab.widgets.bench import BenchWidget

ARRIVALS = {"irqs": "IRQs may come", "nmis": "NMIs may come", "ticks": "ticks may come"}
NONE = "no other build"


class Knobs:
    """The controls for knobs: `first` are always seen, `more` can be unfolded."""

    def __init__(self, owner: BenchWidget) -> None:
        """Make one control for every knob of the scenario."""
        self.owner = owner
        scenario = owner.bench.scenario
        self.builds = self._builds(scenario.build, owner.session.compare)
        self.build = w.Dropdown(options=list(self.builds), description="Build", layout=w.Layout(width="170px"))
        self.other = w.Dropdown(
            options=[NONE, *self.builds], description="Compare with", layout=w.Layout(width="230px"),
            tooltip="A second build that follows the same schedule",
        )  # fmt: skip
        self.unfold = w.ToggleButton(description="More knobs", layout=w.Layout(width="auto"))
        self.most = {knob: max(1, int(scenario.knobs[knob])) for knob in ARRIVALS}
        self.every = {name: self._control(name) for name in scenario.knobs if name != "build"}
        owner.hear(self.build, lambda name: self._set(build=self.builds[name]))
        owner.hear(self.other, lambda name: owner.put(benchplay.with_other(owner.bench, self.builds.get(name))))
        owner.hear(self.unfold, self._unfold)
        self.first = [self.build, *(self.every[knob] for knob in ARRIVALS), self.other, self.unfold]
        self.more = w.HBox([control for name, control in self.every.items() if name not in ARRIVALS])

    def _builds(self, *own: Build | None) -> dict[str, Build]:
        """Give the builds that can be chosen: those the scenario makes sense on as it is, and the reader's own."""
        known = [each for each in BUILDS.values() if _possible(self.owner.bench.scenario, each)]
        return {each.name: each for each in (*known, *own) if each is not None}

    def _control(self, name: str) -> w.Widget:
        """Make the control for one knob."""
        story = self.owner.bench.scenario.story
        default = story.defaults[name]
        narrow = w.Layout(width="auto", margin="0 12px 0 0")
        words = {"handler": tuple(HANDLERS), "memory": ("sc", "tso"), **story.choices}.get(name)
        control: w.Widget
        if name in ARRIVALS:
            most = self.most[name]
            tip = f"At most {most} on each CPU"
            control = w.Checkbox(description=ARRIVALS[name], indent=False, layout=narrow, tooltip=tip)
            return self.owner.hear(control, lambda on: self._set(**{name: most if on else 0}))
        if name == "config":
            control = w.Text(
                description="config",
                continuous_update=False,
                tooltip="Such as no-pcid, pti, debug_vm or preempt=lazy, joined by +",
            )
        elif isinstance(default, bool):
            control = w.Checkbox(description=name, indent=False, layout=narrow)
        else:
            options: Any = words or _numbers(story, name)
            control = w.Dropdown(options=options, description=name, layout=w.Layout(width="190px"))
        return self.owner.hear(control, lambda value: self._set(**{name: value}))

    def _set(self, **knobs: Any) -> None:
        self.owner.put(benchplay.with_knobs(self.owner.bench, **knobs))
        if self.owner.session.exploring:
            self.owner.exploring.explore()

    def _unfold(self, on: bool) -> None:
        self.owner.session.more = on

    def sync(self, *, typed: bool) -> None:
        """Show the knobs as they are; those that are typed only with `typed`."""
        scenario, other = self.owner.bench.scenario, self.owner.bench.other
        self.build.value = scenario.build.name
        self.other.value = NONE if other is None else other.scenario.build.name
        self.unfold.value = self.owner.session.more
        self.more.layout.display = "" if self.owner.session.more else "none"
        for name, control in self.every.items():
            value = scenario.knobs[name]
            if name != "config":
                control.value = bool(value) if name in ARRIVALS else value
            elif typed:
                control.value = str(value)


def _possible(scenario: Scenario, build: Build) -> bool:
    """Tell whether a build has what the scenario's knobs ask for."""
    with suppress(ModelError):
        scenario.on(build).system()
        return True
    return False


def _numbers(story: Story, knob: str) -> tuple[int, ...]:
    """Give the numbers that a knob takes."""
    found = []
    for number in range(9):
        with suppress(ModelError):
            found.append(story.checked(knob, number))
    return tuple(found)
