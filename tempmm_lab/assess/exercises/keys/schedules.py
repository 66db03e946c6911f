"""How a kernel function is judged: it is put into a kernel, and every schedule of some scenarios is tried.

The function's steps come from a callee one by one (`kernelcode.py`); the kernel and the explorer are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.kernelcode import Allowed, step_by_step
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import Build
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.scenarios.scenario import Scenario
from tempmm_lab.telling import tell
from tempmm_lab.trace import follow, play

MOST_STATES = 60_000
SHOWN = 14
"""How many steps of the end of a failing schedule are told."""
Check = Callable[[Build], bool]
Failing = tuple[str, str, Scenario, Path]
"""What is printed, or "" where a rule breaks; the part, the scenario, the schedule."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A scenario whose every schedule is tried.

    Attributes:
        scenario: makes the scenario of a kernel.
        rules: which part of the exercise fails if a rule breaks; none where that does not count.
        reports: which part fails if the kernel prints something.
    """

    scenario: Callable[[Build], Scenario]
    rules: str = ""
    reports: str = ""


@dataclass(frozen=True, slots=True)
class BySchedules:
    """Judges a kernel function by the schedules of a kernel that has it.

    Attributes:
        name: what the function replaces.
        base: gives the kernel that it is put into.
        allowed: the steps that it may await.
        trials: what is explored.
        says: part -> what to say where something is wrong.
        source: a right function.
        checks: part -> says of the kernel whether something else is right.
        first: the parts whose checks are made before anything is explored; if one is wrong, all is.
        silent: what may be printed all the same.
    """

    name: str
    base: Callable[[], Build]
    allowed: Allowed
    trials: tuple[Trial, ...]
    says: Mapping[str, str]
    source: str
    checks: Mapping[str, Check] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    def key(self, _: Exercise, __: Facts) -> str:
        """Give the source of a right function."""
        return self.source

    def judge(self, exercise: Exercise, _: Facts, answer: Callee, __: int) -> Verdict:
        """Judge a function; the replay is a shortest schedule on which it fails."""
        mine = step_by_step(answer, self.name, self.allowed)
        try:
            kernel = self.base().patched(**{self.name: mine})
            wrong = {part for part, holds in self.checks.items() if not holds(kernel)}
            if wrong & set(self.first):
                part = next(part for part in self.first if part in wrong)
                return verdict(exercise, {}, [f"{self.name}: {self.says[part]} Is it finished?"])
            failing = self._failing(kernel)
        except NoAnswer as error:
            return verdict(exercise, {}, [str(error)])
        except (ModelError, TypeError, ValueError, KeyError) as error:
            return verdict(exercise, {}, [f"{self.name}: {str(error)[:300]}"])
        return self._verdict(exercise, wrong, failing)

    def _failing(self, kernel: Build) -> list[Failing]:
        """Give every schedule on which something goes wrong: those that break a rule first, the shortest first."""
        found = list[Failing]()
        for trial in self.trials:
            scenario = trial.scenario(kernel)
            report = explore(scenario, max_states=MOST_STATES)
            said = {text: path for text, path in report.reports.items() if not any(one in text for one in self.silent)}
            if not report.complete and not report.counterexamples and not said:
                raise NoAnswer(f"{self.name} has more schedules than can be tried. Does it loop?", ended=False)
            broken = [("", trial.rules, scenario, path) for path in report.counterexamples.values()]
            printed = [(text, trial.reports, scenario, path) for text, path in said.items()]
            found += [one for one in broken + printed if one[1]]
        return sorted(found, key=lambda one: (bool(one[0]), len(one[3])))

    def _verdict(self, exercise: Exercise, wrong: set[str], failing: list[Failing]) -> Verdict:
        bad = wrong | {part for _, part, _, _ in failing}
        earned = {name: part.points for name, part in exercise.parts.items() if name not in bad}
        prints = {part: text for text, part, _, _ in reversed(failing) if text}  # of each part what comes first
        printed = {part: f" It prints “{text}”." for part, text in prints.items()}
        said = [f"{name}: {self.says[name]}{printed.get(name, '')}" for name in exercise.parts if name in bad]
        if not failing:
            return verdict(exercise, earned, said)
        _, part, scenario, path = failing[0]
        end = tell(play(scenario, follow(path)), max(1, len(path) - SHOWN))
        said.append(f"A shortest schedule on which it fails ({part}, {len(path)} steps) ends so:\n{end}")
        found = verdict(exercise, earned, said)
        return Verdict(found.points, found.of, found.parts, found.messages, str(path))
