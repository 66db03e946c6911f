"""The key to unuse_temporary_mm() of chapter 8: by itself in eight situations, then on every schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.kernelcode import known_ops, step_by_step
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import INIT_MM, TEXT_POKE_MM, USER_MM
from tempmm_lab.kernel.system import System
from tempmm_lab.kernel.tlb import use_temporary_mm
from tempmm_lab.points import STEP_LIMIT, start
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.misuse import ARMED
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.scenarios.scenario import STORIES, Scenario
from tempmm_lab.scenarios.stage import Stage
from tempmm_lab.steps import run
from tempmm_lab.telling import tell
from tempmm_lab.trace import follow, play

NAME, MOST_STATES = "unuse_temporary_mm", 100_000
ALLOWED = known_ops(
    *("lockdep_assert_preemption_disabled", "local_irq_save", "local_irq_restore", "this_cpu_read", "this_cpu_write"),
    *("cpumask_clear_cpu", "cpumask_set_cpu", "cpumask_test_cpu", "hw_breakpoint_active", "hw_breakpoint_restore"),
    *("hw_breakpoint_disable", "irqs_disabled", "WARN_ON_ONCE", "cond_mitigation", "atomic64_read_tlb_gen"),
    *("choose_new_asid", "set_asid_ctx", "load_new_mm_cr3", "cr4_update_pce_mm", "switch_ldt", "vm_check_cpumask"),
    *("vm_check_loaded_mm", "vm_check_outgoing", "full_barrier"),
)


@dataclass(frozen=True, slots=True)
class Situation:
    """A CPU on which text_poke_mm is loaded, and what it came from."""

    system: System
    prev: str
    irqs_on: bool
    armed: bool

    def __str__(self) -> str:
        armed = "a breakpoint is set" if self.armed else "no breakpoint is set"
        return f"{self.prev} was loaded, interrupts {'on' if self.irqs_on else 'off'}, {armed}"


def situations() -> Iterator[Situation]:
    """Give every situation."""
    for prev, irqs_on, armed in product((USER_MM, INIT_MM), (False, True), (False, True)):
        stage = Stage(BUILDS["v6.16"], Config())
        fields = {"preempt_count": 1, **(ARMED if armed else {})}
        stage.cpu(programs.cpu_relax_once, name="task", mm=USER_MM if prev == USER_MM else None, fields=fields)
        now = stage.system()
        if not irqs_on:
            now = now.with_cpu(0, registers=now.cpus[0].registers.but(IF=0), hardirqs_enabled=False)
        yield Situation(run(now, 0, use_temporary_mm, TEXT_POKE_MM)[0], prev, irqs_on, armed)


def _walk(now: System, function: Callable[..., Any], prev: str) -> Iterator[tuple[str, System]]:
    """Give each step's name with the machine before it, and at last "" with the machine afterwards."""
    point = start(function, prev, versions=now.versions)
    for _ in range(STEP_LIMIT):
        if point.op is None:
            break
        yield point.op.do.__name__, now
        door = now.door(0)
        answer = point.op.do(door, *point.op.args)
        now, point = door.machine, point.after(answer)
    yield "", now


def _faults(one: Situation, function: Callable[..., Any]) -> Iterator[str]:
    """Give the parts that are wrong in a situation."""
    steps = list(_walk(one.system, function, one.prev))
    cpu = steps[-1][1].cpus[0]
    if cpu.loaded_mm != one.prev:
        yield "back"
    if TEXT_POKE_MM in cpu.cpumask or (one.prev != INIT_MM and one.prev not in cpu.cpumask):
        yield "bit"
    early = any(name == "hw_breakpoint_restore" and at.cpus[0].loaded_mm != one.prev for name, at in steps)
    if cpu.dr7 != cpu.cpu_dr7 or (one.armed and (early or cpu.dr0 != cpu.cpu_debugreg)):
        yield "armed"
    open_to_all = any(name == "load_new_mm_cr3" and at.cpus[0].registers.bit("IF") for name, at in steps)
    if open_to_all or bool(cpu.registers.bit("IF")) != one.irqs_on or cpu.loaded_mm == TEXT_POKE_MM:
        yield "irqs"


