"""What happens after the questions of chapter 4, Two switches called "off"."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.question import Outcome
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.core import schedule
from tempmm_lab.kernel.irqflags import raw_local_irq_disable
from tempmm_lab.kernel.lockdep import lockdep_assert_irqs_disabled, lockdep_assert_preemption_disabled
from tempmm_lab.kernel.preempt import preempt_disable
from tempmm_lab.steps import run
from tempmm_lab.switches import (
    OTHER,
    if_at_work,
    in_window,
    off_and_on,
    reports_of,
    saved_and_restored,
    two_switches,
    warning_table,
)  # fmt: skip
from tempmm_lab.telling import part, seek, tell
from tempmm_lab.trace import Trace, irq_at, play
from tempmm_lab.views.cpu import draw_cpu
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.preemptcount import draw_preempt_count
from tempmm_lab.views.timeline import draw_timeline


def _hit(moment: int, kind: str, **knobs: Any) -> Trace:
    """Play the stage with one arrival after so many moments."""
    return play(two_switches(**knobs), irq_at(moment, kind=kind))


def _irq() -> tuple[Picture, str]:
    trace = part(_hit(2, "i", preempt_off=True), 1, 11)
    return draw_timeline(trace), tell(trace, quiet=True)


def _nested() -> str:
    kept, lost = if_at_work(saved_and_restored), if_at_work(off_and_on)
    return f"after save, save, restore:       IF={kept}\nafter disable, disable, enable:  IF={lost}"


def _ticked(**knobs: Any) -> Picture:
    trace = _hit(2 if knobs.get("preempt_off") else 1, "t", **knobs)
    first_of_other = next(n for n, moment in enumerate(trace, 1) if moment.after.cpus[0].current == OTHER)
    return draw_timeline(part(trace, 1, first_of_other + 6))


def _put_off() -> tuple[Picture, str]:
    return _ticked(preempt_off=True), tell(_hit(2, "t", preempt_off=True), 1, 12, quiet=True)


def _irqs_off() -> str:
    window = two_switches(irqs_off=True)
    found = seek(window, lambda cpu: cpu.current == OTHER and in_window(cpu))
    trace = play(window, irq_at(2, kind="t"))
    told = tell(trace, 1, 9, quiet=True)
    return f"a run in which another task gets into the window: {found}\nand if the tick comes after step 2:\n{told}"


def _other_cpu() -> str:
    trace = play(two_switches(irqs_off=True, preempt_off=True, cpus=2), _alternate)
    return tell(trace, 1, 9, quiet=True)


def _alternate(_: Any, possible: list[Any], count: int) -> Any:
    """Let the two CPUs take turns, CPU 1 from step 3 on."""
    steps = [each for each in possible if each.kind == "s"]
    wanted = [each for each in steps if each.cpu == (count % 2 if count > 2 else 0)]
    return (wanted or steps or [None])[0]


def _atomic() -> str:
    inside, _ = run(two_switches().system(), 0, preempt_disable)
    after, _ = run(inside, 0, schedule)
    return "\n".join([*reports_of(inside, schedule), f"who runs then: {after.cpus[0].current}"])


def _raw() -> tuple[Picture, str]:
    raw, _ = run(two_switches().system(), 0, raw_local_irq_disable)
    return draw_cpu(raw), "\n".join(reports_of(raw, lockdep_assert_preemption_disabled)) or "silent"


def _tables() -> str:
    new, old = warning_table(lockdep_assert_preemption_disabled), warning_table(lockdep_assert_irqs_disabled)
    return f"lockdep_assert_preemption_disabled():\n{new}\n\nlockdep_assert_irqs_disabled():\n{old}"


OUTCOMES: dict[str, Outcome] = {
    "ch04-irq": _irq,
    "ch04-nmi": lambda: tell(_hit(2, "n", irqs_off=True), 1, 6, quiet=True),
    "ch04-nested": _nested,
    "ch04-tick": _ticked,
    "ch04-put-off": _put_off,
    "ch04-irqs-off": _irqs_off,
    "ch04-other-cpu": _other_cpu,
    "ch04-atomic": _atomic,
    "ch04-fields": lambda: draw_preempt_count(0x120001),
    "ch04-201": lambda: draw_preempt_count(0x201),
    "ch04-assert": _tables,
    "ch04-raw": _raw,
    "ch04-none": lambda: _ticked(config=Config(preempt="none")),
}
"""Question id -> what is run and shown after an answer."""
