"""Schedules that the judges of chapters 6 to 10 found open in the bench, and lead to the step where a rule breaks."""

from __future__ import annotations

from typing import Any

import pytest

from tempmm_lab import benchplay, in_order, play
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.functions import InProcess
from tempmm_lab.assess.exercises.keys import ch06_func, ch07_tell, ch08_unuse, ch09_okay, ch10_reports
from tempmm_lab.kernel.builds import BUILDS
from tests.exercises import ch06, ch07, ch08, ch09, ch10


def _okay(function: Any) -> tuple[Any, ...]:
    return (ch09_okay.scenario_of(BUILDS["v6.16"].patched(nmi_uaccess_okay=function)),)


CASES = {
    "a flush lost with two senders": ("ch06-func", ch06.claims_too_much, ch06_func.scenarios),
    "a lazy CPU left on a freed table": ("ch06-func", ch06.stays_lazy, ch06_func.scenarios),
    "an alias left behind": ("ch07-tell", ch07.as_it_was, lambda function: (ch07_tell.stage_with(function),)),
    "a bit taken too late": ("ch08-unuse", ch08.clears_too_late, ch08_unuse.scenarios),
    "a wrong yes": ("ch09-okay", ch09.asks_active_mm, _okay),
    "a bit lost by a sleeper": ("ch10-reports", ch10.tells_only, ch10_reports.misuses),
}


@pytest.mark.parametrize("name", CASES)
def test_a_schedule_opens_in_the_bench(name: str) -> None:
    """The path names its scenario, and its last step is the one that breaks a rule."""
    which, function, scenarios = CASES[name]
    one = EXERCISES[which]
    replay = one.judge(one.variant(0), InProcess(function, one.adapt)).replay  # type: ignore[arg-type]
    assert replay is not None
    story = replay.split(":")[0]
    found = []
    for scenario in scenarios(function):
        if str(scenario).startswith(story):
            loaded = benchplay.load(benchplay.begin(play(scenario, in_order)), replay)
            found += [loaded.trace[-1].broken] if not loaded.note else []
    assert any(found), found
