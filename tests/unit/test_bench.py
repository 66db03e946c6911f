"""The bench as a widget: what its controls do, what survives, and what is shown of errors."""

from __future__ import annotations

import re
from html import unescape
from xml.etree import ElementTree as ET

import pytest

from tempmm_lab import ModelError, bench, efi_call, in_order, lazy_tlb, nested, play, replay, shootdown, text_poke
from tempmm_lab.widgets.live import VIEW
from tests.unit.bench_hands import button, click
from tests.unit.linux_pictures import BROKEN
from tests.unit.test_widgets import controls

pytestmark = pytest.mark.usefixtures("bench_afresh")


def test_toggling_irqs_changes_the_outcome() -> None:
    """With an IRQ in the schedule: without IRQs it stops there, the IRQ buttons go, and all comes back."""
    widget = bench(efi_call(build="posted"))
    click(widget, "run on ▶|", "◀ back", "IRQ on CPU 0", "run on ▶|")
    before = widget.text()
    widget.knobs.every["irqs"].value = False
    assert "the schedule stops before its end" in widget.shown.value
    assert "IRQ on CPU 0" not in [one.description for one in controls(widget.root)]
    widget.knobs.every["irqs"].value = True
    assert widget.text().splitlines()[-1] == before.splitlines()[-1]
    assert "IRQ on CPU 0" in [one.description for one in controls(widget.root)]


@pytest.mark.parametrize("typed", ["x", BROKEN[:-1] + "0", "text_poke:v6.16::~4b3b"])
def test_a_wrong_replay_string_is_answered_in_the_widget(typed: str) -> None:
    """What was typed stays to be corrected; the message stands below; the bench is as it was."""
    widget = bench(efi_call(build="posted"))
    click(widget, "step ▶")
    widget.replay.value = typed
    assert 'role="alert"' in widget.alert.value
    assert widget.bench.at == 1
    assert widget.replay.value == typed


def test_a_replay_string_brings_its_build_and_its_place() -> None:
    """The string of the posted patches' bug, put into a bench of v6.16, shows it."""
    widget = bench(efi_call())
    widget.replay.value = BROKEN
    assert widget.knobs.build.value == "posted"
    assert widget.bench.at == 86
    assert "no-stale-use" in widget.bench.broken


def test_what_cannot_happen_is_disabled_and_says_why() -> None:
    """At the start no IPI is pending: the button says so, and so does the row."""
    widget = bench(efi_call())
    ipi = button(widget, "take IPI on CPU 0")
    assert ipi.disabled
    assert "no IPI is pending" in ipi.tooltip
    assert "IPI (no IPI is pending)" in unescape(widget.schedule.notes[0].value)
    ipi.click()
    assert "no IPI is pending" in widget.alert.value


def test_a_second_build_follows_beside_the_first() -> None:
    """Both machines are drawn; where the second cannot follow, it stops and says which action and why."""
    widget = bench(BROKEN, compare="v6.16")
    assert "CPU 0, caller, on v6.16" in widget.text()
    assert "stopped: action 61, p0 cannot happen here: no IPI is pending" in widget.text()
    assert "The runs part in step 9" in widget.text()
    widget.knobs.other.value = "no other build"
    assert "on v6.16" not in widget.text()


@pytest.mark.parametrize(("poke", "offered"), [(False, True), (True, False)])
def test_only_builds_that_have_what_the_scenario_asks_for_are_offered(poke: bool, offered: bool) -> None:
    """Without temporary mms nobody can poke through one: v5.1 is offered only where nobody wants to."""
    widget = bench(lazy_tlb(poke=poke), name=f"poke {poke}")
    assert ("v5.1" in widget.knobs.build.options) == offered
    assert ("v5.1" in widget.knobs.other.options) == offered


def test_the_state_survives_running_the_cell_again() -> None:
    """The same cell again is the same bench: schedule, place, knobs, what was explored."""
    first = bench(efi_call(build="posted"))
    click(first, "run on ▶|", "Explore every interleaving", "◀ back")
    first.knobs.every["nmis"].value = True
    second = bench(efi_call(build="posted"))
    assert second.text() == first.text()
    assert second.exploring.said.value == first.exploring.said.value != ""
    assert second.knobs.every["nmis"].value is True


def test_a_changed_cell_begins_anew_and_names_keep_benches_apart() -> None:
    """Other knobs, another build, another function of a patched build, or another name: another bench."""
    click(bench(text_poke(), name="a"), "step ▶")
    assert bench(text_poke(), name="a").bench.at == 1
    assert bench(text_poke(), name="b").bench.at == 0
    assert bench(text_poke()).bench.at == 0
    assert bench(text_poke(irqs=0), name="a").bench.at == 0


def test_a_patched_function_that_was_changed_is_never_the_old_one() -> None:
    """The cell that defines a function and benches it, run again as it was, goes on; with another, it begins anew."""
    base, name = text_poke().build, "preempt_disable"
    same, other = base.function(name), text_poke(build="v5.2").build.function("preempt_enable_no_resched")
    click(bench(text_poke(build=base.patched(preempt_disable=same))), "step ▶")
    assert bench(text_poke(build=base.patched(preempt_disable=same))).bench.at == 1
    changed = bench(text_poke(build=base.patched(preempt_disable=other)))
    assert changed.bench.at == 0
    assert changed.bench.scenario.build.function(name) is other


