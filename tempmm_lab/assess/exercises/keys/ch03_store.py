"""The key to chapter 3's stores: runs after which a store goes where the page tables no longer let it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tempmm_lab.assess.exercises.ch03 import PLACES
from tempmm_lab.assess.exercises.ch03_stage import place_of, stage
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.judging import ByDoing
from tempmm_lab.hw.ops import store
from tempmm_lab.hw.rights import Access
from tempmm_lab.steps import run
from tempmm_lab.tlbplay import ACTIONS, FLUSHES, FRAMES, SOFTWARE, Play, act

Situation = dict[str, Any]
MARK = 0x7E57
"""What the last store writes: no frame holds it before."""


def stored(play: Play, va: int) -> int | None:
    """Let the CPU store, and give the frame that it changed; None if it faults."""
    machine, _ = run(play.machine, 0, store, va, MARK)
    return next((frame for frame in FRAMES if machine.memory.read64(frame << 12) == MARK), None)


def is_stale(play: Play, va: int) -> bool:
    """Say whether a store now goes to a frame to which the tables would not let it."""
    frame, walked = stored(play, va), play.machine.walk(va, Access.WRITE)
    return frame is not None and (walked.pa is None or frame != walked.pa >> 12)


def shortest(situation: Situation) -> list[str]:
    """Give a shortest run, by trying all of them in order of length."""
    level: dict[tuple[Any, bool, bool], list[str]] = {(stage(situation).machine, False, not situation["then"]): []}
    known = set(level)
    for _ in range(8):
        further: dict[tuple[Any, bool, bool], list[str]] = {}
        for (machine, changed, flushed), steps in level.items():
            if changed and flushed and is_stale(Play(machine), place_of(situation)):
                return [*steps, "store"]
            for action, after in _next(situation, Play(machine), changed):
                now = (
                    after.machine,
                    changed or action in SOFTWARE,
                    flushed or (changed and action == situation["then"]),
                )
                if now not in known:
                    known.add(now)
                    further[now] = [*steps, action]
        level = further
    return []


def _next(situation: Situation, play: Play, changed: bool) -> Iterator[tuple[str, Play]]:
    for action in ACTIONS:
        banned = action == situation["without"] or (action in SOFTWARE and (changed or action != situation["change"]))
        if not banned:
            yield action, act(play, action, place_of(situation))


def _shortest(facts: Facts) -> dict[str, list[str]]:
    return {place: shortest(one) for place, one in zip(PLACES, facts["situations"], strict=True)}


def _fault(facts: Facts, part: str, given: list[str]) -> str | None:
    """Play a run, and say what is wrong with it."""
    situation = facts["situations"][PLACES.index(part)]
    against = _against_the_rules(situation, given)
    if against:
        return against
    play = stage(situation)
    for action in given[:-1]:
        play = act(play, action, place_of(situation))
    if not is_stale(play, place_of(situation)):
        return _why_not(situation, given, play)
    least = len(shortest(situation))
    return f"It works, in {len(given)} steps. {least} are enough." if len(given) > least else None


def _against_the_rules(situation: Situation, given: list[str]) -> str | None:
    change, then, without = situation["change"], situation["then"], situation["without"]
    if not given or given[-1] != "store":
        return "The last step is 'store'."
    if [action for action in given if action in SOFTWARE] != [change]:
        return f"The kernel makes one change, once: {change!r}."
    if without in given[:-1]:
        return f"{without!r} is not to be used here."
    if then and then not in given[given.index(change) :]:
        return f"{then!r} has to come somewhere after the change."
    return None


def _why_not(situation: Situation, given: list[str], play: Play) -> str:
    """Say why the last store does nothing stale."""
    before, after = given[: given.index(situation["change"])], given[given.index(situation["change"]) :]
    if stored(play, place_of(situation)) is not None:
        space = " In which space was the change made?" if any("space" in action for action in given) else ""
        return f"The last store goes through, but where the tables allow it: nothing stale was used.{space}"
    if any(entry.covers(place_of(situation)) for entry in play.machine.cpus[0].tlb.entries):
        return (
            "The last store faults, although a translation is cached: its D is 0, so the processor goes to memory, to "
            "set D there, and sees the truth. Which step sets D beforehand?"
        )
    if any(action in FLUSHES for action in after):
        return "The last store faults: a step after the change has dropped the old translation."
    if not set(before) & {"load", "store", "fill"}:
        return "The last store faults: nothing was cached before the change, and afterwards it is too late."
    return "The last store faults: the old translation is not there any more. Which step dropped it?"


STORE = ByDoing(_shortest, _fault)
