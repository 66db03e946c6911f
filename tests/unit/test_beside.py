"""Runs beside each other, questions of one's own, several pokers, and sources to read."""

from __future__ import annotations

import ast

import pytest

from tempmm_lab import BUILDS, asking, draw_beside, explore, in_order, lazy_tlb, listing, play, random_with, text_poke
from tempmm_lab.errors import ModelError
from tempmm_lab.kernel.builds import KERNEL_FUNCTIONS
from tempmm_lab.kernel.hw_breakpoint import hw_breakpoint_active, hw_breakpoint_disable
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.kernel.percpu import current, this_cpu_read
from tempmm_lab.kernel.system import System
from tempmm_lab.kernel.tlb import leave_mm, switch_mm_irqs_off
from tempmm_lab.scenarios import Scenario, hw_breakpoints
from tempmm_lab.trace import Trace, events
from tempmm_lab.views.beside import beside

TEMPORARY = [name for name, build in BUILDS.items() if build.temporary_mms]


def alone(build: str, **knobs: object) -> Trace:
    """Give an undisturbed poke on one CPU."""
    return play(text_poke(build=build, cpus=1, irqs=0, **knobs), in_order)


@pytest.mark.parametrize("lazy", [False, True])
def test_every_change_has_its_place(lazy: bool) -> None:
    """Read down a column, a table gives back the run: each step's changes, in order, none twice and none lost."""
    runs = [alone(build, lazy=lazy) for build in TEMPORARY]
    table = beside(runs)
    for column, run in enumerate(runs):
        told = [row.steps[column] for row in table.rows if row.steps[column] is not None]
        real = [step for step, m in enumerate(run, 1) for event in events(m) if event.kind != "poked"]
        assert told == real


def test_equal_runs_have_no_marked_row() -> None:
    """A run beside itself: every row is made by both, in the same step."""
    table = beside([alone("v6.16"), alone("v6.16")])
    assert all(row.steps[0] == row.steps[1] for row in table.rows)


@pytest.mark.parametrize("seed", range(5))
def test_any_runs_can_be_put_side_by_side(seed: int) -> None:
    """Random runs too: no row is empty, and the twin has a line for each."""
    runs = [play(text_poke(build=build), random_with(seed)) for build in ("v5.1", "posted")]
    picture, table = draw_beside(runs, cpu=1), beside(runs, cpu=1)
    assert all(any(step is not None for step in row.steps) for row in table.rows)
    assert len(picture.text().splitlines()) == 1 + len(table.rows)


def test_the_four_versions_differ_where_the_sources_say() -> None:
    """The facts' table 2.2: when an outgoing bit is cleared, and who clears the bit of text_poke_mm and when."""
    rows = {(row.change, row.steps) for row in beside([alone(b) for b in ("v5.10", "v6.14", "v6.16")]).rows}
    marked = {change: [step is not None for step in steps] for change, steps in rows if None in steps}
    assert marked["bit cleared in mm_cpumask(user_mm)"] == [True, False, False]
    order = {
        name: [what for what, steps in sorted(rows, key=lambda row, c=column: row[1][c] or 0) if steps[column]]
        for column, name in enumerate(("v5.10", "v6.14", "v6.16"))
    }
    back, bit = "CR3 text_poke_mm -> user_mm, PCID 1", "bit cleared in mm_cpumask(text_poke_mm)"
    assert [seen.index(bit) < seen.index(back) for seen in order.values()] == [True, False, True]


@pytest.mark.parametrize("wrong", [[], [1], "text", [alone("v6.16")], [alone("v6.16")] * 6])
def test_what_cannot_stand_side_by_side_is_told(wrong: object) -> None:
    """No, one or six runs, and what are no runs, are a ModelError."""
    with pytest.raises(ModelError):
        draw_beside(wrong)  # type: ignore[arg-type]


def stranded(system: System) -> bool:
    """Say whether CPU 1 is, interrupts on and not lazy, on an mm whose tables have been freed."""
    cpu, freed = system.cpus[1], system.cells["freed", 0x44000]
    return bool(freed and cpu.rflags_if and cpu.loaded_mm == "user_mm" and not cpu.is_lazy)


def poke_in_an_exit(build: object) -> Scenario:
    """Give the scenario of chapter 8, with its question."""
    scenario: Scenario = lazy_tlb(build=build, exit=True, poke=True, irqs=0)
    return asking(scenario, {"stranded": stranded})


@pytest.mark.parametrize("build", TEMPORARY)
def test_only_v5_2_comes_back_to_an_mm_that_is_gone(build: str) -> None:
    """S5 and abee7c494d8c: a lazy CPU that poked may sit on a dead mm on v5.2, and on no later build."""
    assert bool(explore(poke_in_an_exit(build)).examples) is (build == "v5.2")


def test_the_plain_search_gives_the_same_answer() -> None:
    """A question of one's own has a shortest way of the same length without the fast engine."""
    scenario = poke_in_an_exit("v5.2")
    fast, plain = explore(scenario).examples, explore(scenario, reduce=False).examples
    assert len(fast["stranded"]) == len(plain["stranded"])


@pytest.mark.parametrize("wrong", [{}, {"a": 1}, {1: stranded}, None, [stranded]])
def test_what_is_no_question_is_told(wrong: object) -> None:
    """No questions, and what cannot be asked, are a ModelError."""
    with pytest.raises(ModelError):
        asking(text_poke(), wrong)  # type: ignore[arg-type]


async def _mended(temp_mm: str) -> str:
    if await this_cpu_read("is_lazy"):
        await leave_mm()
    prev_mm: str = await this_cpu_read("loaded_mm")
    await switch_mm_irqs_off(None, temp_mm, current)
    if await hw_breakpoint_active():
        await hw_breakpoint_disable()
    return prev_mm


def test_the_readers_function_can_be_mended() -> None:
    """Chapter 8's exercise has a solution: with the two missing lines none of the three judges complains."""
    build = BUILDS["v6.16"].patched(use_temporary_mm=_mended)
    assert explore(text_poke(build=build, irqs=0)).holds
    assert explore(hw_breakpoints(build=build, irqs=0)).holds
    assert not explore(poke_in_an_exit(build)).examples


@pytest.mark.parametrize("build", ["v6.14", "posted", "v6.16"])
def test_a_bit_left_behind_shows_when_two_cpus_poke(build: str) -> None:
    """S42: without the clear in unuse the second poker's flush wants to send an IPI with interrupts off."""
    forgets = BUILDS[build].patched(**MISTAKES["bit-left"])
    loud, quiet = (play(text_poke(build=each, pokers=2), in_order).reports for each in (forgets, build))
    assert any("smp_call_function_many_cond" in text for text in loud)
    assert not quiet


@pytest.mark.parametrize("build", BUILDS)
def test_two_pokers_break_nothing(build: str) -> None:
    """Two CPUs that poke in turn, in every interleaving: no rule is broken and nothing is printed."""
    report = explore(text_poke(build=build, pokers=2, irqs=0), reduce=False)
    assert report.holds
    assert not report.reports


@pytest.mark.parametrize("name", sorted(KERNEL_FUNCTIONS))
def test_a_listing_is_the_function_without_its_docstring(name: str) -> None:
    """What is shown parses, has no decorator and no docstring, and does what the function does."""
    shown = ast.parse(listing(name)).body[0]
    assert isinstance(shown, ast.AsyncFunctionDef)
    assert not shown.decorator_list
    assert ast.get_docstring(shown) is None
