"""What chapter 14 shows: a window beside the model, recordings that lie, what is noticed, and store buffers."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from itertools import product
from pathlib import Path

import pytest

from tempmm_lab import (
    BUILDS,
    SHIPPED,
    WRONG_WALKERS,
    ModelError,
    caught,
    conform,
    draw_buffered,
    draw_matched,
    efi_call,
    explore,
    follow,
    in_order,
    irq_at,
    litmus,
    match_window,
    noticed,
    play,
    record_run,
    replay,
    shootdown,
    tampered,
    text_poke,
    translate,
)
from tempmm_lab.matched import Skipped
from tempmm_lab.recordings import windows
from tempmm_lab.shipped import shipped
from tests.properties.litmus import on_machine

BESIDES = ("text_poke-6.12.107", "efi-6.12.107", "text_poke-6.16.12", "efi-6.16.12")
WITH_HELPERS = [name for name, build in BUILDS.items() if build.temporary_mms]


@pytest.mark.parametrize("name", BESIDES)
def test_the_windows_are_what_conform_counts(name: str) -> None:
    """The rows of all windows of a recording are the rows that conform() counts, and match as it says."""
    result = conform(name)
    every = [match_window(name, number + 1) for number in range(result.windows)]
    assert sum(len(window.rows) for window in every) == result.rows
    assert sum(window.matched for window in every) == result.matched


@pytest.mark.parametrize("name", BESIDES)
def test_no_row_of_a_window_is_lost(name: str) -> None:
    """Every line of the file from a window's first row to its last is there once, compared or skipped with a reason."""
    recording = shipped(name)
    everything = sorted(row.number for row in (*recording.rows, *recording.passed_over))
    for place, window in enumerate(windows(recording)[0], 1):
        lines = match_window(name, place).lines
        first, last = window.rows[0].number, window.rows[-1].number
        assert [line.row.number for line in lines] == [number for number in everything if first <= number <= last]
        assert all(line.why for line in lines if isinstance(line, Skipped))


def test_the_model_goes_forward() -> None:
    """The steps after which the model is at the rows never decrease."""
    steps = [row.step for row in match_window("efi-6.16.12", 2).rows]
    assert steps == sorted(step for step in steps if step is not None)


def test_a_lie_is_found_in_its_row_only() -> None:
    """One changed value that is not in a window's first row makes one row differ, in that field."""
    result = conform(tampered("text_poke-6.16.12", 4, IF=1))
    assert [(each.row.number, each.fields) for each in result.differences] == [(4, (("IF", 1, 0),))]


def test_a_lie_in_the_first_row_is_found_in_all_others() -> None:
    """What the model was made to believe at the start contradicts every later row of the window."""
    result = conform(tampered("text_poke-6.16.12", 0, preempt_count="0x1"))
    assert [each.row.number for each in result.differences] == list(range(1, 13))


@pytest.mark.parametrize("name", ["text_poke-6.16.12", "efi-6.16.12"])
def test_the_recorded_cookie_is_the_models(name: str) -> None:
    """What use_temporary_mm() returned on the real kernel is what it returns in the model."""
    every = [row for n in range(conform(name).windows) for row in match_window(name, n + 1).rows]
    cookies = [row for row in every if "returned_prev_mm" in row.row.fields]
    assert len(cookies) >= 7
    assert all(row.recorded("returned_prev_mm") == row.returned for row in cookies)


@pytest.mark.parametrize(
    ("name", "number", "build"),
    [("text_poke-6.16.12", 3, None), ("efi-6.12.107", 1, None), ("efi-6.16.12", 1, "posted"),
     ("text_poke-6.12.107", 1, "v6.16"), ("efi-6.16.12", 2, "v5.10"), ("pcid_pokes_bochs-6.16.12", 2, None)],
)  # fmt: skip
def test_the_picture_says_what_the_window_says(name: str, number: int, build: str | None) -> None:
    """Every event is in the drawing and its text, so is every differing field, and every skipped row with a reason."""
    window = match_window(name, number, build=build)
    picture = draw_matched(window)
    ET.fromstring(picture.svg)
    text = picture.text()
    for line in window.lines:
        assert line.row.event in picture.svg
        assert f" {line.row.number} " in text
        if isinstance(line, Skipped):
            assert line.why in text
            assert line.why in picture.alt
        else:
            assert all(field in text for field, _, _ in line.differing)
    assert f"{window.matched} of {len(window.rows)} events match" in picture.alt


