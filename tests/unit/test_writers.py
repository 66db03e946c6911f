"""The picture of who may write to code when, and the recorded pokes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempmm_lab import BUILDS, draw_writers, in_order, play, random_with, stale_alias, text_poke
from tempmm_lab.errors import ModelError
from tempmm_lab.recordedpokes import NAMES, recorded_pokes
from tempmm_lab.trace import Trace
from tempmm_lab.views.writers import ASIDE, Writers, writers

BUILD = st.sampled_from(sorted(BUILDS))


def writable_at(told: Writers, column: int) -> bool:
    """Say whether some CPU may write to code after so many steps, by the tables or by its TLB."""
    return any(
        span.first <= column <= span.last and span.value != ASIDE
        for cpu in told.cpus
        for span in (*cpu.tables, *cpu.cached)
    )


@settings(max_examples=25)
@given(BUILD, st.integers(0, 500))
def test_the_bars_say_what_the_rule_says(build: str, seed: int) -> None:
    """In any run and column after the return, a bar is drawn exactly if no-writable-text-left is broken there."""
    run = play(stale_alias(build=build, irqs=0, cpus=3, fills=True), _at_most(60, seed))
    told, rule = writers(run), run.scenario.always["no-writable-text-left"]
    after = range(told.returned[0] if told.returned else len(run) + 1, len(run) + 1)
    assert all(writable_at(told, column) is not rule(run[column - 1].after) for column in after)


def _at_most(steps: int, seed: int):  # type: ignore[no-untyped-def]
    choose = random_with(seed)
    return lambda system, possible, count: choose(system, possible, count) if count < steps else None


@pytest.mark.parametrize("build", BUILDS)
def test_a_poke_alone_writes_once_while_it_may(build: str) -> None:
    """On one CPU every build writes once, at a moment at which the tables let it; and its TLB did nothing unasked."""
    told = writers(play(text_poke(build=build, cpus=1, irqs=0), in_order))
    (cpu,) = told.cpus
    (step,) = cpu.stores
    assert any(span.first <= step - 1 <= span.last for span in cpu.tables)
    assert cpu.cached[0].first == step


@pytest.mark.parametrize("build", [name for name, build in BUILDS.items() if build.temporary_mms])
def test_only_the_poker_has_a_bar(build: str) -> None:
    """With a temporary mm no other CPU's tables ever let it write to code."""
    told = writers(play(text_poke(build=build, irqs=0), in_order))
    assert told.cpus[0].tables
    assert not told.cpus[1].tables
    assert not told.cpus[1].cached


def test_the_picture_has_a_twin() -> None:
    """Title, description and twin name the scenario and the CPUs; the drawing is the same each time."""
    run = play(text_poke(build="v5.1", cpus=1, irqs=0), in_order)
    picture = draw_writers(run)
    assert picture.svg == draw_writers(run).svg
    assert "its TLB lets it    5 as the tables say, 6 stale" in picture.text()
    assert "text_poke() has returned in step 12" in picture.desc


@pytest.mark.parametrize("given_thing", ["a path", None, 3, Trace])
def test_no_trace_no_picture(given_thing: object) -> None:
    """What is no trace is a ModelError."""
    with pytest.raises(ModelError):
        draw_writers(given_thing)  # type: ignore[arg-type]


def test_recorded_pokes_are_one_byte_in_ascending_order() -> None:
    """6.16.12 was recorded in the first round of a batch: INT3 at one site after another, sorted by address."""
    pokes = recorded_pokes("text_poke-6.16.12")
    places = [int(poke.where, 16) for poke in pokes]
    assert places == sorted(set(places))
    assert {(poke.size, poke.caller.partition("+")[0]) for poke in pokes} == {(1, "smp_text_poke_batch_finish")}


def test_recorded_entries_flush_and_exits_keep() -> None:
    """With PCIDs each of the 69 recorded pokes enters by a flushing write of CR3 and leaves by one that keeps (S39)."""
    pokes = recorded_pokes("pcid_pokes_bochs-6.16.12")
    assert len(pokes) == 69
    assert all([write.keep for write in poke.enters] == [False] for poke in pokes)
    assert all([write.keep for write in poke.leaves] == [True] for poke in pokes)


def test_recorded_flushes_raise_the_generation_by_one() -> None:
    """From one recorded poke to the next the poking mm's generation goes up by exactly one (S38)."""
    found = [poke.generations[0] for poke in recorded_pokes("pcid_pokes_bochs-6.16.12")]
    assert all(after - before == 1 for before, after in itertools.pairwise(found))


def test_an_unknown_recording_is_told() -> None:
    """A name that is not shipped is a ModelError that lists those that are."""
    with pytest.raises(ModelError, match=NAMES[0]):
        recorded_pokes("text_poke-1.0")
