"""The keys of chapter 12: right answers, and what each misconception gives instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tempmm_lab.assertions import truth_table
from tempmm_lab.assess.exercises.ch12 import PLACES, SITES, STEPS
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.ch12_poke import POKE
from tempmm_lab.assess.exercises.keys.judging import (
    Belief,
    ByParts,
    InOrder,
    Truths,
    statement_answers,
    statement_hint,
    too_few_or_many,
)

ORDER = InOrder(
    steps=STEPS,
    parts={
        "told": (("told", "looks"),),
        "moved": (("moved", "looks"),),
        "called": (("moved", "borrows"),),
        "asked": (("asked", "borrows"),),
        "nmi": (("nmi", "borrows"),),
    },
    says={
        "told": "One patch takes back another: there has to be something to take back. First the caller says which mm, "
        "then the helper finds out by itself.",
        "moved": "The helper can look into loaded_mm only when it is in tlb.c.",
        "called": "EFI's code can call the helpers only when others than the text patcher may.",
        "asked": "EFI calls with interrupts on. If it used the helpers before their assertion changed, every call "
        "would warn.",
        "nmi": "With EFI's patch active_mm names another mm than the loaded one for as long as firmware runs, in every "
        "call. NMI code that goes by it has to be mended before that.",
    },
    right=("told", "nmi", "moved", "looks", "asked", "borrows", "execve"),
)


@cache
def by_machine(build: str, count: int, irqs_on: bool, raw: bool, kernel: str) -> tuple[str, ...]:
    """Give who complains, as the machine does."""
    table = truth_table(build, debug_locks=kernel != "reported", prove_locking=kernel != "unchecked", flags_differ=raw)
    (found,) = [one for one in table.cases if one.count == count and one.irqs_on == irqs_on]
    return tuple(site for site in SITES if site in found.complains)


Who = Callable[[str, int, bool, bool, str], Any]


def _each(how: Who) -> Callable[[Facts], dict[str, list[str]]]:
    return lambda facts: {
        place: sorted(how(one["build"], one["count"], one["irqs_on"], one["raw"], one["kernel"]))
        for place, one in zip(PLACES, facts["situations"], strict=True)
    }


def _helper_alone(*state: Any) -> list[str]:
    return [one for one in by_machine(*state) if one == "helper"]


def _reads_if(build: str, count: int, irqs_on: bool, _: bool, kernel: str) -> tuple[str, ...]:
    return by_machine(build, count, irqs_on, False, kernel)


def _no_gates(build: str, count: int, irqs_on: bool, raw: bool, _: str) -> tuple[str, ...]:
    return by_machine(build, count, irqs_on, raw, "checks")


def _all_gated(build: str, count: int, irqs_on: bool, raw: bool, kernel: str) -> tuple[str, ...]:
    return () if kernel == "reported" else by_machine(build, count, irqs_on, raw, kernel)


def _old(_: str, count: int, irqs_on: bool, raw: bool, kernel: str) -> tuple[str, ...]:
    return by_machine("v6.14", count, irqs_on, raw, kernel)


def _posted(_: str, count: int, irqs_on: bool, raw: bool, kernel: str) -> tuple[str, ...]:
    return by_machine("posted", count, irqs_on, raw, kernel)


def _merged(_: str, count: int, irqs_on: bool, raw: bool, kernel: str) -> tuple[str, ...]:
    return by_machine("v6.16", count, irqs_on, raw, kernel)


COMPLAINS = ByParts(
    right=_each(by_machine),
    beliefs=(
        Belief(
            "RFLAGS decides all",
            "Lockdep's assertions go by lockdep's own flag, which a raw CLI or STI does not change. The switch asks "
            "RFLAGS.",
            _each(_reads_if),
        ),
        Belief(
            "every report silences all",
            "After a report lockdep's own assertions are silent. The switch's is no assertion of lockdep's: it asks "
            "RFLAGS, and goes on asking.",
            _each(_all_gated),
        ),
        Belief(
            "the checks are always there",
            "A kernel without PROVE_LOCKING has none of these checks, and lockdep is silent after its first report.",
            _each(_no_gates),
        ),
        Belief(
            "the helper alone",
            "What the helper calls asks as well: the switch for RFLAGS, and the write of CR4. Do they find IF=0 there?",
            _each(_helper_alone),
        ),
        Belief(
            "as posted, on every build",
            "That is the kernel as posted: its helper asks for preemption off, and leaves interrupts as they are. "
            "v6.14's asks for interrupts off. In v6.16 the helper turns them off before it calls the switch.",
            _each(_posted),
        ),
        Belief(
            "interrupts off, on every build",
            "That is v6.14. Since the series the helper is content with a count above 0, or interrupts off.",
            _each(_old),
        ),
        Belief(
            "as merged, on every build",
            "That is v6.16, whose helpers turn interrupts off inside. Look at the build.",
            _each(_merged),
        ),
    ),
    hint=lambda _, __: (
        "Not yet. For each of the three: is it in this kernel, whom does it ask, and what is said there?"
    ),
    normal=lambda who: sorted(who) if type(who) is list else who,
    besides=too_few_or_many,
)

TRUTHS: Truths = {
    "A caller that": (True, "With interrupts off nothing can preempt, so it is content."),
    "A temporary mm": (False, "It is illegal to schedule while it is loaded: the context switch does not know of it."),
    "It lets code": (True, "Interrupts may be on; preemption has to be off."),
    "On a kernel": (False, "There it does not exist. And where it exists it warns, and stops nobody."),
    "Since then text_poke()": (False, "text_poke() has interrupts off as before: it saves and clears IF itself."),
    "The comment still": (True, "Must became should, for writes that a handler should not see."),
    "The helper no": (True, "For the alias interrupts off was a protection. Now only the comment says so."),
    "The new assertion": (False, "It asks twice, at use and at unuse, and looks at nothing in between."),
    "The one who": (True, "Firmware is called with interrupts on, so the old assertion would have warned."),
    "With the two": (False, "The switch and the write of CR4 still ask for interrupts off, and both warn."),
}

JUDGES: dict[str, Any] = {
    "ch12-complains": COMPLAINS,
    "ch12-order": ORDER,
    "ch12-poke": POKE,
    "ch12-allows": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
}
"""Exercise -> its judge."""
