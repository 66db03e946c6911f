"""How a replay string is judged: it is played, in a bounded number of steps, and looked at. No student's code runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.keys.break_conditions import CONDITIONS
from tempmm_lab.assess.exercises.keys.break_goals import GOALS, STATES
from tempmm_lab.assess.exercises.keys.break_monitors import DEAD, Monitor
from tempmm_lab.assess.exercises.keys.break_search import Places, followed
from tempmm_lab.assess.exercises.keys.break_strings import ACTIONS
from tempmm_lab.assess.exercises.keys.break_turns import HINTS, Turns, state_told
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.assess.exercises.task import form_of
from tempmm_lab.errors import ModelError, NotPossible
from tempmm_lab.kernel.step import take
from tempmm_lab.scenarios.paths import Path, check, parse_actions
from tempmm_lab.scenarios.scenario import Scenario
from tempmm_lab.trace import Moment, judged, scenario_of

MOST_STEPS = 400
"""The longest run that is played. The longest right one has fewer than 150 steps."""
PLACES = ("first", "second")


class Refused(Exception):
    """A string cannot be played here; the message says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """A string that was played.

    Attributes:
        moments: up to and with the first that reaches a rule's goal; of a state's all.
        length: of the whole string.
        there: whether the goal is reached.
        places: where each condition's monitor is at the end.
        spoilt: for each condition the step, counted from 1, that made it impossible; 0 if none did.
    """

    path: Path
    moments: tuple[Moment, ...]
    length: int
    there: bool
    places: Places
    spoilt: tuple[int, ...]


def stage(text: str) -> Scenario:
    """Give the scenario of a path's first three parts."""
    return scenario_of(f"{text}:~{check(text + ':')}")


def stored(exercise: str, facts: Facts) -> Path:
    """Give the stored shortest schedule of a variant."""
    first, second = sorted(facts["conditions"])
    actions = ACTIONS[exercise][facts["stage"]][f"{facts['goal']} {first} {second}"]
    return stage(facts["stage"]).path(parse_actions(actions))


def conditions_of(exercise: str, facts: Facts) -> list[Monitor]:
    """Give the two conditions of a variant, in its order."""
    table = CONDITIONS[exercise](facts["stage"].partition(":")[0])
    return [table[name] for name in facts["conditions"]]


def played(scenario: Scenario, text: str, goal: str, conditions: Sequence[Monitor]) -> Run:
    """Play a string.

    Raises:
        Refused: it is no string of this scenario, is too long, or a step of it cannot happen.
    """
    path = _path(scenario, text)
    moments, places, spoilt = list[Moment](), (0,) * len(conditions), [0] * len(conditions)
    there = False
    for number, moment in enumerate(_moments(scenario, path), 1):
        if goal not in STATES and there:
            continue  # it is played all the same: every step has to be possible
        moments.append(moment)
        places = followed(conditions, places, moment)
        spoilt = [old or number * (place == DEAD) for old, place in zip(spoilt, places, strict=True)]
        there = GOALS[goal](moment) and not (goal in STATES and any(one.broken for one in moments))
    return Run(path, tuple(moments), len(path), there, places, tuple(spoilt))


def _path(scenario: Scenario, text: str) -> Path:
    try:
        path = Path.parse(text)
        mine = scenario_of(path)
    except (ModelError, ValueError, KeyError, OverflowError) as error:
        raise Refused(_short(str(error))) from None
    if mine.path(()) != scenario.path(()):
        raise Refused(f"It is a run of {_short(str(mine))}; asked is one of {scenario}.")
    if not 0 < len(path) <= MOST_STEPS:
        raise Refused(f"It has {len(path):,} steps. More than none are needed, and more than {MOST_STEPS} never.")
    return path


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:140]} ... {text[-140:]}"


