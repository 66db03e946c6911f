"""What a timeline shows of a run, as values: for each CPU, what held from which step to which.

Column k is the system after k steps: column 0 is the start. Nothing here draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tempmm_lab.kernel.actions import ARRIVALS
from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.trace import Trace
from tempmm_lab.views.mms import mm_in

NAMES = {"irq": "IRQ", "nmi": "NMI", "tick": "tick", "ipi": "IPI"}


@dataclass(frozen=True, slots=True)
class Span:
    """A value, and the first and last column in which it holds."""

    value: str | None
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Ipi:
    """An IPI: who sent it in which step, to whom, and in which step it was taken (None: not yet)."""

    sender: int
    sent: int
    target: int
    taken: int | None


@dataclass(frozen=True, slots=True)
class Lane:
    """One CPU of a timeline.

    Attributes:
        task: the task that runs at the start.
        cr3, loaded, current: which mm each names, as spans over all columns.
        irqs_off, preempt_off: the windows, as spans.
        arrivals: what interrupted, as spans from the arrival to the last column before the return.
        steps: the steps that this CPU took; `freedom` those that its hardware took (fills, evictions, drains).
    """

    task: str
    cr3: tuple[Span, ...]
    loaded: tuple[Span, ...]
    current: tuple[Span, ...]
    irqs_off: tuple[Span, ...]
    preempt_off: tuple[Span, ...]
    arrivals: tuple[Span, ...]
    steps: tuple[int, ...]
    freedom: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Lanes:
    """A whole run as a timeline shows it: `count` steps, the lanes, the IPIs, what broke when, what was printed."""

    title: str
    count: int
    lanes: tuple[Lane, ...]
    ipis: tuple[Ipi, ...]
    broken: dict[str, list[int]] = field(default_factory=dict)
    reports: tuple[tuple[int, str], ...] = ()
    stopped: str = ""


def spans(values: Iterable[str | None]) -> tuple[Span, ...]:
    """Give equal neighbours as one span each."""
    found: list[Span] = []
    for column, value in enumerate(values):
        if found and found[-1].value == value:
            found[-1] = Span(value, found[-1].first, column)
        else:
            found.append(Span(value, column, column))
    return tuple(found)


def _windows(flags: Iterable[bool]) -> tuple[Span, ...]:
    return tuple(span for span in spans("on" if flag else None for flag in flags) if span.value)


def read(trace: Trace) -> Lanes:
    """Read a run's timeline off its systems."""
    systems = [trace.first or trace.scenario.system(), *(moment.after for moment in trace)]
    broken = {name: [0] for name, step in trace.broken.items() if step == 0}
    for step, moment in enumerate(trace, 1):
        for name in moment.broken:
            broken.setdefault(name, []).append(step)
    reports = tuple((step, text) for step, moment in enumerate(trace, 1) for text in moment.reports)
    lanes = tuple(_lane(trace, systems, number) for number in range(len(systems[0].cpus)))
    return Lanes(str(trace.scenario), len(trace), lanes, _ipis(trace), broken, reports, trace.stopped)


def _lane(trace: Trace, systems: list[System], number: int) -> Lane:
    cpus = [system.cpus[number] for system in systems]
    mine = [(step, moment.action) for step, moment in enumerate(trace, 1) if moment.action.cpu == number]

    def each(what: Callable[[LinuxCpu], str | None]) -> tuple[Span, ...]:
        return spans(_once(what, cpus))

    return Lane(
        cpus[0].current,
        each(lambda cpu: mm_in(cpu.registers.cr3)),
        each(lambda cpu: cpu.loaded_mm),
        each(lambda cpu: cpu.current_mm),
        _windows(not cpu.rflags_if for cpu in cpus),
        _windows(cpu.preempt_count > 0 for cpu in cpus),
        tuple(_arrival(cpus, step, action.kind) for step, action in mine if action.kind in ARRIVALS),
        tuple(step for step, action in mine if action.kind == "s"),
        tuple((step, action.kind) for step, action in mine if action.kind in "fed"),
    )


def _once(what: Callable[[LinuxCpu], str | None], cpus: list[LinuxCpu]) -> Iterable[str | None]:
    """Ask each CPU, but one that is the same object as its neighbour only once."""
    before, value = None, None
    for cpu in cpus:
        if cpu is not before:
            before, value = cpu, what(cpu)
        yield value


def _arrival(cpus: list[LinuxCpu], step: int, kind: str) -> Span:
    depth = len(cpus[step].running)
    last = step
    while last + 1 < len(cpus) and len(cpus[last + 1].running) >= depth:
        last += 1
    return Span(NAMES[ARRIVALS[kind]], step, last)


def _ipis(trace: Trace) -> tuple[Ipi, ...]:
    """Pair what is sent with what is taken: each CPU takes its IPIs in the order in which they came."""
    waiting: dict[int, list[int]] = {}
    found: list[Ipi] = []
    for step, moment in enumerate(trace, 1):
        if moment.action.kind == "p" and waiting.get(moment.action.cpu):
            place = waiting[moment.action.cpu].pop(0)
            found[place] = Ipi(found[place].sender, found[place].sent, moment.action.cpu, step)
        for target, (old, new) in enumerate(zip(moment.before.cpus, moment.after.cpus, strict=True)):
            if old is not new and len(new.pending) > len(old.pending):
                waiting.setdefault(target, []).append(len(found))
                found.append(Ipi(moment.action.cpu, step, target, None))
    return tuple(found)
