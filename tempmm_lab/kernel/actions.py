"""What may happen on a machine that runs Linux, by name, and when it cannot."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.kernel.system import LinuxCpu, System

ARRIVALS = {"i": "irq", "n": "nmi", "t": "tick", "p": "ipi"}
BUDGETS = {"i": "irqs", "n": "nmis", "t": "ticks"}


@dataclass(frozen=True, slots=True)
class Action:
    """Something that may happen.

    `s` a step, `i` an IRQ, `n` an NMI, `t` a tick, `p` an IPI, `f` or `e` fill, evict, `d` the oldest store drains.
    """

    kind: str
    cpu: int
    va: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}{self.cpu}" + (f"@{self.va:#x}" if self.va is not None else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one action led to: the next system, the rules it broke in itself, and what the kernel printed."""

    system: System
    violations: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()


_actions: dict[tuple[str, int, int | None], Action] = {}


def action(kind: str, cpu: int, va: int | None = None) -> Action:
    """Give an action; equal ones are one object."""
    key = (kind, cpu, va)
    if key not in _actions:
        _actions[key] = Action(*key)
    return _actions[key]


def refusal(cpu: LinuxCpu, kind: str) -> str | None:
    """Say why an action of a kind cannot happen now; None if it can, or can be tried."""
    if kind == "d":
        return None if cpu.store_buffer else "no store waits in this CPU's store buffer"
    if kind not in ARRIVALS:
        return None if cpu.running else "this CPU has finished"
    if kind == "p":
        if not cpu.pending:
            return "no IPI is pending"
        return None if cpu.rflags_if else "IF is 0"
    if not cpu.field(BUDGETS[kind]):
        return f"no more of them may come ({BUDGETS[kind]} is 0)"
    if not cpu.running:
        return "this CPU has finished"
    if kind == "n":
        return "an NMI is being handled" if any(frame.kind == "nmi" for frame in cpu.running) else None
    return None if cpu.rflags_if else "IF is 0"
