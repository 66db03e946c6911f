"""What a handler can do in a window: the claims of chapter 9 that no statement makes by itself."""

from __future__ import annotations

import pytest

from tempmm_lab import BUILDS, arrivals, efi_call, explore, nmi_in_window, play, text_poke
from tempmm_lab.arriving import BAD
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.kernel.percpu import this_cpu_read
from tempmm_lab.trace import in_order

WITH_T = ("v5.2", "v5.10", "v6.14", "posted", "v6.16")


def opened(build="v6.16"):
    """Give a kernel whose text_poke() leaves interrupts on."""
    return BUILDS[build].patched(**MISTAKES["no-irqsave"])


async def always():
    """NMI code that does not ask."""
    return True


async def by_active_mm():
    """NMI code that asks the scheduler, as perf did before 81e3cbdef230."""
    return bool(await this_cpu_read("active_mm") == await this_cpu_read("current_mm"))


def test_a_stray_write_hurts_only_while_the_alias_can_be_reached():
    """Interrupts on in the window: it hurts at four moments. text_poke() notices those after its own write, only."""
    found = arrivals(text_poke(cpus=1, handler="stray_write", build=opened()))
    assert found.count(BAD) == 4
    assert [("BUG: __text_poke" in row.says) for row in found.rows if row.verdict == BAD] == [False, True, True, True]


def test_the_cleared_alias_can_still_be_written():
    """One of them is after pte_clear(): the translation is cached as long as the mm is loaded."""
    found = arrivals(text_poke(cpus=1, handler="stray_write", build=opened()))
    last = [row for row in found.rows if row.verdict == BAD][-1]
    assert found.quiet[last.moment - 1].what.startswith("lockdep_assert")
    assert any("pte_clear" in moment.what for moment in found.quiet[: last.moment])


@pytest.mark.parametrize("handler", ["quiet", "reads_user"])
def test_an_honest_handler_does_no_harm(handler):
    """On v6.16, with interrupts on in the window, a handler without a bug breaks no rule and nothing is printed."""
    report = explore(text_poke(handler=handler, build=opened()))
    assert report.holds
    assert report.reports == {}


def test_the_old_assertion_notices():
    """On v5.10 the same mistake makes the helper WARN, and the switch itself runs with interrupts on."""
    report = explore(text_poke(cpus=1, build=opened("v5.10")))
    assert any("use_temporary_mm: lockdep_assert_irqs_disabled()" in text for text in report.reports)
    assert "cr3-is-loaded-mm" in report.counterexamples


@pytest.mark.parametrize("answer", [always, by_active_mm])
def test_nmi_code_must_ask_the_mm_code(answer):
    """NMI code that does not ask, or asks about active_mm, reads through T's tables wherever CR3 holds T."""
    scenario = nmi_in_window(cpus=1, build=BUILDS["v6.16"].patched(nmi_uaccess_okay=answer))
    report = explore(scenario)
    assert "runs-on-its-mm" in report.counterexamples
    assert report.reports == {}
    found = arrivals(scenario, "nmi")
    for row in found.rows:
        on_t = int(found.quiet[row.moment].before.cpus[0].registers.cr3) & ~0xFFF == 0x20000
        assert (row.verdict == BAD) == on_t


@pytest.mark.parametrize("build", WITH_T)
def test_the_answer_is_no_exactly_while_loaded_mm_is_not_the_tasks(build):
    """With the real check it is told no while loaded_mm is SWITCHING or T, and at no other moment."""
    found = arrivals(nmi_in_window(cpus=1, build=build), "nmi")
    for row in found.rows:
        elsewhere = found.quiet[row.moment].before.cpus[0].loaded_mm != "user_mm"
        assert (row.says == "is told no") == elsewhere
    assert found.count(BAD) == 0


def test_the_segment_table_goes_with_the_mm():
    """While T is loaded there is no LDT, whatever active_mm says."""
    for moment in play(nmi_in_window(cpus=1), in_order):
        cpu = moment.after.cpus[0]
        assert cpu.active_mm == "user_mm"
        if cpu.loaded_mm == "text_poke_mm" and cpu.preempt_count and moment.where.startswith("use_temporary_mm:"):
            assert cpu.ldt_mm is None


def test_firmware_calls_are_open_to_interrupts():
    """In an EFI call an interrupt may come while efi_mm is loaded, and a handler that asks is told no."""
    found = arrivals(efi_call(cpus=1, handler="reads_user"))
    inside = [row for row in found.rows if found.quiet[row.moment].before.cpus[0].loaded_mm == "efi_mm" and row.trace]
    assert inside
    assert {row.says for row in inside} == {"is told no"}
