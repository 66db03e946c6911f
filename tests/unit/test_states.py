"""The picture of a small model's states: what it draws, marks, leaves out and refuses."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tempmm_lab import Model, ModelError, draw_states
from tempmm_lab.smallmodels import in_lines, increments, two_locks


def test_it_draws_every_state() -> None:
    """Thirteen states in five rounds, and the fourteen steps between them."""
    drawn = draw_states(increments(2), label=in_lines)
    assert "1, 2, 3, 4, 3. 14 steps" in drawn.alt
    words = [text.text for text in ET.fromstring(drawn.svg).iter("{http://www.w3.org/2000/svg}text")]
    assert sum(str(word).startswith("shared") for word in words) == 13
    assert drawn.text().count("shared") == 13


def test_it_marks_a_broken_rule_and_the_way_to_it() -> None:
    """The state that breaks the rule is marked, in the picture and in its twin, and the way to it is told."""
    drawn = draw_states(increments(2), label=in_lines, rule="adds up")
    assert "1 breaks the rule, the nearest after 4" in drawn.alt
    assert drawn.text().count("BROKEN") == drawn.svg.count("✗") == 1
    assert "a shortest way: 0, 1, 4, 7, 11" in drawn.text()
    assert "BROKEN" not in draw_states(increments(2)).text()


def test_it_marks_a_deadlock() -> None:
    """So is a state in which the model is stuck."""
    assert "1 breaks the rule, the nearest after 2" in draw_states(two_locks("AB", "BA"), rule="no-deadlock").alt
    assert "breaks" not in draw_states(two_locks("AB", "AB"), rule="no-deadlock").alt


def test_it_draws_the_beginning_only() -> None:
    """With `rounds` it leaves the rest open and says so: no count of all states, no later state."""
    drawn = draw_states(increments(2), label=in_lines, rounds=1)
    assert "There are more, not drawn" in drawn.alt
    assert drawn.text().count("shared") == 3
    assert "13" not in drawn.text() + drawn.alt


def test_a_step_back_is_drawn() -> None:
    """A step to a state of an earlier round is a line as well."""
    drawn = draw_states(Model([0], lambda _: ("on",), lambda state, _: (state + 1) % 3))
    assert "1, 1, 1. 3 steps" in drawn.alt
    assert "0 0 -> 1" in drawn.text()
    assert "2 2 -> 0" in drawn.text()


@pytest.mark.parametrize(
    ("args", "knobs", "says"),
    [
        ((5,), {}, "takes a Model"),
        ((increments(3),), {}, "more than 40"),
        ((increments(4),), {"rounds": 4}, "can be drawn"),
        ((increments(2),), {"rule": "nothing"}, "rule"),
        ((increments(2),), {"rounds": "two"}, "rounds"),
    ],
)
def test_misuse_is_told(args: tuple[object], knobs: dict[str, object], says: str) -> None:
    """What is no model, too large, or no rule of it is one clear error."""
    with pytest.raises(ModelError, match=says):
        draw_states(*args, **knobs)
