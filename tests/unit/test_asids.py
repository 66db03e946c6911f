"""The stage of chapter 5: ASIDs, generations, and the two orders that lose a flush."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import BUILDS, ModelError, explore, lazy_tlb, shootdown
from tempmm_lab.asidplay import flushed_elsewhere, processes, slots_of, switch_to, touch
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.views.asids import draw_asids

NAMES = tuple(f"p{number}" for number in range(1, 9))


@pytest.mark.parametrize("build", BUILDS)
def test_fresh_asids_go_round(build: str) -> None:
    """S46: with ASID 0 in use, seven fresh mms get 1, 2, 3, 4, 5, 0, 1, on every build."""
    now, given_out = processes(8, build=build), []
    for name in NAMES[1:]:
        switched = switch_to(now, name)
        now = switched.system
        given_out.append((switched.asid, switched.flushed))
    assert given_out == [(asid, True) for asid in (1, 2, 3, 4, 5, 0, 1)]


def test_the_pcid_is_the_asid_plus_one() -> None:
    """S47: CR3 carries ASID + 1 after every switch."""
    now = processes(7)
    for name in NAMES[1:7]:
        switched = switch_to(now, name)
        now = switched.system
        assert now.cpus[0].registers.pcid == switched.asid + 1


def test_who_lost_its_slot_is_flushed() -> None:
    """S48: p7 takes p1's slot, p1 is given p2's, and both loads drop what was cached under the tag."""
    now = touch(processes(8))
    for name in NAMES[1:7]:
        now = touch(switch_to(now, name).system)
    switched = switch_to(now, "p1")
    assert (switched.asid, switched.flushed, switched.evicted) == (1, True, "p2")
    assert slots_of(switched.system)[1].cached == 0


def test_without_pcids_every_real_switch_flushes() -> None:
    """S49, S50: ASID 0 and a flush each time; the same mm again is no write to CR3."""
    now = processes(3, pcid=False)
    for name in ("p2", "p1", "p3"):
        switched = switch_to(touch(now), name)
        now = switched.system
        assert (switched.asid, switched.flushed, len(now.cpus[0].tlb.entries)) == (0, True, 0)
        assert not switch_to(now, name).wrote_cr3


@given(st.lists(st.tuples(st.sampled_from(("switch", "flush")), st.sampled_from(NAMES[:4])), max_size=12))
def test_a_load_keeps_exactly_if_the_generations_agree(history: list[tuple[str, str]]) -> None:
    """S48, by an independent account: an mm's load keeps if no flush of it came since it was last loaded here."""
    now, missed, seen = processes(4), dict.fromkeys(NAMES[:4], 0), {"p1"}
    for what, name in history:
        if what == "flush":
            now = flushed_elsewhere(now, name)
            missed[name] += now.cpus[0].loaded_mm != name
            continue
        again = now.cpus[0].loaded_mm == name
        switched = switch_to(now, name)
        now = switched.system
        assert switched.wrote_cr3 is not again
        if not again:
            assert switched.flushed is (name not in seen or missed[name] > 0)
            missed[name] = 0
        seen.add(name)


def test_the_generation_read_first_loses_a_flush() -> None:
    """S56 is needed: v5.10 with the two lines exchanged breaks no-stale-use and nothing else."""
    wrong = BUILDS["v5.10"].patched(**MISTAKES["generation-first"])
    assert list(explore(shootdown(build=wrong)).counterexamples) == ["no-stale-use"]
    assert explore(shootdown(build="v5.10")).holds


@pytest.mark.parametrize(("test", "earlier"), [(False, False), (True, False), (False, True), (True, True)])
def test_both_changes_of_v6_15_are_needed(test: bool, earlier: bool) -> None:
    """Facts 4.2.8 a: v6.14 with the test for SWITCHING, or with its earlier store, still loses a flush."""
    new = BUILDS["v6.16"]
    patch = {"should_flush_tlb": new.function("should_flush_tlb")} if test else {}
    patch |= {"switch_mm_irqs_off": new.function("switch_mm_irqs_off")} if earlier else {}
    build = BUILDS["v6.14"].patched(**patch)
    assert explore(shootdown(build=build)).holds is (test and earlier)
    assert explore(lazy_tlb(build=build)).holds


def test_the_picture_says_what_the_next_load_does() -> None:
    """The twin's word for each slot is what switch_to() then does."""
    now = flushed_elsewhere(touch(switch_to(touch(processes(3)), "p2").system), "p1")
    lines = draw_asids(now).text().splitlines()
    assert "p1, generation 0 of 1, 1 cached, next load: flush" in lines[1]
    assert switch_to(now, "p1").flushed
    assert lines[-1].strip() == f"next fresh ASID: {switch_to(now, 'p3').asid}"


@pytest.mark.parametrize(
    "call",
    [
        lambda: processes(1),
        lambda: processes("8"),
        lambda: processes(build="v9"),
        lambda: switch_to(processes(2), "p3"),
        lambda: switch_to(None, "p1"),
        lambda: flushed_elsewhere(processes(2), "p9"),
        lambda: draw_asids(7),
        lambda: draw_asids(processes(2), 1),
    ],
)
def test_misuse_is_one_clear_error(call) -> None:
    """A wrong argument says what to give."""
    with pytest.raises(ModelError):
        call()
