"""The key to an unuse_temporary_mm() that notices, of chapter 10: correct use and misuse, on every schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.kernelcode import known_ops, step_by_step
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.scenarios.scenario import STORIES, Scenario
from tempmm_lab.telling import tell
from tempmm_lab.trace import follow, play

NAME, MOST_STATES = "unuse_temporary_mm", 100_000
ALLOWED = known_ops(
    *("lockdep_assert_preemption_disabled", "local_irq_save", "local_irq_restore", "this_cpu_read", "this_cpu_write"),
    *("cpumask_clear_cpu", "cpumask_set_cpu", "cpumask_test_cpu", "irqs_disabled", "WARN_ON_ONCE", "cond_mitigation"),
    *("atomic64_read_tlb_gen", "choose_new_asid", "set_asid_ctx", "load_new_mm_cr3", "cr4_update_pce_mm"),
    *("switch_ldt", "vm_check_cpumask", "vm_check_loaded_mm", "vm_check_outgoing", "full_barrier"),
)
SAYS = {
    "correct": "In correct use a rule breaks. The bit to clear is that of the mm that is loaded, before the switch. "
    "And prev_mm has to be loaded afterwards.",
    "quiet": "In correct use it prints something. There the temporary mm is loaded, and prev_mm is not.",
    "told": "A caller slept, or was preempted, and nothing is printed. Which mm is loaded then? Which was handed in?",
    "saved": "A caller slept, or was preempted. Afterwards M is loaded, and this CPU's bit in M's mask is clear: no "
    "flush of M will reach this CPU.",
}
Found = tuple[Scenario, Path]


def correct(function: Callable[..., Any]) -> tuple[Scenario, ...]:
    """Give the scenarios in which a temporary mm is used as it should be."""
    mine = BUILDS["v6.16"].patched(unuse_temporary_mm=function)
    poke = STORIES["text_poke"]
    return poke(cpus=1, irqs=0, pokes=2, build=mine), poke(cpus=1, irqs=0, lazy=True, build=mine)


def misuses(function: Callable[..., Any]) -> tuple[Scenario, ...]:
    """Give the scenarios in which the borrower sleeps, or is preempted."""
    mine = BUILDS["v6.16"].patched(unuse_temporary_mm=function)
    sleeps = STORIES["schedule_inside"]
    return (
        sleeps(cpus=1, irqs=0, build=mine),
        sleeps(cpus=1, irqs=0, to="kthread", build=mine),
        sleeps(cpus=1, irqs=0, to="tick", ticks=1, build=mine),
    )


class ReportsJudge:
    """Explores correct use and misuse with a student's function."""

    def key(self, _: Exercise, __: Facts) -> str:
        """Give the source of a right function."""
        return SOURCE

    def judge(self, exercise: Exercise, _: Facts, answer: Callee, __: int) -> Verdict:
        """Judge a function; the replay is a shortest schedule on which a rule breaks."""
        mine = step_by_step(answer, NAME, ALLOWED)
        try:
            used = [(one, explore(one, max_states=MOST_STATES)) for one in correct(mine)]
            misused = [(one, explore(one, max_states=MOST_STATES)) for one in misuses(mine)]
        except NoAnswer as error:
            return verdict(exercise, {}, [str(error)])
        except (ModelError, TypeError, ValueError) as error:
            return verdict(exercise, {}, [f"{NAME}: {str(error)[:300]}"])
        broken = [(one, path) for one, report in used for path in report.counterexamples.values()]
        if all(report.counterexamples for _, report in used) and not any(report.reports for _, report in misused):
            return verdict(exercise, {}, [f"{NAME} gives nothing back, even in correct use. Is it finished?"])
        lost = [(one, path) for one, report in misused for path in report.counterexamples.values()]
        wrong = {
            "correct": bool(broken),
            "quiet": any(report.reports for _, report in used),
            "told": not all(any("WARNING" in text for text in report.reports) for _, report in misused),
            "saved": bool(lost),
        }
        return _said(exercise, wrong, broken or lost)


def _said(exercise: Exercise, wrong: dict[str, bool], failing: list[Found]) -> Verdict:
    earned = {name: part.points for name, part in exercise.parts.items() if not wrong[name]}
    said = [f"{name}: {SAYS[name]}" for name in exercise.parts if wrong[name]]
    if not failing:
        return verdict(exercise, earned, said)
    scenario, path = min(failing, key=lambda one: len(one[1]))
    run = tell(play(scenario, follow(path)), max(1, len(path) - 14))
    found = verdict(exercise, earned, [*said, f"The end of a shortest schedule on which a rule breaks:\n{run}"])
    return Verdict(found.points, found.of, found.parts, found.messages, str(path))


SOURCE = """from tempmm_lab.kernel.bug import WARN_ON_ONCE
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.percpu import this_cpu_read
from tempmm_lab.kernel.tlb import switch_mm_irqs_off
from tempmm_lab.kernel.tlbstate import cpumask_clear_cpu


async def unuse_temporary_mm(prev_mm):
    flags = await local_irq_save()
    loaded = await this_cpu_read("loaded_mm")
    if not await WARN_ON_ONCE(loaded == prev_mm, "the caller has slept"):
        await cpumask_clear_cpu(loaded)
        await switch_mm_irqs_off(None, prev_mm, None)
    await local_irq_restore(flags)
"""
