"""Pictures of runs: what they show is what the machines of the run hold, column by column."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import (
    STORIES,
    ModelError,
    compare,
    draw_cpu,
    draw_timeline,
    in_order,
    play,
    random_with,
    replay,
    text_poke,
)
from tempmm_lab.hw.rights import Access
from tempmm_lab.hw.walk import translate
from tempmm_lab.kernel.layout import BASES
from tempmm_lab.trace import Trace
from tempmm_lab.views.lanes import Span, read
from tempmm_lab.views.linuxcpu import faults, preempt_fields, tlb_rows
from tempmm_lab.views.mms import bar, mm_in
from tempmm_lab.views.svg import Svg, folded
from tests.unit.linux_pictures import BROKEN

BUILDS = ("v5.10", "posted", "v6.16")
RUNS = st.builds(
    lambda name, build, seed: play(STORIES[name](build=build, nmis=1, ticks=1), random_with(seed)),
    st.sampled_from(sorted(STORIES)), st.sampled_from(BUILDS), st.integers(0, 2000),
)  # fmt: skip


def value_at(spans: tuple[Span, ...], column: int) -> str | None:
    """Give what a row of spans says of a column."""
    return next((span.value for span in spans if span.first <= column <= span.last), None)


@given(RUNS)
def test_each_column_of_a_lane_is_the_machine_after_so_many_steps(trace: Trace) -> None:
    """CR3, loaded_mm, current->mm and both windows are, in every column, what that system's CPU holds."""
    systems = [trace.first, *(moment.after for moment in trace)]
    for number, lane in enumerate(read(trace).lanes):
        for column, system in enumerate(systems):
            cpu = system.cpus[number]
            shown = [value_at(row, column) for row in (lane.cr3, lane.loaded, lane.current)]
            assert shown == [mm_in(cpu.registers.cr3), cpu.loaded_mm, cpu.current_mm]
            windows = [value_at(row, column) == "on" for row in (lane.irqs_off, lane.preempt_off)]
            assert windows == [not cpu.rflags_if, cpu.preempt_count > 0]


@given(RUNS)
def test_every_action_is_on_a_lane_once(trace: Trace) -> None:
    """Steps, arrivals and the hardware's freedom together are the run's actions; each IPI taken was sent."""
    lanes = read(trace)
    shown = [
        (step, place)
        for place, lane in enumerate(lanes.lanes)
        for step in (*lane.steps, *(span.first for span in lane.arrivals), *(step for step, _ in lane.freedom))
    ]
    assert sorted(shown) == [(step, moment.action.cpu) for step, moment in enumerate(trace, 1)]
    taken = [ipi for ipi in lanes.ipis if ipi.taken]
    assert len(taken) == sum(moment.action.kind == "p" for moment in trace)
    assert all(ipi.sent < ipi.taken and ipi.sender != ipi.target for ipi in taken)


@given(RUNS, st.integers(0, 300))
def test_a_timeline_is_small_and_its_twin_names_what_it_shows(trace: Trace, place: int) -> None:
    """At most 100 kB; every mm in the legend and every broken rule with its step is in the twin."""
    at = min(place, len(trace))
    picture = draw_timeline(trace, at)
    assert len(picture.svg) < 100_000
    words = [text.text or "" for text in ET.fromstring(picture.svg).iter("{http://www.w3.org/2000/svg}text")]
    for mm in {word for word in words if word in (*BASES, "SWITCHING")}:
        assert mm in picture.text()
    for step, rule in [word[2:].split(" ") for word in words if word.startswith("✗")]:
        assert re.search(rf"breaks {rule} in step {step}\b", picture.text())
    assert f"at {at}" in picture.text()


@given(RUNS, st.integers(0, 300))
def test_stale_is_what_a_walk_would_not_give_now(trace: Trace, place: int) -> None:
    """For the current PCID, a row is stale exactly if a walk from CR3 gives another frame, other rights or a fault."""
    system = trace[place % len(trace)].after
    for cpu in system.cpus:
        registers = cpu.registers.but(cpl=0, SMAP=0, LASS=0)
        for row in tlb_rows(cpu, system):
            if not (row.entry.global_ or row.entry.pcid == registers.pcid):
                continue
            walked = translate(system.memory, registers, row.entry.va, Access.READ)
            same = walked.pa == row.entry.pa and walked.rights == row.entry.rights
            assert (row.now == "") == same


