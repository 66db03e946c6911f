"""Exercises whose answer is a replay string: find a schedule that leads somewhere, under conditions. What is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.shapes import KIND

MOST_CHARACTERS = 4_000
"""The longest replay string that is looked at. A right one has fewer than 200 characters."""
PLACES = ("first", "second")
Row = tuple[str, str, str, str]
"""A variant: scenario with build and knobs as a path begins, the goal, and two conditions, by their names."""


@dataclass(frozen=True, slots=True)
class ReplayText:
    """A replay string, in its outer form: text with four parts and a check."""

    most: int = MOST_CHARACTERS

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with the form, if anything."""
        if type(value) is not str:
            given = "nothing yet (None)" if value is None else KIND.get(type(value), type(value).__name__)
            return f"should be a replay string, text such as 'text_poke:v6.16:irqs=0:s0+8.s1~3f9a', and is {given}"
        if len(value) > self.most:
            return f"has {len(value):,} characters; a replay string of this exercise has fewer than {self.most:,}"
        if not value.isascii() or value.count(":") != 3 or "~" not in value:
            return "should be a replay string: scenario, build, knobs and steps with colons between, and ~ with a check"
        return None


@dataclass(frozen=True, slots=True)
class Hunt:
    """The wording of one break exercise.

    Attributes:
        about: the first paragraph.
        goals: name -> what has to be reached, as a sentence.
        conditions: name -> a condition, as a sentence.
        ends: what is said of the end of a run.
    """

    about: str
    goals: Mapping[str, str]
    conditions: Mapping[str, str]
    ends: str = "What comes after the step that breaks the rule is not looked at, but makes the string longer."


def crossed(stages: Sequence[str], goal: str, pairs: Sequence[str]) -> list[Row]:
    """Give the variants of some stages with one goal; each pair is two names of conditions with a space between."""
    split = [pair.split() for pair in pairs]
    return [(stage, goal, first, second) for stage in stages for first, second in split]


def break_exercise(name: str, title: str, hunt: Hunt, rows: Sequence[Row]) -> Exercise:
    """Make an exercise of its wording and its variants. The two conditions stand in either order."""

    def facts(draw: Draw) -> Facts:
        stage, goal, *conditions = draw.one_of(rows)
        return {"stage": stage, "goal": goal, "conditions": list(draw.shuffled(conditions))}

    return Exercise(
        name=name,
        chapter=int(name[2:4]),
        kind="break",
        title=title,
        answer=f"answer_{name[5:]}",
        parts={
            "replay": Part(1, "the string is one of this scenario, kernel and knobs, and every step of it can happen"),
            "goal": Part(2, "it gets there"),
            "first": Part(1, "and condition 1 holds"),
            "second": Part(1, "and condition 2 holds"),
            "shortest": Part(1, "and no shorter schedule does all that"),
        },
        variants=len(rows) * 2,
        facts=facts,
        show=lambda facts: _shown(hunt, facts),
        whole=ReplayText(),
    )


def _shown(hunt: Hunt, facts: Facts) -> str:
    scenario, build, knobs = facts["stage"].split(":")
    first, second = (hunt.conditions[name] for name in facts["conditions"])
    return f"""{hunt.about}

  scenario      {scenario}, on {build}; knobs: {knobs.replace(",", ", ")}
  get there     {hunt.goals[facts["goal"]]}
  condition 1   {first}
  condition 2   {second}

{hunt.ends}
Answer with a replay string, as the bench's copy button gives it, or str(trace.path). It begins
  {facts["stage"]}:"""
