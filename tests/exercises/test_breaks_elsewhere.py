"""The break exercises outside their judge: in the notebooks, in the bench, beside the explorer, and in the grader."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tempmm_lab import benchplay, explore, in_order, play
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.exercise import Variant
from tempmm_lab.assess.exercises.keys import breaking
from tempmm_lab.assess.exercises.keys.break_goals import GOALS, RULES
from tempmm_lab.assess.exercises.keys.break_search import shortest
from tempmm_lab.assess.exercises.shapes import MOST_TEXT
from tempmm_lab.grading.marking import Job, grade
from tempmm_lab.grading.sandbox import Bubblewrap
from tests.exercises.break_keys import ROWS, facts_of
from tests.exercises.breaks import NAMES
from tests.exercises.hand_out import SOLUTIONS
from tests.grading.conftest import sandbox  # noqa: F401  (a fixture)

BY_NAME = pytest.mark.parametrize("name", NAMES)
RULE_STAGES = list(dict.fromkeys((row[0], row[1]) for rows in ROWS.values() for row in rows if row[1] in RULES))
SECRET = b"a secret of at least 16 bytes"


def _cells(name: str) -> dict[str, str]:
    (path,) = SOLUTIONS.glob(f"{name[2:4]}-*.ipynb")
    return {cell["id"]: "".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}


@BY_NAME
def test_the_solution_knows_every_variant(name: str) -> None:
    """The solved cell gives a string with full marks for each variant, whichever condition stands first."""
    one, source = EXERCISES[name], _cells(name)[f"{name}-answer"]
    for row in ROWS[name]:
        facts = facts_of(row)
        for conditions in (facts["conditions"], facts["conditions"][::-1]):
            asked = {**facts, "conditions": conditions}
            names: dict[str, Any] = {f"task_{name[5:]}": SimpleNamespace(facts=asked)}
            exec(source, names)  # noqa: S102  (our own cell)
            assert one.judge(Variant(name, 0, asked, ""), names[one.answer]).points == 6


@BY_NAME
def test_a_key_opens_in_the_bench(name: str) -> None:
    """The bench plays a key to its end, and a rule that was to be broken is broken by the last step."""
    facts = facts_of(ROWS[name][0])
    scenario, path = breaking.stage(facts["stage"]), breaking.stored(name, facts)
    loaded = benchplay.load(benchplay.begin(play(scenario, in_order)), str(path))
    assert not loaded.note
    assert len(loaded.trace) == len(path)
    assert facts["goal"] not in RULES or facts["goal"] in loaded.trace[-1].broken


@pytest.mark.parametrize(("stage", "rule"), RULE_STAGES)
def test_without_conditions_the_search_is_the_explorers(stage: str, rule: str) -> None:
    """Without conditions the search for keys needs as many steps as the explorer, which searches in another way."""
    scenario = breaking.stage(stage)
    found = shortest(scenario, GOALS[rule], (), again=False)
    assert found is not None
    assert len(found) == len(explore(scenario).counterexamples[rule])


ANSWERS = {
    "right": ("", "judged", 6),
    "a step too far": ("answer_gap = answer_gap[:-5] + '.s0~0000'\n", "judged", 0),
    "very long": (f"answer_gap = 's0.' * {MOST_TEXT}\n", "unfit", 0),
    "a megabyte": ("answer_gap = 's0.' * 350_000\n", "unfit", 0),
    "of a class of one's own": (
        "answer_gap = type('Mine', (str,), {'__len__': lambda _: 1})(answer_gap)\n",
        "unfit",
        0,
    ),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_the_grader_judges_a_string(sandbox: Bubblewrap, kind: str) -> None:  # noqa: F811
    """The string crosses from the sandbox; what is too long or no text of Python's own stays there, and is told."""
    added, state, points = ANSWERS[kind]
    (path,) = SOLUTIONS.glob("13-*.ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    wanted = [cell for cell in notebook["cells"] if cell["id"].startswith("ch13-gap")]
    answer = next(cell for cell in wanted if cell["id"] == "ch13-gap-answer")
    answer["source"] = "".join(answer["source"]) + "\n" + added
    first = {"cell_type": "code", "metadata": {}, "id": "x", "source": "from tempmm_lab import exercise, practise"}
    content = json.dumps({**notebook, "cells": [first, *wanted]}).encode()
    result = grade(Job("anna", path.name, content, SECRET, True, sandbox))
    (mark,) = [one for one in result["exercises"] if one["name"] == "ch13-gap"]
    assert (mark["state"], mark["points"]) == (state, points), mark
    assert bool(mark["messages"]) == (points == 0)
