"""Store buffers on the Linux floor: the missing barrier is found by itself, and nothing else is."""

import pytest

from tempmm_lab import BUILDS, Path, explore, in_order, play, random_with, replay, shootdown
from tempmm_lab.errors import NotPossible
from tempmm_lab.jsonform import from_json, to_json
from tempmm_lab.kernel import tlb
from tempmm_lab.kernel.barrier import full_barrier
from tempmm_lab.kernel.step import action, take
from tempmm_lab.kernel.storebuffer import Store, drained
from tempmm_lab.scenarios import STORIES
from tests.scenarios.tso import FIXED, PAGE, SURE, met, page, touches

QUICK = {"irqs": 0, "memory": "tso"}
named = {FIXED: FIXED.name}.get
BROKEN = {"shootdown": 53, "context_switch": 90, "efi_call": 81}


@pytest.mark.parametrize("name", BROKEN)
def test_the_missing_barrier_is_found(name):
    """v6.16 loses a flush with store buffers (CVE-2025-40174); not without them, nor with 83b0177a6c48's barrier."""
    found = explore(STORIES[name](**QUICK), reduce=False)
    assert {rule: len(path) for rule, path in found.counterexamples.items()} == {"no-stale-use": BROKEN[name]}
    assert found.complete
    for scenario in (STORIES[name](irqs=0), STORIES[name](build=FIXED, **QUICK)):
        report = explore(scenario, reduce=False)
        assert (report.complete, report.counterexamples, report.reports) == (True, {}, {})


def test_the_lost_flush_of_v6_14_needs_no_store_buffer():
    """v6.14 loses a flush on a sequentially consistent machine already (CVE-2025-37964)."""
    report = explore(shootdown(build="v6.14", irqs=0), reduce=False)
    assert {rule: len(path) for rule, path in report.counterexamples.items()} == {"no-stale-use": 53}


@pytest.mark.parametrize("name", sorted(STORIES))
@pytest.mark.parametrize("build", [*SURE, FIXED], ids=named)
def test_nothing_else_is_found(name, build):
    """Where the barrier is in, or no build needs it, the same rules are broken with store buffers and without."""
    if isinstance(build, str) and build == "v5.1" and STORIES[name].temporary_mms:
        return
    sc = explore(STORIES[name](build=build, irqs=0), reduce=False)
    tso = explore(STORIES[name](build=build, **QUICK), reduce=False)
    assert (tso.complete, set(tso.counterexamples)) == (True, set(sc.counterexamples))
    assert set(tso.reports) == set(sc.reports)
    assert tso.states >= sc.states


@pytest.mark.parametrize("name", sorted(STORIES))
@pytest.mark.parametrize("build", ["v6.14", "v6.16", FIXED], ids=named)
def test_the_fast_engine_says_the_same(name, build):
    """With store buffers the fast engine and the plain search break the same rules, in as many steps."""
    plain, fast = (explore(STORIES[name](build=build, **QUICK), reduce=reduce) for reduce in (False, True))
    assert lengths(fast.counterexamples) == lengths(plain.counterexamples)
    assert lengths(fast.reports) == lengths(plain.reports)


def lengths(ways):
    """Give how long each way is."""
    return {name: len(way) for name, way in ways.items()}


def test_the_barrier_of_the_lazy_branch_is_needed(monkeypatch):
    """Without the barrier that v6.16 has where a lazy CPU comes back to its mm, a flush is lost."""

    async def nothing():
        """Do nothing."""

    assert explore(STORIES["lazy_tlb"](**QUICK)).counterexamples == {}
    monkeypatch.setattr(tlb, "smp_mb", nothing)
    assert set(explore(STORIES["lazy_tlb"](**QUICK)).counterexamples) == {"no-stale-use"}


