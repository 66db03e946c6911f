"""The peers' models say what the package's own searches say. SPIN and Harmony say it at `make bench`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harmony import harmony
from benchmarks.interpret import count
from benchmarks.model import PENDING, net_of
from benchmarks.promela import promela
from benchmarks.trees import Growing, leaf, leaves, mapped
from benchmarks.writer import Style
from tempmm_lab import STORIES, explore

ROOT = Path(__file__).resolve().parents[2]
SMALL: tuple[tuple[str, dict[str, Any]], ...] = (
    ("text_poke", {"build": "v5.1"}),
    ("text_poke", {"build": "v6.16", "cpus": 3, "irqs": 0}),
    ("stale_alias", {"build": "v5.1"}),
    ("nested", {"build": "v6.16"}),
    ("hw_breakpoints", {"build": "v6.14"}),
    ("shootdown", {"build": "v6.14", "irqs": 0}),
    ("shootdown", {"senders": 2, "irqs": 0, "irqs_off": True}),
    ("text_poke", {"build": "v5.10", "fills": True, "irqs": 0}),
)


@pytest.mark.parametrize(("story", "knobs"), SMALL)
def test_guarded_commands_have_the_states_of_the_plain_search(story: str, knobs: dict[str, Any]) -> None:
    """States, transitions, and the length of a shortest way to break each rule are those of the plain search."""
    scenario = STORIES[story](**knobs)
    plain, found = explore(scenario, reduce=False), count(net_of(scenario))
    lengths = {rule: len(path) for rule, path in plain.counterexamples.items() if rule != "no-deadlock"}
    assert (found.states, found.transitions, found.broken) == (plain.states, plain.transitions, lengths)


def test_a_net_holds_no_choice_that_can_not_be_named() -> None:
    """Every option leads to a location of its part, under values that its cells have."""
    net = net_of(STORIES["shootdown"](cpus=3, irqs=0))
    for part in net.parts:
        for option in (option for options in part.options for option in options):
            assert option.to < len(part.options)
            for cell, value in (*option.when, *option.writes):
                assert value < len(net.pendings if cell == PENDING else net.cells[cell])


CODE = """
from benchmarks.harmony import harmony
from benchmarks.model import net_of
from benchmarks.promela import promela
from tempmm_lab import STORIES
net = net_of(STORIES["shootdown"](build="v6.14", irqs=0))
print(promela(net), harmony(net))
"""


def _written(seed: str) -> str:
    words, environment = [sys.executable, "-c", CODE], {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(words, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def test_models_are_the_same_in_every_process() -> None:
    """The same text whatever the order of hashes."""
    assert _written("1") == _written("2")


def test_only_the_wanted_rules_are_asserted() -> None:
    """A rule that is not asked about leaves no assert behind."""
    net = net_of(STORIES["shootdown"](build="v6.14", irqs=0))
    for write in (promela, harmony):
        assert "assert" in write(net, Style(frozenset({"no-stale-use"})))
        assert "assert" not in write(net, Style(frozenset()))


def test_what_one_cpu_touches_is_local_in_promela() -> None:
    """A cell that only one CPU touches is declared in its proctype, where reduction sees that nobody else looks."""
    net = net_of(STORIES["efi_call"](build="v6.16", irqs=0))
    shared, _, processes = promela(net, Style(every_cell=True)).partition("active proctype")
    assert shared.count("bit c") < len(net.cells)
    assert processes.count("\nbit c") == len(net.cells) - shared.count("bit c")


def test_a_question_whose_answers_agree_is_not_asked() -> None:
    """Mapping the leaves of a tree takes out the questions that no longer matter."""
    grown = Growing()
    grown.grow((("a", 0), ("b", 0)), 1)
    grown.grow((("a", 0), ("b", 1)), 2)
    grown.grow((("a", 1),), 1)
    assert grown.find({"a": 0, "b": 1}.get) == 2
    assert [what for _, what in leaves(grown.tree())] == [1, 2, 1]
    assert mapped(grown.tree(), lambda what, _: what > 0) == leaf(True)
