"""A schedule that the judge found opens in the bench, with the student's own function, and shows what it says."""

from __future__ import annotations

import pytest

from tempmm_lab import BUILDS, benchplay, in_order, play, shootdown
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.ch04_stage import driver
from tempmm_lab.assess.exercises.functions import InProcess
from tempmm_lab.errors import ModelError
from tests.exercises import ch04, ch05


def _replay(name: str, function: object) -> str:
    one = EXERCISES[name]
    replay = one.judge(one.variant(0), InProcess(function, one.adapt)).replay  # type: ignore[arg-type]
    assert replay is not None
    return replay


@pytest.mark.parametrize(
    ("helper", "irqs_off"), [(ch04.as_it_was, True), (ch04.unprotected, False), (ch04.too_late, False)]
)
def test_a_broken_helper_is_seen_in_the_bench(helper: object, irqs_off: bool) -> None:
    """The path leads to the moment when the interrupt's handler has come in."""
    named = _named(helper)
    bench = benchplay.begin(play(driver(named, irqs_off=irqs_off), in_order))
    loaded = benchplay.load(bench, _replay("ch04-helper", helper))
    assert not loaded.note
    assert len(loaded.system.cpus[0].running) == 2


def _named(helper: object) -> object:
    """Give a helper under the name that it has in the notebook."""

    async def driver_helper() -> None:
        await helper()  # type: ignore[operator]

    return driver_helper


def test_a_lost_flush_is_seen_in_the_bench() -> None:
    """The path leads to the step that uses what was flushed."""
    early = BUILDS["v6.16"].function("switch_mm_irqs_off")
    mine = BUILDS["v6.14"].patched(switch_mm_irqs_off=early, should_flush_tlb=ch05.loaded_only)
    bench = benchplay.begin(play(shootdown(build=mine), in_order))
    loaded = benchplay.load(bench, _replay("ch05-flushes", ch05.loaded_only))
    assert not loaded.note
    assert loaded.trace[-1].broken == ("no-stale-use",)


def test_a_right_function_has_no_replay() -> None:
    """Where nothing fails there is nothing to replay."""
    one = EXERCISES["ch05-flushes"]
    assert one.judge(one.variant(0), InProcess(ch05.should_flush_tlb, one.adapt)).replay is None  # type: ignore[arg-type]


@pytest.mark.parametrize("helper", [None, 5, "driver_helper"])
def test_a_helper_is_a_function(helper: object) -> None:
    """The stage says what it takes."""
    with pytest.raises(ModelError, match="driver_helper"):
        driver(helper)  # type: ignore[arg-type]
