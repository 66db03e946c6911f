"""Judge a rule on who gets in: given IF, preempt_count and the preemption model, may this happen now?

The judge is the machine itself: in every case it lets the interrupt arrive, or the tick, and looks who runs next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from tempmm_lab.errors import ModelError, NotPossible, a_thing
from tempmm_lab.kernel.config import PREEMPT_MODELS, Config
from tempmm_lab.kernel.percpu import changed_registers
from tempmm_lab.kernel.step import action, take
from tempmm_lab.kernel.system import System
from tempmm_lab.switches import EVENTS, OTHER, TASK, two_switches

COUNTS = (0, 1, 2, 0x100, 0x200, 0x201, 0x1_0000)
"""The values of preempt_count that a rule is asked about: each field alone, and two together."""
Rule = Callable[[str, bool, int, str], bool]
Case = tuple[str, bool, int, str]


@dataclass(frozen=True, slots=True)
class GateReport:
    """How a rule fared: how many cases it was asked about, and those it has wrong."""

    cases: int
    wrong: tuple[str, ...]

    def __repr__(self) -> str:
        first = [f"the first: {self.wrong[0]}"] if self.wrong else []
        return "\n".join([f"{self.cases} cases, {len(self.wrong)} wrong", *first])


def gets_in(who: str, interrupts_on: bool, preempt_count: int, model: str) -> bool:
    """Say whether one of EVENTS gets into kernel code that runs so, by letting it try."""
    now = _kernel_code(interrupts_on, preempt_count, model)
    kind = {EVENTS[0]: "i", EVENTS[1]: "n", EVENTS[2]: "t"}[who]
    try:
        now = take(now, action(kind, 0)).system
    except NotPossible:
        return False
    return who != EVENTS[2] or _who_runs_after(now) == OTHER


def _kernel_code(interrupts_on: bool, preempt_count: int, model: str) -> System:
    begun = two_switches(config=Config(preempt=model)).system()
    registers = changed_registers(begun.cpus[0].registers, "IF", interrupts_on)
    return begun.with_cpu(0, registers=registers, hardirqs_enabled=interrupts_on, preempt_count=preempt_count)


def _who_runs_after(now: System) -> str:
    """Let the tick's handler run to its end, or to another task."""
    while now.cpus[0].current == TASK and len(now.cpus[0].running) > 1:
        now = take(now, action("s", 0)).system
    return now.cpus[0].current


def check_gate(rule: Rule) -> GateReport:
    """Ask `rule(who, interrupts_on, preempt_count, model)` in every case, and compare it with the machine.

    `who` is "IRQ handler", "NMI handler" or "another task"; `model` is "none", "voluntary", "full", "lazy" or "rt".
    The rule says True if that one may run before the code's next step.

    Raises:
        ModelError: this is no function of those four.
    """
    a_thing(rule, Callable, "check_gate() takes a function of (who, interrupts_on, preempt_count, model).")
    wrong = []
    cases = list(product(EVENTS, (True, False), COUNTS, PREEMPT_MODELS))
    for case in cases:
        truth, said = gets_in(*case), _asked(rule, case)
        if bool(said) != truth:
            wrong.append(_told(case, truth))
    return GateReport(len(cases), tuple(wrong))


def _asked(rule: Rule, case: Case) -> bool:
    try:
        return rule(*case)
    except TypeError as error:
        raise ModelError(f"Your rule is called with (who, interrupts_on, preempt_count, model): {error}.") from None


def _told(case: Case, truth: bool) -> str:
    who, interrupts_on, count, model = case
    where = f"IF={int(interrupts_on)}, preempt_count {count:#x}, preempt={model}"
    return f"{who} at {where}: on the machine it {'gets in' if truth else 'waits'}"
