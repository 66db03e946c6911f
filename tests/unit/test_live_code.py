"""Patching code that runs: the small model, its picture, and what a batch costs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempmm_lab import explore
from tempmm_lab.batchcost import batch_cost
from tempmm_lab.errors import ModelError
from tempmm_lab.livecode import LINUX, WHOLE, Site, live_code, may_execute, whole
from tempmm_lab.views.livecode import draw_live_code

ROUNDS = st.lists(st.sampled_from(sorted({*LINUX, "all"})), min_size=1, max_size=7)


def test_the_order_of_linux_holds() -> None:
    """In the order of smp_text_poke_batch_finish() CPU 1 executes the old or the new instruction, never a mixture."""
    assert explore(live_code()).holds


@pytest.mark.parametrize("place", range(len(LINUX)))
def test_every_round_but_the_last_is_needed(place: int) -> None:
    """Without any one of the rounds something is executed that nobody meant; only `withdraw` may be left out."""
    rounds = (*LINUX[:place], *LINUX[place + 1 :])
    assert explore(live_code(*rounds)).holds is (LINUX[place] == "withdraw")


@pytest.mark.parametrize("rounds", [("all",), ("first", "tail"), ("tail", "first")])
def test_without_int3_an_instruction_is_torn(rounds: tuple[str, ...]) -> None:
    """One store, or two in either order: the shortest way to a mixture has four steps."""
    assert len(explore(live_code(*rounds)).counterexamples[WHOLE]) == 4


@given(ROUNDS)
def test_the_picture_and_the_explorer_agree(rounds: list[str]) -> None:
    """What may be executed, listed round by round, has something that nobody meant exactly if the rule is broken."""
    model = live_code(*rounds)
    listed = any(not whole(Site(ran=ran)) for _, runs in may_execute(model) for ran in runs)
    assert listed is not explore(model).holds
    assert ("WRONG" in draw_live_code(model).text()) is listed


@given(ROUNDS)
def test_a_way_can_be_walked(rounds: list[str]) -> None:
    """Each line of a counterexample is an action that is possible there, and the last breaks the rule."""
    model = live_code(*rounds)
    way = explore(model).counterexamples.get(WHOLE, ())
    site = Site()
    for line in way:
        site = {action: after for action, after, *_ in model.successors(site)}[line]
    assert whole(site) is (not way)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 12), st.integers(2, 8), st.sampled_from((0x00, 0xCC, 0xE8, 0xE9)))
def test_a_batch_costs_three_rounds(sites: int, size: int, first: int) -> None:
    """S44: 3n pokes and 3 rounds of IPIs for n sites of several bytes; 2n and 2 if the new first byte is INT3."""
    rounds = 2 if first == 0xCC else 3
    cost = batch_cost(sites, size=size, first=first)
    assert (cost.pokes, cost.syncs) == (rounds * sites, rounds)


WRONG = {
    "an unknown round": lambda: live_code("first", "second"),
    "too many rounds": lambda: live_code(*["sync"] * 13),
    "no sites": lambda: batch_cost(0),
    "nine bytes": lambda: batch_cost(3, size=9),
    "no model": lambda: draw_live_code(LINUX),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", WRONG)
def test_misuse_is_told(name: str) -> None:
    """An unknown round, too many of them, too many bytes, and what is no model are ModelErrors."""
    with pytest.raises(ModelError):
        WRONG[name]()
