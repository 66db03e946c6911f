"""The keys of chapter 10: right answers, and what each misconception gives instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tempmm_lab.assess.exercises.ch10 import PLACES
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.break_turns import sleep
from tempmm_lab.assess.exercises.keys.breaking import BreakJudge
from tempmm_lab.assess.exercises.keys.ch10_reports import ReportsJudge
from tempmm_lab.assess.exercises.keys.judging import (
    Belief,
    ByParts,
    Truths,
    statement_answers,
    statement_hint,
    too_few_or_many,
)
from tempmm_lab.kernel.layout import OTHER_MM, TEXT_POKE_MM, USER_MM
from tempmm_lab.scenarios.scenario import STORIES
from tempmm_lab.trace import Trace, in_order, play

Situation = dict[str, Any]
NAMES = {USER_MM: "M", TEXT_POKE_MM: "T", OTHER_MM: "N"}
OLD = "v5.10"


@cache
def _run(build: str, to: str) -> Trace:
    return play(STORIES["schedule_inside"](irqs=0, cpus=1, build=build, to=to), in_order)


def state(one: Situation) -> tuple[str, ...]:
    """Give what is true of the CPU, by the machine."""
    run, moment = _run(one["build"], one["to"]), one["moment"]
    names = {"borrowed": "pick_next_task", "other": "pick_next_task", "done": "sysret"}
    start = names.get(moment, "lockdep_assert_")  # the helper's assertion comes first in it, on every build
    found = [step for step in run if step.what.startswith(start) and (moment != "back" or "unuse" in step.where)]
    cpu = found[1 if moment == "other" else -1 if moment == "done" else 0].before.cpus[0]
    bits = [f"{NAMES[mm]} bit" for mm in sorted(cpu.cpumask)]
    return tuple(sorted([NAMES[cpu.loaded_mm], *(["lazy"] if cpu.is_lazy else []), *bits]))


Rule = Callable[[Situation], tuple[str, ...]]


def _but(words: tuple[str, ...], less: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> tuple[str, ...]:
    return tuple(sorted({*words} - {*less} | {*more}))


def _t_is_back(one: Situation) -> tuple[str, ...]:
    return _but(state(one), ("M",), ("T",)) if one["moment"] == "back" else state(one)


def _n_stays(one: Situation) -> tuple[str, ...]:
    gone = one["moment"] == "back" and one["to"] == "user"
    return _but(state(one), ("M",), ("N",)) if gone else state(one)


def _kthread_on_m(one: Situation) -> tuple[str, ...]:
    wrong = one["moment"] == "other" and one["to"] == "kthread"
    return _but(state(one), ("T",), ("M",)) if wrong else state(one)


def _never_lazy(one: Situation) -> tuple[str, ...]:
    return _but(state(one), ("lazy",))


def _unuse_takes_t(one: Situation) -> tuple[str, ...]:
    wrong = one["moment"] == "done" and one["build"] == "v6.16"
    return _but(state(one), ("T bit",), ("M bit",)) if wrong else state(one)


def _older_lose_it_too(one: Situation) -> tuple[str, ...]:
    wrong = one["moment"] == "done" and one["build"] != "v6.16"
    return _but(state(one), ("M bit",), ("T bit",)) if wrong else state(one)


def _switches_clear(one: Situation) -> tuple[str, ...]:
    wrong = one["build"] != OLD and one["moment"] != "done"
    return state({**one, "build": OLD}) if wrong else state(one)


def _switches_leave(one: Situation) -> tuple[str, ...]:
    wrong = one["build"] == OLD and one["moment"] != "done"
    return state({**one, "build": "v6.14"}) if wrong else state(one)


def _each(rule: Rule) -> Callable[[Facts], dict[str, Any]]:
    return lambda facts: {place: list(rule(one)) for place, one in zip(PLACES, facts["situations"], strict=True)}


MISUSE = ByParts(
    right=_each(state),
    beliefs=(
        Belief(
            "the scheduler puts T back",
            "The scheduler has never heard of T. It loads next->mm, and U->mm has been M all the time.",
            _each(_t_is_back),
        ),
        Belief("N stays", "A switch to a task with another mm loads that task's mm: M is loaded.", _each(_n_stays)),
        Belief(
            "a kernel thread runs on M",
            "A kernel thread takes over what is loaded, and that is T. Only the name active_mm says M.",
            _each(_kthread_on_m),
        ),
        Belief(
            "nobody is lazy",
            "A CPU that runs a kernel thread on somebody's mm is lazy.",
            _each(_never_lazy),
        ),
        Belief(
            "unuse takes T's bit",
            "v6.16's unuse takes the bit of the mm that is loaded. That is M by now; T's bit stays.",
            _each(_unuse_takes_t),
        ),
        Belief(
            "all kernels lose M's bit",
            "v5.10's unuse is nothing but a switch, and v6.14 clears text_poke_mm's bit by name. M keeps its bit.",
            _each(_older_lose_it_too),
        ),
        Belief(
            "a switch clears the bit of what it leaves",
            "Since v6.14 a switch leaves the bit of the mm it comes from.",
            _each(_switches_clear),
        ),
        Belief(
            "a switch leaves the bit",
            "Until v6.13 a switch clears the bit of the mm it comes from.",
            _each(_switches_leave),
        ),
    ),
    hint=lambda _, __: (
        "Not yet. What does a switch load, whose bit does it set, and whose does it leave, on this kernel?"
    ),
    normal=lambda value: sorted(set(value)) if type(value) is list else value,
    besides=too_few_or_many,
)

TRUTHS: Truths = {
    "A function that": (True, "The lock holds back preemption. Who sleeps asks for a switch himself."),
    "If schedule() is": (True, "“Scheduling while atomic”: it forces the count down, and goes on."),
    "On a kernel with": (False, "Nobody is preempted there, and yet sleeping is a switch."),
    "The assertion in": (False, "It asks once, at the door. Nobody watches what comes after."),
    "The kernel refuses": (
        False,
        "It prints a BUG and switches. A task that waits cannot go on without what it waits for.",
    ),
    "When the tick": (
        True,
        "Of the three questions on the way out one is about the count. So this is where she is right.",
    ),
    "While a spinlock is held no": (
        False,
        "A spinlock leaves IF alone: the tick's handler runs. It only cannot switch.",
    ),
    "While a spinlock is held preempt": (True, "spin_lock() turns preemption off."),
    "Whoever cannot": (True, "To move a task it has to be switched out first."),
    "With a spinlock": (False, "That would be spin_lock_irqsave(). And even so one could call a function that sleeps."),
}

JUDGES: dict[str, Any] = {
    "ch10-misuse": MISUSE,
    "ch10-reports": ReportsJudge(),
    "ch10-lock": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
    "ch10-sleep": BreakJudge(sleep),
}
"""Exercise -> its judge."""
