"""What chapter 6 shows: who is told of a flush, what each does, what it costs, and the reader's own measurement."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import BUILDS, draw_drops, draw_told, explore, in_order, play, tenlines, time_drops, who_is_told
from tempmm_lab.catchup import caught_up
from tempmm_lab.drops import COMPANY, Drop, DropTiming, at_work, obstacle, stored_drops, ten_lines
from tempmm_lab.durations import KINDS
from tempmm_lab.errors import ModelError
from tempmm_lab.flushtimes import COSTS, flush_times
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.layout import USER_MM
from tempmm_lab.kernel.locks import spin_lock, spin_unlock, text_poke_ptl
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.scenario import COMMON, Story
from tempmm_lab.scenarios.stage import Stage
from tempmm_lab.told import FLUSHES, SITUATIONS
from tempmm_lab.unmapping import WHAT, impatient, unmapping

TABLE = "      CPU0  CPU1\n  0:    22     0   IO-APIC   timer\nTLB:     3     4   TLB shootdowns\n"


def targets(**knobs: object) -> list[int]:
    """Give the CPUs that take an IPI if everything happens in order."""
    return [moment.action.cpu for moment in play(unmapping(**knobs), in_order) if moment.action.kind == "p"]


def test_only_the_cpu_that_runs_the_process_is_told_of_a_page() -> None:
    """Of a running, a lazy and a strange CPU, one is interrupted; of freed tables all are; a due mask adds one."""
    assert targets() == [1]
    assert targets(what="tables") == [1, 2, 3]
    assert targets(trim=True) == [1, 3]
    assert targets(what="kernel") == [1, 2, 3]


def test_one_that_was_asked_in_vain_is_not_asked_again() -> None:
    """After a flush of a due mask the stranger's bit is gone, and only there."""
    trace = play(unmapping(trim=True), in_order)
    cleared = next(moment.after for moment in trace if moment.what.startswith("cpumask_clear_cpu"))
    assert [USER_MM in cpu.cpumask for cpu in cleared.cpus] == [True, True, True, False]


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("trim", [False, True])
@pytest.mark.parametrize("build", ["v5.10", "v6.16"])
def test_whoever_is_skipped_is_safe(what: str, trim: bool, build: str) -> None:
    """On every schedule of four CPUs, and with a walker that may cache upper levels, no rule is broken."""
    report = explore(unmapping(what=what, trim=trim, walker=True, build=build))
    assert report.holds
    assert report.complete


def test_a_sender_that_does_not_wait_frees_too_early() -> None:
    """Without the wait a CPU uses a translation whose frame has been given back."""
    assert list(explore(unmapping(cpus=2, build=impatient())).counterexamples) == ["no-stale-use"]


def test_a_lazy_cpu_must_be_told_of_tables_because_of_the_cache_of_upper_levels() -> None:
    """A kernel that spares lazy CPUs is wrong with that cache, and right without it."""
    spares = BUILDS["v6.16"].patched(**MISTAKES["lazy-skipped"])
    with_cache, without = (
        explore(unmapping(cpus=3, what="tables", walker=walker, build=spares)).counterexamples
        for walker in (True, False)
    )
    assert (list(with_cache), without) == (["no-stale-use"], {})


def test_a_lock_taken_with_interrupts_off_must_not_be_held_over_a_flush() -> None:
    """A sender that holds such a lock and a CPU that spins for it with interrupts off wait for each other."""

    async def flushes_locked() -> None:
        await spin_lock(text_poke_ptl)
        await programs.unmapper(USER_MM)
        await spin_unlock(text_poke_ptl)

    async def locks_irqs_off() -> None:
        async with irqsave():
            await spin_lock(text_poke_ptl)
            await spin_unlock(text_poke_ptl)

    def set_stage(stage: Stage, *, cpus: int, fills: bool) -> None:
        del cpus, fills
        stage.cpu(flushes_locked, name="sender", mm=USER_MM)
        stage.cpu(locks_irqs_off, name="locker", mm=USER_MM)

    defaults = MappingProxyType({**COMMON, "irqs": 0})
    story = Story("locked", "", set_stage, defaults, (), {}, temporary_mms=False, choices={})
    report = explore(story())
    assert list(report.counterexamples) == ["no-deadlock"]
    assert not report.reports  # the sender's interrupts are on: nobody warns


