"""Answers to the break exercises: strings that are not quite it, and right ones that were found without the key."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.break_goals import GOALS, STATES
from tempmm_lab.assess.exercises.keys.break_monitors import DEAD
from tempmm_lab.assess.exercises.keys.break_search import all_hold, followed
from tempmm_lab.assess.exercises.keys.breaking import conditions_of, stage
from tempmm_lab.kernel.step import Action, successors
from tempmm_lab.scenarios.paths import Path, check, parse_actions
from tempmm_lab.scenarios.scenario import knob_text
from tempmm_lab.trace import judged
from tests.exercises.answers import right, wrong

NAMES = ("ch05-legal", "ch08-hole", "ch09-nmi", "ch10-sleep", "ch13-gap", "ch14-buffer")
OTHER = "text_poke:v6.16:irqs=0:s0+8~"


def given(actions: str) -> Callable[[Facts, Any], str]:
    """Give a string of a variant's scenario with these actions."""
    return lambda facts, *_: str(stage(facts["stage"]).path(parse_actions(actions)))


def ending(actions: str = "", drop: int = 0) -> Callable[[Facts, str], str]:
    """Give the key without so many of its last steps, and with others instead."""

    def make(facts: Facts, key: str) -> str:
        path = Path.parse(key)
        return str(stage(facts["stage"]).path((*path.actions[: len(path) - drop], *parse_actions(actions))))

    return make


def searched(exercise: str, facts: Facts) -> tuple[Action, ...]:
    """Search breadth first, the last action first, so that another shortest schedule than the stored one may come."""
    return _searched(exercise, facts["stage"], facts["goal"], tuple(facts["conditions"]))


@cache
def _searched(exercise: str, where: str, goal: str, names: tuple[str, str]) -> tuple[Action, ...]:
    scenario = stage(where)
    conditions = conditions_of(exercise, {"stage": where, "conditions": names})
    first = (scenario.system(), (0, 0))
    ways: dict[Any, tuple[Action, ...]] = {first: ()}
    queue = deque([first])
    while queue:
        system, places = node = queue.popleft()
        way = ways.pop(node)
        ways[node] = ()
        for action, outcome in reversed(list(successors(system))):
            moment = judged(scenario, system, action, outcome)
            now = followed(conditions, places, moment)
            there = GOALS[goal](moment)
            if there and all_hold(conditions, now):
                return (*way, action)
            after = (outcome.system, now)
            if after not in ways and DEAD not in now and (goal in STATES or not there):
                ways[after] = (*way, action)
                queue.append(after)
    raise AssertionError(f"{exercise} {where} {goal} {names}: there is no such schedule.")


def _found(exercise: str) -> Callable[[Facts], str]:
    return lambda facts: str(stage(facts["stage"]).path(searched(exercise, facts)))


def _spelt_out(exercise: str) -> Callable[[Facts], str]:
    """Give the same with every knob named, and every step by itself."""

    def make(facts: Facts) -> str:
        scenario = stage(facts["stage"])
        names = [name for name in scenario.knobs if name not in ("build", "config")]
        knobs = ",".join(f"{name}={knob_text(scenario.knobs[name])}" for name in reversed(names))
        steps = ".".join(str(action) for action in searched(exercise, facts))
        text = f"{scenario.name}:{scenario.build.name}:{knobs}:{steps}"
        return f"{text}~{check(text)}"

    return make


LATER = "goal first second shortest"
for _name in NAMES:
    wrong(_name, "another scenario", lambda *_: OTHER + check(OTHER[:-1]), "all", "asked is one of")
    wrong(_name, "a slip of the pen", lambda _, key: key.replace("s0", "s1", 1), "all", "changed or cut")
    wrong(_name, "an interrupt too many", ending("t0"), "all", "cannot happen")
    wrong(_name, "one step", given("s1"), LATER, "it does not get there")
    right(_name, "found by search", _found(_name))
    right(_name, "spelt out", _spelt_out(_name))
for _name in NAMES:
    for _seed in (1, 2, 3, 1 << 63):
        wrong(
            _name, f"another scenario, {_seed}", lambda *_: OTHER + check(OTHER[:-1]), "all", "asked is one of", _seed
        )
        wrong(
            _name,
            f"a digit changed, {_seed}",
            lambda _, key: key[::-1].replace("0", "1", 1)[::-1],
            "all",
            "cut on",
            _seed,
        )
        if _name != "ch05-legal":  # some states of chapter 5 last for two steps
            wrong(_name, f"cut off, {_seed}", ending(drop=1), LATER, "goal: it does not get there", _seed)

# ch05-legal, variant 0: firmware, told, freed

