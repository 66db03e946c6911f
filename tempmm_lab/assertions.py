"""The assertions that guard a temporary mm, run in every state that they look at: a truth table that nobody typed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from tempmm_lab.errors import ModelError
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.builds import Build, a_build
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import TEXT_POKE_MM, USER_MM
from tempmm_lab.kernel.percpu import changed_registers
from tempmm_lab.kernel.tlb import use_temporary_mm
from tempmm_lab.points import start
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.stage import Stage

COUNTS = {0x0: "none", 0x1: "preempt_disable()", 0x200: "local_bh_disable()", 0x10000: "in an interrupt handler"}
"""The values of preempt_count that are tried, and what makes them so."""
SITES = {
    "helper": "use_temporary_mm: lockdep",
    "switch": "interrupts are on (RFLAGS.IF)",
    "CR4 write": "cr4_update_irqsoff",
}
"""Who may complain, and how his report is known: the helper itself, the switch inside it, and the write of CR4."""


@dataclass(frozen=True, slots=True)
class Case:
    """One state in which use_temporary_mm() was called, and who complained.

    Attributes:
        count, irqs_on, lockdep: preempt_count, RFLAGS.IF and lockdep's own flag at entry.
        complains: the sites that WARN, of SITES.
        loaded: which mm was loaded after the call.
    """

    count: int
    irqs_on: bool
    lockdep: bool
    complains: tuple[str, ...]
    loaded: str


@dataclass(frozen=True)
class TruthTable:
    """What use_temporary_mm() of a build says to every state it may be called in."""

    build: str
    about: str
    cases: tuple[Case, ...]

    def text(self) -> str:
        """Give the table: a line for each state."""
        lines = [
            f"use_temporary_mm() on {self.build}{self.about}",
            "  preempt_count                      IF  lockdep  says",
        ]
        for case in self.cases:
            name = f"{case.count:#x} ({COUNTS[case.count]})"
            says = "WARN by the " + ", the ".join(case.complains) if case.complains else "nothing"
            lines.append(f"  {name:<34} {int(case.irqs_on)}   {int(case.lockdep)}       {says}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("TruthTable(...)" if cycle else self.text())  # type: ignore[attr-defined]


def truth_table(
    build: str | Build = "v6.16", *, debug_locks: bool = True, prove_locking: bool = True, flags_differ: bool = False
) -> TruthTable:
    """Call use_temporary_mm() in every state that its assertion looks at, and note who prints a WARN.

    `debug_locks=False` is a kernel on which lockdep has reported once already; `prove_locking=False` one without
    lockdep. With `flags_differ` lockdep's own flag says the opposite of RFLAGS.IF, as after a raw CLI or STI.

    Raises:
        ModelError: this build has no use_temporary_mm().
    """
    chosen = a_build(build)
    if not chosen.temporary_mms:
        raise ModelError(f"{chosen.name} has no use_temporary_mm(). Take v5.2 or later.")
    config = Config(prove_locking=prove_locking)
    cases = [
        _call(chosen, config, count, irqs_on, irqs_on != flags_differ, debug_locks)
        for count, irqs_on in product(COUNTS, (True, False))
    ]
    notes = ["lockdep has reported before"] * (not debug_locks) + ["no PROVE_LOCKING"] * (not prove_locking)
    return TruthTable(chosen.name, f" ({', '.join(notes)})" if notes else "", tuple(cases))


def _call(build: Build, config: Config, count: int, irqs_on: bool, lockdep: bool, debug_locks: bool) -> Case:
    """Run the helper once, undisturbed, from one state."""
    stage = Stage(build, config)
    stage.cpu(programs.back_to_user, name="task", mm=USER_MM)
    system = stage.system()
    registers = changed_registers(system.cpus[0].registers, "IF", irqs_on)
    system = system.with_cpu(0, registers=registers, hardirqs_enabled=lockdep, preempt_count=count)
    now = system.with_cells({("debug_locks", None): debug_locks})
    point, reports = start(use_temporary_mm, TEXT_POKE_MM, versions=now.versions), []
    while point.op is not None:
        access = Access(now, 0, (), point.inside[-1])
        answer = point.op.do(access, *point.op.args)
        now, point = access.machine, point.after(answer)
        reports += list(access.reports)
    complains = tuple(name for name, words in SITES.items() if any(words in report for report in reports))
    return Case(count, irqs_on, lockdep, complains, now.cpus[0].loaded_mm)