@pytest.mark.parametrize(
    "wrong", [("nowhere", 1), ("efi-6.16.12", 0), ("efi-6.16.12", 8), ("efi-6.16.12", "2"), (5, 1)]
)
def test_there_is_no_such_window(wrong: tuple[str, int]) -> None:
    """Unknown recordings and window numbers are refused."""
    with pytest.raises(ModelError):
        match_window(*wrong)


@pytest.mark.parametrize(("row", "fields"), [(999, {"IF": 1}), (4, {"colour": 1}), ("4", {"IF": 1})])
def test_there_is_nothing_to_tamper_with(row: int, fields: dict[str, int]) -> None:
    """A row or a field that the recording does not have is refused."""
    with pytest.raises(ModelError):
        tampered("text_poke-6.16.12", row, **fields)


def test_what_is_noticed() -> None:
    """Of the changed kernels three are not noticed by the recordings of 6.16.12; the series as posted only by EFI's."""
    found = noticed()
    silent = [kernel for kernel in found.results if not found.by(kernel)]
    assert silent == ["armed", "lazy-skipped", "83b0177a6c48"]
    assert found.by("posted") == ("efi-6.16.12",)
    assert all(kernel in found.text() for kernel in found.results)


def test_the_right_build_is_accepted_and_others_are_not() -> None:
    """Each recording accepts the build of its version; those of 6.16.12 no older one, those of 6.12 no newer one."""
    found = noticed({name: name for name in WITH_HELPERS}, BESIDES)
    assert found.by("v5.10") == ("text_poke-6.16.12", "efi-6.16.12")
    assert found.by("v6.16") == ("text_poke-6.12.107", "efi-6.12.107")
    assert found.by("v6.14") == BESIDES
    assert found.by("v5.2") == found.by("v5.10")


@pytest.mark.parametrize(
    "wrong", [({}, BESIDES), ({"mine": "v7"}, BESIDES), ("v6.16", BESIDES), ({"mine": "v6.16"}, [])]
)
def test_nothing_can_be_noticed_of_nothing(wrong: tuple[object, object]) -> None:
    """No kernels, no such kernel and no recordings are refused."""
    with pytest.raises(ModelError):
        noticed(*wrong)  # type: ignore[arg-type]


def test_every_wrong_walker_but_one_is_caught_by_unicorn() -> None:
    """Each wrong rule is noticed, but for what is left to the processor; KVM's cases lack what was off there."""
    found = caught()
    assert [name for name in WRONG_WALKERS if not found.by(name)] == ["A is set on the way to a fault"]
    unseen = [name for name in WRONG_WALKERS if found.by(name) == ("unicorn",)]
    assert unseen == ["SMEP is ignored", "SMAP is ignored", "five levels are four"]


def test_the_right_walker_is_caught_by_none() -> None:
    """The package's own walker agrees with every recorded answer."""
    assert caught({"translate": translate}).by("translate") == ()


@pytest.mark.parametrize("wrong", [{}, 5, {"mine": 5}])
def test_what_is_no_walker_is_refused(wrong: object) -> None:
    """Only walkers by name are compared."""
    with pytest.raises(ModelError):
        caught(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("build", "story", "tick"), list(product(WITH_HELPERS, (text_poke, efi_call), (False, True))))
def test_a_recording_of_the_model_matches_the_model(build: str, story: object, tick: bool, tmp_path: Path) -> None:
    """A run that is recorded is matched by its own build, row by row, with and without a tick in it."""
    scenario = story(cpus=1, build=build, ticks=int(tick))  # type: ignore[operator]
    run = play(scenario, irq_at(30, kind="t") if tick else in_order)
    result = conform(record_run(run, tmp_path / "mine.jsonl"), build)
    assert result.holds, result.text()
    assert result.rows >= 13


def test_a_recording_of_a_wrong_kernel_is_noticed(tmp_path: Path) -> None:
    """The series as posted, recorded as 6.16, does not match v6.16."""
    file = record_run(play(efi_call(cpus=1, build="posted"), in_order), tmp_path / "mine.jsonl")
    assert json.loads(file.read_text(encoding="utf-8").splitlines()[0])["meta"]["kernel"] == "6.16"
    assert conform(file).differences[0].fields == (("IF", 1, 0),)


