"""The keys of chapter 6: right answers, and what each misconception gives instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tempmm_lab.assess.exercises.ch06 import PLACES, SILENT, STEPS, has_bit
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.ch06_func import FuncJudge
from tempmm_lab.assess.exercises.keys.judging import (
    Belief,
    ByParts,
    InOrder,
    Truths,
    statement_answers,
    statement_hint,
)
from tempmm_lab.told import ToldTable, who_is_told

LAZY, SWITCHING, STALE = "lazy on its mm", "switching to it", "ran it, now another"
Does = Callable[[str, str, str], str]
"""What a CPU does, by build, its situation, and what is flushed."""


@cache
def _table(build: str) -> ToldTable:
    return who_is_told(build)


def does(build: str, situation: str, flush: str) -> str:
    """Give what a CPU does, by the model's own functions."""
    case = _table(build).of(situation, flush)
    return case.does if case.sent else SILENT


def believed(**instead: tuple[str, tuple[str, ...], str]) -> Does:
    """Give a rule that differs: a situation and flushes -> what is believed of them, if the bit is set."""

    def rule(build: str, situation: str, flush: str) -> str:
        for who, flushes, what in instead.values():
            if situation == who and flush in flushes and has_bit(build, situation):
                return what
        return does(build, situation, flush)

    return rule


def _by_mask(build: str, situation: str, flush: str) -> str:
    without = flush == "a kernel page" and not has_bit(build, situation)
    return SILENT if without else does(build, situation, flush)


def _v5_10_cleans(build: str, situation: str, flush: str) -> str:
    cleans = build == "v5.10" and situation == STALE and flush in ("page tables", "a page, mask due")
    return "clears its bit" if cleans else does(build, situation, flush)


def _batch_by_page(build: str, situation: str, flush: str) -> str:
    said = does(build, situation, flush)
    return "drops it" if said == "drops all" else said


def _of_four(_: Any, given: list[Any]) -> str:
    return " Four are asked for: CPUs 1 to 4." if len(given) != 4 else ""


def _each(rule: Does) -> Callable[[Facts], dict[str, Any]]:
    return lambda facts: {
        place: [rule(facts["build"], cpu, flush) for cpu in facts["cpus"]]
        for place, flush in zip(PLACES, facts["flushes"], strict=True)
    }


ONE = ("a page", "a page, mask due")
TOLD = ByParts(
    right=_each(does),
    beliefs=(
        Belief(
            "lazy CPUs are told",
            "A lazy CPU is left alone unless tables are freed: it compares generations before it runs user code.",
            _each(believed(one=(LAZY, ONE, "drops it"), batch=(LAZY, ("reclaim",), "drops all"))),
        ),
        Belief(
            "lazy CPUs are always spared",
            "When tables are freed the lazy ones are told too: their walker may have cached the way to the table.",
            _each(believed(tables=(LAZY, ("page tables",), SILENT))),
        ),
        Belief(
            "lazy CPUs drop",
            "A lazy CPU that is told does not flush. It goes to init_mm, where nothing of the process is mapped.",
            _each(believed(tables=(LAZY, ("page tables",), "drops it"))),
        ),
        Belief(
            "the mask is enough",
            "On v6.16 the bit alone sends nothing for a page: the sender also looks at what each CPU has loaded.",
            _each(believed(page=(STALE, ("a page",), "clears its bit"))),
        ),
        Belief(
            "a stale member flushes",
            "A CPU with another mm loaded answers by taking its bit away. It flushes nothing: it will compare "
            "generations when it comes back.",
            _each(believed(any=(STALE, ("page tables", "a page, mask due"), "drops it"))),
        ),
        Belief(
            "a switching CPU is not there yet",
            "A CPU that is switching may have read the old generation already. It is told, on v5.10 and on v6.16.",
            _each(believed(any=(SWITCHING, (*ONE, "page tables", "reclaim"), SILENT))),
        ),
        Belief(
            "kernel pages go by the mask",
            "The kernel's half is the same under every mm, and no mask is kept for it: every CPU that is online.",
            _each(_by_mask),
        ),
        Belief(
            "reclaim names the mm",
            "The note names no mm, so nobody can say *not mine*. A CPU compares the generation of what it has loaded.",
            _each(believed(batch=(STALE, ("reclaim",), "clears its bit"))),
        ),
        Belief(
            "v5.10 cleans up",
            "v5.10 has no clean-up: the bit went with the switch to the other process, and no IPI is sent.",
            _each(_v5_10_cleans),
        ),
        Belief(
            "reclaim names a page",
            "Reclaim's batch is of many pages, and its note names none of them: all of the PCID goes.",
            _each(_batch_by_page),
        ),
    ),
    hint=lambda _, __: "Not yet. For each CPU: is it in the mask, is it lazy, what is loaded? Then: what goes?",
    besides=_of_four,
)

ORDER = InOrder(
    steps=STEPS,
    parts={
        "entry": (("clear", "generation"), ("clear", "ipi"), ("clear", "own")),
        "look": (("generation", "mask"), ("mask", "says")),
        "send": (("says", "ipi"), ("ipi", "wait")),
        "frame": (("wait", "frame"), ("own", "frame")),
    },
    says={
        "entry": "First the entry is cleared. Who drops a translation before that may walk and have it again.",
        "look": "The generation goes up before anybody is looked at: a CPU that is overlooked then finds the new "
        "number. The mask says whom to look at.",
        "send": "IPIs go to those that the mask and their own words name. Only then is there something to wait for.",
        "frame": "The frame is given back when nobody can use it any more: the others have answered, and this CPU "
        "has flushed.",
    },
    right=("clear", "generation", "mask", "says", "ipi", "own", "wait", "frame"),
)

TRUTHS: Truths = {
    "A CPU without": (True, "So without such a cache the explorer finds no harm in sparing the lazy ones."),
    "A kernel thread never": (False, "The thread does not. The hardware walks on its own, for any address."),
    "As long as": (True, "The walker finds an entry with P=0, and the CPU compares before it runs user code."),
    "If the CPU": (True, "That is what v6.16 makes it do, instead of a flush."),
    "INVLPG on the": (False, "It removes what *its* CPU has cached. No instruction here reaches another CPU's caches."),
    "The lazy CPU compares": (False, "The *thread's* switch compares. The hardware's own walks wait for no switch."),
    "The processor may": (True, "What is loaded is what may be walked, whoever runs."),
    "The table's entry": (False, "A walk from the top cannot. One that begins at a cached pointer can."),
    "What is cached": (True, "Such caches of upper levels are allowed, and common."),
    "When the frame": (True, "Whatever is in it now: data of somebody else's, taken for page-table entries."),
}

JUDGES: dict[str, Any] = {
    "ch06-told": TOLD,
    "ch06-order": ORDER,
    "ch06-func": FuncJudge(),
    "ch06-lazy": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
}
"""Exercise -> its judge."""
