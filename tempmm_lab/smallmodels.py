"""Small models to explore, that know no x86: a counter, two locks, two-phase commit. For appendix A."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tempmm_lab.errors import one_of, whole_number
from tempmm_lab.judge import Model

READ, WRITE, DONE = "read", "write", "done"
WORKING, PREPARED, COMMITTED, ABORTED = "working", "prepared", "committed", "aborted"
State = tuple[Any, ...]


def increments(threads: int = 2, *, rule: str = "adds up") -> Model:
    """Give threads that each add one to a shared number: read it, then write what was read, plus one.

    A state is (shared number, (next step, number read) of each thread). The rule says that the number is how many
    threads are done. Stateright's example increment.rs is the same model.

    Raises:
        ModelError: the number of threads is no whole number.
    """
    start = (0, *[(READ, 0)] * whole_number(threads, "threads"))
    return Model([start], _unfinished, _increment, always={rule: adds_up})


def _unfinished(state: State) -> list[int]:
    return [number for number, (at, _) in enumerate(state[1:]) if at != DONE]


def _increment(state: State, number: int) -> State:
    shared, *threads = state
    at, seen = threads[number]
    threads[number] = (WRITE, shared) if at == READ else (DONE, seen)
    return (shared if at == READ else seen + 1, *threads)


def adds_up(state: State) -> bool:
    """Say whether the shared number is the number of threads that are done."""
    return bool(state[0] == sum(at == DONE for at, _ in state[1:]))


def in_lines(state: State) -> str:
    """Give a state of `increments` in lines: the number, and each thread's next step."""
    threads = (f"t{n} {at}{f' {seen + 1}' if at == WRITE else ''}" for n, (at, seen) in enumerate(state[1:]))
    return "\n".join([f"shared {state[0]}", *threads])


@dataclass(frozen=True)
class Loose:
    """A state of `increments` with a mistake in it: only the places are compared, and the numbers are not."""

    places: tuple[str, ...]
    whole: State = field(compare=False)


def loose_increments(threads: int = 2) -> Model:
    """Give `increments` with states that count as equal when every thread is at the same place.

    Raises:
        ModelError: the number of threads is no whole number.
    """

    def loose(state: State) -> Loose:
        return Loose(tuple(at for at, _ in state[1:]), state)

    exact = increments(threads)
    return Model(
        [loose(state) for state in exact.first()],
        lambda state: _unfinished(state.whole),
        lambda state, number: loose(_increment(state.whole, number)),
        always={"adds up": lambda state: adds_up(state.whole)},
    )


def two_phase_commit(managers: int = 3, *, hears: bool = True) -> Model:
    """Give the two-phase commit of Gray and Lamport, as Stateright's example 2pc.rs has it.

    A state is (each manager's state, the coordinator's, whom it has heard to be prepared, the messages sent). With
    `hears=False` the coordinator listens for a message that nobody sends.

    Raises:
        ModelError: the number of managers is no whole number.
    """
    start: State = ((WORKING,) * whole_number(managers, "managers"), WORKING, frozenset(), frozenset())
    return Model(
        [start],
        lambda state: _decisions(state, PREPARED if hears else "ready"),
        _decide,
        always={"consistent": lambda state: not {COMMITTED, ABORTED} <= set(state[0])},
        sometimes={
            "all abort": lambda state: set(state[0]) == {ABORTED},
            "all commit": lambda state: set(state[0]) == {COMMITTED},
        },
    )


def _decisions(state: State, expected: str) -> Iterator[tuple[str, int | None]]:
    """Give what may happen: the coordinator decides or hears, a manager prepares, gives up, or obeys."""
    managers, coordinator, heard, messages = state
    if coordinator == WORKING:
        yield "abort", None
        if len(heard) == len(managers):
            yield "commit", None
    for number, manager in enumerate(managers):
        if coordinator == WORKING and (expected, number) in messages:
            yield "hear", number
        if manager == WORKING:
            yield "prepare", number
            yield "give up", number
        yield from ((f"obey {order}", number) for order in ("commit", "abort") if order in messages)


def _decide(state: State, action: tuple[str, int | None]) -> State:
    managers, coordinator, heard, messages = state
    what, number = action
    if number is None:
        return managers, COMMITTED if what == "commit" else ABORTED, heard, messages | {what}
    if what == "hear":
        return managers, coordinator, heard | {number}, messages
    new = {"prepare": PREPARED, "give up": ABORTED, "obey commit": COMMITTED, "obey abort": ABORTED}[what]
    sent = messages | {(PREPARED, number)} if what == "prepare" else messages
    return (*managers[:number], new, *managers[number + 1 :]), coordinator, heard, sent


class TwoLocks(Model):
    """Threads that take two locks, each in its own order, and then give both back: stuck if all wait."""

    rules = ("one holder", "no-deadlock")

    def stuck(self, state: State, actions: list[Any]) -> bool:
        """Say whether a thread is unfinished and none can go on."""
        return not actions and any(taken < 3 for taken in state)


def two_locks(*orders: str) -> TwoLocks:
    """Give two threads that take the locks A and B, in the orders named, such as `two_locks("AB", "BA")`.

    A state is how far each thread is: 0, 1 or 2 locks taken, 3 when both were given back.

    Raises:
        ModelError: an order is another one.
    """
    for order in orders:
        one_of(order, ("AB", "BA"), "an order")

    def holders(state: State, lock: str) -> int:
        return sum(lock in order[:taken] for order, taken in zip(orders, state, strict=True) if taken < 3)

    def actions(state: State) -> list[int]:
        wants = enumerate(zip(orders, state, strict=True))
        return [n for n, (order, at) in wants if at == 2 or (at < 2 and not holders(state, order[at]))]

    def step(state: State, number: int) -> State:
        return (*state[:number], state[number] + 1, *state[number + 1 :])

    one_holder = {"one holder": lambda state: all(holders(state, lock) < 2 for lock in "AB")}
    return TwoLocks([(0,) * len(orders)], actions, step, always=one_holder)
