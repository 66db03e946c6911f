"""What chapter 0 shows: the two lines, and one firmware call on three kernels with one switch."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from tempmm_lab import RULES, ModelError, draw_kernels, draw_two_lines, kernel_runs, three_kernels
from tempmm_lab.threekernels import KERNELS, RULE, story
from tempmm_lab.trace import in_order, play
from tempmm_lab.views.lanes import Ipi, read


def test_one_of_three_kernels_breaks() -> None:
    """With the other CPU's flush the posted kernel alone reads a page that is gone; without it, none does."""
    assert [run.build for run in kernel_runs()] == list(KERNELS)
    assert [run.holds for run in kernel_runs(flush=True)] == [True, False, True]
    assert [run.holds for run in kernel_runs(flush=False)] == [True, True, True]
    assert all(run.report.complete for flush in (True, False) for run in kernel_runs(flush=flush))


def test_the_run_shown_is_a_shortest_one() -> None:
    """The run of the posted kernel ends in the step that breaks the promise, and no other order is shorter."""
    posted = next(run for run in kernel_runs() if run.build == "posted")
    assert posted.trace.broken[RULE] == len(posted.trace) == len(posted.report.counterexamples[RULE])


def _ipi(name: str) -> Ipi:
    run = next(run for run in kernel_runs() if run.build == name)
    (ipi,) = read(run.trace).ipis
    return ipi


def test_only_the_posted_kernel_lets_the_interrupt_in_at_once() -> None:
    """The flush is asked for with CPU 0 about to switch back; v5.10 and v6.16 hold it back until that is done."""
    for name in KERNELS:
        ipi = _ipi(name)
        assert ipi.taken is not None
        assert (ipi.taken == ipi.sent + 1) == (name == "posted")


@pytest.mark.parametrize("flush", [True, False])
def test_the_picture_and_its_text_say_the_same(flush: bool) -> None:
    """Every kernel's verdict is in the drawing, in its description and in its text twin, never by colour alone."""
    runs = kernel_runs(flush=flush)
    picture = draw_kernels(runs)
    ET.fromstring(picture.svg)
    for run in runs:
        assert f"{'✓' if run.holds else '✗'} {run.verdict}" in picture.svg
        assert run.verdict in picture.desc
        assert f"{run.build} ({run.about}): {run.verdict}" in picture.text()


def test_without_the_flush_the_other_cpu_takes_no_part() -> None:
    """With the switch off no interrupt is drawn, and no word of CPU 1."""
    picture = draw_kernels(kernel_runs(flush=False))
    assert "CPU 1" not in picture.svg
    assert "asked for" not in picture.text()


def test_a_run_that_is_not_decided_does_not_hold() -> None:
    """A kernel that was not explored in every order is neither called safe nor broken."""
    run = kernel_runs()[0]
    undecided = replace(run, report=replace(run.report, complete=False))
    assert not undecided.holds
    assert "not decided" in str(undecided)


def test_the_story_is_the_direct_call() -> None:
    """What is explored is a task that calls firmware itself, played to its end."""
    scenario = story("v6.16", flush=True)
    assert (scenario.name, scenario.knobs["caller"], scenario.cpus) == ("efi_call", "direct", 2)
    assert not play(scenario, in_order).broken


def test_the_switch_changes_the_picture() -> None:
    """The widget has one switch; it shows the kernels with the flush, and without."""
    widget = three_kernels()
    before = widget.shown.value
    assert before == draw_kernels().svg
    widget.flush.value = False
    assert widget.shown.value == draw_kernels(kernel_runs(flush=False)).svg != before
    widget.as_text.value = True
    assert "One firmware call on three kernels" in widget.shown.value


def test_the_two_lines_are_those_of_the_model() -> None:
    """Both helpers, the line that goes and the line that comes are in the drawing and in its text."""
    picture = draw_two_lines()
    ET.fromstring(picture.svg)
    for words in ("use_temporary_mm()", "lockdep_assert_irqs_disabled()", "lockdep_assert_preemption_disabled()"):
        assert words in picture.svg
        assert words in picture.text()
    assert picture.text().count("  +   lockdep_assert_preemption_disabled()") == 2


@pytest.mark.parametrize("wrong", [1, "on", None])
def test_the_switch_is_yes_or_no(wrong: object) -> None:
    """Anything but True or False is refused."""
    with pytest.raises(ModelError, match="flush"):
        kernel_runs(flush=wrong)


@pytest.mark.parametrize("wrong", [[], ["v5.10"], 5])
def test_other_runs_are_refused(wrong: object) -> None:
    """What did not come from kernel_runs() is no picture."""
    with pytest.raises(ModelError, match="kernel_runs"):
        draw_kernels(wrong)


def test_there_are_nine_promises() -> None:
    """Chapter 0 says that the book has nine, and what breaks in its run are three of them."""
    assert len(RULES) == 9
    posted = next(run for run in kernel_runs() if run.build == "posted")
    assert list(posted.trace.broken) == ["cr3-is-loaded-mm", "mask-bit-set", "no-stale-use"]
    assert set(posted.report.counterexamples) == set(posted.trace.broken)
