"""What chapter 13 shows: what the posted kernel loses, how fixes are judged, and what each fix-up changes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tempmm_lab import (
    BUILDS,
    FIX_UPS,
    Config,
    ModelError,
    draw_aftermath,
    draw_fix_ups,
    efi_call,
    explore,
    follow,
    judge_fix,
    play,
    run,
)
from tempmm_lab.aftermath import HAPPENINGS
from tempmm_lab.fixing import REPORT, RULE
from tempmm_lab.kernel.attempts import ATTEMPTS
from tempmm_lab.kernel.layout import USER_MM, USER_PAGE
from tempmm_lab.kernel.preempt import preempt_disable
from tempmm_lab.kernel.tlb import unuse_temporary_mm, use_temporary_mm
from tempmm_lab.kernel.tlbflush import flush_tlb_mm_range
from tempmm_lab.recordings import windows
from tempmm_lab.shipped import shipped
from tempmm_lab.switches import reports_of

POSTED = BUILDS["posted"]
TOO_LITTLE = ("preempt-off", "around-cr3", "late-switching", "bit-again")


def test_a_flush_in_the_gap_takes_the_bit_and_is_lost() -> None:
    """From a direct caller the bit is lost after 65 steps and a stale translation is used after 86."""
    found = explore(efi_call(build="posted")).counterexamples
    assert {name: len(path) for name, path in found.items()} == {
        "cr3-is-loaded-mm": 15, "mask-bit-set": 65, "no-stale-use": 86
    }  # fmt: skip


def test_later_flushes_do_not_reach_the_cpu() -> None:
    """After the lost flush CPU 0 has its mm loaded, its bit clear, and is sent nothing by the next flush."""
    scenario = efi_call(build="posted")
    lost = play(scenario, follow(explore(scenario).counterexamples["no-stale-use"])).last
    after, _ = run(lost, 1, flush_tlb_mm_range, USER_MM, int(USER_PAGE), int(USER_PAGE) + 0x1000, 12, False)
    cpu = after.cpus[0]
    assert (cpu.loaded_mm, USER_MM in cpu.cpumask, cpu.pending) == (USER_MM, False, ())


def test_the_worker_can_crash_and_loses_no_flush() -> None:
    """From the worker the only rule broken is that of CR3 and loaded_mm, and a reclaim flush can end in a panic."""
    report = explore(efi_call(build="posted", caller="worker"))
    assert list(report.counterexamples) == ["cr3-is-loaded-mm"]
    assert any("page fault for address 0x1," in text for text in report.reports)


@pytest.mark.parametrize("name", ["efi-6.12.107", "efi-6.16.12"])
def test_recorded_calls_begin_lazily(name: str) -> None:
    """Each recorded firmware call begins on a CPU that is lazy on a user mm."""
    starts = [window.rows[0] for window in windows(shipped(name))[0]]
    assert starts
    assert all((row.mm("loaded_mm") or "").startswith("mm:") and row.number_of("is_lazy") == 1 for row in starts)


@pytest.mark.parametrize("name", TOO_LITTLE)
def test_what_does_too_little_is_shown_a_schedule(name: str) -> None:
    """Each of these attempts breaks a rule, and the schedule that it is shown leads there."""
    verdict = judge_fix(POSTED.patched(**ATTEMPTS[name]))
    assert verdict.path is not None
    assert not verdict.holds
    assert str(verdict.path) in verdict.text()
    ends = [one for one in verdict.findings if one.path == verdict.path and one.kind == RULE]
    scenario = efi_call(build=verdict.build, **dict(verdict.path.knobs))
    assert ends[0].name in play(scenario, follow(verdict.path))[-1].broken


def test_setting_the_bit_again_mends_the_lasting_harm_only() -> None:
    """With the bit set again at the end, mask-bit-set holds and the flush in the gap is lost all the same."""
    assert set(judge_fix(POSTED.patched(**ATTEMPTS["bit-again"])).broken) == {"cr3-is-loaded-mm", "no-stale-use"}


def test_a_rule_that_holds_again_is_not_a_fix() -> None:
    """With SWITCHING stored late cr3-is-loaded-mm holds, and the flush is lost all the same."""
    assert set(judge_fix(POSTED.patched(**ATTEMPTS["late-switching"])).broken) == {"mask-bit-set", "no-stale-use"}


def test_interrupts_off_throughout_is_refused() -> None:
    """A kernel that calls firmware with interrupts off does not pass, though its direct calls break no rule."""
    verdict = judge_fix(POSTED.patched(**ATTEMPTS["off-throughout"]))
    assert not verdict.irqs_on
    assert {one.judge for one in verdict.findings} == {"boot"}
    assert "interrupts OFF" in verdict.text()


def test_switch_mm_leaves_one_warning() -> None:
    """switch_mm() inside breaks no rule and leaves one warning, in the worker's leave_mm()."""
    (left,) = judge_fix(POSTED.patched(**ATTEMPTS["switch-mm"])).findings
    assert (left.judge, left.kind) == ("worker", REPORT)
    assert "leave_mm" in left.name


