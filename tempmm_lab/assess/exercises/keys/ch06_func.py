"""The key to flush_tlb_func of chapter 6: beside the kernel's own in many states, then on every schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tempmm_lab.assess.exercises.ch06_stage import two_pages
from tempmm_lab.assess.exercises.draws import Stream
from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.kernelcode import MOST_POINTS, Endless, known_ops, step_by_step
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import INIT_MM, OTHER_MM, USER_CODE, USER_MM, USER_PAGE
from tempmm_lab.kernel.system import System
from tempmm_lab.kernel.tlbflush import TLB_FLUSH_ALL, flush_tlb_func, flush_tlb_info
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.scenarios.scenario import Scenario
from tempmm_lab.scenarios.stage import Stage
from tempmm_lab.steps import run
from tempmm_lab.telling import tell
from tempmm_lab.trace import follow, play
from tempmm_lab.unmapping import unmapping

NAME = "flush_tlb_func"
PAGE, EACH, MOST_STATES = 4096, 8, 100_000
IN_STATES = 5
"""How many parts are judged state by state: all but the last."""
SEEN = ("loaded_mm", "is_lazy", "loaded_mm_asid", "ctxs", "cpumask", "tlb")
LEAVING = (
    *("WARN_ON_ONCE", "local_irq_save", "local_irq_restore", "load_new_mm_cr3", "this_cpu_write", "cpumask_set_cpu"),
    *("cpumask_test_cpu", "vm_check_loaded_mm", "vm_check_outgoing", "vm_check_cpumask", "cond_mitigation"),
    *("switch_ldt", "cr4_update_pce_mm", "choose_new_asid", "irqs_disabled", "lockdep_assert_irqs_disabled"),
)
"""What leave_mm() takes in steps."""
ALLOWED = known_ops(
    *("this_cpu_read", "atomic64_read_tlb_gen", "cpumask_clear_cpu", "flush_tlb_one_user", "flush_tlb_local"),
    *("set_asid_ctx", *LEAVING),
)


@dataclass(frozen=True, slots=True)
class State:
    """A CPU that is sent a request."""

    part: str
    system: System
    info: flush_tlb_info

    def __str__(self) -> str:
        cpu = self.system.cpus[0]
        mm = self.system.cells[("tlb_gen", USER_MM)]
        lazy = ", lazy" if cpu.is_lazy else ""
        return f"{cpu.loaded_mm} loaded{lazy}, its slot at {cpu.ctxs[0][1]}, user_mm at {mm}, asked {self.info}"


def _system(mm: str | None, lazy_on: str | None, local: int, generation: int) -> System:
    stage = Stage(BUILDS["v6.16"], Config())
    known = () if USER_MM in (mm, lazy_on) else (USER_MM,)
    number = stage.cpu(programs.cpu_relax_once, name="task", mm=mm, lazy_on=lazy_on, known=known)
    for page in (USER_PAGE, USER_CODE):
        stage.cache(number, int(page), mm if mm in (USER_MM, OTHER_MM) else USER_MM)
    now = stage.system().with_cells({("tlb_gen", USER_MM): generation})
    cpu = now.cpus[0]
    slots = ((cpu.ctxs[0][0], local), *cpu.ctxs[1:])
    return now.with_cpu(0, ctxs=slots, registers=cpu.registers.but(IF=0), hardirqs_enabled=False)


def _asked(requested: int, *, mm: str | None = USER_MM, pages: int = 1) -> flush_tlb_info:
    end = int(USER_PAGE) + PAGE * pages if pages else TLB_FLUSH_ALL
    return flush_tlb_info(mm, int(USER_PAGE) if pages else 0, end, requested)


def states(seed: int) -> Iterator[State]:
    """Give states of every kind."""
    stream = Stream(seed)
    for _ in range(EACH):
        at = 2 + stream.below(5)
        pages = 1 + stream.below(3)
        yield State("other", _system(OTHER_MM, None, 0, at), _asked(at))
        yield State("lazy", _system(None, USER_MM, at - 1, at), _asked(at, pages=pages))
        yield State("lazy", _system(None, USER_MM, at - 2, at), _asked(0, mm=None, pages=0))
        yield State("lazy", _system(None, INIT_MM, 0, at), _asked(0, mm=None, pages=0))
        yield State("done", _system(USER_MM, None, at, at), _asked(at - stream.below(2), pages=pages))
        yield State("done", _system(USER_MM, None, at, at), _asked(0, mm=None, pages=0))
        yield State("done", _system(USER_MM, None, at - 1, at), _asked(at - 1, pages=pages))
        yield State("one", _system(USER_MM, None, at - 1, at), _asked(at, pages=pages))
        yield State("all", _system(USER_MM, None, at - 1, at), _asked(at, pages=0))
        yield State("all", _system(USER_MM, None, at - 2, at), _asked(at - stream.below(2), pages=pages))
        yield State("all", _system(USER_MM, None, at - 1, at), _asked(0, mm=None, pages=0))


def scenarios(function: Callable[..., Any]) -> tuple[Scenario, ...]:
    """Give the scenarios that every schedule is tried of, on v6.16 with this function."""
    mine = BUILDS["v6.16"].patched(flush_tlb_func=function)
    return (
        two_pages(build=mine),
        unmapping(cpus=3, build=mine),
        unmapping(cpus=3, what="tables", walker=True, build=mine),
    )


SAYS = {
    "other": "Another mm is loaded here, so nothing of the named one is in use: this CPU's bit goes, and that is all.",
    "lazy": "init_mm has nothing that could be flushed. A lazy CPU goes to init_mm, whatever the generations are.",
    "done": "Who has kept up with the request, or with the mm, does nothing: other requests may have been answered by "
    "one flush.",
    "one": "The request is the next one for this CPU, and the mm's latest: page by page, and then the slot's number.",
    "all": "Behind by more than this request, or all of it was asked for, or no generation named: all of the PCID, and "
    "then the slot gets the mm's number.",
    "every": "On some schedule a flush is lost, or a rule breaks.",
}


class FuncJudge:
    """Runs a student's function and the kernel's in the same states, and explores three scenarios with it."""

    def key(self, _: Exercise, __: Facts) -> str:
        """Give the source of a right function."""
        return SOURCE

    def judge(self, exercise: Exercise, _: Facts, answer: Callee, seed: int) -> Verdict:
        """Judge a function; the replay is a shortest schedule on which it fails."""
        try:
            wrong, changed = _in_states(answer, seed)
            if not changed:
                return verdict(exercise, {}, [f"{NAME} never changes anything. Is it finished?"])
            lost = _lost(step_by_step(answer, NAME, ALLOWED))
        except Endless as error:
            wrong["every"], lost = str(error), None
        except NoAnswer as error:
            return verdict(exercise, {}, [str(error)])
        except (ModelError, TypeError, ValueError, IndexError, KeyError) as error:
            return verdict(exercise, {}, [f"{NAME}: {str(error)[:300]}"])
        earned = {name: part.points for name, part in exercise.parts.items() if name not in wrong}
        said = [f"{n}: {SAYS[n]} {wrong[n]}" for n in exercise.parts if n in wrong]
        if lost is None:
            return verdict(exercise, earned, said)
        earned.pop("every")
        scenario, path = lost
        run_of_it = tell(play(scenario, follow(path)), max(1, len(path) - 14))
        found = verdict(exercise, earned, [*said, f"every: {SAYS['every']} The end of the shortest:\n{run_of_it}"])
        return Verdict(found.points, found.of, found.parts, found.messages, str(path))


def _in_states(answer: Callee, seed: int) -> tuple[dict[str, str], bool]:
    """Give the parts that are wrong in some state, with the first one, and whether the function ever changes anything.

    Of a part in which the function does not end, no further state is asked.

    Raises:
        NoAnswer: it raised an error, or ends in no part.
    """
    mine, wrong, changed, endless = step_by_step(answer, NAME, ALLOWED), dict[str, str](), False, set[str]()
    for state in states(seed):
        if state.part in endless:
            continue
        try:
            given = _after(state, mine)
        except Endless:
            wrong[state.part] = _too_many(state)
            endless.add(state.part)
            if len(endless) == IN_STATES:
                raise NoAnswer(f"{NAME} takes more than {MOST_POINTS:,} steps in every state. Does it loop?") from None
            mine, given = step_by_step(answer, NAME, ALLOWED), ()
        changed = changed or given != _before(state)
        if given != _after(state, flush_tlb_func):
            wrong.setdefault(state.part, f"The first: {state}.")
    return wrong, changed


def _too_many(state: State) -> str:
    pages = " Its end is TLB_FLUSH_ALL. How many pages is that?" if state.info.end == TLB_FLUSH_ALL else ""
    return f"{NAME} takes more than {MOST_POINTS:,} steps. It was asked in this state: {state}.{pages}"


def _lost(function: Callable[..., Any]) -> tuple[Scenario, Path] | None:
    """Give a scenario and the shortest schedule of all on which something breaks in it."""
    found = []
    for scenario in scenarios(function):
        report = explore(scenario, max_states=MOST_STATES)
        found += [(scenario, path) for path in report.counterexamples.values()]
        if not report.complete and not report.counterexamples:
            raise Endless(f"{NAME} makes more than {MOST_STATES:,} states of a scenario. Does it loop?", ended=False)
    return min(found, key=lambda one: len(one[1]), default=None)


def _before(state: State) -> tuple[Any, ...]:
    return tuple(getattr(state.system.cpus[0], name) for name in SEEN)


def _after(state: State, function: Callable[..., Any]) -> tuple[Any, ...]:
    cpu = run(state.system, 0, function, state.info)[0].cpus[0]
    return tuple(getattr(cpu, name) for name in SEEN)


SOURCE = """from tempmm_lab.kernel.percpu import this_cpu_read
from tempmm_lab.kernel.tlb import leave_mm
from tempmm_lab.kernel.tlbflush import TLB_FLUSH_ALL, flush_tlb_local, flush_tlb_one_user
from tempmm_lab.kernel.tlbstate import atomic64_read_tlb_gen, cpumask_clear_cpu, set_asid_ctx


async def flush_tlb_func(info):
    mm = await this_cpu_read("loaded_mm")
    if info.mm not in (None, mm):
        await cpumask_clear_cpu(info.mm)
        return
    if mm == "init_mm":
        return
    if await this_cpu_read("is_lazy"):
        await leave_mm()
        return
    wanted = await atomic64_read_tlb_gen(mm)
    asid = await this_cpu_read("loaded_mm_asid")
    local = (await this_cpu_read("ctxs"))[asid][1]
    if local == wanted or 0 < info.new_tlb_gen <= local:
        return
    if info.end != TLB_FLUSH_ALL and info.new_tlb_gen == local + 1 == wanted:
        for va in range(info.start, info.end, 4096):
            await flush_tlb_one_user(va)
    else:
        await flush_tlb_local()
    await set_asid_ctx(asid, mm, wanted)
"""
