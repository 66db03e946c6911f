"""The keys of chapter 7: right answers, and what each misconception gives instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.assess.exercises.ch07 import CPUS, MOMENTS
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.ch07_dance import DanceJudge
from tempmm_lab.assess.exercises.keys.ch07_tell import TellJudge
from tempmm_lab.assess.exercises.keys.judging import Belief, ByParts, Truths, statement_answers, statement_hint

EVERY = list(range(CPUS))


def _happens(cached: set[int], kind: str, cpu: int, *, walks: bool, drops: bool) -> None:
    """Change who has the alias cached by one event."""
    if kind == "tell":
        cached.clear()
    elif kind == "walk" and walks:
        cached.add(cpu)
    elif kind == "MOV CR3" and drops:
        cached.discard(cpu)


def believed(
    *,
    only_poker: bool = False,
    clear_is_enough: bool = False,
    flush_reaches_all: bool = False,
    mov_drops: bool | None = None,
    walks_always: bool = False,
    table_only: bool = False,
    poker_keeps: bool = False,
) -> Callable[[Facts], dict[str, list[int]]]:
    """Give who could write at each mark, by following what each CPU has cached; or with one thing believed of it."""

    def at_marks(facts: Facts) -> dict[str, list[int]]:
        drops = not facts["global"] if mov_drops is None else mov_drops
        cached = set[int]()

        def happens(event: list[Any], *, mapped: bool) -> None:
            _happens(cached, *event, walks=mapped or walks_always, drops=drops)

        happens(["walk", facts["first"]], mapped=True)
        cached.add(0)
        happens(facts["window"][0], mapped=True)
        marks = [[0] if only_poker else sorted({0, *cached}) if table_only else EVERY]
        happens(facts["window"][1], mapped=False)
        if clear_is_enough:
            cached.clear()
        marks.append(sorted(cached))
        cached = set() if flush_reaches_all else cached if poker_keeps else cached - {0}
        marks.append(sorted(cached))
        for event in facts["later"]:
            happens(event, mapped=False)
        marks.append(sorted(cached))
        return dict(zip(MOMENTS, marks, strict=True))

    return at_marks


HOLDERS = ByParts(
    right=believed(),
    beliefs=(
        Belief(
            "the alias is the poker's",
            "The alias is in tables that all CPUs share. While it is mapped everybody may use it, IF or not.",
            believed(only_poker=True),
        ),
        Belief(
            "only who has cached it",
            "While the entry is there, a CPU need not have cached it: it would walk, and find it.",
            believed(table_only=True),
        ),
        Belief(
            "a flush reaches all",
            "v5.1's flush is local: the others keep what they have.",
            believed(flush_reaches_all=True),
        ),
        Belief(
            "clearing is enough",
            "Clearing the entry changes memory. What a CPU has cached is used until it is dropped there.",
            believed(clear_is_enough=True),
        ),
        Belief(
            "CR3 drops what is global",
            "A write of CR3 leaves global translations alone. This alias has G=1.",
            believed(mov_drops=True),
        ),
        Belief(
            "CR3 drops nothing",
            "With bit 63 = 0 a write of CR3 drops what the PCID has and what is not global. This alias has G=0.",
            believed(mov_drops=False),
        ),
        Belief(
            "a walk always finds it",
            "A walk that comes when the entry is cleared finds nothing, and nothing is cached of an absent page.",
            believed(walks_always=True),
        ),
        Belief(
            "the poker keeps it",
            "Before text_poke() returns CPU 0 has flushed its own TLB, so it has dropped the alias.",
            believed(poker_keeps=True),
        ),
    ),
    hint=lambda _, __: (
        "Not yet. Is the entry there? Then everybody. If not: who has cached it, and has dropped it since?"
    ),
    normal=lambda value: sorted(set(value)) if type(value) is list else value,
)

TRUTHS: Truths = {
    "A CPU may": (True, "And it may fetch the tail later, when that is new."),
    "An IPI is": (True, "That is what the round is for: nothing that was fetched before it is executed after it."),
    "From the moment": (False, "A CPU can that has fetched the first byte before. Memory is not what it executes."),
    "Nobody looks at": (False, "Who has *fetched* INT3 does not. Who has fetched the old first byte does."),
    "Once INT3 is": (False, "Every CPU that fetches the first byte from then on. A fetch may have been earlier."),
    "The first round": (False, "Nobody waits for the patch. Each CPU drops what it has fetched, answers, and goes on."),
    "The IPIs are": (False, "They are dear. But this round is what makes it safe to write the tail at all."),
    "What could be": (True, "The old first byte, fetched early, and the new tail, fetched late."),
    "With one site": (True, "Rounds are shared by a batch; pokes are not."),
    "Without the first": (
        False,
        "After the second round all has been fetched anew, and INT3 stands there. The mixture comes before it.",
    ),
}

JUDGES: dict[str, Any] = {
    "ch07-holders": HOLDERS,
    "ch07-dance": DanceJudge(),
    "ch07-tell": TellJudge(),
    "ch07-guard": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
}
"""Exercise -> its judge."""
