"""Conditions on a run, as small machines that follow it moment by moment: to judge one run, and to search all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.trace import Moment

When = Callable[[Moment], bool]
DEAD = -1
"""The place of a monitor whose condition cannot hold any more, whatever comes."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """A condition on a run.

    Attributes:
        follow: its place after a moment, given the place before. It begins at 0.
        holds: whether the condition holds of a run that ends in this place.
        says: what somebody seems to believe whose run does not meet it, and what to try.
        unmet: what to say of a run where it is not spoilt, and does not hold.
    """

    follow: Callable[[int, Moment], int]
    holds: Callable[[int], bool]
    says: str
    unmet: str


def never(when: When, says: str) -> Monitor:
    """No moment is so."""
    return Monitor(lambda place, moment: DEAD if when(moment) else place, lambda place: place == 0, says, "")


def some(when: When, says: str) -> Monitor:
    """Some moment is so."""
    return Monitor(
        lambda place, moment: 1 if place or when(moment) else 0,
        lambda place: place == 1,
        says,
        "It does not happen in this run, or it comes too late.",
    )


def at_end(when: When, says: str) -> Monitor:
    """The last moment is so."""
    return Monitor(
        lambda _, moment: 1 if when(moment) else 0,
        lambda place: place == 1,
        says,
        "At the end of this run it is not so.",
    )


def before(first: When, second: When, says: str) -> Monitor:
    """Both happen, and the first time of one comes before the first time of the other."""

    def follow(place: int, moment: Moment) -> int:
        if place == 0 and second(moment):
            return DEAD
        if place == 0:
            return 1 if first(moment) else 0
        return 2 if place == 2 or second(moment) else 1

    return Monitor(
        follow, lambda place: place == 2, says, "One of the two does not happen in this run, or comes too late."
    )


def step(op: str, *args: object, cpu: int) -> When:
    """Give the question whether a moment is this step of this CPU; no argument given allows any."""

    def asked(moment: Moment) -> bool:
        if moment.action.kind != "s" or moment.action.cpu != cpu:
            return False
        awaited = moment.before.cpus[cpu].running[-1].point.op
        return awaited is not None and awaited.do.__name__ == op and awaited.args[: len(args)] == args

    return asked


def arrives(kind: str, cpu: int) -> When:
    """Give the question whether something arrives on a CPU: i, n, t, p, or d for a store that drains."""
    return lambda moment: moment.action.kind == kind and moment.action.cpu == cpu


def both(*questions: When) -> When:
    """Give the question whether all are so."""
    return lambda moment: all(question(moment) for question in questions)


def now(question: Callable[[System], bool]) -> When:
    """Ask of the system after a moment."""
    return lambda moment: question(moment.after)


def was(cpu: int, question: Callable[[LinuxCpu], bool]) -> When:
    """Ask of one CPU before a moment."""
    return lambda moment: question(moment.before.cpus[cpu])


def here(cpu: int, question: Callable[[LinuxCpu], bool]) -> When:
    """Ask of one CPU after a moment."""
    return lambda moment: question(moment.after.cpus[cpu])