wrong("ch05-legal", "asks for the state alone", given("s0+28"), "first second shortest", "It does not happen in")
wrong("ch05-legal", "told nobody", given("s0+28.s1+19"), "first shortest", "takes an IPI only with IF 1")
wrong("ch05-legal", "not freed", given("s0+22.s1+7.s0+6.p0.s0+7"), "second shortest", "when all who were asked")
wrong("ch05-legal", "told before the call", given("s0+6.s1+7.p0.s0+34.s1+13"), "shortest", "has 61 steps, and 56")
wrong("ch05-legal", "cut off in the switch", given("s0+26"), LATER, "CPU 0 has IF 0: CR3 efi_mm, loaded_mm efi_mm")

# ch08-hole, variant 0: v5.2, no-stale-use, elsewhere, number

FILL = "f1@0x7f0000000000"
wrong("ch08-hole", "the explorer's", given(f"s1+17.s0+9.{FILL}"), "first second shortest", "do not change together")
wrong("ch08-hole", "loaded_mm unchanged", given(f"s0+2.s1+19.s0+7.{FILL}"), "first shortest", "before it loads CR3")
wrong("ch08-hole", "raised first", given(f"s0+3.s1+17.s0+6.s1+4.{FILL}"), "second shortest", "it is too late for that")
wrong("ch08-hole", "a step too far", ending("s1"), "shortest", "leave out what comes after")
wrong("ch08-hole", "still in the mask", given("s1+3.s0+7.p1.s1+6"), LATER, "CPU 1 is told, since its bit")

# ch09-nmi, variant 0: v6.14, unmapped, neighbour

wrong("ch09-nmi", "the explorer's", given("s0+23.n0.s0+2"), "first second shortest", "Who has used it has it cached")
wrong("ch09-nmi", "alone", given("s0+30.n0.s0+2"), "second shortest", "The other CPU is free to run")
wrong("ch09-nmi", "still mapped", given("s0+23.s1.n0.s0+2"), "first shortest", "does not happen in this run")
wrong("ch09-nmi", "later than needed", given("s0+31.s1.n0.s0+2"), "shortest", "has 35 steps, and 34 will do")
wrong("ch09-nmi", "before the window", given("s0+7.n0.s0+6"), LATER, "the handler's store faults")

# ch10-sleep, variant 0: posted, no-stale-use, guest, kernel

FOUND = "s1+2.s0+79.s1.s0+16.s1+14.s0+11"
wrong("ch10-sleep", "the entry at the beginning", given(FOUND), "first shortest", "The second task runs in user mode")
wrong("ch10-sleep", "freed in user mode", given("s0+59.s1.s0+44.s1+15.s0+2.s1.s0"), "second shortest", "before sysret")
wrong("ch10-sleep", "a step too far", ending("s0"), "all", "this CPU has finished")
wrong("ch10-sleep", "raised too early", given("s0+40.s1+7.s0+60"), LATER, "it reads the new generation")
wrong("ch10-sleep", "told", given("s0+59.s1.s0+31.s1+6.p0"), LATER, "CPU 0 is told, for its bit")

# ch13-gap, variant 0: mask-bit-set, during, freed_efi

wrong("ch13-gap", "the explorer's", given("s0+44.s1+7.p0.s0+13"), "first second shortest", "CPU 1 may begin while")
wrong("ch13-gap", "not freed", given("s0+40.s1.s0+4.s1+6.p0.s0+13"), "second shortest", "before CPU 0 has written CR3")
wrong(
    "ch13-gap",
    "begun in the gap",
    given("s0+44.s1+7.p0.s0+7.s1+13.s0+6"),
    "first shortest",
    "What counts is when it asks",
)
wrong("ch13-gap", "steps too many", given("s0+40.s1.s0+4.s1+6.p0.s0+7.s1+13.s0+8"), "shortest", "there at step 78")
wrong("ch13-gap", "outside the gap", given("s0+3.s1+7.p0.s0+30"), LATER, "the IPI comes outside the gap")

# ch14-buffer, variant 0: efi_call, name, early

wrong("ch14-buffer", "late", given("s0+47.s1+7.s0+14.s1+12.s0"), "first second shortest", "has to be raised late")
wrong("ch14-buffer", "freed too early", given("s0+45.s1.s0+2.s1+18.s0+15"), "first shortest", "After CR3 loaded_mm")
wrong(
    "ch14-buffer",
    "a drain for nothing",
    given("s0+45.s1.s0+2.s1+6.s0+10.s1+12.s0.d0.s0+4"),
    "shortest",
    "82 steps, and 81",
)
wrong("ch14-buffer", "drained", given("s0+47.d0.s1+7.s0+7.p0"), LATER, "It has to wait unseen")
wrong("ch14-buffer", "raised too early", given("s1+7.s0+60"), LATER, "it reads the new generation")
