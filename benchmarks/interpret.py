"""A plain search over guarded commands: it counts states, and finds shortest ways. The judge of the generator."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.model import PENDING, Net, Option

State = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""Locations, pending values, values of cells."""


@dataclass
class Counted:
    """What the search found: states, and the number of steps of a shortest way to break each rule."""

    states: int = 0
    transitions: int = 0
    broken: dict[str, int] = field(default_factory=dict)


def start_of(net: Net) -> State:
    """Give the start."""
    return (
        tuple(net.parts[role].start for role in net.roles), (0,) * len(net.roles), (0,) * len(net.cells),
    )  # fmt: skip


def says(net: Net, state: State, cpu: int, question: int) -> bool:
    """Give a CPU's answer to a question."""
    return net.parts[net.roles[cpu]].says[question][state[1][cpu]][state[0][cpu]]


def possible(net: Net, state: State, cpu: int, option: Option) -> bool:
    """Say whether an option can be taken."""
    for cell, value in option.when:
        if (state[1][cpu] if cell == PENDING else state[2][cell]) != value:
            return False
    others = [other for other in range(len(net.roles)) if other != cpu]
    return all(none != any(says(net, state, other, asked) for other in others) for asked, none in option.asks)


def after(net: Net, state: State, cpu: int, option: Option) -> State:
    """Give what an option leads to."""
    places, pending, cells = map(list, state)
    places[cpu] = option.to
    for cell, value in option.writes:
        if cell == PENDING:
            pending[cpu] = value
        else:
            cells[cell] = value
    for payload, asked in option.sends:
        for other in range(len(net.roles)):
            if other != cpu and net.parts[net.roles[other]].says[asked][pending[other]][state[0][other]]:
                pending[other] = net.delivered[pending[other], payload]
    return tuple(places), tuple(pending), tuple(cells)


def successors(net: Net, state: State) -> Iterator[tuple[int, Option, State]]:
    """Give everything that may happen next."""
    for cpu, place in enumerate(state[0]):
        for option in net.parts[net.roles[cpu]].options[place]:
            if possible(net, state, cpu, option):
                yield cpu, option, after(net, state, cpu, option)


def state_rules(net: Net, state: State) -> set[str]:
    """Give the rules that are broken in a state by the values of cells."""
    found: set[str] = set()
    for cpu, place in enumerate(state[0]):
        for way, rules in net.parts[net.roles[cpu]].checks[place]:
            if all((state[1][cpu] if cell == PENDING else state[2][cell]) == value for cell, value in way):
                found.update(rules)
    return found


def count(net: Net) -> Counted:
    """Search everything."""
    first = start_of(net)
    depth, queue, found = {first: 0}, deque([first]), Counted()
    while queue:
        state = queue.popleft()
        for rule in state_rules(net, state):
            found.broken.setdefault(rule, depth[state])
        for _, option, there in successors(net, state):
            found.transitions += 1
            for rule in option.broken:
                found.broken.setdefault(rule, depth[state] + 1)
            if there not in depth:
                depth[there] = depth[state] + 1
                queue.append(there)
    found.states = len(depth)
    return found
