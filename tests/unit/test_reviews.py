"""Chapter 15: each patch is what its row says and the explorer finds it; the score counts decisions rightly."""

from __future__ import annotations

import json
import re
import tomllib
import xml.etree.ElementTree as ET
from importlib import resources
from pathlib import Path

import pytest

from tempmm_lab import BUILDS, explore, nmi_in_window, play, replay, text_poke
from tempmm_lab.assess import answers
from tempmm_lab.assess.predict import predict
from tempmm_lab.assess.questions import QUESTIONS
from tempmm_lab.assess.reviewing import KINDS, SHOULD, decision_of, question_of, score
from tempmm_lab.errors import ModelError
from tempmm_lab.reviews import CHANGES, review, weigh
from tempmm_lab.reviews.battery import battery
from tempmm_lab.reviews.price import price
from tempmm_lab.reviews.series import KINDS as PATCH_KINDS
from tempmm_lab.trace import in_order
from tempmm_lab.views.reviews import draw_reviews

ROWS = tomllib.loads(resources.files("tempmm_lab.reviews").joinpath("letters.toml").read_text("utf-8"))["patch"]
EVERY = pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["number"]))
WRONG = [row["number"] for row in ROWS if row["kind"] == "wrong"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Decide in an empty folder, and not automatically."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEMPMM_LAB_ANSWERS", raising=False)
    return tmp_path


@EVERY
def test_the_explorer_finds_what_the_letter_hides(row: dict[str, object]) -> None:
    """Each wrong patch breaks exactly the rules that its row names; each sound one holds, proved where it can be."""
    verdict = review(int(str(row["number"]))).verdict()
    assert sorted(verdict.broken) == row["breaks"]
    assert sorted(verdict.still_broken) == row.get("still", [])
    wanted = list(row.get("prints", []))  # type: ignore[call-overload]
    assert len(verdict.prints) == len(wanted)
    assert all(any(text in printed for printed in verdict.prints) for text in wanted)
    assert len(verdict.silenced) == row.get("silences", 0)
    assert verdict.holds == (row["kind"] != "wrong")
    assert all(each.after.complete and each.before.complete for each in verdict.tried)
    assert len(verdict.proved) >= len([each for each in verdict.tried if each.after.holds]) - 2


@pytest.mark.parametrize("number", WRONG)
def test_the_schedule_of_a_wrong_patch_can_be_replayed(number: int) -> None:
    """The shortest schedule, as text, breaks the rule again on the patched kernel."""
    patch, verdict = review(number), review(number).verdict()
    run = verdict.schedule()
    assert replay(str(run.path), patch.build).broken == run.broken
    assert set(run.broken) & set(verdict.broken or verdict.still_broken)
    assert str(run.path) in verdict.text()


def test_a_sound_patch_has_no_schedule() -> None:
    """Asking for one says that there is none."""
    with pytest.raises(ModelError, match="no schedule"):
        review(2).verdict().schedule()


def test_patch_7_is_wrong_with_an_nmi_only() -> None:
    """In its scenario the rule holds without NMIs, for all that the patch does."""
    assert explore(nmi_in_window(build=review(7).build, nmis=0, irqs=1)).holds
    assert not explore(nmi_in_window(build=review(7).build)).holds


def test_patch_8_is_wrong_with_store_buffers_only() -> None:
    """Every scenario with memory in order holds; what breaks has memory=tso."""
    broken = [each for each in review(8).verdict().tried if each.broken]
    assert broken
    assert {each.scenario.knobs["memory"] for each in broken} == {"tso"}


@pytest.mark.parametrize("number", [row["number"] for row in ROWS if row["kind"] == "ugly"])
def test_an_ugly_patch_has_a_price(number: int) -> None:
    """What is only dearer is dearer in something that is counted."""
    assert any(after > before for _, _, before, after in review(number).verdict().price)


@EVERY
def test_a_letter_has_two_sentences_and_a_diff_of_few_lines(row: dict[str, object]) -> None:
    """A patch is small, says why in two sentences, and changes every function that it names."""
    patch = review(int(str(row["number"])))
    assert len(re.findall(r"\.(?: |$)", patch.letter)) == 2
    assert all(1 <= len(diff.changed) <= 5 for diff in patch.diffs)
    assert set(CHANGES[patch.number]) == {diff.function for diff in patch.diffs}
    assert patch.subject in patch.text()
    assert row["kind"] in PATCH_KINDS


@EVERY
def test_a_patch_does_not_tell_its_verdict(row: dict[str, object]) -> None:
    """What one reads before the decision holds neither the rules nor what a wrong decision would show."""
    patch = review(int(str(row["number"])))
    told = patch.text() + draw_reviews().svg + draw_reviews().text()
    assert patch.shows not in told
    assert not any(rule in told for rule in (*patch.breaks, *patch.still))


def test_the_battery_goes_by_the_function() -> None:
    """Patches of the same functions are put to the same scenarios, whether they are right or not."""
    by_functions: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for number, changed in CHANGES.items():
        asked = tuple(str(scenario).partition(" (")[2] + scenario.name for scenario in battery(review(number).build))
        by_functions.setdefault(tuple(changed), set()).add(asked)
    assert all(len(asked) == 1 for asked in by_functions.values())


