"""The keys of chapter 14: right answers, and what each misconception gives instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tempmm_lab.assess.exercises.ch14 import OUTCOMES, PLACES
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.break_turns import buffer
from tempmm_lab.assess.exercises.keys.breaking import BreakJudge
from tempmm_lab.assess.exercises.keys.ch14_barrier import BARRIER
from tempmm_lab.assess.exercises.keys.judging import (
    Belief,
    ByParts,
    Truths,
    statement_answers,
    statement_hint,
    too_few_or_many,
)
from tempmm_lab.litmustests import litmus


@cache
def by_machine(first: str, second: str, memory: str) -> tuple[str, ...]:
    """Give the outcomes of a program, by trying every order."""
    tried = litmus([first, second], memory=memory)
    return tuple(one for one in OUTCOMES if tried.allows(a=int(one[0]), b=int(one[1])))


def _each(how: Callable[..., Any]) -> Callable[[Facts], dict[str, list[str]]]:
    return lambda facts: {
        place: list(how(*one["cpus"], one["memory"])) for place, one in zip(PLACES, facts["programs"], strict=True)
    }


def _at_once(first: str, second: str, _: str) -> tuple[str, ...]:
    return by_machine(first, second, "sc")


def _always_buffered(first: str, second: str, _: str) -> tuple[str, ...]:
    return by_machine(first, second, "tso")


def _no_fence(first: str, second: str, memory: str) -> tuple[str, ...]:
    return by_machine(first.replace(" fence;", ""), second.replace(" fence;", ""), memory)


def _one_fence(first: str, second: str, memory: str) -> tuple[str, ...]:
    return by_machine(first, second, "sc" if "fence" in first + second else memory)


def _anything(first: str, second: str, memory: str) -> tuple[str, ...]:
    return OUTCOMES if memory == "tso" else by_machine(first, second, memory)


LITMUS = ByParts(
    right=_each(by_machine),
    beliefs=(
        Belief(
            "one fence is enough",
            "One fence helps one CPU. The other's store still waits while it looks: both have to have theirs.",
            _each(_one_fence),
        ),
        Belief("a fence does nothing", "A fence empties its CPU's buffer before the next load.", _each(_no_fence)),
        Belief(
            "a store is there at once",
            "With tso a CPU may look while its own store still waits in its buffer: each may miss the other's.",
            _each(_at_once),
        ),
        Belief(
            "sc has buffers",
            "With sc no store waits. Somebody's store comes first, for everybody.",
            _each(_always_buffered),
        ),
        Belief(
            "anything goes",
            "tso delays stores past later loads, and does nothing else: loads stay in order, stores stay in order, and "
            "no store goes ahead of an older load.",
            _each(_anything),
        ),
    ),
    hint=lambda _, __: "Not yet. Try each outcome: who would have to come first, and can a store still wait then?",
    normal=lambda found: sorted(found) if type(found) is list else found,
    besides=too_few_or_many,
)

TRUTHS: Truths = {
    "All rows of": (True, "v6.16 with breakpoints left armed matches every row, for one."),
    "An explorer that": (False, "It speaks of the model. Whether the model is like Linux is the recordings' question."),
    "If a recording": (True, "Agreement is worth what disagreement could have shown."),
    "No real processor": (True, "All the witnesses are programs, and none shows what it keeps under a tag."),
    "Recordings show whether": (True, "A few stops of a real kernel; the model predicts what comes after the first."),
    "Since 1,100 of": (False, "They match with the barrier and without it: a waiting store is in no row."),
    "The emulators that": (False, "Nothing about time was recorded. A debugger stops the clock."),
    "The recordings were": (True, "So nothing rare is in them, and nothing that two CPUs do in the same instant."),
    "What is compared": (True, "Those fields, row by row."),
    "With more recordings": (False, "A row is what one CPU holds when it is stopped. A store under way is in none."),
}

JUDGES: dict[str, Any] = {
    "ch14-litmus": LITMUS,
    "ch14-barrier": BARRIER,
    "ch14-validated": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
    "ch14-buffer": BreakJudge(buffer),
}
"""Exercise -> its judge."""
