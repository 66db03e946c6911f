"""One interruption, at every moment of a run in turn: where it is let in, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from tempmm_lab.errors import ModelError, a_thing, one_of, whole_number
from tempmm_lab.kernel.actions import ARRIVALS
from tempmm_lab.kernel.step import action, successors
from tempmm_lab.scenarios import Scenario
from tempmm_lab.trace import Trace, in_order, irq_at, play

KINDS = {name: letter for letter, name in ARRIVALS.items() if name != "ipi"}
HELD, QUIET, LOUD, BAD = "held back", "harmless", "reported", "hurts"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What comes of an interruption at one moment.

    Attributes:
        moment: after how many steps it comes.
        verdict: "held back"; "harmless"; "reported": the kernel prints something; "hurts": a rule is broken, or the
            scenario's `sometimes` has happened.
        says: the same in words.
        trace: the run with it, or None if it was held back.
    """

    moment: int
    verdict: str
    says: str
    trace: Trace | None


@dataclass(frozen=True)
class Arrivals:
    """One interruption at every moment of a run, one at a time.

    Attributes:
        kind: "irq", "nmi" or "tick"; `cpu`: the CPU it comes to.
        quiet: the run without it.
        rows: what comes of it at each moment, from 0 (before the first step) to the last step but none.
    """

    kind: str
    cpu: int
    quiet: Trace
    rows: tuple[Arrival, ...]

    def count(self, verdict: str) -> int:
        """Say at how many moments this is the verdict."""
        one_of(verdict, (HELD, QUIET, LOUD, BAD), "verdict")
        return sum(row.verdict == verdict for row in self.rows)

    @property
    def moments(self) -> tuple[tuple[int, int, str, str], ...]:
        """Neighbours with the same outcome as one: (first moment, last moment, verdict, in words)."""
        found = []
        for (verdict, says), same in groupby(self.rows, key=lambda row: (row.verdict, row.says)):
            group = list(same)
            found.append((group[0].moment, group[-1].moment, verdict, says))
        return tuple(found)

    @property
    def summary(self) -> str:
        """How often each verdict occurs, as a line."""
        counts = [(verdict, self.count(verdict)) for verdict in (HELD, QUIET, LOUD, BAD)]
        return f"{len(self.rows)} moments: " + ", ".join(f"{count} {verdict}" for verdict, count in counts if count)

    def text(self) -> str:
        """Give the moments as lines, and the counts."""
        lines = [f"{_TITLES[self.kind]} on CPU {self.cpu}, once, in {self.quiet.scenario}"]
        for first, last, verdict, says in self.moments:
            when = f"{first}" if first == last else f"{first}-{last}"
            lines.append(f"  after step {when:<7} {verdict:<10} {says if says != verdict else ''}".rstrip())
        return "\n".join([*lines, self.summary])

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        getattr(printer, "text", print)("Arrivals(...)" if cycle else self.text())


_TITLES = {"irq": "An interrupt", "nmi": "An NMI", "tick": "A tick"}
BUDGET = {"irq": "irqs", "nmi": "nmis", "tick": "ticks"}


def arrivals(scenario: Scenario, kind: str = "irq", cpu: int = 0) -> Arrivals:
    """Let one interruption come at every moment of a run in turn, and say each time what comes of it.

    Everything else goes in order, as in `play(scenario, in_order)`. What the handler does is the scenario's `handler`.

    Args:
        scenario: such as `text_poke(cpus=1, handler="stray_write")`.
        kind: "irq", "nmi" or "tick".
        cpu: the CPU it comes to.

    Raises:
        ModelError: there is no such kind or CPU, or none may come in this scenario.
    """
    a_thing(scenario, Scenario, "arrivals() takes a scenario, such as text_poke(cpus=1).")
    one_of(kind, tuple(KINDS), "kind")
    if whole_number(cpu, "cpu") not in range(scenario.cpus):
        raise ModelError(f"cpu must be from 0 to {scenario.cpus - 1}, not {cpu}.")
    if not scenario.knobs[BUDGET[kind]]:
        raise ModelError(f"No {kind} may come in {scenario}: give {BUDGET[kind]}=1.")
    quiet = play(scenario, in_order)
    return Arrivals(kind, cpu, quiet, tuple(_rows(scenario, kind, cpu, quiet)))


def _rows(scenario: Scenario, kind: str, cpu: int, quiet: Trace) -> Iterator[Arrival]:
    wanted = action(KINDS[kind], cpu)
    for number, moment in enumerate(quiet):
        if wanted in dict(successors(moment.before)):
            trace = play(scenario, irq_at(number, cpu, KINDS[kind]))
            verdict, says = _outcome(trace, number)
            yield Arrival(number, verdict, says, trace)
        else:
            yield Arrival(number, HELD, HELD, None)


def _outcome(trace: Trace, number: int) -> tuple[str, str]:
    """Give the verdict on a run in which the interruption came after so many steps."""
    hurt = [f"breaks {name}" for name in trace.broken]
    for name, happened in trace.scenario.sometimes.items():
        hurt += [name] * any(happened(moment.after) for moment in trace)
    printed = "; ".join(trace.reports)
    if hurt:
        return BAD, f"{', '.join(hurt)}; " + (f"prints {printed}" if printed else "nothing is printed")
    return (LOUD, f"prints {printed}") if printed else (QUIET, _did(trace, number))


def _did(trace: Trace, number: int) -> str:
    """Say what a handler did that leaves no trace."""
    ops = [moment.what for moment in trace[number:]]
    if any(op.startswith("inatomic_read") for op in ops):
        return "reads the task's memory"
    asked = any("nmi_uaccess_okay" in moment.where or "copy_from_user_nofault" in moment.where for moment in trace)
    return "is told no" if asked else QUIET