@pytest.mark.parametrize("build", BUILDS)
def test_the_table_agrees_with_the_runs(build: str) -> None:
    """A lazy CPU is told of tables and kernel pages only, and one that never ran the process of kernel pages only."""
    table = who_is_told(build)
    told = {name: [flush for flush in FLUSHES if table.of(name, flush).sent] for name in SITUATIONS}
    assert told["lazy on its mm"] == ["page tables", "a kernel page"]
    assert told["never ran it"] == ["a kernel page"]
    assert told["runs the process"] == list(FLUSHES)
    assert table.of("switching to it", "a page").sent == (build != "v6.14")
    assert all(bool(case.does) == case.sent for case in table.cases)


def test_the_table_refuses_what_it_has_not() -> None:
    """A build, a situation or a flush that does not exist is one clear error."""
    for wrong in ("v9", 5, None):
        with pytest.raises(ModelError):
            who_is_told(wrong)
    with pytest.raises(ModelError):
        who_is_told().of("asleep", "a page")


@pytest.mark.parametrize("build", ["v5.10", "v6.14", "v6.16"])
def test_the_picture_says_what_the_table_says(build: str) -> None:
    """Every answer of a handler is in the drawing, its alternative text and its twin."""
    picture = draw_told(build)
    ET.fromstring(picture.svg)
    assert picture.svg.count('told"') == sum(case.sent for case in who_is_told(build).cases)
    assert all(f"IPIs to {n} of 5" in picture.alt for n in (2 if build != "v6.14" else 1, 5))
    assert picture.text() == who_is_told(build).text()


@given(pages=st.integers(1, 512), local=st.integers(0, 4), requested=st.integers(1, 4), generation=st.integers(1, 4))
def test_page_by_page_only_if_one_behind_and_short(pages: int, local: int, requested: int, generation: int) -> None:
    """S60, S62, S63 in one: what is done follows from the length and the three generations."""
    if max(local, requested) > generation:
        with pytest.raises(ModelError):
            caught_up(pages, local=local, requested=requested, generation=generation)
        return
    done = caught_up(pages, local=local, requested=requested, generation=generation)
    if requested <= local:
        assert (done.singles, done.whole, done.generation) == (0, 0, local)
    elif requested == local + 1 == generation and pages <= 33:
        assert (done.singles, done.whole, done.generation) == (pages, 0, generation)
    else:
        assert (done.singles, done.whole, done.generation) == (0, 1, generation)


@pytest.mark.parametrize("wrong", [{"pages": 0}, {"pages": 513}, {"pages": "x"}, {"requested": 0}, {"local": -1}])
def test_no_such_flush(wrong: dict[str, object]) -> None:
    """Numbers that make no sense are refused."""
    with pytest.raises(ModelError):
        caught_up(**wrong)  # type: ignore[arg-type]


