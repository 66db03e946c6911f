"""The stage of chapter 4: the table of four, the rule that the machine judges, the two pictures."""

from __future__ import annotations

import pytest

from tempmm_lab import Config, ModelError, follow, in_order, irq_at, play
from tempmm_lab.gaterule import COUNTS, check_gate, gets_in
from tempmm_lab.kernel.config import PREEMPT_MODELS
from tempmm_lab.kernel.lockdep import lockdep_assert_irqs_disabled, lockdep_assert_preemption_disabled
from tempmm_lab.switches import (
    EVENTS,
    OTHER,
    if_at_work,
    in_window,
    lets_in,
    off_and_on,
    reports_of,
    saved_and_restored,
    two_switches,
    warning_table,
)  # fmt: skip
from tempmm_lab.views.preemptcount import draw_preempt_count
from tempmm_lab.views.switches import draw_switches

IRQ, NMI, TASK = EVENTS
CELLS = {(False, False): EVENTS, (False, True): (IRQ, NMI), (True, False): (NMI,), (True, True): (NMI,)}


@pytest.mark.parametrize("cell", CELLS)
def test_the_table_of_four(cell: tuple[bool, bool]) -> None:
    """S75, S77: IF holds back IRQ handlers, either switch another task, and nothing an NMI."""
    assert lets_in(irqs_off=cell[0], preempt_off=cell[1]) == CELLS[cell]


@pytest.mark.parametrize("model", PREEMPT_MODELS)
def test_the_preemption_model_decides_about_other_tasks_only(model: str) -> None:
    """S75: NONE and VOLUNTARY do not preempt kernel code; interrupts come all the same."""
    assert lets_in(config=Config(preempt=model)) == (EVENTS if model in ("full", "lazy", "rt") else (IRQ, NMI))


def test_preemption_that_was_put_off_happens_in_preempt_enable() -> None:
    """A tick in the window leaves need_resched, and the step that takes the count to 0 leads to the other task."""
    trace = play(two_switches(preempt_off=True), irq_at(2, kind="t"))
    enable = next(moment for moment in trace if moment.what.startswith("preempt_count_dec_and_test"))
    assert enable.before.cpus[0].need_resched
    assert enable.after.cpus[0].preempt_count == 0
    assert any(moment.after.cpus[0].current == OTHER for moment in trace)


@pytest.mark.parametrize("irqs_off", [True, False])
@pytest.mark.parametrize("preempt_off", [True, False])
def test_the_windows_are_what_their_knobs_say(irqs_off: bool, preempt_off: bool) -> None:
    """In the window IF and preempt_count are as the knobs say, and outside both are as at the start."""
    trace = play(two_switches(irqs_off=irqs_off, preempt_off=preempt_off), in_order)
    inside = [moment.before.cpus[0] for moment in trace if in_window(moment.before.cpus[0])]
    assert {(cpu.rflags_if, cpu.preempt_count) for cpu in inside} == {(not irqs_off, int(preempt_off))}
    assert len(inside) == 3
    assert (trace.last.cpus[0].rflags_if, trace.last.cpus[0].preempt_count) == (True, 0)


def test_a_schedule_of_the_stage_can_be_followed() -> None:
    """The path of a run on the stage gives the same run again."""
    trace = play(two_switches(), irq_at(1, kind="t"))
    assert play(two_switches(), follow(trace.path)).path == trace.path


def test_save_nests_and_disable_does_not() -> None:
    """Facts 9.2.1: restore puts back what was saved; enable turns on, whoever else had turned off."""
    assert (if_at_work(saved_and_restored), if_at_work(off_and_on)) == (0, 1)


def test_the_two_assertions_differ_in_one_cell() -> None:
    """S17 to S19: the older warns whenever IF is 1, the newer only if the count is 0 as well."""
    new, old = (
        [line.endswith("warns") for line in warning_table(assertion).splitlines()]
        for assertion in (lockdep_assert_preemption_disabled, lockdep_assert_irqs_disabled)
    )
    assert new == [True, False, False, False]
    assert old == [True, True, False, False]


def _right(who: str, interrupts_on: bool, preempt_count: int, model: str) -> bool:
    preemptible = preempt_count == 0 and model not in ("none", "voluntary")
    return who == NMI or (interrupts_on and (who == IRQ or preemptible))


def test_the_rule_of_the_chapter_is_right_in_every_case() -> None:
    """Three lines are enough for 0 wrong; each part of them is missed by a case."""
    assert check_gate(_right).wrong == ()
    for spoilt in (
        lambda who, on, count, model: _right(who, True, count, model) if who == IRQ else _right(who, on, count, model),
        lambda who, on, count, model: _right(who, on, count & ~0x200, model),
        lambda who, on, count, model: _right(who, on, count & ~0x1_0000, model),
        lambda who, on, count, _: _right(who, on, count, "full"),
        lambda who, on, count, model: _right(who, on, count, model) and (on or who != NMI),
    ):
        assert check_gate(spoilt).wrong


def test_every_field_of_the_count_forbids_preemption() -> None:
    """Facts 9.1 and S75: another task gets in at 0 and at no other count."""
    assert [count for count in COUNTS if gets_in(TASK, True, count, "full")] == [0]


@pytest.mark.parametrize("rule", [None, "yes", lambda _: True])
def test_what_is_no_rule_is_refused(rule: object) -> None:
    """Something else than a function of four arguments is one clear error."""
    with pytest.raises(ModelError, match="who, interrupts_on, preempt_count, model"):
        check_gate(rule)  # type: ignore[arg-type]


def test_nothing_is_told_of_those_who_are_not_shown() -> None:
    """A table with question marks holds no verdict about them, in the drawing, its description and its twin."""
    empty, some = draw_switches(show=()), draw_switches(show=(IRQ,))
    assert "gets in" not in empty.svg.replace("who gets in", "") + empty.text().replace("who gets in", "")
    assert all(f"{TASK} ?" in line for line in some.text().splitlines()[1:])


def test_the_picture_agrees_with_the_table() -> None:
    """The drawing's twin says what lets_in says, for two models."""
    for model in ("full", "none"):
        lines = draw_switches(Config(preempt=model)).text().splitlines()[1:]
        for line, cell in zip(lines, CELLS, strict=True):
            inside = lets_in(irqs_off=cell[0], preempt_off=cell[1], config=Config(preempt=model))
            assert [who for who in EVENTS if f"{who} gets in" in line] == list(inside)


@pytest.mark.parametrize(("count", "words"), [(0x120001, "hardirq 2"), (0x201, "softirq 2"), (0, "may be preempted")])
def test_a_count_is_told_by_fields(count: int, words: str) -> None:
    """Each field stands in the description as its own number."""
    assert words in draw_preempt_count(count).desc


@pytest.mark.parametrize("count", [-1, 1 << 24, "0x1", True])
def test_what_is_no_count_is_refused(count: object) -> None:
    """A count with bits outside the four fields, or none at all, is one clear error."""
    with pytest.raises(ModelError):
        draw_preempt_count(count)  # type: ignore[arg-type]


def test_nothing_is_run_without_steps() -> None:
    """A call on something else than a machine is refused with what to give."""
    with pytest.raises(ModelError, match="System"):
        reports_of(None, lockdep_assert_preemption_disabled)  # type: ignore[arg-type]
