"""How many steps are left, at least, until something that is sought can happen.

The graph of views is turned round and walked backwards from what is sought. In it a CPU's own moves cost one step, and
what others do to it costs nothing: that is counted where it is done. When the thing happens, all CPUs are in one state.
So each must have come to a view at the same spot, and one of them to the view that shows it. The steps that each CPU
must make for that are steps of different CPUs, so they add up, and no run has fewer. A CPU that cannot come there at
all rules the state out.
"""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.answer import Target
from tempmm_lab.engine.spots import View
from tempmm_lab.engine.views import Views
from tempmm_lab.engine.waiting import may_wait_for_ever

Key = tuple[int, int, int]
"""(role, own state, shared values): a view without its journals."""
FAR = 1 << 30


@dataclass(frozen=True, slots=True)
class Guide:
    """From each view, the least number of own steps to a spot where it can happen, and to the view that shows it.

    `roles` are those of the CPUs. `shows` is None where all CPUs have a part in it, as in a deadlock; then `comes`
    leads to the parts.
    """

    roles: tuple[int, ...]
    comes: dict[Key, int]
    shows: dict[Key, int] | None

    def left(self, keys: list[Key]) -> int:
        """Give the least number of steps that CPUs with these views need together; FAR if they can't get there."""
        comes, total = self.comes, 0
        for key in keys:
            far = comes.get(key)
            if far is None:
                return FAR
            total += far
        if self.shows is None:
            return total
        extra = min(self.shows.get(key, FAR) - comes[key] for key in keys)
        return total + extra if extra < FAR >> 1 else FAR


class Distances:
    """The graph of views, turned round."""

    def __init__(self, views: Views) -> None:
        self.views = views
        self._keys = list(views.all())
        self._numbers = {key: number for number, key in enumerate(self._keys)}
        self._moved: list[list[int]] = [[] for _ in self._keys]
        self._changed: list[list[int]] = [[] for _ in self._keys]
        self._hits: dict[Target, dict[int, None]] = {}  # one step before what is sought
        self._there: dict[Target, dict[int, None]] = {}  # there already
        for (spot, view), number in self._numbers.items():
            self._own_moves(spot, view, number)
            self._effects(spot, view, number)

    def _own_moves(self, number: int, view: View, mine: int) -> None:
        views, spot = self.views, self.views.spots[number]
        place = views.tables.place(view[1], spot.shared)
        for target in place.broken:
            self._there.setdefault(target, {})[mine] = None
        for edge in place.edges:
            if views.possible(spot, view, edge):
                there = self._numbers[views.after(spot, view, edge), (view[0], edge.own)]
                self._moved[there].append(mine)
                for target in edge.targets:
                    self._hits.setdefault(target, {})[mine] = None

    def _effects(self, number: int, view: View, mine: int) -> None:
        for effect in self.views.spots[number].effects:
            after = self.views.reached(effect, view)
            if after is not None:
                self._changed[self._numbers[effect.spot, after]].append(mine)

    def to(self, target: Target) -> Guide:
        """Give the way to a rule or a report."""
        there, hits = self._there.get(target, {}), self._hits.get(target, {})
        spots = {self._keys[number][0] for number in (*there, *hits)}
        gathered = [number for number, (spot, _) in enumerate(self._keys) if spot in spots]
        shows = {**dict.fromkeys(hits, 1), **dict.fromkeys(there, 0)}
        return Guide(self.views.roles.of, self._spread(dict.fromkeys(gathered, 0)), self._spread(shows))

    def to_standstill(self) -> Guide:
        """Give the way to where all may stand still for ever."""
        still = may_wait_for_ever(self.views)
        numbers = [self._numbers[spot, view] for spot, views in still.items() for view in views]
        return Guide(self.views.roles.of, self._spread(dict.fromkeys(numbers, 0)), None)

    def _spread(self, found: dict[int, int]) -> dict[Key, int]:
        """Walk backwards: own moves cost one, what others do nothing. Nearer views first."""
        levels = [[number for number, far in found.items() if far == each] for each in (0, 1)]
        far = 0
        while far < len(levels):
            for number in levels[far]:  # it grows while it is walked
                if found[number] < far:
                    continue
                self._before(number, far, found, levels)
            far += 1
        return self._projected(found)

    def _before(self, number: int, far: int, found: dict[int, int], levels: list[list[int]]) -> None:
        while len(levels) < far + 2:
            levels.append([])
        for cost, sources in ((0, self._changed[number]), (1, self._moved[number])):
            for source in sources:
                if found.get(source, FAR) > far + cost:
                    found[source] = far + cost
                    levels[far + cost].append(source)

    def _projected(self, found: dict[int, int]) -> dict[Key, int]:
        """Give the least over all journals."""
        least: dict[Key, int] = {}
        for number, far in found.items():
            spot, (role, own) = self._keys[number]
            key = (role, own, self.views.spots[spot].shared)
            if far < least.get(key, FAR):
                least[key] = far
        return least
