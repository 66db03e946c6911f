"""The explorer's verdict on a patch: every scenario of its battery, before and after, and what the patch costs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.explore import explore, prove
from tempmm_lab.kernel.builds import Build
from tempmm_lab.report import Report
from tempmm_lab.reviews.battery import battery, provable
from tempmm_lab.reviews.price import priced
from tempmm_lab.scenarios import Scenario
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.trace import Trace, follow, play, scenario_of


@dataclass(frozen=True)
class Tried:
    """One scenario with the patch and without it.

    Attributes:
        scenario: with the patch.
        after, before: what the explorer reports of it, with the patch and without.
    """

    scenario: Scenario
    after: Report
    before: Report

    @property
    def broken(self) -> dict[str, Path]:
        """The rules that only the patched kernel breaks, each with a shortest schedule."""
        return {
            rule: way for rule, way in self.after.counterexamples.items() if rule not in self.before.counterexamples
        }

    @property
    def still_broken(self) -> dict[str, Path]:
        """The rules that both break."""
        return {rule: way for rule, way in self.after.counterexamples.items() if rule in self.before.counterexamples}

    @property
    def asked(self) -> str:
        """The scenario and its knobs, without the build."""
        knobs = ", ".join(f"{name}={value}" for name, value in self.scenario.path(()).knobs)
        return self.scenario.name + (f" ({knobs})" if knobs else "")


@dataclass(frozen=True)
class Verdict:
    """What the explorer says about a patch.

    Attributes:
        tried: every scenario that the patch was put to.
        price: (operation, what, before, after) where an undisturbed run costs something else.
    """

    tried: tuple[Tried, ...]
    price: tuple[tuple[str, str, int, int], ...]

    @property
    def broken(self) -> dict[str, Path]:
        """The rules that the patch breaks, each with the shortest schedule of all scenarios."""
        return _shortest([each.broken for each in self.tried])

    @property
    def still_broken(self) -> dict[str, Path]:
        """The rules that were broken before and still are."""
        return _shortest([each.still_broken for each in self.tried])

    @property
    def prints(self) -> dict[str, Path]:
        """What only the patched kernel prints (WARN, BUG)."""
        return _shortest([_without(each.after.reports, each.before.reports) for each in self.tried])

    @property
    def silenced(self) -> tuple[str, ...]:
        """What the kernel printed before the patch and prints no more, in any scenario."""
        before = {text for each in self.tried for text in each.before.reports}
        return tuple(sorted(before - {text for each in self.tried for text in each.after.reports}))

    @property
    def holds(self) -> bool:
        """Whether every rule holds in every interleaving of every scenario."""
        return all(each.after.holds for each in self.tried)

    @property
    def proved(self) -> tuple[Tried, ...]:
        """The scenarios that hold for any number of CPUs."""
        return tuple(each for each in self.tried if each.after.holds and each.after.cpus == "any")

    def schedule(self) -> Trace:
        """Give the shortest run that breaks a rule, or prints what was not printed before: put it on the bench.

        Raises:
            ModelError: there is none.
        """
        found = self.broken or self.prints or self.still_broken
        if not found:
            raise ModelError("Nothing that this patch was put to breaks a rule, so there is no schedule to show.")
        way = min(found.values(), key=_order)
        (scenario,) = {str(each.asked): each.scenario for each in self.tried if _same(each.scenario, way)}.values()
        return play(scenario, follow(way))

    def text(self) -> str:
        """Give the verdict as lines."""
        return "\n".join([*self._rules(), *self._extent(), *self._prices()])

    def _rules(self) -> list[str]:
        lines = []
        for head, found in (("BREAKS", self.broken), ("PRINTS", self.prints), ("as before, BREAKS", self.still_broken)):
            for what, way in found.items():
                lines += [f"{head} {what} in {len(way)} steps:", f"  {way}"]
        lines += [f"no longer prints {text}" for text in self.silenced]
        return lines

    def _extent(self) -> list[str]:
        held = [each for each in self.tried if each.after.holds]
        some = [each for each in held if each.after.cpus != "any"]
        lines = [f"put to {len(self.tried)} scenarios; every rule holds in {len(held)} of them"]
        if self.proved:
            lines += _wrapped("for any number of CPUs", self.proved)
        if some:
            lines += _wrapped("for the scenario's own", some)
        return lines

    def _prices(self) -> list[str]:
        rows = [f"  {name}: {what} {before} -> {after}" for name, what, before, after in self.price]
        return ["price, on an undisturbed run:", *rows] if rows else ["price: none that an undisturbed run shows"]

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("Verdict(...)" if cycle else self.text())  # type: ignore[attr-defined]


def _wrapped(head: str, tried: Sequence[Tried]) -> list[str]:
    words = f"{head}: {', '.join(each.asked for each in tried)}"
    return textwrap.wrap(words, 100, initial_indent="  ", subsequent_indent="    ")


def _shortest(found: list[dict[str, Path]]) -> dict[str, Path]:
    names = dict.fromkeys(name for each in found for name in each)
    ways = {name: [each[name] for each in found if name in each] for name in names}
    return {name: min(paths, key=_order) for name, paths in ways.items()}


def _order(way: Path) -> tuple[bool, int, str]:
    """Put schedules without store buffers first, and of those the shortest."""
    return ("memory", "tso") in way.knobs, len(way), str(way)


def _without(after: dict[str, Path], before: dict[str, Path]) -> dict[str, Path]:
    return {text: way for text, way in after.items() if text not in before}


def _same(scenario: Scenario, way: Path) -> bool:
    mine = scenario.path(())
    return (mine.scenario, mine.build, mine.knobs) == (way.scenario, way.build, way.knobs)


def weigh(build: Build, base: Build) -> Verdict:
    """Put a patched build to every scenario that its functions have to do with, and compare with its base.

    Raises:
        ModelError: this is no build with a patch.
    """
    a_thing(build, Build, 'weigh() takes a patched build, such as BUILDS["v6.16"].patched(__text_poke=mine).')
    if not build.patches:
        raise ModelError(f"{build.name} has no patch to weigh. Make one with .patched(...).")
    tried = tuple(Tried(each, _after(each), _before(each.on(base))) for each in battery(build))
    return Verdict(tried, tuple(priced(base, build)))


def _after(scenario: Scenario) -> Report:
    """Prove a patched kernel for any number of CPUs if that can be had, else explore it."""
    return prove(scenario) if provable(scenario) else explore(scenario)


def _before(scenario: Scenario) -> Report:
    """Explore an unpatched kernel, once."""
    return explore(scenario) if scenario.build.patches else _known(str(scenario.path(())))


@cache
def _known(path: str) -> Report:
    return explore(scenario_of(path))
