"""The key to who runs in which order: the machine's own answer, and what each misconception makes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tempmm_lab.assess.exercises.ch04 import OTHER, PLACES, VISITORS, WORKS
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.judging import Belief, ByParts
from tempmm_lab.errors import NotPossible
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.step import action, take
from tempmm_lab.kernel.system import System
from tempmm_lab.switches import OTHER as OTHER_NAME
from tempmm_lab.switches import two_switches, work

Situation = dict[str, Any]
MOST = 400


@cache
def _by_machine(irqs_off: bool, preempt_off: bool, model: str, after: tuple[str, ...]) -> tuple[str, ...]:
    """Play a situation: each visitor arrives as soon as it can after its step, the one that waits longest first."""
    now = two_switches(irqs_off=irqs_off, preempt_off=preempt_off, config=Config(preempt=model)).system()
    begun, waiting, works = list[str](), list[str](), 0
    for _ in range(MOST):
        if not now.cpus[0].running or (OTHER in begun and len(begun) == len(after) + 4):
            break
        came = next((name for name in waiting if _arrived(now, name)), None)
        if came is not None:
            waiting.remove(came)
            begun.append(came)
            now = take(now, action(VISITORS[came], 0)).system
            continue
        if _at_work(now):
            works += 1
            begun.append(WORKS[works - 1])
            waiting += [after[works - 1]] if works <= len(after) else []
        if now.cpus[0].current == OTHER_NAME and OTHER not in begun:
            begun.append(OTHER)
        now = take(now, action("s", 0)).system
    return tuple(begun)


def _arrived(now: System, name: str) -> bool:
    try:
        take(now, action(VISITORS[name], 0))
    except NotPossible:
        return False
    return True


def _at_work(now: System) -> bool:
    step = now.cpus[0].running[-1].point.op
    return step is not None and step.do.__name__ == work.__name__


def order_of(situation: Situation) -> list[str]:
    """Give the order in which everything begins."""
    after = tuple(situation["after"])
    return list(_by_machine(situation["irqs_off"], situation["preempt_off"], situation["model"], after))


def believed(
    *,
    irq_asks_count: bool = False,
    nmi_waits: bool = False,
    all_at_once: bool = False,
    task_at_once: bool = False,
    never_preempts: bool = False,
) -> Callable[[Situation], list[str]]:
    """Give the order by a simple rule: who waits, waits until what was off is on again."""

    def order(one: Situation) -> list[str]:
        off = one["irqs_off"] or (irq_asks_count and one["preempt_off"])
        begun, late, other = list[str](), list[str](), False
        for place, name in enumerate(WORKS):
            begun.append(name)
            for visitor in one["after"][place : place + 1]:
                masked = (nmi_waits if visitor == "NMI" else not all_at_once) and off
                (late if masked else begun).append(visitor)
                preempts = one["model"] == "full" and not one["preempt_off"] and not never_preempts
                if visitor == "tick" and not masked and not other and (preempts or task_at_once):
                    begun.append(OTHER)
                    other = True
        begun += late
        return begun if other or "tick" not in begun else [*begun, OTHER]

    return order


def _each(how: Callable[[Situation], list[str]]) -> Callable[[Facts], dict[str, Any]]:
    return lambda facts: {place: how(one) for place, one in zip(PLACES, facts["situations"], strict=True)}


VISITORS_KEY = ByParts(
    right=_each(order_of),
    beliefs=(
        Belief(
            "the count holds interrupts",
            "The processor has never heard of preempt_count: with preemption off, and IF=1, a handler runs at once.",
            _each(believed(irq_asks_count=True)),
        ),
        Belief(
            "NMIs wait",
            "IF holds back maskable interrupts only. An NMI's handler runs at once.",
            _each(believed(nmi_waits=True)),
        ),
        Belief(
            "nothing waits",
            "With IF=0 an interrupt and a tick wait until the task turns interrupts on again.",
            _each(believed(all_at_once=True)),
        ),
        Belief(
            "the task comes with the tick",
            "The tick's handler only leaves a note. The other task comes on the way out if both switches are on and "
            "the kernel preempts; else when the count comes to 0, or on the way to user mode.",
            _each(believed(task_at_once=True)),
        ),
        Belief(
            "no kernel preempts",
            "On this kind of kernel the way out of the tick is enough: both switches are on, so the other task comes "
            "there.",
            _each(believed(never_preempts=True)),
        ),
    ),
    hint=lambda _, __: "Not yet. For each visitor: who lets it in, IF or the kernel on its way out? And when next?",
)
