"""Exploring: what can go wrong in some interleaving, and a shortest way to it; or the proof that nothing can.

`explore` answers for a given number of CPUs, `prove` for any number where it can. Both use the fast engine for models
that can be taken apart (the scenarios), and the plain search for all others and with `reduce=False`. The answers are
the same: which rules can be broken, what can be printed, and how long the shortest way is. Which shortest way is given
may differ. This file knows nothing of x86.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

from tempmm_lab.answer import Answer, OutOfLimits, Target, report_of
from tempmm_lab.cycles import find_cycle
from tempmm_lab.errors import ModelError, NotApart, a_thing, whole_number
from tempmm_lab.judge import Explorable, Model, Next, Progress, Rule, Search
from tempmm_lab.report import Report

__all__ = ["MAX_STATES", "Explorable", "Model", "Next", "Progress", "Rule", "explore", "prove"]
MAX_STATES = 2_000_000


@dataclass(slots=True)
class _Limits:
    """How far to go, and whom to tell meanwhile."""

    states: int = MAX_STATES
    stop_at: float | None = None
    progress: Progress | None = None
    next_word: float = field(default_factory=lambda: time.monotonic() + 1)

    def late(self, states: int, waiting: int) -> None:
        """Give a sign of life now and then.

        Raises:
            OutOfLimits: too many states, or the time is up.
        """
        now = time.monotonic()
        if self.progress and now > self.next_word:
            self.next_word = now + 0.5
            self.progress(states, waiting)
        if states > self.states:
            raise OutOfLimits(f"stopped after {self.states:,} states")
        if self.stop_at is not None and now > self.stop_at:
            raise OutOfLimits("stopped at the deadline")


def explore(
    scenario: Explorable,
    *,
    max_states: int = MAX_STATES,
    deadline: float | None = None,
    progress: Progress | None = None,
    reduce: bool | str = True,
    cycles: bool = False,
) -> Report:
    """Try every interleaving of a scenario, or of a `Model`, and report what can go wrong.

    Args:
        scenario: such as `efi_call(build="posted")`.
        max_states: stop after so many states (or views); the report then says that it is partial.
        deadline: stop after so many seconds; the same.
        progress: called with (states so far, states waiting) about twice a second, once a second has passed.
        reduce: whether the fast engine may answer. With False every state is visited, one by one. With "states" the
            engine visits whole states too; alike CPUs are exchanged and quiet steps merged.
        cycles: look also for a cycle of CPU steps, that is a run that never ends. Every state is visited for that.

    Ctrl-C gives the report so far.

    Raises:
        ModelError: the arguments make no sense, or code on the machine was misused.
    """
    limits = _checked(scenario, max_states, deadline, progress)
    if reduce != "states":
        a_thing(reduce, bool, 'reduce is True, False or "states".')
    if reduce and not cycles and hasattr(scenario, "apart"):
        from tempmm_lab.fast import explored

        try:
            return explored(scenario, limits.late, by_states=reduce == "states")
        except NotApart as error:
            return _plain(scenario, limits, cycles=False, argument=f"every state ({error})")
    return _plain(scenario, limits, cycles=cycles, argument="every state")


def prove(
    scenario: Explorable,
    *,
    max_states: int = MAX_STATES,
    deadline: float | None = None,
    progress: Progress | None = None,
) -> Report:
    """Prove a scenario for any number of CPUs; where that cannot be had, explore it for its own number.

    A scenario's last CPUs are alike, and there may be any number of those: the report's `cpus` is then "any", `states`
    counts views, and `assumed` says what exactly was proved. The scenario's knob `cpus` plays no part. If some view
    breaks a rule, that may be a false alarm. Then this is `explore(scenario)`, and `why` says what stood in the way.

    Raises:
        ModelError: this is no scenario, or code on the machine was misused.
    """
    limits = _checked(scenario, max_states, deadline, progress)
    if not hasattr(scenario, "any_number"):
        raise ModelError("prove() takes a scenario, such as shootdown(). Use explore() for a Model.")
    from tempmm_lab.fast import proof

    start = time.monotonic()
    report, why = proof(scenario, limits.late)
    if report is not None:
        return report
    left = None if deadline is None else max(deadline - (time.monotonic() - start), 0)
    settled = explore(scenario, max_states=max_states, deadline=left, progress=progress)
    return replace(settled, why=settled.why or why)


def _checked(scenario: Any, max_states: int, deadline: float | None, progress: Progress | None) -> _Limits:
    if not hasattr(scenario, "successors"):
        raise ModelError(f"explore() takes a scenario, such as efi_call(build='posted'), not {scenario!r}.")
    if deadline is not None and not isinstance(deadline, int | float):
        raise ModelError(f"deadline is a number of seconds, such as 10, not {deadline!r}.")
    stop_at = None if deadline is None else time.monotonic() + deadline
    return _Limits(whole_number(max_states, "max_states"), stop_at, progress)


def _plain(scenario: Any, limits: _Limits, *, cycles: bool, argument: str) -> Report:
    search = Search(scenario, limits.states, limits.stop_at, limits.progress)
    if cycles:
        search.edges = {}
    why = search.run()
    cycle = find_cycle(search.parents, search.edges or {}, search.way) if cycles else None
    ways: dict[Target, Any] = {("rule", name): way for name, way in search.broken.items()}
    ways |= {("example", name): way for name, way in search.examples.items()}
    ways |= {("report", text): way for text, way in search.reports.items()}
    seen = len(search.parents)
    answer = Answer(ways, seen, search.transitions, seen, argument, why)
    return report_of(scenario, answer, None if cycle is None else scenario.path(cycle))
