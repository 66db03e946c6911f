"""RESULTS.md says what RESULTS.json holds."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from benchmarks import run
from benchmarks.adapters import translation
from benchmarks.rounds import in_turn, row
from benchmarks.table import number, page, wanted

PART: dict[str, Any] = {
    "title": "Explorer",
    "rows": [
        row("a proof", [0.2, 0.1, 0.3], [1.0, 1.0, 1.0], name="SPIN", goal=0.25),
        row("a schedule | long", [0.4, 0.4, 0.4], [1.0, 1.0, 1.0], name="SPIN", goal=0.2),
    ],
    "gaps": ["no peer"],
    "checks": ["7 states in both"],
    "settings": [
        {"question": "a proof", "setting": "spin -a", "stages": {"spin": 0.1}, "states": 12_345, "length": None}
    ],
}
RESULTS = {"rounds": 3, "machine": "2 cores", "parts": {"explorer": PART}}


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    """Not the ratio of the medians: each round has its own load."""
    made = row("what", [1.0, 2.0, 30.0], [2.0, 4.0, 3.0], name="peer")
    assert made["ratio"] == {"median": 0.5, "low": 0.5, "high": 10.0}


def test_the_page_says_what_is_met_and_by_how_much_a_goal_is_missed() -> None:
    """One line for each row, with all its numbers."""
    lines = page(RESULTS).splitlines()
    proof = "| a proof | 0.2 s (0.1 to 0.3) | SPIN: 1 s (1 to 1) | 0.2 (0.1 to 0.3) | ratio at most 0.25 | met |"
    assert proof in lines
    assert any(line.endswith("| ratio at most 0.2 | missed by a factor of 2 |") for line in lines)


def test_the_page_names_gaps_checks_and_settings() -> None:
    """What was not measured, what was compared, and how the peer was run."""
    text = page(RESULTS)
    for said in ("- Gap: no peer", "7 states in both.", "| a proof | `spin -a` | 0.1 | 12,345 | - |"):
        assert said in text


def test_every_row_has_as_many_cells_as_the_head() -> None:
    """A bar in a cell does not end it."""
    rows = [line.replace("\\|", "") for line in page(RESULTS).splitlines() if line.startswith("| a ")][:2]
    assert {line.count("|") for line in rows} == {7}


@pytest.mark.parametrize(
    ("kind", "goal", "said"),
    [
        ("ratio_least", 2.0, "missed by a factor of 4"),
        ("ratio_least", 0.5, "met"),
        ("limit", 0.3, "met"),
        ("least", 0.4, "missed by a factor of 2"),
    ],
)
def test_goals_of_every_kind(kind: str, goal: float, said: str) -> None:
    """A ratio or a number of ours, at least or at most."""
    made = row("what", [0.2, 0.2], [0.4, 0.4], name="peer") | {kind: goal}
    assert wanted(made)[1] == said


def test_the_same_results_give_the_same_page() -> None:
    """And reading them from a file changes nothing."""
    assert page(json.loads(json.dumps(RESULTS))) == page(copy.deepcopy(RESULTS))


def test_a_part_that_is_missing_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not take the others with it."""
    monkeypatch.setitem(run.PARTS, "absent", None)
    assert run.measured("absent")["gaps"][0].startswith("not measured: ModuleNotFoundError")


def test_tools_take_turns_and_the_first_round_does_not_count() -> None:
    """Every round runs each tool once, every other round backwards."""
    order: list[str] = []
    tools = {name: lambda name=name: order.append(name) or float(len(order)) for name in "ab"}
    times = in_turn(tools, 2)
    assert order == ["b", "a", "a", "b", "b", "a"]
    assert times == {"a": [3.0, 6.0], "b": [4.0, 5.0]}


def test_translations_are_put_into_rows() -> None:
    """With what is missing as a gap."""
    figures = {"median": 2.0, "min": 1.0, "max": 3.0}
    peer = {"median": 8.0, "min": 7.0, "max": 9.0}
    found = {"turns": 3, "workload": "w", "bulk": figures, "Unicorn's MMU, warm": peer, "missing": {"OSTEP": "no net"}}
    part = translation(found)
    assert [(each["peer_name"], each["ratio"]["median"]) for each in part["rows"]] == [("Unicorn's MMU, warm", 0.25)]
    assert part["gaps"] == ["OSTEP: no net"]


def test_numbers_keep_three_digits() -> None:
    """Enough to see a difference, and no more."""
    assert [number(value) for value in (0.123456, 12.3456, 12345.6)] == ["0.123", "12.3", "12,346"]
