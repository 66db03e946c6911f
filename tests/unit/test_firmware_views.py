"""What chapter 11 shows: the tree of a call, what recordings hold, durations and their worth, the reader's clock."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import (
    DURATIONS,
    RECORDINGS,
    call_tree,
    draw_latency,
    efi_call,
    firmware_durations,
    in_order,
    in_window,
    load_snapshot,
    play,
    text_poke,
    time_get_variable,
)
from tempmm_lab.durations import KINDS
from tempmm_lab.errors import ModelError
from tempmm_lab.firmwarecalls import after_a_lazy_call, breakpoint_in_firmware, second_caller, tick_in_firmware
from tempmm_lab.recordings import load_recording
from tempmm_lab.views.latency import wait_of

SECURE_BOOT = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like efivarfs, and a reader who answers by hand."""
    monkeypatch.delenv("TEMPMM_LAB_ANSWERS", raising=False)
    (tmp_path / SECURE_BOOT).write_bytes(b"\6\0\0\0\1")
    (tmp_path / "notes.txt").write_text("no variable")
    return tmp_path


def test_a_call_tree_is_properly_nested() -> None:
    """Each call lies within the steps of the one that it is inside of, and steps are counted from 1."""
    run = play(efi_call(caller="worker", cpus=1), in_order)
    calls = call_tree(run, depth=99).calls
    stack: dict[tuple[str, int], tuple[int, int]] = {}
    for call in calls:
        stack[call.task, call.depth] = (call.first, call.last)
        if call.depth:
            first, last = stack[call.task, call.depth - 1]
            assert first <= call.first <= call.last <= last
    assert min(call.first for call in calls) == 1


def test_a_call_tree_names_the_mm_of_every_call() -> None:
    """Firmware is called on efi_mm, and a lazy worker comes back to init_mm."""
    tree = call_tree(play(efi_call(caller="worker", cpus=1), in_order), depth=9)
    seen = {call.name: call.cr3 for call in tree.calls}
    assert (seen["__efi_call"], seen["efi_fpu_end"]) == ("efi_mm", "init_mm")


def test_the_same_function_twice_is_two_calls() -> None:
    """A poke switches twice, and a function that calls itself again right after its return is told again."""
    tree = call_tree(play(text_poke(cpus=1), in_order), depth=9)
    assert [call.name for call in tree.calls].count("switch_mm_irqs_off") == 2


@pytest.mark.parametrize("wrong", [{"inside": "no_such_function"}, {"inside": 5}, {"depth": "deep"}])
def test_a_call_tree_of_nothing_is_one_clear_error(wrong: dict[str, object]) -> None:
    """A function that is never entered, and arguments that are none, are refused."""
    with pytest.raises(ModelError):
        call_tree(play(efi_call(cpus=1), in_order), **wrong)  # type: ignore[arg-type]


def test_firmware_ran_with_interrupts_on_before_and_after() -> None:
    """IF is 1 in every sample of both kernels; what differs is active_mm, and what is loaded afterwards."""
    before, after = in_window("efi-6.12.107", "efi-6.16.12").columns
    assert (before.if_, after.if_) == ({1: 9}, {1: 35})
    assert (before.active, after.active) == ({"efi_mm": 9}, {"a user mm": 35})
    assert (before.cookies, after.cookies) == ({"a user mm": 3}, {"init_mm": 7})
    assert before.interrupts > 0 < after.interrupts


def test_text_poke_ran_with_interrupts_off_before_and_after() -> None:
    """The patch did not open text_poke()'s window."""
    assert [set(one.if_) for one in in_window("text_poke-6.12.107", "text_poke-6.16.12").columns] == [{0}, {0}]


@pytest.mark.parametrize("name", RECORDINGS)
def test_what_is_counted_adds_up(name: str) -> None:
    """Every sample has one IF, one preempt_count and one active_mm, and the text shows all three."""
    (one,) = in_window(name).columns
    assert sum(one.if_.values()) == sum(one.counts.values()) == sum(one.active.values()) == one.samples > 0
    assert all(value in in_window(name).text() for _, value in one.rows())


def test_a_recording_without_a_window_is_refused(tmp_path: Path) -> None:
    """There is nothing to count, and the error says so; so it does for names that are none."""
    file = tmp_path / "empty.jsonl"
    file.write_text("\n".join(map(json.dumps, ({"meta": {"kernel": "6.16"}}, {"end": 1}))))
    for wrong in ((load_recording(file),), ("efi-5",), (5,), ()):
        with pytest.raises(ModelError):
            in_window(*wrong)  # type: ignore[arg-type]


def test_every_duration_says_what_it_is_worth() -> None:
    """Each figure has a kind and a place, and only what is unknown has no number."""
    for each in DURATIONS.values():
        assert each.kind in KINDS
        assert each.where
        assert (each.high is None) == (each.kind == "unknown")
        assert each.figure in firmware_durations().text()


