"""Strings for the break exercises: every variant has a shortest one; whatever else is handed in is told in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempmm_lab import explore, practise
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.breaking import MOST_CHARACTERS, Row
from tempmm_lab.assess.exercises.exercise import Variant, Verdict
from tempmm_lab.assess.exercises.keys import breaking
from tempmm_lab.assess.exercises.keys.break_goals import STATES
from tempmm_lab.assess.exercises.keys.break_strings import ACTIONS
from tempmm_lab.cli import main
from tempmm_lab.scenarios.paths import Path, check
from tests.exercises.break_keys import ROWS, facts_of, found
from tests.exercises.breaks import NAMES

EVERY = [(name, row) for name, rows in ROWS.items() for row in rows]
BY_NAME = pytest.mark.parametrize("name", NAMES)


def _judged(name: str, row: Row, answer: Any) -> Verdict:
    return EXERCISES[name].judge(Variant(name, 0, facts_of(row), ""), answer)


def _some() -> list[Any]:
    """Give all variants; `make test` searches for the first and the last of each exercise."""
    few = {(name, row) for name, rows in ROWS.items() for row in (rows[0], rows[-1])}
    return [
        pytest.param(*one, id=f"{one[0]} {' '.join(one[1])}", marks=[] if one in few else [pytest.mark.slow])
        for one in EVERY
    ]


@pytest.mark.parametrize(("name", "row"), _some())
def test_the_stored_schedule_is_a_shortest(name: str, row: Row) -> None:
    """Plain search over all interleavings finds the stored schedule, action by action: none is shorter."""
    kept = ACTIONS[name][row[0]][" ".join((row[1], *sorted(row[2:])))]
    assert found(name, row) == kept


def test_every_variant_has_a_stored_schedule() -> None:
    """Each variant's stored string gets full marks, and there is no string without a variant."""
    for name, row in EVERY:
        key = str(breaking.stored(name, facts_of(row)))
        verdict = _judged(name, row, key)
        assert (verdict.points, verdict.messages) == (6, ()), (name, row)
    kept = {(name, stage, goal) for name, stages in ACTIONS.items() for stage in stages for goal in stages[stage]}
    assert len(kept) == len(set(EVERY)) == len(EVERY)


def test_there_are_six_with_so_many_variants() -> None:
    """Six exercises have a string for an answer; their variants, without the order of the conditions, are counted."""
    assert {one.name for one in EXERCISES.values() if one.kind == "break"} == set(NAMES)
    assert {name: len(rows) for name, rows in ROWS.items()} == COUNTS
    assert all(EXERCISES[name].variants == 2 * count for name, count in COUNTS.items())


COUNTS = {
    "ch05-legal": 29,
    "ch08-hole": 18,
    "ch09-nmi": 22,
    "ch10-sleep": 16,
    "ch13-gap": 11,
    "ch14-buffer": 21,
}


def test_pressing_explore_is_not_enough() -> None:
    """The schedule that the explorer gives for the rule meets both conditions of no variant."""
    given_by_explorer: dict[str, Any] = {}
    for name, row in EVERY:
        stage, goal = row[:2]
        if goal in STATES or goal in ("text", "stranded"):
            continue
        if stage not in given_by_explorer:
            given_by_explorer[stage] = explore(breaking.stage(stage)).counterexamples
        verdict = _judged(name, row, str(given_by_explorer[stage][goal]))
        assert verdict.parts["goal"] == 2, row
        assert verdict.points < 5, row


@pytest.mark.parametrize("row", ROWS["ch05-legal"])
def test_a_state_alone_is_not_enough(row: Row) -> None:
    """A shortest run to the state, in which CPU 1 does nothing, lacks a condition."""
    from tempmm_lab.assess.exercises.keys.break_goals import GOALS
    from tempmm_lab.assess.exercises.keys.break_search import shortest

    plain = shortest(breaking.stage(row[0]), GOALS[row[1]], (), again=True)
    verdict = _judged("ch05-legal", row, str(plain))
    assert 3 <= verdict.points < 5


def _with_check(text: str) -> str:
    return f"{text}~{check(text)}"


