"""An explorer in about thirty lines, the one that appendix A builds: breadth first, every state, shortest ways.

The appendix has the same lines without types. It is not what `explore` runs; `tempmm_lab/judge.py` is that, with limits
and progress. The two must agree (tests/unit/test_thirty.py). It knows nothing of x86.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tempmm_lab.judge import Explorable, Next

Way = tuple[Any, ...]
Parents = dict[Any, tuple[Any, Any] | None]
"""State -> (the state it was first reached from, the action); nothing for a state to start in."""


def way(parents: Parents, state: Any) -> Way:
    """Give the actions that lead from the start to a state."""
    actions: list[Any] = []
    while came := parents[state]:
        state, action = came
        actions.append(action)
    return tuple(reversed(actions))


def visit(model: Explorable) -> Iterator[tuple[Parents, Any, list[Next]]]:
    """Give every state that can be reached, the nearest first, with what can happen next."""
    parents: Parents = dict.fromkeys(model.first())
    queue = list(parents)
    for state in queue:
        steps = list(model.successors(state))
        for action, after, *_ in steps:
            if after not in parents:
                parents[after] = state, action
                queue.append(after)
        yield parents, state, steps


def shown(model: Explorable, state: Any, steps: list[Next]) -> Iterator[tuple[str, Way]]:
    """Give the name of everything that a state shows, and the action that is still missing if a step shows it."""
    yield from ((name, ()) for name, rule in model.always.items() if not rule(state))
    yield from ((name, ()) for name, wish in model.sometimes.items() if wish(state))
    if model.stuck(state, [action for action, *_ in steps]):
        yield "no-deadlock", ()
    yield from ((name, (action,)) for action, _, broken, _ in steps for name in broken)


def try_all(model: Explorable) -> tuple[int, dict[str, Way]]:
    """Give how many states there are, and for everything that some state shows a shortest way to it."""
    count, found = 0, dict[str, Way]()
    for parents, state, steps in visit(model):
        count += 1
        for name, last in shown(model, state, steps):
            if name not in found:
                found[name] = way(parents, state) + last
    return count, found