SAYS = {
    "back": "Afterwards the mm that was handed in should be loaded.",
    "bit": "The bit to clear is that of the mm that is loaded, and it has to go while that is loaded: after the switch "
    "loaded_mm is another one. Left set, it sends the next poker's flush here.",
    "armed": "Breakpoints know addresses and not address spaces. They are armed again if their shadow says so, and "
    "only when the temporary mm is gone.",
    "irqs": "The switch needs IF=0, and the caller gets back the IF that it had.",
    "every": "On some schedule a rule breaks, or the kernel prints something.",
}


def scenarios(function: Callable[..., Any]) -> tuple[Scenario, ...]:
    """Give the scenarios that every schedule is tried of, on v6.16 with this function."""
    mine = BUILDS["v6.16"].patched(unuse_temporary_mm=function)
    poke, armed = STORIES["text_poke"], STORIES["hw_breakpoints"]
    return poke(lazy=True, irqs=0, build=mine), armed(irqs=0, build=mine), poke(pokers=2, irqs=0, build=mine)


class UnuseJudge:
    """Runs a student's function by itself, and then explores three scenarios with it."""

    def key(self, _: Exercise, __: Facts) -> str:
        """Give the source of a right function."""
        return SOURCE

    def judge(self, exercise: Exercise, _: Facts, answer: Callee, __: int) -> Verdict:
        """Judge a function; the replay is a shortest schedule on which it fails."""
        mine, wrong = step_by_step(answer, NAME, ALLOWED), dict[str, str]()
        try:
            for one in situations():
                for part in _faults(one, mine):
                    wrong.setdefault(part, f"The first: {one}.")
            failed = _failed(mine)
        except NoAnswer as error:
            return verdict(exercise, {}, [str(error)])
        except (ModelError, TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            return verdict(exercise, {}, [f"{NAME}: {str(error)[:300]}"])
        if "back" in wrong:
            return verdict(exercise, {}, [f"{SAYS['back']} {wrong['back']} Without it there are no points."])
        earned = {name: part.points for name, part in exercise.parts.items() if name not in wrong}
        said = [f"{n}: {SAYS[n]} {wrong[n]}" for n in exercise.parts if n in wrong]
        if failed is None:
            return verdict(exercise, earned, said)
        earned.pop("every")
        scenario, what, path = failed
        run_of_it = tell(play(scenario, follow(path)), max(1, len(path) - 14))
        said.append(f"every: {SAYS['every']} Here: {what}. The end of the shortest:\n{run_of_it}")
        found = verdict(exercise, earned, said)
        return Verdict(found.points, found.of, found.parts, found.messages, str(path))


def _failed(function: Callable[..., Any]) -> tuple[Scenario, str, Path] | None:
    """Give a scenario, what breaks or is printed, and the shortest schedule to it."""
    found = []
    for scenario in scenarios(function):
        report = explore(scenario, max_states=MOST_STATES)
        found += [(scenario, what, path) for what, path in {**report.counterexamples, **report.reports}.items()]
        if not report.complete and not report.counterexamples:
            raise NoAnswer(f"{NAME} makes more than {MOST_STATES:,} states of a scenario. Does it loop?", ended=False)
    return min(found, key=lambda one: len(one[2]), default=None)


SOURCE = """from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_restore
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.percpu import this_cpu_read
from tempmm_lab.kernel.tlb import switch_mm_irqs_off
from tempmm_lab.kernel.tlbstate import cpumask_clear_cpu


async def unuse_temporary_mm(prev_mm):
    flags = await local_irq_save()
    await cpumask_clear_cpu(await this_cpu_read("loaded_mm"))
    await switch_mm_irqs_off(None, prev_mm, None)
    if await hw_breakpoint_active():
        await hw_breakpoint_restore()
    await local_irq_restore(flags)
"""
