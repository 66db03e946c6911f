"""What chapter 12 shows: the seven patches, a function on two builds, and the assertion's truth table."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tempmm_lab import BUILDS, PATCHES, a_patch, build_diff, draw_patches, draw_truth, truth_table
from tempmm_lab.assertions import COUNTS, SITES
from tempmm_lab.borrowings import complaints, sleeping_borrower
from tempmm_lab.builddiff import source_of
from tempmm_lab.errors import ModelError

WITH_HELPERS = [name for name, build in BUILDS.items() if build.temporary_mms]


def test_a_patch_needs_only_earlier_ones() -> None:
    """The patches are numbered in order, and each needs or takes back only what came before it."""
    assert [patch.number for patch in PATCHES] == list(range(1, 8))
    for patch in PATCHES:
        earlier = (*patch.needs, *([patch.takes_back] if patch.takes_back else []))
        assert all(1 <= other < patch.number for other in earlier)
        assert a_patch(patch.number) is patch


def test_the_picture_of_the_patches_names_all_of_them() -> None:
    """Every patch is in the drawing and in its text, with what it does."""
    picture = draw_patches()
    ET.fromstring(picture.svg)
    assert all(patch.does in picture.svg.replace("&gt;", ">").replace("&#x27;", "'") for patch in PATCHES)
    assert all(patch.does in picture.text() and patch.row in picture.text() for patch in PATCHES)


@pytest.mark.parametrize("wrong", [0, 8, "5", None])
def test_there_is_no_other_patch(wrong: object) -> None:
    """A number outside the series is refused."""
    with pytest.raises(ModelError):
        a_patch(wrong)  # type: ignore[arg-type]


def test_the_patch_changes_one_line_in_each_helper() -> None:
    """From v6.14 to the series, use changes in its assertion only, and unuse in that and in the bit's place."""
    use, unuse = (build_diff(name, "v6.14", "posted").changed for name in ("use_temporary_mm", "unuse_temporary_mm"))
    asserts = ["-     await lockdep_assert_irqs_disabled()", "+     await lockdep_assert_preemption_disabled()"]
    assert list(use) == asserts
    assert [line for line in unuse if "lockdep" in line] == asserts
    assert all("cpumask_clear_cpu" in line for line in unuse if "lockdep" not in line)


@pytest.mark.parametrize("name", BUILDS)
def test_a_diff_of_a_build_with_itself_is_empty(name: str) -> None:
    """The same function on the same build has no changed line, and all of its lines."""
    same = build_diff("switch_mm_irqs_off", name, name)
    assert same.changed == ()
    assert [line[2:] for line in same.lines] == source_of("switch_mm_irqs_off", BUILDS[name])


def test_a_diff_shows_the_code_and_no_docstring() -> None:
    """Both sides are under the kernel's own name, without the model's remarks."""
    text = build_diff("efi_enter_mm", "v6.14", "v6.16").text()
    assert '"""' not in text
    assert text.count("def efi_enter_mm(") == 1


@pytest.mark.parametrize(
    "wrong", [("no_function", "v6.14", "v6.16"), ("leave_mm", "v7", "v6.16"), (5, "v6.14", "v6.16")]
)
def test_a_diff_of_nothing_is_refused(wrong: tuple[object, ...]) -> None:
    """Unknown functions and builds are one clear error."""
    with pytest.raises(ModelError):
        build_diff(*wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("build", WITH_HELPERS)
def test_the_table_is_the_formula(build: str) -> None:
    """The helper complains exactly if interrupts are on, and since the series only if the count is 0 as well."""
    before = build in ("v5.2", "v5.10", "v6.14")
    cases = truth_table(build).cases
    assert len(cases) == 2 * len(COUNTS)
    for case in cases:
        assert ("helper" in case.complains) == (case.irqs_on and (before or case.count == 0))
        assert case.loaded == "text_poke_mm"


def test_whoever_was_allowed_is_allowed_still() -> None:
    """No state warns after the patch that did not warn before it."""
    old, new = (truth_table(build).cases for build in ("v6.14", "v6.16"))
    assert all(set(after.complains) <= set(before.complains) for before, after in zip(old, new, strict=True))


@pytest.mark.parametrize("build", WITH_HELPERS)
@pytest.mark.parametrize("gate", [{"debug_locks": False}, {"prove_locking": False}])
def test_behind_a_gate_the_helper_is_silent(build: str, gate: dict[str, bool]) -> None:
    """Without lockdep, or after its first report, the assertion says nothing in any state."""
    assert not any("helper" in case.complains for case in truth_table(build, **gate).cases)


def test_the_helper_asks_lockdeps_flag_and_the_switch_asks_the_cpu() -> None:
    """Where the two flags differ, the helper of v6.14 goes by one, and the switch inside it by the other."""
    for case in truth_table("v6.14", flags_differ=True).cases:
        assert ("helper" in case.complains) == case.lockdep
        assert ("switch" in case.complains) == case.irqs_on


def test_as_posted_others_complain_where_the_helper_is_silent() -> None:
    """Interrupts on and a count above 0: the switch and the write of CR4 warn on the posted tree, nobody on v6.16."""
    states = [case for case in truth_table("posted").cases if case.irqs_on and case.count]
    assert {case.complains for case in states} == {("switch", "CR4 write")}
    assert {case.complains for case in truth_table("v6.16").cases if case.irqs_on and case.count} == {()}


def test_no_helper_no_table() -> None:
    """v5.1 has no use_temporary_mm(), and that is said."""
    with pytest.raises(ModelError, match=r"v5\.2 or later"):
        truth_table("v5.1")


@pytest.mark.parametrize("who", SITES)
def test_the_picture_says_what_the_table_says(who: str) -> None:
    """Each WARN of the table is in the picture's text, and no other."""
    picture = draw_truth(WITH_HELPERS[-3:], who)
    ET.fromstring(picture.svg)
    warns = sum(who in case.complains for build in WITH_HELPERS[-3:] for case in truth_table(build).cases)
    assert picture.text().count("WARN") == warns
    assert picture.svg.count("✗ WARN</text>") == warns


@pytest.mark.parametrize(
    "wrong", [([], "helper"), (["v6.14"] * 4, "helper"), (["v6.14"], "nobody"), ("v6.14", "helper")]
)
def test_a_picture_of_nothing_is_refused(wrong: tuple[object, ...]) -> None:
    """One to three builds, and a site that exists."""
    with pytest.raises(ModelError):
        draw_truth(*wrong)  # type: ignore[arg-type]


def test_each_place_warns_once() -> None:
    """Three wrong calls in a row print one warning from each helper; without lockdep none."""
    assert len(complaints("v6.16")) == len(set(complaints("v6.16"))) == 2
    assert complaints("v6.16", prove_locking=False) == ()


def test_who_sleeps_is_told_by_the_scheduler_first() -> None:
    """On v6.16 the first report is the scheduler's, and in the end a rule about the mask is broken."""
    run = sleeping_borrower()
    assert run.reports[0].startswith("BUG: scheduling while atomic")
    assert "mask-bit-set" in run.broken