def test_ten_milliseconds_are_ten_ticks() -> None:
    """At HZ=1000 ten ticks come due in 10 ms, and at HZ=250 two or three."""
    assert len(wait_of("GetTime", 1000).due) == 10
    assert len(wait_of("GetTime", 250).due) in (2, 3)


@given(milliseconds=st.floats(0.001, 10_000), hz=st.sampled_from((100, 250, 300, 1000)))
def test_no_tick_comes_due_outside_the_call(milliseconds: float, hz: int) -> None:
    """Every tick lies within the call, and they are one period apart; their number is right within one."""
    wait = wait_of(milliseconds, hz)
    assert all(0 < place < wait.length for place in wait.due)
    assert abs(len(wait.due) - milliseconds * hz / 1000) <= 1


def test_a_picture_of_latency_says_what_every_length_is_worth() -> None:
    """The words measured and assumed are in the drawing, its alternative text and its twin."""
    for picture in (draw_latency("GetTime"), draw_latency("slow variable read", hz=250), draw_latency(3.5)):
        ET.fromstring(picture.svg)
        assert all("assumed" in words for words in (picture.svg, picture.alt, picture.text()))
    assert "(measured)" in draw_latency("GetTime").alt
    assert "(assumed)" in draw_latency(3.5).title


@pytest.mark.parametrize("wrong", ["SetVariable", "GetTim", 0, -1, 1e9, None, True])
def test_what_nobody_measured_is_not_drawn(wrong: object) -> None:
    """A call without a figure, and numbers that make no sense, are refused with advice."""
    with pytest.raises(ModelError, match=r"Give|SetVariable|duration"):
        draw_latency(wrong)  # type: ignore[arg-type]


def test_a_variable_is_read_and_never_written(variables: Path) -> None:
    """A few reads of a well-known variable are timed, and nothing in the folder changes."""
    before = {path.name: path.read_bytes() for path in variables.iterdir()}
    timing = time_get_variable(variables, reads=3)
    assert (timing.variable, len(timing.times), timing.why_not) == (SECURE_BOOT, 3, "")
    assert "two GetVariable calls" in timing.text()
    assert {path.name: path.read_bytes() for path in variables.iterdir()} == before


def test_where_there_is_no_firmware_it_says_why(variables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder, no variable in it, and the book's own run: each has its own sentence, and nothing is timed."""
    (variables / SECURE_BOOT).unlink()
    assert "holds no variable" in time_get_variable(variables).text()
    assert "there is no folder" in time_get_variable(variables / "efi").text()
    monkeypatch.setenv("TEMPMM_LAB_ANSWERS", "right")
    assert "no clock" in time_get_variable().text()


@pytest.mark.parametrize("wrong", [0, 51, 1.5, "many"])
def test_too_many_reads_are_refused(wrong: object, variables: Path) -> None:
    """The kernel would put the reader to sleep, which is no measurement."""
    with pytest.raises(ModelError):
        time_get_variable(variables, reads=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("build", ["v5.10", "v6.14", "posted", "v6.16"])
def test_a_second_caller_is_turned_away(build: str) -> None:
    """While CPU 0 is in firmware, a non-blocking call on CPU 1 gets EFI_NOT_READY and never loads efi_mm."""
    told = second_caller(build)
    assert "EFI_NOT_READY" in told
    assert told.endswith("user_mm")


def test_what_a_lazy_call_leaves_behind() -> None:
    """The old way leaves a CPU that is interrupted for an unmap; the new way does not."""
    assert "user_mm is loaded, not lazy; the unmap sends it 1 IPI" in after_a_lazy_call("v6.14")
    assert "init_mm is loaded, not lazy; the unmap sends it 0 IPI" in after_a_lazy_call("v6.16")


def test_breakpoints_in_firmware() -> None:
    """A user's breakpoint fires in firmware on v6.14, and not on v6.16."""
    assert "#DB in firmware" in breakpoint_in_firmware("v6.14")
    assert "nothing is reported" in breakpoint_in_firmware("v6.16")


def test_a_tick_in_firmware_does_not_switch() -> None:
    """Whatever the build, the other task gets the CPU only when preempt_count has been 0."""
    for build in ("v5.10", "v6.14", "v6.16"):
        run = tick_in_firmware(build)
        efi = [moment for moment in run if moment.before.cpus[0].loaded_mm == "efi_mm"]
        assert any(moment.action.kind == "t" for moment in efi)
        assert {moment.after.cpus[0].current for moment in efi} == {"caller"}
        assert run.last.cpus[0].current == "second"


def test_the_firmware_of_the_snapshot_is_out_of_reach_of_a_process() -> None:
    """The function that efi_mm maps twice is mapped nowhere in a process's mm."""
    efi, user = load_snapshot("efi"), load_snapshot("user")
    for label in ("the same function, 1:1", "the firmware function about to be called"):
        place = efi.find(label)
        assert efi.walk(place, "execute", cpl=0).fault is None
        assert user.walk(place, "execute", cpl=0).pa is None