def test_every_cost_says_what_it_is_worth() -> None:
    """Each figure has a kind and a row of the provenance table, and only what is unknown has no number."""
    for each in COSTS:
        assert each.kind in KINDS
        assert "(P-26" in each.where
        assert (each.figure == "no figure") == (each.kind == "unknown")
        assert each.where in flush_times().text()


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that looks like /proc/interrupts, and a reader who answers by hand."""
    monkeypatch.delenv("TEMPMM_LAB_ANSWERS", raising=False)
    file = tmp_path / "interrupts"
    file.write_text(TABLE, encoding="ascii")
    return file


def test_what_is_missing_is_said(table: Path, tmp_path: Path) -> None:
    """No Linux, no second CPU, no file, no row: each has its own sentence, and otherwise there is no obstacle."""
    empty = tmp_path / "arm"
    empty.write_text("  0:  22  IO-APIC\n", encoding="ascii")
    said = [
        obstacle(table, platform="win32", cpus=4),
        obstacle(table, platform="linux", cpus=1),
        obstacle(tmp_path / "none", platform="linux", cpus=2),
        obstacle(empty, platform="linux", cpus=2),
    ]
    assert all(said)
    assert len(set(said)) == len(said)
    begins = ("this Python runs on win32", "there is no second CPU", "there is no ", f"{empty} has no row")
    assert all(words.startswith(begin) for begin, words in zip(begins, said, strict=True))
    if sys.platform == "linux":
        assert not obstacle(table, platform="linux", cpus=2)


@pytest.mark.parametrize(
    ("load", "said"), [("0.1 0.1 0.1 1/90 5", ""), ("2.0 1.1 0.9 3/91 7", "2 other tasks"), ("", ""), ("a b c d", "")]
)
def test_who_else_is_at_work_is_said(load: str, said: str, tmp_path: Path) -> None:
    """Other tasks that want a CPU are counted; where that cannot be read nothing is said."""
    file = tmp_path / "loadavg"
    file.write_text(load, encoding="ascii")
    assert (said in at_work(file)) if said else at_work(file) == "" == at_work(tmp_path / "none")


def test_nothing_is_timed_on_the_books_own_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """While predictions are answered by themselves no clock is used."""
    monkeypatch.setenv("TEMPMM_LAB_ANSWERS", "right")
    assert "no clock" in time_drops().text()


@pytest.mark.parametrize("wrong", [0, -1, 1_000_000, "many", 1.5, None])
def test_a_number_of_drops_that_is_none(wrong: object) -> None:
    """It is refused with advice."""
    with pytest.raises(ModelError, match="times"):
        time_drops(wrong)


@pytest.mark.skipif(bool(obstacle()), reason="needs x86 Linux with two CPUs: the program is run")
def test_the_program_runs(table: Path) -> None:
    """It gives six lines, and what is timed takes some time."""
    timing = time_drops(20, table=table)
    assert [(each.company, each.touched) for each in timing.drops] == [(c, t) for t in (True, False) for c in COMPANY]
    assert all(each.us > 0 <= each.sent for each in timing.drops)
    assert draw_drops(timing).text() == timing.text()


def test_a_program_that_fails_is_no_traceback(table: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the program cannot run, the result says so."""
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(3)", encoding="ascii")
    monkeypatch.setattr(tenlines, "__file__", str(broken))
    monkeypatch.setattr("tempmm_lab.drops.obstacle", lambda _: "")
    assert "did not come to its end" in time_drops(20, table=table).text()


def test_ten_lines_are_ten() -> None:
    """The two functions are shown as they are: ten lines besides their names, and valid Python."""
    text = ten_lines()
    compile(text, "ten lines", "exec")
    lines = [line for line in text.splitlines() if line.strip()]
    assert len([line for line in lines if not line.startswith("def ")]) == 10
    assert "noqa" not in text


def test_the_stored_run_is_whole() -> None:
    """It names its machine and has every line; interrupts came with the thread only."""
    timing = stored_drops()
    assert "Linux" in timing.where
    assert {(each.company, each.touched) for each in timing.drops} == {(c, t) for t in (True, False) for c in COMPANY}
    assert {each.company for each in timing.drops if each.sent > 0.01} == {"thread"}


def test_a_drawing_of_a_measurement_has_every_number() -> None:
    """Bars and interrupts are in the drawing and its alternative text; nothing timed is nothing drawn."""
    picture = draw_drops(
        DropTiming("", "a machine", 5, (Drop("alone", True, 2.5, 0.0), Drop("thread", True, 7.25, 0.9)))
    )
    ET.fromstring(picture.svg)
    assert all(word in picture.alt for word in ("2.5 µs", "7.25 µs", "0.9 interrupts", "a machine"))
    for wrong in (DropTiming("no second CPU"), None, json):
        with pytest.raises(ModelError):
            draw_drops(wrong)