def test_an_error_in_a_function_of_the_readers_own_names_that_function() -> None:
    """Their mistake is called theirs, in the bench and while exploring; what was there before stays."""

    async def preempt_disable() -> None:
        raise NameError("name 'this_cpu_write' is not defined")

    widget = bench(text_poke(build=text_poke().build.patched(preempt_disable=preempt_disable)))
    for label in ("run on ▶|", "Explore every interleaving"):
        click(widget, *["step ▶"] * 9, "IRQ on CPU 0", label)
        assert re.search(r"preempt_disable, line \d+: NameError", widget.alert.value)
        assert "<svg" in widget.shown.value
    assert "<svg" in widget.draw().svg


def test_reset_takes_everything_back() -> None:
    """Schedule, knobs, second build and what was explored are as the cell asked for."""
    widget = bench(efi_call(build="posted"))
    before = widget.text()
    click(widget, "run on ▶|", "Explore every interleaving")
    widget.knobs.build.value = "v5.10"
    widget.knobs.other.value = "v6.16"
    click(widget, "Reset")
    assert widget.text() == before
    assert widget.exploring.said.value == ""
    assert widget.knobs.other.value == "no other build"


def test_it_is_given_scenarios_traces_paths_and_strings() -> None:
    """A scenario begins empty, a run at its end."""
    trace = play(text_poke(), in_order)
    assert bench(text_poke()).bench.at == 0
    for given in (trace, trace.path, str(trace.path)):
        assert bench(given).bench.at == len(trace)


NAME = re.compile(r"0x[0-9a-f]+|[a-z0-9]+(?:_[a-z0-9]+)+|[a-z0-9]+(?:-[a-z0-9]+){2,}")


@pytest.mark.parametrize("place", range(0, 87, 4))
def test_the_text_names_everything_that_the_panes_name(place: int) -> None:
    """Every number, kernel name and rule in the drawings is in the text too, which is shown on demand."""
    widget = bench(BROKEN, compare="v6.16")
    widget.schedule.slider.value = place
    drawn = [words for words in re.findall(r"<text[^>]*>([^<]*)</text>", widget.shown.value) if "…" not in words]
    names = {name for words in drawn for name in NAME.findall(unescape(words))}
    assert len(names) > 15
    assert names <= set(NAME.findall(widget.text()))
    widget.as_text.value = True
    assert unescape(widget.shown.value) == f"<pre>{widget.text()}</pre>"


@pytest.mark.parametrize("show", [("source",), ("machine", "timeline"), ("rules", "source"), ["timeline"]])
def test_only_the_panes_asked_for_are_shown(show: tuple[str, ...]) -> None:
    """Each pane is there if and only if it was named."""
    widget = bench(BROKEN, show=show)
    for pane in ("source", "machine", "timeline", "rules"):
        assert (f'class="tmm-{pane}"' in widget.shown.value) == (pane in show)


def test_a_display_has_a_picture_a_text_and_a_live_part() -> None:
    """Without a kernel the picture and the text remain; a message to the page stays below 100 kB."""
    widget = bench(BROKEN, compare="v6.16")
    bundle = widget._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", VIEW}
    assert "<img alt=" in bundle["text/html"]
    assert len(widget.shown.value) < 100_000
    assert bench(shootdown(cpus=4), compare="v5.10").shown.value.count("<svg") == 11
    ET.fromstring(widget.draw().svg)


def test_playing_begins_and_ends_with_the_clock_in_the_page() -> None:
    """Play plans what comes next, and lets go when the page says that the clock has stopped."""
    widget = bench(text_poke())
    widget.schedule.play.value = True
    assert widget.schedule.player.playing
    assert widget.schedule.player.max == len(play(text_poke(), in_order))
    assert widget.schedule.play.description == "pause"
    widget.schedule.player.value = 5
    assert widget.bench.at == 5
    widget.schedule.player.playing = False
    assert (widget.schedule.play.value, widget.schedule.play.description) == (False, "play")
    widget.schedule.play.value = True
    click(widget, "◀ back")
    assert not widget.schedule.player.playing, "whatever else one does pauses it"


@pytest.mark.parametrize(
    "call",
    [
        lambda: bench(5), lambda: bench("x"), lambda: bench(None), lambda: bench(text_poke(), name=5),
        lambda: bench(text_poke(), compare="v9"), lambda: bench(nested(), compare="v5.1"),
        lambda: bench(text_poke(), show="machine"), lambda: bench(text_poke(), show=()),
        lambda: bench(text_poke(), show=("tlb",)), lambda: bench(replay(BROKEN), show=[5]),
    ],
)  # fmt: skip
def test_nonsense_is_one_clear_error(call: object) -> None:
    """What cannot be put on a bench is told so before anything is shown."""
    with pytest.raises(ModelError) as caught:
        call()  # type: ignore[operator]
    assert "\n" not in str(caught.value)
