"""Whatever is clicked, typed or dragged on a bench, in whatever order: a picture, or a message on what to do."""

from __future__ import annotations

import random

import pytest

from tempmm_lab import bench, efi_call, nested, shootdown, text_poke
from tempmm_lab.widgets import bench_explore, bench_session
from tempmm_lab.widgets.bench import BenchWidget
from tests.unit.bench_hands import click, every_control, operate
from tests.unit.linux_pictures import BROKEN
from tests.unit.test_widgets import controls

pytestmark = pytest.mark.usefixtures("bench_afresh")
MISTAKE = "mistake in tempmm_lab"


def sound(widget: BenchWidget) -> None:
    """Whatever was done: no mistake of ours, a picture or text, and controls that show what is the case."""
    assert MISTAKE not in widget.alert.value, widget.alert.value
    assert "<svg" in widget.shown.value or "<pre>" in widget.shown.value
    assert widget.replay.value == str(widget.bench.trace.path) or 'role="alert"' in widget.alert.value
    assert widget.schedule.slider.value == widget.bench.at
    assert widget.knobs.build.value == widget.bench.scenario.build.name


def fuzz(widget: BenchWidget, sequences: int, seed: int) -> int:
    """Do random sequences of one to six events, each from where the last one ended or from a reset; count events."""
    chance, done = random.Random(seed), 0
    for _ in range(sequences):
        if chance.random() < 0.3:
            click(widget, "Reset")
        for _ in range(chance.randint(1, 6)):
            every = every_control(widget)
            rare = ("Explore every interleaving", "Prove for any number of CPUs")
            control = chance.choice([one for one in every if one.description not in rare or chance.random() < 0.2])
            operate(control, chance)
            done += 1
        sound(widget)
    return done


FUZZED = {
    "text_poke": lambda: bench(text_poke()),
    "efi_call": lambda: bench(BROKEN, compare="v6.16"),
    "shootdown": lambda: bench(shootdown(cpus=3, memory="tso", fills=True, ticks=1)),
    "nested": lambda: bench(nested(nmis=1), show=("machine", "rules")),
}
MAKE = pytest.mark.parametrize("make", FUZZED.values(), ids=FUZZED)


@MAKE
def test_random_events_end_in_no_mistake(make: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty random sequences: a picture, or a message on what to do; never a traceback."""
    monkeypatch.setattr(bench_explore, "LONGEST", 0.02)
    fuzz(make(), 30, seed=1)  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
@MAKE
def test_two_thousand_random_sequences_end_in_no_mistake(
    make: object, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times 200 sequences, some 700 events each time, on each kind of bench."""
    monkeypatch.setattr(bench_explore, "LONGEST", 0.02)
    assert fuzz(make(), 200, seed=seed) > 500  # type: ignore[operator]


@MAKE
def test_each_control_by_itself_draws(make: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """One use of each control, whether it is enabled or not, leaves a picture and no mistake."""
    monkeypatch.setattr(bench_explore, "LONGEST", 0.02)
    for place in range(len(every_control(make()))):  # type: ignore[operator]
        bench_session._SESSIONS.clear()
        widget = make()  # type: ignore[operator]
        operate(every_control(widget)[place], random.Random(3))
        sound(widget)


def test_a_keyed_button_stays_the_same_object() -> None:
    """Stepping does not make new controls: the one with the keyboard keeps it."""
    widget = bench(efi_call())
    before = list(controls(widget.root))
    click(widget, "step CPU 0", "step ▶", "run on ▶|", "◀ back")
    assert list(controls(widget.root)) == before
