"""Runs that never end: cycles in what has been explored. This file knows nothing of x86."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Edges = dict[Any, list[tuple[Any, Any]]]
Parents = dict[Any, Any]


def find_cycle(parents: Parents, edges: Edges, way: Callable[[Any], tuple[Any, ...]]) -> tuple[Any, ...] | None:
    """Give a shortest way to a state that CPU steps alone lead back to, and once around; None if there is none.

    The hardware's fills and evictions can always go in circles and do not count.
    """
    steps: Edges = {
        state: [(action, after) for action, after in there if getattr(action, "kind", "s") == "s"]
        for state, there in edges.items()
    }
    for state in parents:
        around = _around(state, steps, parents)
        if around:
            return (*way(state), *around)
    return None


def _around(start: Any, steps: Edges, known: Parents) -> tuple[Any, ...] | None:
    """Give the steps of one CPU at a time that lead from a state back to it, trying each CPU by itself."""
    for action, after in steps.get(start, ()):
        way, state, seen = [action], after, {start}
        while state not in seen and state in known:
            seen.add(state)
            same = [edge for edge in steps.get(state, ()) if getattr(edge[0], "cpu", 0) == getattr(action, "cpu", 0)]
            if not same:
                break
            way.append(same[0][0])
            state = same[0][1]
        if state == start:
            return tuple(way)
    return None
