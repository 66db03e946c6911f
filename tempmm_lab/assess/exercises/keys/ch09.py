"""The keys of chapter 9: right answers, and what each misconception gives instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tempmm_lab.arriving import HELD, Arrivals, arrivals
from tempmm_lab.assess.exercises.ch09 import PLACES
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.break_turns import nmi
from tempmm_lab.assess.exercises.keys.breaking import BreakJudge
from tempmm_lab.assess.exercises.keys.ch09_okay import OkayJudge
from tempmm_lab.assess.exercises.keys.judging import Belief, ByParts, Truths, statement_answers, statement_hint
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.layout import TEXT_FRAMES
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.scenarios.scenario import STORIES

Situation = dict[str, Any]
NEXT = {
    "before": ("acquire(text_poke_ptl)", 0),
    "mapped": ("lockdep_assert_preemption_disabled()", 0),
    "leaving": ("load_new_mm_cr3(text_poke_mm", 0),
    "arrived": ("this_cpu_write(loaded_mm, text_poke_mm)", 0),
    "loaded": ("text_poke_memcpy(", 0),
    "cleared": ("lockdep_assert_preemption_disabled()", 1),
    "returned": ("this_cpu_write(loaded_mm, user_mm)", 0),
    "after": ("release(text_poke_ptl)", 0),
}
"""Each moment, by the step that comes next in it, and which of several such steps it is."""
WAITS, FAULTS, WRITES, READS, NO = "waits", "faults", "writes text", "reads", "is told no"


@cache
def _arrivals(irqsave: bool, visitor: str) -> Arrivals:
    build = BUILDS["v6.16"] if irqsave else BUILDS["v6.16"].patched(**MISTAKES["no-irqsave"])
    handler = "reads_user" if visitor == "asking NMI" else "stray_write"
    story = STORIES["text_poke" if visitor == "stray interrupt" else "nmi_in_window"]
    scenario = story(cpus=1, handler=handler, build=build)
    return arrivals(scenario, "irq" if visitor == "stray interrupt" else "nmi")


def outcome(situation: Situation) -> str:
    """Give what becomes of a visitor, by the machine."""
    found = _arrivals(situation["irqsave"], situation["visitor"])
    what, which = NEXT[situation["moment"]]
    row = found.rows[[place for place, moment in enumerate(found.quiet) if moment.what.startswith(what)][which]]
    if row.verdict == HELD or row.trace is None:
        return WAITS
    if situation["visitor"] == "asking NMI":
        return NO if row.says == NO else READS
    word = int(row.trace.last.memory.read64(TEXT_FRAMES[0]))
    return WRITES if word >> 8 & 0xFF == 0x0B else FAULTS


def _nmi_waits(one: Situation) -> str:
    return outcome({**one, "visitor": "stray interrupt"}) if one["visitor"] == "stray NMI" else outcome(one)


def _window_is_closed(one: Situation) -> str:
    held = one["visitor"] == "stray interrupt" and one["moment"] not in {"before", "after"}
    return WAITS if held else outcome(one)


def _window_is_open(one: Situation) -> str:
    return outcome({**one, "visitor": "stray NMI"}) if one["visitor"] == "stray interrupt" else outcome(one)


def _guarded(one: Situation) -> str:
    return FAULTS if outcome(one) == WRITES else outcome(one)


def _cleared(one: Situation) -> str:
    return FAULTS if one["moment"] == "cleared" and outcome(one) == WRITES else outcome(one)


def _by_current(one: Situation) -> str:
    return READS if outcome(one) == NO else outcome(one)


def _by_cr3(one: Situation) -> str:
    own = one["moment"] in {"leaving", "returned"}
    return READS if own and outcome(one) == NO else outcome(one)


def _by_loaded_mm(one: Situation) -> str:
    return FAULTS if one["moment"] == "arrived" and outcome(one) == WRITES else outcome(one)


def _by_tables(one: Situation) -> str:
    return WRITES if one["moment"] in {"mapped", "leaving"} and outcome(one) == FAULTS else outcome(one)


def _each(rule: Callable[[Situation], str]) -> Callable[[Facts], dict[str, str]]:
    return lambda facts: {place: rule(one) for place, one in zip(PLACES, facts["situations"], strict=True)}


GUESTS = ByParts(
    right=_each(outcome),
    beliefs=(
        Belief(
            "NMIs wait",
            "IF holds back maskable interrupts only. An NMI comes in at every moment.",
            _each(_nmi_waits),
        ),
        Belief(
            "clearing is enough",
            "The entry is gone, the translation is not: the poke's own write left it in the TLB, under this PCID.",
            _each(_cleared),
        ),
        Belief(
            "it asks current->mm",
            "current->mm names the program all the while. What is asked is whether loaded_mm names it too.",
            _each(_by_current),
        ),
        Belief(
            "it looks at CR3",
            "CR3 holds the program's tables here, but loaded_mm says SWITCHING, and that is not the program's mm.",
            _each(_by_cr3),
        ),
        Belief(
            "loaded_mm decides",
            "The processor translates by CR3, which has been written. What loaded_mm says does not matter to a store.",
            _each(_by_loaded_mm),
        ),
        Belief(
            "mapped is mapped",
            "The alias is mapped in text_poke_mm's tables. As long as CR3 holds the program's, nothing is there.",
            _each(_by_tables),
        ),
        Belief(
            "the window is closed",
            "Without the local_irq_save() of __text_poke() interrupts are on between the two helpers.",
            _each(_window_is_closed),
        ),
        Belief(
            "the window is open",
            "Interrupts are off here: by __text_poke() itself, or by the helper inside.",
            _each(_window_is_open),
        ),
        Belief(
            "guards stop it",
            "The alias is present, writable, and a supervisor page: neither W^X nor SMAP objects to this name of the "
            "text.",
            _each(_guarded),
        ),
    ),
    hint=lambda _, __: "Not yet. Is it let in? Which tables does the processor use then? What does loaded_mm say?",
)

TRUTHS: Truths = {
    "An NMI with": (True, "IF says nothing to an NMI. No kernel can close the window to it."),
    "An honest handler": (False, "Every mm has the same kernel half. It runs, and returns, and no rule breaks."),
    "On v6.16 the": (True, "That was the other job of the irqsave of old, and it has moved into the helpers."),
    "SMAP would": (False, "SMAP asks for the US bits, and the alias has US=0. It is LASS that asks for the address."),
    "The assertion in": (False, "It asks whether preemption is off, and it is: a spinlock is held."),
    "The final comparison": (
        False,
        "Not one before the poke's own write, which goes over it.",
    ),
    "What it keeps": (True, "It is hardening: other people's bugs stay out of a room where protections are down."),
    "When the entry": (True, "The poke's own write left the translation there, and its PCID is still loaded."),
    "With it gone": (True, "At four moments of one poke, one of them with nothing printed at all."),
    "Without it the": (False, "It would run shorter so. That is what somebody might want, and it is not the question."),
}

JUDGES: dict[str, Any] = {
    "ch09-guests": GUESTS,
    "ch09-okay": OkayJudge(),
    "ch09-irqsave": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
    "ch09-nmi": BreakJudge(nmi),
}
"""Exercise -> its judge."""
