"""Answers to the exercises of chapter 14."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from tempmm_lab.assess.exercises.ch14_stage import begin_switch, end_switch
from tempmm_lab.kernel.barrier import full_barrier
from tempmm_lab.kernel.layout import LOADED_MM_SWITCHING
from tempmm_lab.kernel.percpu import this_cpu_write
from tempmm_lab.kernel.tlbstate import atomic64_read_tlb_gen, cpumask_set_cpu, cpumask_test_cpu
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function
from tests.exercises.forms import not_so, one_by_one

# ch14-litmus

PLACES = ("first", "second", "third", "fourth")


def _each(how: Any) -> Any:
    return lambda facts, *_: {
        place: how(*one["cpus"], one["memory"]) for place, one in zip(PLACES, facts["programs"], strict=True)
    }


def by_rules(first: str, second: str, memory: str) -> list[str]:
    """Ask which outcome cannot be."""
    if first.endswith("y = 1"):
        return ["00", "01", "11"]
    stores_first = first.startswith("x"), second.startswith("y")
    if all(stores_first):
        fenced = memory == "sc" or ("fence" in first and "fence" in second)
        return ["01", "10", "11"] if fenced else ["11", "10", "01", "00"]
    return ["00", "01", "10", *(["11"] if any(stores_first) else [])]


def _parts(cpu: int, text: str, memory: str) -> list[tuple[int, str]]:
    """Give what becomes visible, in the order in which it does: a store may come late, but not after a fence."""
    found = [(cpu, one) for one in text.split("; ")]
    late = memory == "tso" and len(found) == 2 and found[0][1].endswith("= 1") and not found[1][1].endswith("= 1")
    return found[::-1] if late else found


def by_orders(first: str, second: str, memory: str) -> list[str]:
    """Try every order of what becomes visible, with each store on time and late."""
    outcomes = set()
    for model in {"sc", memory}:
        for other in {"sc", memory}:
            mine, yours = _parts(0, first, model), _parts(1, second, other)
            for order in permutations(mine + yours):
                if [one for one in order if one[0] == 0] == mine and [one for one in order if one[0] == 1] == yours:
                    outcomes.add(_outcome(order))
    return sorted(outcomes, reverse=True)


def _outcome(order: Any) -> str:
    memory = {"x": 0, "y": 0, "a": 0, "b": 0}
    for _, one in order:
        if one != "fence":
            name, value = one.split(" = ")
            memory[name] = 1 if value == "1" else memory[value]
    return f"{memory['a']}{memory['b']}"


def _sc(first: str, second: str, _: str) -> list[str]:
    return by_rules(first, second, "sc")


def _tso(first: str, second: str, _: str) -> list[str]:
    return by_rules(first, second, "tso")


def _unfenced(first: str, second: str, memory: str) -> list[str]:
    return by_rules(first.replace(" fence;", ""), second.replace(" fence;", ""), memory)


def _half_fenced(first: str, second: str, memory: str) -> list[str]:
    return by_rules(first, second, "sc" if "fence" in first + second else memory)


def _anything(first: str, second: str, memory: str) -> list[str]:
    return ["00", "01", "10", "11"] if memory == "tso" else by_rules(first, second, memory)


wrong("ch14-litmus", "stores are there at once", _each(_sc), "third", "may look while its own store", seed=1)
wrong("ch14-litmus", "anything goes", _each(_anything), "second", "does nothing else", seed=1)
wrong("ch14-litmus", "sc has buffers", _each(_tso), "third", "no store waits")
wrong("ch14-litmus", "fences do nothing", _each(_unfenced), "second", "empties its CPU's buffer")
wrong("ch14-litmus", "none for a list", but(first="00"), "first", "should be a list")
wrong(
    "ch14-litmus", "one left out", lambda _, key: {**key, "first": key["first"][:-1]}, "first", "Something is missing."
)
right("ch14-litmus", "by the rules", _each(by_rules))
right("ch14-litmus", "by every order", _each(by_orders))

# ch14-barrier


async def _bit(next: str) -> None:  # noqa: A002
    if next != "init_mm" and not await cpumask_test_cpu(next):
        await cpumask_set_cpu(next)


async def after_the_sign(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Put the barrier behind the store."""
    if not await begin_switch(next, tsk):
        return
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    await full_barrier()
    await _bit(next)
    await end_switch(next, await atomic64_read_tlb_gen(next))


async def before_the_look(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Put the barrier before the load."""
    if await begin_switch(next, tsk):
        await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
        await _bit(next)
        await full_barrier()
        next_tlb_gen = await atomic64_read_tlb_gen(next)
        await end_switch(next, next_tlb_gen)


async def without(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Do as v6.16."""
    if not await begin_switch(next, tsk):
        return
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    await _bit(next)
    await end_switch(next, await atomic64_read_tlb_gen(next))


async def at_the_top(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Put the barrier before anything is stored."""
    if not await begin_switch(next, tsk):
        return
    await full_barrier()
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    await _bit(next)
    await end_switch(next, await atomic64_read_tlb_gen(next))


async def after_the_look(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Put the barrier behind the load."""
    if not await begin_switch(next, tsk):
        return
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    await _bit(next)
    next_tlb_gen = await atomic64_read_tlb_gen(next)
    await full_barrier()
    await end_switch(next, next_tlb_gen)


async def twice(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Put one in both places."""
    if not await begin_switch(next, tsk):
        return
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    await full_barrier()
    await _bit(next)
    await full_barrier()
    await end_switch(next, await atomic64_read_tlb_gen(next))


async def without_the_bit(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Forget the mask."""
    if not await begin_switch(next, tsk):
        return
    await this_cpu_write("loaded_mm", LOADED_MM_SWITCHING)
    await full_barrier()
    await end_switch(next, await atomic64_read_tlb_gen(next))


async def unfinished(unused: Any, next: str, tsk: Any) -> None:  # noqa: A002
    """Load nothing."""
    await begin_switch(next, tsk)


wrong_function("ch14-barrier", without, "shootdown switches others", "A flush is lost")
wrong_function("ch14-barrier", at_the_top, "shootdown switches others", "what does the flusher see of it")
wrong_function("ch14-barrier", after_the_look, "shootdown switches others", "A shortest schedule on which it fails")
wrong_function("ch14-barrier", without_the_bit, "switches others", "Is the bit set in both cases")
wrong_function("ch14-barrier", twice, "once", "One is enough")
wrong_function("ch14-barrier", unfinished, "all", "does not load the next mm")
right("ch14-barrier", "after the store", lambda _: after_the_sign)
right("ch14-barrier", "before the load", lambda _: before_the_look)

# ch14-validated

FALSE = ("Since 1,100 of", "An explorer that", "The emulators that", "With more recordings")

wrong_about("ch14-validated", "Since 1,100 of", "in no row")
wrong_about("ch14-validated", "An explorer that", "the recordings' question")
wrong_about("ch14-validated", "The emulators that", "stops the clock")
wrong_about("ch14-validated", "With more recordings", "A store under way")
wrong_about("ch14-validated", "All rows of", "breakpoints left armed")
right("ch14-validated", "by the beginnings", not_so(*FALSE))
right("ch14-validated", "one by one", one_by_one(*FALSE))
