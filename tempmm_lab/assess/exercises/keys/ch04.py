"""The keys of chapter 4: right answers, and what each misconception gives instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Any

from tempmm_lab.assess.exercises.ch04 import STEPS
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.calling import ByCalling, Case
from tempmm_lab.assess.exercises.keys.ch04_helper import HelperJudge
from tempmm_lab.assess.exercises.keys.ch04_visitors import VISITORS_KEY
from tempmm_lab.assess.exercises.keys.judging import Belief, ByParts, InOrder, Truths, statement_answers, statement_hint
from tempmm_lab.gaterule import COUNTS, gets_in
from tempmm_lab.kernel.config import PREEMPT_MODELS
from tempmm_lab.switches import EVENTS

IRQ, NMI, TASK = EVENTS
PREEMPTING = ("full", "lazy", "rt")

ORDER = InOrder(
    steps=STEPS,
    parts={
        "handler": (("enter", "add"), ("enter", "note")),
        "note": (("add", "note"), ("note", "sub")),
        "check": (("sub", "check"), ("note", "check")),
        "pick": (("check", "pick"), ("pick", "cr3")),
        "switch": (("cr3", "first"), ("pick", "first")),
    },
    says={
        "handler": "It begins with what the processor does: it clears IF and jumps. Then come the handler's own steps.",
        "note": "The note is made in the handler, while the count says so: after it went up, before it goes down.",
        "check": "The three questions are asked on the way out. The handler's own share of the count has to be gone by "
        "then, or the count could never be 0.",
        "pick": "The scheduler is called only after three times yes, and it picks before anything is loaded.",
        "switch": "The other task runs on its own process's table, so CR3 is loaded before its first step.",
    },
    right=("enter", "add", "note", "sub", "check", "pick", "cr3", "first"),
)


@cache
def _gate_cases() -> tuple[Case, ...]:
    return tuple(_gate_case(*one) for one in product(EVENTS, (True, False), COUNTS, PREEMPT_MODELS))


def _gate_case(who: str, interrupts_on: bool, count: int, model: str) -> Case:
    about = f"{who} at IF={int(interrupts_on)}, preempt_count {count:#x}, model {model!r}"
    part = "IRQ" if who == IRQ else "NMI" if who == NMI else "task" if model in PREEMPTING else "models"
    return Case([who, interrupts_on, count, model], part, gets_in(who, interrupts_on, count, model), about)


def _cases(_: Facts, __: int) -> Sequence[Case]:
    return _gate_cases()


Rule = Callable[[str, bool, int, str], bool]


def _rule(who: str, interrupts_on: bool, count: int, model: str) -> bool:
    if who == NMI:
        return True
    return interrupts_on and (who == IRQ or (count == 0 and model in PREEMPTING))


def _as_interrupts(who: str, interrupts_on: bool, _: int, __: str) -> bool:
    return who == NMI or interrupts_on


def _low_byte(who: str, interrupts_on: bool, count: int, model: str) -> bool:
    return _rule(who, interrupts_on, count & 0xFF, model)


def _count_alone(who: str, interrupts_on: bool, count: int, model: str) -> bool:
    return count == 0 and model in PREEMPTING if who == TASK else _rule(who, interrupts_on, count, model)


def _count_for_irqs(who: str, interrupts_on: bool, count: int, model: str) -> bool:
    return interrupts_on and count == 0 if who == IRQ else _rule(who, interrupts_on, count, model)


def _nmi_masked(who: str, interrupts_on: bool, count: int, model: str) -> bool:
    return interrupts_on if who == NMI else _rule(who, interrupts_on, count, model)


def _any_model(who: str, interrupts_on: bool, count: int, _: str) -> bool:
    return _rule(who, interrupts_on, count, "full")


GATE_SOURCE = """def may_come_in(who, interrupts_on, preempt_count, model):
    if who == "NMI handler":
        return True
    if who == "IRQ handler":
        return interrupts_on
    return interrupts_on and preempt_count == 0 and model in ("full", "lazy", "rt")
"""

GATE = ByCalling(
    cases=_cases,
    beliefs=(
        Belief(
            "tasks as interrupts",
            "Another task needs more than IF=1: it waits while the count is above 0, and some kernels never preempt "
            "kernel code.",
            _as_interrupts,
        ),
        Belief("the low byte", "Any field of the count above 0 forbids preemption, not the lowest alone.", _low_byte),
        Belief(
            "the count alone",
            "IF=0 keeps other tasks out as well: no tick comes in, so there is no way out of one.",
            _count_alone,
        ),
        Belief(
            "the count for interrupts",
            "The processor looks at IF alone; preempt_count holds no interrupt back.",
            _count_for_irqs,
        ),
        Belief("NMIs masked", "NMIs are not maskable: IF holds back the others only.", _nmi_masked),
        Belief(
            "every kernel",
            "Kernels of the kinds none and voluntary do not preempt kernel code, whatever the switches.",
            _any_model,
        ),
    ),
    hint={
        "IRQ": "For an interrupt's handler IF decides, and nothing else.",
        "NMI": "An NMI's handler always gets in.",
        "task": "Another task needs IF=1 and preempt_count 0.",
        "models": "On these kernels another task has to wait until ours sleeps or leaves the kernel.",
    },
    source=GATE_SOURCE,
)

TRUTHS: Truths = {
    "A failed check": (False, "A WARN is a line in the log. The kernel goes on as if nobody had said anything."),
    "A kernel without": (True, "The assertion is compiled only into kernels with PROVE_LOCKING."),
    "A raw STI": (True, "Lockdep goes by a flag of its own. A raw STI leaves it saying that interrupts are off."),
    "After lockdep has": (True, "debug_locks is cleared by the first report, and then nothing of lockdep speaks."),
    "In that week": (False, "Nobody looked, so nothing is known about the callers."),
    "The check reads": (False, "It goes by lockdep's flag, not by RFLAGS, and the two can disagree."),
    "The counter exists": (False, "A kernel without preemption can be built without the counter."),
    "To learn something,": (True, "A check that was neither built nor reached says nothing."),
    "Where the check": (True, "It is a warning of the once-per-boot kind."),
    "With interrupts off": (False, "The check asks whether this code can be preempted. With IF=0 it cannot."),
}

JUDGES: dict[str, Any] = {
    "ch04-visitors": VISITORS_KEY,
    "ch04-order": ORDER,
    "ch04-gate": GATE,
    "ch04-helper": HelperJudge(),
    "ch04-silence": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
}
"""Exercise -> its judge."""
