"""Putting a question of one's own to a scenario: is there a way to a system of which this is true?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.kernel.system import System
from tempmm_lab.scenarios import Scenario

ADVICE = 'asking() takes a scenario and questions about a system, such as {"all lazy": lambda system: ...}.'


def asking(scenario: Scenario, questions: Mapping[str, Callable[[System], bool]]) -> Scenario:
    """Give the same scenario with questions besides its rules: `explore` finds a shortest way to each, or that none is.

    The ways are in the report's `examples`, by the names given here.

    Raises:
        ModelError: this is no scenario, or these are no questions.
    """
    asked = a_thing(scenario, Scenario, ADVICE)
    found = a_thing(questions, Mapping, ADVICE)
    if not found or not all(isinstance(name, str) and callable(question) for name, question in found.items()):
        raise ModelError(ADVICE)
    return replace(asked, story=replace(asked.story, sometimes=MappingProxyType({**asked.sometimes, **found})))
