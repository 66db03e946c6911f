"""The key to the flusher's decision of chapter 5: every kind of CPU, and every schedule of a shootdown."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.kernelcode import step_by_step
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING, OTHER_MM, USER_MM
from tempmm_lab.kernel.tlbflush import TLB_FLUSH_ALL, flush_tlb_info
from tempmm_lab.points import start
from tempmm_lab.scenarios.scenario import STORIES
from tempmm_lab.telling import tell
from tempmm_lab.trace import follow, play

NAME = "should_flush_tlb"
LOADED = (USER_MM, LOADED_MM_SWITCHING, OTHER_MM)
Clauses = tuple[tuple[tuple[Any, bool], ...], ...]
MOST_STATES = 200_000


def build_with(function: Callable[..., Any]) -> Build:
    """Give v6.14 with v6.15's early sign, and a student's decision."""
    early = BUILDS["v6.16"].function("switch_mm_irqs_off")
    return BUILDS["v6.14"].patched(switch_mm_irqs_off=early, should_flush_tlb=function)


def _table() -> list[tuple[str, dict[str, Any], bool, bool]]:
    """Give every CPU that a flusher may meet: its part, what it says, whether tables are freed, whether it is told."""
    found = []
    for freed, bit, lazy, loaded in product((False, True), (False, True), (False, True), LOADED):
        told = bit and (freed or (not lazy and loaded != OTHER_MM))
        part = "tables" if freed else "lazy" if lazy else "others" if loaded == OTHER_MM or not bit else "loaded"
        part = "switching" if part == "loaded" and loaded == LOADED_MM_SWITCHING else part
        found.append((part, {"cpumask": bit, "is_lazy": lazy, "loaded": loaded}, freed, told))
    return found


def _clauses(function: Callable[..., Any], *, freed: bool) -> Clauses:
    """Ask the decision once, and check its form."""
    info = flush_tlb_info(USER_MM, 0, TLB_FLUSH_ALL, 1, freed_tables=freed)
    point = start(function, USER_MM, info)
    found: Any = point.value
    good = point.op is None and type(found) is tuple and all(type(clause) is tuple for clause in found)
    facts = [fact for clause in found for fact in clause] if good else []
    if not good or not all(type(fact) is tuple and len(fact) == 2 and type(fact[1]) is bool for fact in facts):
        raise NoAnswer(
            f"{NAME} gives {found!r}. It should be a tuple of clauses, each a tuple of (fact, True or False)."
        )
    for name, _ in facts:
        known = name == "is_lazy" or (type(name) is tuple and len(name) == 2 and name[0] in {"cpumask", "loaded"})
        if not known:
            raise NoAnswer(f"{NAME} asks for {name!r}. There are ('cpumask', mm), 'is_lazy' and ('loaded', mm).")
    clauses: Clauses = found
    return clauses


def _sends(clauses: Clauses, cpu: dict[str, Any]) -> bool:
    return any(all(_says(cpu, name) is wanted for name, wanted in clause) for clause in clauses)


def _says(cpu: dict[str, Any], name: Any) -> bool:
    if name == "is_lazy":
        return bool(cpu["is_lazy"])
    kind, what = name
    return bool(cpu["cpumask"]) and what == USER_MM if kind == "cpumask" else cpu["loaded"] == what


SAYS = {
    "loaded": "A CPU that has the mm loaded, is awake and has its bit set is not told, and goes on with what is stale.",
    "switching": "A CPU whose loaded_mm is SWITCHING may be on its way to the mm, with the old generation read. "
    "It has to be told as if the mm were loaded.",
    "tables": "When tables are freed, every CPU of the mask has to be told, the lazy ones too: the walker may have "
    "cached the way to a table. And a CPU without the bit need not be.",
    "lazy": "A lazy CPU is woken for nothing: it compares generations when it stops being lazy.",
    "others": "A CPU on another mm, or without the bit, is interrupted for nothing: it catches up by the generation.",
}


class FlushesJudge:
    """Asks for the clauses, tries them on every kind of CPU, and explores a shootdown."""

    def key(self, _: Exercise, __: Facts) -> str:
        """Give the source of a right decision."""
        return SOURCE

    def judge(self, exercise: Exercise, _: Facts, answer: Callee, __: int) -> Verdict:
        """Judge a decision; the replay is a shortest schedule on which a flush is lost."""
        decide = step_by_step(answer, NAME, {})
        try:
            clauses = {freed: _clauses(decide, freed=freed) for freed in (False, True)}
            wrong = {part: cpu for part, cpu, freed, told in _table() if _sends(clauses[freed], cpu) != told}
            if not any(_sends(clauses[freed], cpu) for _, cpu, freed, _ in _table()):
                return verdict(exercise, {}, [f"{NAME} sends to nobody. Is it finished?"])
            report = explore(STORIES["shootdown"](build=build_with(decide)), max_states=MOST_STATES)
        except NoAnswer as error:
            return verdict(exercise, {}, [str(error)])
        except (ModelError, TypeError, ValueError) as error:
            return verdict(exercise, {}, [f"{NAME}: {str(error)[:300]}"])
        lost = min(report.counterexamples.values(), key=len, default=None)
        bad = {*wrong, *(["switching"] if lost is not None or not report.complete else [])}
        earned = {name: part.points for name, part in exercise.parts.items() if name not in bad}
        said = [f"{name}: {SAYS[name]}" for name in exercise.parts if name in bad]
        if lost is None:
            return verdict(exercise, earned, said)
        trace = play(STORIES["shootdown"](build=build_with(decide)), follow(lost))
        said.append(f"A flush is lost in {len(lost)} steps. The end of it:\n{tell(trace, len(lost) - 14)}")
        found = verdict(exercise, earned, said)
        return Verdict(found.points, found.of, found.parts, found.messages, str(lost))


SOURCE = """from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING


async def should_flush_tlb(mm, info):
    here, awake = (("cpumask", mm), True), ("is_lazy", False)
    if info.freed_tables:
        return ((here,),)
    return tuple((here, awake, (("loaded", loaded), True)) for loaded in (mm, LOADED_MM_SWITCHING))
"""
