"""The bench as values: what is done to it gives another bench, and the run in it is always one that can happen."""

from __future__ import annotations

import random

import pytest

from tempmm_lab import ModelError, efi_call, explore, follow, in_order, play, shootdown, text_poke
from tempmm_lab.benchplay import (
    Bench,
    begin,
    choices,
    cut,
    do,
    forward,
    jump,
    load,
    planned,
    run_on,
    with_knobs,
    with_other,
)
from tempmm_lab.errors import NotPossible
from tempmm_lab.following import actions_of, empty, extended
from tempmm_lab.kernel.step import action
from tests.unit.linux_pictures import BROKEN

POSTED = efi_call(build="posted")


def fresh(scenario: object = POSTED) -> Bench:
    """Give a bench on which nothing has happened."""
    return begin(empty(scenario))  # type: ignore[arg-type]


def random_walk(seed: int, steps: int = 60) -> Bench:
    """Give a bench after so many random things were done to it."""
    chance, bench = random.Random(seed), fresh()
    builds = ["v5.10", "v6.14", "posted", "v6.16"]
    for _ in range(steps):
        possible = [each for each, why in choices(bench) if why is None]
        moves = [
            lambda: do(bench, chance.choice(possible)) if possible else bench,  # noqa: B023 - called at once
            lambda: forward(bench),  # noqa: B023
            lambda: jump(bench, chance.randrange(120)),  # noqa: B023
            lambda: run_on(bench),  # noqa: B023
            lambda: cut(bench),  # noqa: B023
            lambda: with_knobs(bench, build=chance.choice(builds), irqs=chance.randrange(2)),  # noqa: B023
            lambda: with_other(bench, chance.choice([None, *builds])),  # noqa: B023
        ]
        bench = chance.choices(moves, weights=[6, 6, 2, 1, 1, 1, 1])[0]()
    return bench


@pytest.mark.parametrize("seed", range(40))
def test_whatever_was_done_the_run_is_one_that_can_happen(seed: int) -> None:
    """Its schedule, played afresh, gives the same machines, and the second build followed as far as it goes."""
    bench = random_walk(seed)
    again = play(bench.scenario, follow(bench.trace.path))
    assert (again.text(), again.broken) == (bench.trace.text(), bench.trace.broken)
    assert 0 <= bench.at <= len(bench.trace)
    if bench.other is not None:
        other = play(bench.other.scenario, follow(bench.trace.path))
        assert other.text().partition("stopped")[0] == bench.other.text().partition("stopped")[0]
        assert bool(other.stopped) == bool(bench.other.stopped)


@pytest.mark.parametrize("seed", range(40))
def test_choices_tell_the_truth(seed: int) -> None:
    """What is said to be possible can be done, and what is not gives the reason that was shown."""
    bench = random_walk(seed, 25)
    for each, why in choices(bench):
        if why is None:
            assert do(bench, each).trace[bench.at].action == each
        else:
            with pytest.raises(NotPossible) as caught:
                do(bench, each)
            assert why in str(caught.value)


def test_forward_is_in_order_and_ends_with_a_reason() -> None:
    """Stepping from the start gives what `in_order` plays; then the bench says that every CPU has finished."""
    bench = fresh(text_poke())
    whole = play(text_poke(), in_order)
    for _ in whole:
        bench = forward(bench)
    assert actions_of(bench.trace) == actions_of(whole)
    assert forward(bench).note == "Every CPU has finished."


def test_run_on_stops_where_a_rule_breaks_and_goes_on_from_there() -> None:
    """The posted patches break a rule in step 15; run on again and it goes further."""
    bench = run_on(fresh())
    assert (bench.at, bench.broken) == (15, {"cr3-is-loaded-mm": 15})
    assert "Stopped in step 15" in bench.note
    assert run_on(bench).at > 15


