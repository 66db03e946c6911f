"""The key to nmi_uaccess_okay() of chapter 9: an NMI at every moment of a poke, on five kernels."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tempmm_lab.arriving import arrivals
from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.kernelcode import step_by_step
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.scenarios.scenario import STORIES, Scenario
from tempmm_lab.telling import tell
from tempmm_lab.trace import follow, play

NAME, NEWEST = "nmi_uaccess_okay", "v6.16"
ALLOWED = {"this_cpu_read": ("loaded_mm", "current_mm", "active_mm", "is_lazy")}
OLDER = ("v5.2", "v5.10", "v6.14", "posted")
SAYS = {
    "poke": "It says yes while CR3 holds tables that are not the program's: the schedule below ends there. What does "
    "each of the four variables say at that step, and in the middle of a switch?",
    "older": "On another kernel it says yes while CR3 holds tables that are not the program's.",
    "often": "It refuses where Linux's own allows it: outside the window the program's memory may be read.",
}


def scenario_of(build: str | Build) -> Scenario:
    """Give the poke with one NMI that asks."""
    return STORIES["nmi_in_window"](cpus=1, build=build)


@cache
def _refusals() -> tuple[int, int]:
    return refusals(NEWEST)


def refusals(build: str | Build) -> tuple[int, int]:
    """Give at how many moments of a poke an NMI reads nothing, and at how many it comes."""
    runs = [row.trace for row in arrivals(scenario_of(build), "nmi").rows if row.trace is not None]
    reads = [run for run in runs if any(moment.what.startswith("inatomic_read") for moment in run)]
    return len(runs) - len(reads), len(runs)


class OkayJudge:
    """Explores a poke with one NMI on each kernel, and counts refusals."""

    def key(self, _: Exercise, __: Facts) -> str:
        """Give the source of a right function."""
        return SOURCE

    def judge(self, exercise: Exercise, _: Facts, answer: Callee, __: int) -> Verdict:
        """Judge a function; the replay is a shortest schedule with a wrong yes."""
        mine = _checked(step_by_step(answer, NAME, ALLOWED))
        try:
            found = {name: _wrong_yes(BUILDS[name].patched(nmi_uaccess_okay=mine)) for name in (NEWEST, *OLDER)}
            refused, asked = refusals(BUILDS[NEWEST].patched(nmi_uaccess_okay=mine))
        except NoAnswer as error:
            return verdict(exercise, {}, [str(error)])
        except (ModelError, TypeError, ValueError) as error:
            return verdict(exercise, {}, [f"{NAME}: {str(error)[:300]}"])
        if refused == asked:
            return verdict(exercise, {}, [f"{NAME} refuses always. Then nobody needs to ask: no points for that."])
        older = [name for name in OLDER if found[name]]
        wrong = {"poke": bool(found[NEWEST]), "older": bool(older), "often": refused > _refusals()[0]}
        earned = {name: part.points for name, part in exercise.parts.items() if not wrong[name]}
        said = [f"{name}: {SAYS[name]}" for name in exercise.parts if wrong[name]]
        first = found[NEWEST] or next((found[name] for name in older), None)
        if first is None:
            return verdict(exercise, earned, said)
        scenario, path = first
        said.append(f"A shortest schedule with a wrong yes:\n{tell(play(scenario, follow(path)), quiet=True)}")
        done = verdict(exercise, earned, said)
        return Verdict(done.points, done.of, done.parts, done.messages, str(path))


def _wrong_yes(build: Build) -> tuple[Scenario, Path] | None:
    scenario = scenario_of(build)
    broken = explore(scenario).counterexamples
    return (scenario, min(broken.values(), key=len)) if broken else None


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the function, refusing an answer that is neither True nor False."""

    async def nmi_uaccess_okay() -> bool:
        said = await function()
        if type(said) is not bool:
            raise NoAnswer(f"{NAME} gives {said!r}. It should be True or False.")
        return said

    return nmi_uaccess_okay


SOURCE = """from tempmm_lab.kernel.percpu import this_cpu_read


async def nmi_uaccess_okay():
    return await this_cpu_read("loaded_mm") == await this_cpu_read("current_mm")
"""