def test_a_kernel_without_a_patch_is_not_weighed() -> None:
    """There is nothing to compare."""
    with pytest.raises(ModelError, match="no patch"):
        weigh(BUILDS["v6.16"], BUILDS["v6.16"])


@pytest.mark.parametrize("wrong", [0, 13, "1", None, 1.5])
def test_there_is_no_other_patch(wrong: object) -> None:
    """A number outside the twelve is refused."""
    with pytest.raises(ModelError):
        review(wrong)  # type: ignore[arg-type]


def test_the_price_of_a_poke_is_counted() -> None:
    """One poke of v6.16: two CR3 writes, one of them flushing, one raised generation, no debug register."""
    paid = price(play(text_poke(cpus=1, irqs=0), in_order))
    assert (paid["CR3 writes that flush"], paid["CR3 writes that keep"]) == (1, 1)
    assert (paid["flushes of the generation"], paid["DR7 writes"]) == (1, 0)


# ── decisions and the score ──


@EVERY
def test_the_right_choice_is_the_decision_that_the_verdict_supports(row: dict[str, object]) -> None:
    """Each choice begins with a decision, and the right one with the decision that the patch's kind asks for."""
    question = QUESTIONS[question_of(int(str(row["number"])))]
    decisions = [decision_of(question, place) for place in range(len(question.choices))]
    assert decisions[question.right] == SHOULD[str(row["kind"])]
    assert set(decisions) == {"apply", "reject", "change"}


def test_before_any_decision_the_score_says_so() -> None:
    """An empty folder has no counts and no verdicts."""
    assert score().text().startswith("Nothing is decided yet: 12 patches wait")
    assert not any(patch in score().draw().svg for patch in ("holds", "breaks"))


def decide(number: int, decision: str, *, right: bool = False) -> int:
    """Take a choice with this decision: the right one, or one that is not the right one."""
    question = QUESTIONS[question_of(number)]
    choice = next(
        place
        for place in range(len(question.choices))
        if decision_of(question, place) == decision and (place == question.right) is right
    )
    answers.keep(question.id, choice)
    return choice


def test_each_kind_of_decision_is_counted() -> None:
    """A miss, a false alarm, a cost let in, a right reject for another reason, a change for a wrong one, a skip."""
    for number, decision in ((1, "apply"), (2, "reject"), (4, "apply"), (7, "reject"), (8, "change")):
        decide(number, decision)
    decide(3, "reject", right=True)
    answers.keep(question_of(9), answers.SKIPPED)
    kinds = {each.patch.number: each.kind for each in score().decided}
    assert kinds == {
        1: "miss", 2: "alarm", 3: "agreed", 4: "cost", 5: "open", 6: "open", 7: "reason", 8: "held", 9: "skipped",
        10: "open", 11: "open", 12: "open",
    }  # fmt: skip
    assert sum(score().counts.values()) == len(CHANGES)


def test_a_miss_is_explained_and_nothing_undecided_is_told() -> None:
    """Each difference names what it comes from and a chapter; other patches stay covered."""
    decide(1, "apply")
    text = " ".join(score().text().split())
    assert review(1).shows in text
    assert f"Chapter {review(1).chapter} treats it" in text
    assert not any(review(number).shows in text for number in CHANGES if number != 1)
    assert "To compare" not in text


def test_an_ugly_patch_rejected_shows_another_thing_than_one_applied() -> None:
    """Both are wrong, and for different reasons."""
    decide(10, "reject")
    rejected = " ".join(score().text().split())
    decide(10, "apply")
    applied = " ".join(score().text().split())
    assert review(10).alarm in rejected
    assert review(10).shows in applied


def test_decisions_survive_a_restart(folder: Path) -> None:
    """The score is made of the file alone: what predict() kept, and nothing else."""
    predict(question_of(5)).choose(0)
    assert json.loads((folder / answers.FILE).read_text())["answers"] == {question_of(5): 0}
    assert score().counts["alarm"] == 1


@pytest.mark.parametrize(("mode", "counts"), [("right", {"agreed": 12}), ("wrong", {"miss": 6, "alarm": 3, "cost": 3})])
def test_the_score_of_automatic_answers(mode: str, counts: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """All right agrees in all twelve; all wrong makes every kind of mistake."""
    monkeypatch.setenv("TEMPMM_LAB_ANSWERS", mode)
    assert score().counts == {**dict.fromkeys(KINDS, 0), **counts}
    assert score().text().endswith("who applies all has 6 misses, who rejects all 6 false alarms.")


def test_a_choice_that_is_no_more_counts_as_undecided() -> None:
    """A file kept by another version of the book does not break the score."""
    answers.keep(question_of(1), 99)
    assert score().counts["open"] == len(CHANGES)


def test_the_score_is_a_picture_with_the_same_facts_as_text() -> None:
    """The drawing is whole, names every patch, and its twin is the text."""
    decide(7, "apply")
    picture = score().draw()
    ET.fromstring(picture.svg)
    assert picture.text() == score().text()
    assert "breaks runs-on-its-mm" in picture.svg
    assert "7: name the new mm at once: apply" in picture.alt