def test_a_deadlock_is_called_one() -> None:
    """Two senders with interrupts off wait for each other's acknowledgement: nothing can happen any more."""
    scenario = shootdown(build="v6.16", senders=2, irqs_off=True)
    bench = begin(play(scenario, follow(explore(scenario).counterexamples["no-deadlock"])))
    assert "waits for something that nobody does" in forward(bench).note


def test_an_injected_interrupt_keeps_the_plan_after_it() -> None:
    """An IRQ is put in at step 9 of a run; the steps that were planned follow, as far as they can."""
    bench = jump(run_on(fresh()), 9)
    injected = do(bench, action("i", 0))
    assert (injected.at, len(injected.trace)) == (10, 16)
    assert actions_of(injected.trace)[10:] == actions_of(bench.trace)[9:]


def test_what_falls_away_is_said() -> None:
    """A step of the other CPU taken early makes a step at the end impossible; the note says how many and why."""
    bench = jump(begin(play(POSTED, in_order)), 5)
    changed = do(bench, action("s", 1))
    assert "planned steps fell away" in changed.note
    assert "cannot happen here" in changed.note


def test_the_next_planned_step_changes_nothing_but_the_place() -> None:
    """Pressing what is planned anyway goes on."""
    bench = jump(begin(play(POSTED, in_order)), 5)
    assert do(bench, bench.trace[5].action).trace is bench.trace


def test_a_knob_turned_back_gives_the_whole_schedule_back() -> None:
    """Without IRQs the schedule stops at its IRQ; with IRQs again, it is whole, and the place is the same."""
    bench = do(jump(run_on(fresh()), 9), action("i", 0))
    without = with_knobs(bench, irqs=0)
    assert len(without.trace) == 9
    assert "irqs is 0" in without.note
    back = with_knobs(without, irqs=1)
    assert (actions_of(back.trace), back.at) == (actions_of(bench.trace), bench.at)


def test_a_second_build_says_which_action_it_cannot_follow_and_why() -> None:
    """The counterexample of the posted patches cannot be followed on v6.16: no IPI is sent to CPU 0."""
    other = load(with_other(fresh(), "v6.16"), BROKEN).other
    assert other is not None
    assert other.stopped == "action 61, p0 cannot happen here: no IPI is pending."
    assert len(other) == 60


def test_a_patched_build_can_be_loaded_where_it_is_at_hand() -> None:
    """A path of one's own build loads on a bench that has it, and says what is missing on one that has not."""
    build = POSTED.build.patched(efi_leave_mm=POSTED.build.function("efi_leave_mm"))
    mine = begin(play(efi_call(build=build), in_order))
    assert load(mine, str(mine.trace.path)).scenario.build is build
    with pytest.raises(ModelError, match="needs the functions"):
        load(fresh(), str(mine.trace.path))


@pytest.mark.parametrize("text", ["", "x", BROKEN[:-1] + "0", "text_poke:v6.16::s0~cd12", "efi_call:v6.16:cpus=9:s0~1"])
def test_a_wrong_replay_string_is_one_clear_error(text: str) -> None:
    """Nonsense, a changed digit, another scenario, a wrong knob: a message that says what is wrong."""
    with pytest.raises(ModelError) as caught:
        load(fresh(), text)
    assert len(str(caught.value)) > 20


def test_play_has_something_to_play() -> None:
    """At the end of a run the rest comes in order; at the very end it begins anew; in the middle nothing changes."""
    bench = fresh(text_poke())
    ahead = planned(bench)
    assert (ahead.at, len(ahead.trace)) == (0, len(play(text_poke(), in_order)))
    assert planned(jump(ahead, len(ahead.trace))).at == 0
    assert planned(jump(ahead, 3)) == jump(ahead, 3)


def test_a_run_stops_at_what_cannot_happen() -> None:
    """A schedule with an IPI that nobody sent is followed up to there."""
    trace = extended(empty(POSTED), [action("s", 0), action("p", 0), action("s", 0)])
    assert (len(trace), trace.stopped) == (1, "action 2, p0 cannot happen here: no IPI is pending.")
