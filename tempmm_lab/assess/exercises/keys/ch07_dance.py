"""The key to the rounds of chapter 7: any that hold are right, and the explorer of the small model says which do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tempmm_lab.assess.exercises.ch07 import ITEMS
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.assess.exercises.task import form_of
from tempmm_lab.explore import explore
from tempmm_lab.livecode import LINUX, NEW, LiveCode, Site, written

UNKNOWN = "INT3 that nobody knows"


class _Apart(LiveCode):
    """The small model, with its one rule taken apart: what is torn, and what nobody knows."""

    @property
    def always(self) -> Mapping[str, Callable[[Site], bool]]:
        """The two rules."""
        rules = {"whole": lambda site: "+" not in site.ran, "known": lambda site: site.ran != UNKNOWN}
        return MappingProxyType(rules)


SAYS = {
    "whole": "A CPU may have fetched a part before a round and the other part after it. Between two writes every CPU "
    "has to drop what it has fetched. So it went wrong:",
    "known": "The handler has to know the site before the first INT3 is there, and until nobody can have fetched one. "
    "So it went wrong:",
    "few": f"Linux interrupts every CPU {LINUX.count('sync')} times. Yours does it more often. Which is for nothing?",
    "clean": "At the end the handler still knows a site that is no longer patched.",
}


class DanceJudge:
    """Explores what a CPU executes while the rounds are done."""

    def key(self, _: Exercise, facts: Facts) -> list[str]:
        """Give Linux's rounds, as letters."""
        return ["ABCDEFG"[facts["items"].index(ITEMS[name])] for name in LINUX]

    def judge(self, exercise: Exercise, facts: Facts, answer: Any, _: int) -> Verdict:
        """Judge rounds; the message has the shortest way in which they fail."""
        form = form_of(exercise, answer)
        if form:
            return verdict(exercise, {}, list(form.values()))
        names = {text: name for name, text in ITEMS.items()}
        rounds = tuple(names[facts["items"]["ABCDEFG".index(letter)]] for letter in answer)
        site = Site()
        for name in rounds:
            site = written(site, name)
        if (site.first, site.tail) != (NEW, NEW):
            return verdict(exercise, {}, ["When all rounds are done the new instruction does not stand there whole."])
        report = explore(_Apart(rounds, ("whole", "known")))
        wrong = {name: f"\n{path.text()}" for name, path in report.counterexamples.items()}
        wrong |= {"few": ""} if rounds.count("sync") > LINUX.count("sync") else {}
        wrong |= {"clean": ""} if site.published else {}
        earned = {name: part.points for name, part in exercise.parts.items() if name not in wrong}
        return verdict(exercise, earned, [f"{n}: {SAYS[n]}{wrong[n]}" for n in exercise.parts if n in wrong])
