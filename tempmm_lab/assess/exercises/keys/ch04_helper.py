"""The key to the driver's helper of chapter 4: every schedule of a caller, and where a handler gets in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.assess.exercises.ch04_stage import HELPER, driver
from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.kernelcode import known_ops, step_by_step
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore
from tempmm_lab.report import Report
from tempmm_lab.telling import tell
from tempmm_lab.trace import follow, play

ALLOWED = known_ops(
    "work", "local_irq_save", "local_irq_restore", "local_irq_disable", "local_irq_enable", "irqs_disabled"
)
MOST_STATES = 50_000


def _tried(helper: Callable[..., Any], *, irqs_off: bool) -> Report:
    return explore(driver(helper, irqs_off=irqs_off), max_states=MOST_STATES, reduce="states")


SAYS = {
    "device": "A handler can run while the helper works. Interrupts have to be off from before work() until after it.",
    "caller": "A caller that has interrupts off is interrupted all the same: the helper turns them on, whoever had "
    "turned them off. CLI and STI do not count; local_irq_save() gives what IF was, for local_irq_restore().",
    "after": "A caller with interrupts on finds them off after the helper, until it leaves the kernel.",
}


class HelperJudge:
    """Explores every schedule of both callers."""

    def key(self, _: Exercise, __: Facts) -> str:
        """Give the source of a right helper."""
        return SOURCE

    def judge(self, exercise: Exercise, _: Facts, answer: Callee, __: int) -> Verdict:
        """Judge a helper; the replay is a shortest schedule on which it fails."""
        helper = step_by_step(answer, HELPER, ALLOWED)
        try:
            on, off = (_tried(helper, irqs_off=irqs_off) for irqs_off in (False, True))
        except NoAnswer as error:
            return verdict(exercise, {}, [str(error)])
        except ModelError as error:
            return verdict(exercise, {}, [f"{HELPER}: {error}"])
        if not on.complete or not off.complete:
            return verdict(exercise, {}, [f"{HELPER} has more schedules than can be tried. Does it loop?"])
        if "works" not in on.examples or "works" not in off.examples:
            return verdict(exercise, {}, [f"{HELPER} never comes to work(). Is it finished?"])
        return self._verdict(exercise, helper, on, off)

    def _verdict(self, exercise: Exercise, helper: Callable[..., Any], on: Report, off: Report) -> Verdict:
        device = on.examples.get("device") or off.examples.get("device")
        paths = {"device": device, "caller": off.examples.get("caller")}
        good = {name: path is None for name, path in paths.items()} | {"after": "after" in on.examples}
        earned = {name: part.points for name, part in exercise.parts.items() if good[name]}
        said = [f"{name}: {SAYS[name]}" for name in exercise.parts if not good[name]]
        found = verdict(exercise, earned, said)
        failing = [path for path in paths.values() if path is not None]
        if not failing:
            return found
        shortest = min(failing, key=len)
        with_helper = driver(helper, irqs_off=shortest is paths["caller"] or shortest is off.examples.get("device"))
        run = tell(play(with_helper, follow(shortest)), quiet=True)
        messages = (*found.messages, f"A shortest schedule on which it fails:\n{run}")
        return Verdict(found.points, found.of, found.parts, messages, str(shortest))


SOURCE = """from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.switches import work


async def driver_helper():
    flags = await local_irq_save()
    await work()
    await local_irq_restore(flags)
"""