@pytest.mark.parametrize("wrong", [("run", "x.jsonl"), (None, "x.jsonl"), (play(text_poke(cpus=1), in_order), "/no/x")])
def test_what_is_no_run_is_not_recorded(wrong: tuple[object, str]) -> None:
    """Only runs are recorded, and only where one may write."""
    with pytest.raises(ModelError):
        record_run(*wrong)  # type: ignore[arg-type]


PROGRAMS = (
    ("x = 1; a = y", "y = 1; b = x"),
    ("x = 1; fence; a = y", "y = 1; b = x"),
    ("x = 1; fence; a = y", "y = 1; fence; b = x"),
    ("x = 1; y = 1", "a = y; b = x"),
    ("x = 1; a = x; b = y", "y = 1; c = y; d = x"),
    ("x = 1", "a = x; y = 1", "b = y; c = x"),
)


def _in_letters(thread: str) -> tuple[tuple[object, ...], ...]:
    steps = []
    for line in thread.split("; "):
        target, _, source = line.partition(" = ")
        stored = source.isdecimal()
        steps.append(("F",) if line == "fence" else ("W", target, int(source)) if stored else ("R", source, target))
    return tuple(steps)


@pytest.mark.parametrize("memory", ["sc", "tso"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_litmus_outcomes_are_those_of_the_litmus_tests(program: tuple[str, ...], memory: str) -> None:
    """The outcomes are those of the machine that is held to the published tests and to the axioms of x86-TSO."""
    found = litmus(program, memory)
    registers = {name for outcome in found.outcomes for name, _ in outcome}
    expected = {
        tuple(pair for pair in outcome if pair[0] in registers)
        for outcome in on_machine(tuple(map(_in_letters, program)), memory)
    }
    assert set(found.outcomes) == expected


def test_a_litmus_run_is_told_to_its_end() -> None:
    """The way to the outcome that only store buffers give ends when both have drained."""
    found = litmus(memory="tso")
    assert found.run(a=0, b=0).count("drains") == 2
    with pytest.raises(ModelError, match="No run"):
        litmus(memory="sc").run(a=0, b=0)


@pytest.mark.parametrize(
    "wrong", [[], ["x := 1"], ["a = x"], ["x = 1; x = x"], "x = 1", [5], ["x = 1"] * 5, ["x = 1;" * 9], None]
)
def test_what_is_no_program_is_refused(wrong: object) -> None:
    """Programs have one to four threads of instructions that exist, and load what somebody stores to."""
    with pytest.raises(ModelError):
        litmus(wrong)  # type: ignore[arg-type]


def test_what_waits_is_seen_on_its_own_cpu_only() -> None:
    """In the lost flush CPU 1 reads SWITCHING steps before the others do; without store buffers nothing waits."""
    way = explore(shootdown(irqs=0, memory="tso")).counterexamples["no-stale-use"]
    picture = draw_buffered(replay(way))
    ET.fromstring(picture.svg)
    own, others = picture.text().splitlines()[1:3]
    assert own.partition("it")[2].strip() != others.partition("it")[2].strip()
    assert "nobody" in picture.alt
    calm = draw_buffered(play(shootdown(irqs=0), follow(way)))
    own, others = calm.text().splitlines()[1:3]
    assert own.partition("it")[2].split() == others.partition("it")[2].split()
    assert "nobody" not in calm.alt


@pytest.mark.parametrize("wrong", [(5, 1), (play(text_poke(cpus=1), in_order), 1), (play(text_poke(), in_order), "1")])
def test_there_is_no_buffer_to_draw(wrong: tuple[object, int]) -> None:
    """Only runs are drawn, and CPUs that the machine has."""
    with pytest.raises(ModelError):
        draw_buffered(*wrong)  # type: ignore[arg-type]


def test_every_shipped_recording_has_a_short_name() -> None:
    """The names are those of the files in the package."""
    folder = Path(__file__).resolve().parents[2] / "tempmm_lab" / "data" / "recordings"
    assert {f"{name}.jsonl.gz" for name in SHIPPED} == {path.name for path in folder.iterdir()}
