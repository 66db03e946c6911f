"""Exploring from the bench: the rules, the counterexamples, a proof, a sign of life, and a way to stop."""

from __future__ import annotations

import threading
from html import unescape

import pytest

from tempmm_lab import bench, efi_call, text_poke
from tempmm_lab.report import Report
from tempmm_lab.widgets import bench_explore
from tests.unit.bench_hands import click

pytestmark = pytest.mark.usefixtures("bench_afresh")


def test_exploring_lists_the_rules_and_loads_a_counterexample_with_one_click() -> None:
    """The posted patches: three rules can be broken; one click puts the 65 steps to the second into the bench."""
    widget = bench(efi_call(build="posted"))
    click(widget, "Explore every interleaving")
    assert "3 rules can be broken" in widget.exploring.said.value
    assert "can break after 65 steps" in widget.text()
    click(widget, "show mask-bit-set: 65 steps")
    assert (widget.bench.at, widget.bench.broken["mask-bit-set"]) == (65, 65)
    widget.knobs.build.value = "v6.16"
    assert "every rule holds" in widget.exploring.said.value, "after a change of a knob it is explored again"
    assert "holds in every interleaving" in widget.text()


def test_a_proof_says_for_how_many_cpus_and_what_was_assumed() -> None:
    """text_poke on v6.16 is proved for any number of CPUs, and the assumptions are listed."""
    widget = bench(text_poke())
    click(widget, "Prove for any number of CPUs")
    assert "any number of CPUs" in widget.exploring.said.value
    assert widget.exploring.said.value.count("<li>") == len(widget.session.report.assumed) > 0  # type: ignore[union-attr]
    assert "holds for any number of CPUs" in widget.text()


def test_what_takes_long_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a blink there are a sign of life and a Stop button; what was found until then is called partial."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(scenario: object, *, deadline: float, progress: object) -> Report:
        del deadline
        progress(1234, 5)  # type: ignore[operator]
        begun.set()
        go_on.wait(20)
        try:
            progress(2345, 5)  # type: ignore[operator]
        except KeyboardInterrupt:
            return Report(2345, 9, False, 2, {}, {}, {}, ("no-deadlock",), "stopped by Ctrl-C", str(scenario))
        return Report(9999, 9, True, 2, {}, {}, {})

    monkeypatch.setattr(bench_explore, "explore", slow)
    monkeypatch.setattr(bench_explore, "BLINK", 0.0)
    widget = bench(text_poke())
    click(widget, "Explore every interleaving")
    assert begun.wait(20)
    assert "1,234 states so far" in widget.exploring.said.value
    assert widget.exploring.stop.layout.display == ""
    click(widget, "step ▶")
    assert widget.bench.at == 1, "meanwhile the bench goes on"
    click(widget, "Stop")
    widget.replay.value = "nonsense"
    go_on.set()
    widget.exploring.wait()
    assert "'nonsense' is no path" in unescape(widget.alert.value), "a message that is being read stays"
    assert widget.replay.value == "nonsense"
    assert "nothing is proved" in widget.exploring.said.value
    assert "stopped by you" in widget.exploring.said.value
    assert widget.exploring.stop.layout.display == "none"


def test_an_error_while_exploring_in_the_background_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be seen nowhere else."""

    def broken(*_: object, **__: object) -> Report:
        raise ZeroDivisionError

    monkeypatch.setattr(bench_explore, "explore", broken)
    monkeypatch.setattr(bench_explore, "BLINK", 0.0)
    widget = bench(text_poke())
    click(widget, "Explore every interleaving")
    widget.exploring.wait()
    assert "ZeroDivisionError" in widget.alert.value
    assert 'role="alert"' in widget.alert.value


def test_where_there_are_no_threads_it_explores_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel inside a browser cannot start one."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    widget = bench(text_poke())
    click(widget, "Explore every interleaving")
    assert "every rule holds" in widget.exploring.said.value


def test_what_the_reader_does_while_an_answer_arrives_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The background sets controls too; a click that comes just then waits its turn."""
    widget = bench(text_poke())
    inside, clicked = threading.Event(), threading.Event()
    sync = widget.schedule.sync

    def slow() -> None:
        inside.set()
        clicked.wait(0.3)
        sync()

    monkeypatch.setattr(widget.schedule, "sync", slow)
    arriving = threading.Thread(target=widget.arrive, args=(lambda: None,))
    arriving.start()
    assert inside.wait(20)
    widget.knobs.every["irqs"].value = False
    clicked.set()
    arriving.join()
    assert widget.bench.scenario.knobs["irqs"] == 0
