"""Every combination of scenarios, builds and knobs, in one fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from tempmm_lab.errors import ModelError, one_of
from tempmm_lab.kernel.builds import BUILDS, Build, a_build
from tempmm_lab.scenarios import STORIES, Scenario
from tempmm_lab.scenarios.scenario import Story, knob_text
from tempmm_lab.sweeps.table import Row


@dataclass(frozen=True)
class Grid(Sequence[Scenario]):
    """The combinations that make sense. It is a sequence of scenarios.

    Attributes:
        scenarios: one for each combination, in order.
        left_out: the combinations that their build lacks; `error` says why.
    """

    scenarios: tuple[Scenario, ...]
    left_out: tuple[Row, ...]

    def __len__(self) -> int:
        return len(self.scenarios)

    def __getitem__(self, place: Any) -> Any:
        """Give a scenario, or with a slice the scenarios there."""
        return self.scenarios[place]

    def __iter__(self) -> Iterator[Scenario]:
        return iter(self.scenarios)

    def __repr__(self) -> str:
        return f"<Grid: {len(self.scenarios)} scenarios, {len(self.left_out)} left out>"


def grid(names: Any = "all", builds: Any = "all", **knobs: Any) -> Grid:
    """Give every combination of scenarios, builds and knobs.

    The order is fixed: scenarios, in each the builds, in each the knobs; the last knob changes fastest.

    Args:
        names: a scenario's name, several, or "all".
        builds: a build or its name, several, or "all".
        knobs: for each knob a value or several: `irqs=(0, 1)`. The values may be text.

    What a build lacks (`nested` on v5.1) is left out, and listed in `left_out`.

    Raises:
        ModelError: a name or a knob makes no sense on any build.
    """
    if "build" in knobs:
        raise ModelError("grid() takes the builds as its second argument: grid('text_poke', ['v6.14', 'v6.16']).")
    stories = [_story(name) for name in _several(names, STORIES)]
    kernels = [a_build(build) for build in _several(builds, BUILDS)]
    values = [_several(value, ()) for value in knobs.values()]
    scenarios: list[Scenario] = []
    left_out: list[Row] = []
    for story, build, *chosen in product(stories, kernels, *values):
        setting = dict(zip(knobs, chosen, strict=True))
        try:
            scenarios.append(_set(story, build, setting))
        except ModelError as error:
            if not _makes_sense(story, setting):
                raise
            given = tuple((name, knob_text(value)) for name, value in setting.items())
            left_out.append(Row(story.name, build.name, given, None, str(error)))
    return Grid(tuple(scenarios), tuple(left_out))


def _several(value: Any, every: Iterable[str]) -> list[Any]:
    """Give the values of what may be one value, several, or "all"."""
    if every and value == "all":
        return list(every)
    one = isinstance(value, str | Build | Story) or not isinstance(value, Iterable)
    found = [value] if one else list(value)
    if not found:
        raise ModelError("A grid needs at least one value of each kind: got none. Leave the argument out instead.")
    return found


def _story(name: Any) -> Story:
    return name if isinstance(name, Story) else STORIES[one_of(name, tuple(STORIES), "a scenario")]


def _set(story: Story, build: Build, setting: dict[str, Any]) -> Scenario:
    """Give the scenario, once its stage could be set: some stories find out only there what a build lacks."""
    scenario = story(build=build, **setting)
    scenario.system()
    return scenario


def _makes_sense(story: Story, setting: dict[str, Any]) -> bool:
    """Say whether there is a build on which these knobs make sense."""
    for build in BUILDS.values():
        try:
            _set(story, build, setting)
        except ModelError:
            continue
        return True
    return False