@pytest.mark.parametrize("name", sorted(STORIES))
def test_undisturbed_runs_are_the_same(name):
    """Played in order, with every store drained at once, a run does what it does without store buffers."""
    sc, tso = play(STORIES[name](irqs=0), in_order), play(STORIES[name](**QUICK), in_order)
    assert [moment.what for moment in tso if moment.action.kind != "d" and "full_barrier" not in moment.what] == [
        moment.what for moment in sc
    ]
    assert (tso.last.memory, tso.last.cells) == (sc.last.memory, sc.last.cells)
    for one, other in zip(tso.last.cpus, sc.last.cpus, strict=True):
        assert {field for field, *_ in one.differences(other)} <= {"sleeping", "running"}
        assert one.store_buffer == ()


def test_without_the_knob_nothing_is_buffered():
    """On a sequentially consistent machine no store waits, and no action drains."""
    trace = play(STORIES["efi_call"](ticks=1), random_with(3))
    assert all(cpu.store_buffer == () for moment in trace for cpu in moment.after.cpus)
    assert "d" not in {moment.action.kind for moment in trace}


def test_a_store_is_seen_by_its_cpu_first():
    """loaded_mm reads SWITCHING on its own CPU at once, and on others when it has drained; both are told as events."""
    path = str(next(iter(explore(shootdown(**QUICK)).counterexamples.values())))
    trace = replay(path)
    moment = next(each for each in trace if "this_cpu_write(loaded_mm, LOADED_MM_SWITCHING)" in each.what)
    after = moment.after.cpus[moment.action.cpu]
    assert after.loaded_mm == "LOADED_MM_SWITCHING"
    assert after.visible("loaded_mm") == "other_mm"
    assert after.bit(("loaded", "other_mm"))
    out = take(moment.after, action("d", moment.action.cpu)).system.cpus[moment.action.cpu]
    assert out.bit(("loaded", "LOADED_MM_SWITCHING"))
    assert "buffers loaded_mm := LOADED_MM_SWITCHING" in trace.text()
    assert "drains loaded_mm := LOADED_MM_SWITCHING" in trace.text()


def test_drains_are_actions_like_others():
    """A drain is written d0, has a place in the text and the JSON of a run, and cannot happen to an empty buffer."""
    scenario = shootdown(**QUICK)
    trace = play(scenario, random_with(5))
    assert any(moment.action.kind == "d" for moment in trace)
    assert replay(str(trace.path)).text() == trace.text()
    assert Path.parse(str(trace.path)).actions == trace.path.actions
    assert " drain " in trace.text()
    with pytest.raises(NotPossible, match="no store waits"):
        take(scenario.system(), action("d", 0))
    assert from_json(to_json(full_barrier())) == full_barrier()


def test_a_cpu_that_has_finished_still_drains():
    """The last stores of a program reach memory after its end, with interrupts off as well."""
    system = shootdown(**QUICK).system().with_cpu(0, running=(), store_buffer=(Store(("trim_due", "user_mm"), True),))
    outcome = take(system, action("d", 0)).system
    assert outcome.cells["trim_due", "user_mm"]
    assert outcome.cpus[0].store_buffer == ()


def test_how_many_have_drained_is_told():
    """Between two buffers, what is missing at the front has drained."""
    a, b, c = (Store(("litmus", name), 1) for name in "abc")
    assert [drained((a, b), later) for later in ((a, b), (b,), (), (b, c), (c,))] == [0, 1, 2, 1, 2]


def test_every_op_is_in_the_table():
    """What an op does to the store buffer, seen in runs, is what the page's table says of it."""
    seen = met()
    assert {name: kinds for name, kinds in seen.items() if kinds != touches(name)} == {}


def test_the_page_is_up_to_date():
    """docs/tso.md is what the model prints."""
    assert PAGE.read_text(encoding="utf-8") == page(), "make scenarios"


def test_fixed_is_what_a_reader_would_write():
    """The patched build has its own name, and replaces one function."""
    assert FIXED.name == "v6.16+switch_mm_irqs_off"
    assert FIXED.functions.keys() == {"switch_mm_irqs_off"} | BUILDS["v6.16"].functions.keys()