def test_the_guard_holds_for_any_number_of_cpus() -> None:
    """The posted kernel with irqsave in both helpers passes, for any number of CPUs; with one of them it fails."""
    verdict = judge_fix(POSTED.patched(**ATTEMPTS["guard"]))
    assert verdict.holds
    assert verdict.any_number
    assert verdict.path is None
    for name, fn in ATTEMPTS["guard"].items():
        assert judge_fix(POSTED.patched(**{name: fn})).broken


def test_only_the_second_fix_up_mends() -> None:
    """Of the three fix-ups, each alone, only aef1d0209ddf keeps all rules; the others break what none does."""
    broken = {name: set(judge_fix(build).broken) for name, build in FIX_UPS.items()}
    assert broken["aef1d0209ddf"] == broken["all three"] == set()
    assert broken["52ebfe7412ce"] == broken["7f9958230d8a"] == broken["as posted"] != set()


def test_the_first_fix_up_takes_away_one_report() -> None:
    """With 52ebfe7412ce the kernel can print what it could before, but for one line about the outgoing mm's bit."""
    before, after = (
        {(one.judge, one.name) for one in judge_fix(FIX_UPS[name], debug_vm=True).findings}
        for name in ("as posted", "52ebfe7412ce")
    )
    assert {(judge, text.rpartition(": ")[2]) for judge, text in before - after} == {
        ("poke, DEBUG_VM", "prev mm is not in its own cpumask")
    }
    assert after < before


def test_the_third_fix_up_silences_a_double_borrower() -> None:
    """Who borrows efi_mm twice is warned by DEBUG_VM, and no more once temporary mms are not tracked."""

    async def twice() -> None:
        await preempt_disable()
        outer = await use_temporary_mm("efi_mm")
        inner = await use_temporary_mm("efi_mm")
        await unuse_temporary_mm(inner)
        await unuse_temporary_mm(outer)

    said = {
        name: reports_of(efi_call(build=FIX_UPS[name], config=Config(debug_vm=True)).system(), twice)
        for name in ("aef1d0209ddf", "all three")
    }
    assert any("loaded_mm is not in its own cpumask" in text for text in said["aef1d0209ddf"])
    assert said["all three"] == ()


def test_the_picture_of_the_fix_ups_says_what_its_text_says() -> None:
    """Every number of the table is in the drawing and in the text; one column may be drawn alone."""
    picture = draw_fix_ups({"guard": FIX_UPS["aef1d0209ddf"], "v6.16": BUILDS["v6.16"]})
    ET.fromstring(picture.svg)
    assert "! 47" in picture.svg
    assert "! 47" in picture.text()
    assert "proved" in picture.text()


@pytest.mark.parametrize("wrong", [None, {}, ["posted"], {str(n): "posted" for n in range(6)}])
def test_a_table_has_one_to_five_columns(wrong: Any) -> None:
    """What is no mapping of one to five builds is refused."""
    with pytest.raises(ModelError, match="builds"):
        draw_fix_ups(wrong)


def test_the_weeks_are_in_order() -> None:
    """What happened is told in the order of its days, in the drawing and in the text."""
    picture = draw_aftermath()
    ET.fromstring(picture.svg)
    assert [one.first for one in HAPPENINGS] == sorted(one.first for one in HAPPENINGS)
    assert all(one.first <= one.last and one.what in picture.svg and one.row in picture.text() for one in HAPPENINGS)