def test_stale_speaks_of_other_pcids_too() -> None:
    """While efi_mm is loaded, the user mm's entry is known to be stale by the ASID that the kernel noted."""
    system = replay(BROKEN)[49].after
    rows = {row.owner: row.now for row in tlb_rows(system.cpus[0], system)}
    assert rows == {"user_mm": "not present", "efi_mm": ""}
    assert "✗ stale" in draw_cpu(system, 0).svg
    assert "STALE" in draw_cpu(system, 0).text()
    assert "stale" not in draw_cpu(system.cpus[0]).svg


@given(st.integers(0, 0xFF_FFFF))
def test_the_fields_of_preempt_count_are_its_bits(count: int) -> None:
    """Put back at their places the four fields give the count: 8, 8, 4 and 4 bits."""
    values = dict(preempt_fields(count))
    back = values["preempt"] | values["softirq"] << 8 | values["hardirq"] << 16 | values["NMI"] << 20
    assert back == count


def test_a_card_says_which_rule_is_broken_now() -> None:
    """In step 17 of the posted patches' run CR3 and loaded_mm disagree with interrupts on: in words and in both."""
    system = replay(BROKEN)[16].after
    assert faults(system.cpus[0], system) == ["cr3-is-loaded-mm"]
    picture = draw_cpu(system, 0)
    assert "✗ now breaks cr3-is-loaded-mm" in picture.svg
    assert "BREAKS cr3-is-loaded-mm" in picture.text()
    assert "SWITCHING" in picture.text()


@given(
    st.sampled_from(["user_mm", "other_mm", "text_poke_mm", "efi_mm", "init_mm", "LOADED_MM_SWITCHING", None]),
    st.floats(1, 700), st.floats(5, 30),
)  # fmt: skip
def test_a_hatch_stays_inside_its_bar(mm: str | None, width: float, height: float) -> None:
    """Whatever its size, nothing of a bar is drawn outside of it; half a pixel may be lost in rounding."""
    drawing = Svg(800, 60)
    bar(drawing, 10, 5, width, height, mm)
    x = y = 0.0
    for path in ET.fromstring(drawing.finish("a", "b")).iter("{http://www.w3.org/2000/svg}path"):
        for letter, first, second in re.findall(r"([MLHv])([\d.]+)(?: ([\d.]+))?", path.get("d") or ""):
            x, y = (
                (float(first), y)
                if letter == "H"
                else (x, y + float(first))
                if letter == "v"
                else (float(first), float(second))
            )
            assert 9.5 <= x <= 10.5 + width
            assert 4.5 <= y <= 5.5 + height


def test_compared_runs_part_where_their_steps_differ() -> None:
    """The posted patches and v6.16 are alike for eight steps of this schedule; then v6.16 switches IRQs off."""
    picture = compare([replay(BROKEN), replay(BROKEN, build="v6.16")])
    assert "The runs part in step 9: this_cpu_read(is_lazy) / local_irq_save()" in picture.text()
    assert "stopped: action 61 of the path: p0 cannot happen here: no IPI is pending" in picture.text()
    assert "action 61" in picture.svg


def test_a_run_compared_with_itself_or_its_beginning() -> None:
    """Equal runs are said to be alike; a part of one ends earlier."""
    whole = play(text_poke(), in_order)
    part = Trace(whole.scenario, whole.moments[:10], "", whole.first)
    assert f"alike in all {len(whole)} steps" in compare([whole, whole]).text()
    assert "alike for 10 steps; then one of them ends" in compare([whole, part]).text()


@pytest.mark.parametrize(
    "call",
    [
        lambda: draw_timeline("text_poke"),
        lambda: draw_timeline(play(text_poke(), in_order), 1000),
        lambda: draw_timeline(play(text_poke(), in_order), -1),
        lambda: compare(play(text_poke(), in_order)),
        lambda: compare([play(text_poke(), in_order)]),
        lambda: compare([play(text_poke(), in_order), "x"]),
        lambda: compare([play(text_poke(), in_order)] * 5),
        lambda: draw_cpu(text_poke().system(), 9),
        lambda: draw_cpu("cpu"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_error(call: object) -> None:
    """A wrong thing, too few or too many, or a place beyond the end gives a message that says what to give."""
    with pytest.raises(ModelError):
        call()  # type: ignore[operator]


@given(st.text(alphabet="ab 0x", max_size=80), st.integers(4, 20))
def test_folded_words_fit(words: str, most: int) -> None:
    """Two lines of at most so many characters; nothing is lost without a mark."""
    first, second = folded(words, most)
    assert len(first) <= most
    assert len(second) <= most
    if "…" not in second:
        assert (first + second).replace(" ", "") == words.replace(" ", "")