HOSTILE = {
    "a megabyte of steps": lambda stage: _with_check(f"{stage}:" + "s0." * 350_000 + "s0"),
    "a hundred thousand steps in a word": lambda stage: _with_check(f"{stage}:s0+99999"),
    "a number without end": lambda stage: _with_check(f"{stage}:s0+" + "9" * 3_500),
    "a CPU that is not there": lambda stage: _with_check(f"{stage}:s7"),
    "a CPU without end": lambda stage: _with_check(f"{stage}:s" + "7" * 3_500),
    "no steps": lambda stage: _with_check(f"{stage}:"),
    "steps of another kind": lambda stage: _with_check(f"{stage}:x0"),
    "another knob": lambda stage: _with_check(f"{stage},cpus=3:s0"),
    "a knob that is not there": lambda stage: _with_check(f"{stage},magic=yes:s0"),
    "a knob without a value": lambda stage: _with_check(f"{stage},cpus:s0"),
    "a configuration": lambda stage: _with_check(f"{stage},config=nonsense:s0"),
    "another build": lambda stage: _with_check(f"{stage.split(':')[0]}:v5.9:irqs=0:s0"),
    "a build of one's own": lambda stage: _with_check(f"{stage.split(':')[0]}:v6.16+switch_mm:irqs=0:s0"),
    "no check": lambda stage: f"{stage}:s0",
    "a wrong check": lambda stage: f"{stage}:s0~0000",
    "digits that are no ASCII": lambda stage: f"{stage}:s٣~0000",
    "an entry that goes by itself": lambda stage: _with_check(f"{stage}:f0@0x7f0000001000"),
    "colons": lambda _: ":::~",
    "lines": lambda stage: "\n".join([stage] * 100),
    "a list": lambda stage: [stage],
    "a number": lambda _: 7,
}


@pytest.mark.parametrize("kind", HOSTILE)
@BY_NAME
def test_whatever_is_handed_in_is_told_in_words(name: str, kind: str) -> None:
    """Strings that are none, of another run, or without bounds get nothing, and a sentence."""
    row = ROWS[name][0]
    answer = HOSTILE[kind](row[0])
    verdict = _judged(name, row, answer)
    assert verdict.points == 0
    assert all(20 < len(message) < 1_000 for message in verdict.messages) and verdict.messages  # noqa: PT018


@BY_NAME
def test_a_long_run_is_not_played(name: str) -> None:
    """A string of more than the most steps is refused before its first step."""
    row = ROWS[name][0]
    verdict = _judged(name, row, _with_check(f"{row[0]}:s0+{breaking.MOST_STEPS + 1}"))
    assert verdict.points == 0
    assert f"more than {breaking.MOST_STEPS}" in verdict.messages[0]
    assert len(str(breaking.stored(name, facts_of(row)))) < MOST_CHARACTERS / 10


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_steps_are_judged(data: st.DataObject) -> None:
    """Any sequence of actions is judged without an error, and none gets full marks in fewer steps than the least."""
    name, row = data.draw(st.sampled_from(EVERY))
    words = data.draw(
        st.lists(st.sampled_from(["s0+9", "s1+9", "s0", "s1", "p0", "p1", "n0", "d0", "d1"]), max_size=30)
    )
    text = _with_check(f"{row[0]}:{'.'.join(words)}")
    verdict = _judged(name, row, text)
    least = len(breaking.stored(name, facts_of(row)))
    assert verdict.points < 6 or len(Path.parse(text)) == least


@BY_NAME
def test_the_command_line_gives_and_replays_a_key(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`tempmm-lab exercise --key` prints a string, and `tempmm-lab replay` plays it to its end and shows the break."""
    assert main(["exercise", name, "--seed", "3", "--key"]) == 0
    key = capsys.readouterr().out.strip().splitlines()[-1].strip()
    row_goal = EXERCISES[name].variant(3).facts["goal"]
    main(["replay", key])
    played = capsys.readouterr().out
    assert "stopped" not in played
    assert (f"BREAKS: {row_goal}" in played) == (row_goal in ("no-stale-use", "mask-bit-set"))


def test_practice_gives_a_string_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Where a run went another way, practice gives the run up to there, which can be opened in the bench."""
    assert practise("ch13-gap", "efi_call:posted:irqs=0:s0+3.s1+7.p0.s0+30~" + check(GAP), seed=0) == 1
    printed = capsys.readouterr().out
    assert "At step 11 (CPU 0, IPI)" in printed
    assert len(Path.parse(printed.rpartition("Replay: ")[2].strip())) == 11


GAP = "efi_call:posted:irqs=0:s0+3.s1+7.p0.s0+30"