def _moments(scenario: Scenario, path: Path) -> Iterator[Moment]:
    system = scenario.system()
    for number, chosen in enumerate(path, 1):
        if chosen.kind in "fe" and chosen.va not in system.world.fills:
            raise Refused(f"Step {number} cannot happen: in this scenario no entry comes or goes by itself.")
        try:
            outcome = take(system, chosen)
        except (NotPossible, ModelError) as why:
            raise Refused(f"Step {number} cannot happen: {_short(str(why))}") from None
        yield judged(scenario, system, chosen, outcome)
        system = outcome.system


@dataclass(frozen=True, slots=True)
class BreakJudge:
    """Judges a replay string: whether it can be played, where it leads, how, and in how many steps.

    Attributes:
        turns: what sends a run another way: asked of its moments in order, where it does not reach the goal.
    """

    turns: Turns

    def key(self, exercise: Exercise, facts: Facts) -> str:
        """Give a right string."""
        return str(stored(exercise.name, facts))

    def judge(self, exercise: Exercise, facts: Facts, answer: Any, _: int) -> Verdict:
        """Judge a string. The replay is the answer itself, up to where it went another way."""
        form = form_of(exercise, answer)
        if form:
            return verdict(exercise, {}, list(form.values()))
        conditions = conditions_of(exercise.name, facts)
        try:
            run = played(stage(facts["stage"]), answer, facts["goal"], conditions)
        except Refused as why:
            return verdict(exercise, {}, [f"replay: {why}"])
        if not run.there:
            number, said = self._turn(run, facts["goal"])
            return _with_replay(exercise, {"replay": 1}, [f"goal: it does not get there. {said}"], run, number)
        least = len(stored(exercise.name, facts))
        return _there(exercise, run, conditions, least)

    def _turn(self, run: Run, goal: str) -> tuple[int, str]:
        """Give the first step that sent a run another way, and what to say of it."""
        for number, moment in enumerate(run.moments, 1):
            for when, says in self.turns(run.path.scenario):
                if when(moment):
                    return number, f"{_at(number, moment)}: {says}"
        end = f" {state_told(run.moments[-1].after)}" if goal in STATES else ""
        return 0, f"{HINTS[goal]}{end}"


def _at(number: int, moment: Moment) -> str:
    what = f"{moment.where} {moment.what}" if moment.action.kind == "s" else moment.where
    return f"At step {number} (CPU {moment.action.cpu}, {what[:90]})"


def _there(exercise: Exercise, run: Run, conditions: Sequence[Monitor], least: int) -> Verdict:
    met = [one.holds(place) for one, place in zip(conditions, run.places, strict=True)]
    earned = {"replay": 1, "goal": exercise.parts["goal"].points}
    earned |= {name: 1 for name, holds in zip(PLACES, met, strict=True) if holds}
    said, number = [], 0
    for name, holds, one, spoilt in zip(PLACES, met, conditions, run.spoilt, strict=True):
        if not holds:
            where = f"{_at(spoilt, run.moments[spoilt - 1])} it is too late for that." if spoilt else one.unmet
            said.append(f"{name}: {where} {one.says}")
            number = number or spoilt
    if all(met) and run.length == least:
        earned["shortest"] = 1
    elif all(met):
        said.append(f"shortest: it has {run.length} steps, and {least} will do. {_longer(run)}")
    else:
        said.append("shortest: that is looked at when both conditions hold.")
    return _with_replay(exercise, earned, said, run, number)


def _longer(run: Run) -> str:
    if run.length > len(run.moments):
        return f"It is there at step {len(run.moments)}: leave out what comes after."
    return "Which CPU takes steps that nobody waits for? Leave out what neither the goal nor a condition needs."


def _with_replay(exercise: Exercise, earned: dict[str, int], said: Sequence[str], run: Run, number: int) -> Verdict:
    found = verdict(exercise, earned, said)
    replay = str(run.path[:number]) if number else None
    return Verdict(found.points, found.of, found.parts, found.messages, replay)
