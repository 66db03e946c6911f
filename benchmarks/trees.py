"""Decision trees: which value has this? A leaf is `("=", what)`, a question `("?", about, ((value, tree), ...))`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Tree = tuple[Any, ...]
Way = tuple[tuple[Any, Any], ...]
"""Answers on the way to a leaf: (about, value)."""


def leaf(what: Any) -> Tree:
    """Give a tree that asks nothing."""
    return ("=", what)


def question(about: Any, children: dict[Any, Tree]) -> Tree:
    """Give a tree that asks; or, where every answer leads to the same, that same."""
    distinct = set(children.values())
    return distinct.pop() if len(distinct) == 1 else ("?", about, tuple(sorted(children.items())))


def leaves(tree: Tree, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Give every (answers on the way, leaf), in order."""
    if tree[0] == "=":
        yield way, tree[1]
        return
    for value, child in tree[2]:
        yield from leaves(child, (*way, (tree[1], value)))


def mapped(tree: Tree, change: Callable[[Any, Way], Any], way: Way = ()) -> Tree:
    """Give the tree with other leaves, and without the questions that no longer matter."""
    if tree[0] == "=":
        return leaf(change(tree[1], way))
    return question(tree[1], {value: mapped(child, change, (*way, (tree[1], value))) for value, child in tree[2]})


class Growing:
    """A tree that grows by one way after the other."""

    def __init__(self) -> None:
        self._root: list[Any] = [None]

    def find(self, value_of: Callable[[Any], Any]) -> Any:
        """Give the leaf for these values; None if it has not been grown."""
        node = self._root[0]
        while type(node) is dict:
            node = node["children"].get(value_of(node["about"]))
        return node

    def grow(self, way: Way, what: Any) -> None:
        """Add a leaf. Ways agree on what is asked first."""
        holder, key = self._root, 0
        for about, value in way:
            if holder[key] is None:
                holder[key] = {"about": about, "children": {}}
            holder, key = holder[key]["children"], value
            holder.setdefault(key, None)
        holder[key] = what

    def tree(self) -> Tree:
        """Give it as a value, nothing left out."""
        return self._value(self._root[0])

    def _value(self, node: Any) -> Tree:
        if type(node) is not dict:
            return leaf(node)
        children = ((value, self._value(child)) for value, child in node["children"].items())
        return ("?", node["about"], tuple(sorted(children, key=lambda item: item[0])))
