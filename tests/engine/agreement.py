"""What must be the same whoever answers: the plain search, or the fast engine."""

import functools
import importlib.util

import pytest

from tempmm_lab import explore, fast
from tempmm_lab.engine import decide


def lengths(report):
    """Give everything that a report says can be reached, with the length of the shortest way."""
    found = {"rule": report.counterexamples, "example": report.examples, "report": report.reports}
    return {(kind, name): len(way) for kind, ways in found.items() for name, way in ways.items()}


def differences(plain, fast):
    """Give what two reports do not agree on."""
    one, other = lengths(plain), lengths(fast)
    odd = {key: (one.get(key), other.get(key)) for key in {**one, **other} if one.get(key) != other.get(key)}
    if plain.complete and (fast.complete, fast.holds) != (plain.complete, plain.holds):
        odd["verdict"] = (plain.holds, fast.holds)
    return odd


def without_numpy(scenario):
    """Answer from whole states in pure Python."""
    found = importlib.util.find_spec
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "numpy" else found(name, *rest))
        return explore(scenario, reduce="states")


ANSWERS = {
    "views": explore,
    "states": lambda scenario: explore(scenario, reduce="states"),
    "states without numpy": without_numpy,
}
"""The ways in which the engine answers for a given number of CPUs."""


def outcome(answer, scenario):
    """Give an answer, or what was raised: code on the machine may be wrong, and whoever runs it must say so alike."""
    try:
        return answer(scenario)
    except Exception as error:  # noqa: BLE001  # whatever it is, it must be the same
        return f"{type(error).__name__}: {error}"


def plainly(most, scenario):
    """Give what the plain search says of at most so many states: a report, or what was raised."""
    return outcome(functools.partial(explore, reduce=False, max_states=most), scenario)


def unlike(plain, said):
    """Give what two outcomes do not agree on."""
    if isinstance(plain, str) or isinstance(said, str):
        return {} if said == plain else {"raised": (plain, said)}
    return differences(plain, said)


def few_views(monkeypatch, most):
    """Give up on views soon: where something is counted up they have no end."""
    whole = decide.fixpoint
    for module in (decide, fast):
        monkeypatch.setattr(module, "fixpoint", lambda *given: whole(*given[:3], min(most, *given[3:], most)))
