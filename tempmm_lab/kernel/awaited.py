"""Reading a function before it is run: calls that lack an `await`, and loops that cannot end.

Both are easy to write and hard to see: without `await` a kernel function does nothing at all, and a loop that awaits
nothing takes no step, so that nobody can stop it from outside the machine.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

_PLAIN = (
    ast.Name,
    ast.Constant,
    ast.Compare,
    ast.BoolOp,
    ast.UnaryOp,
    ast.expr_context,
    ast.cmpop,
    ast.boolop,
    ast.unaryop,
)
_WAYS_OUT = (ast.Await, ast.AsyncWith, ast.AsyncFor, ast.Break, ast.Return, ast.Raise)


def misread(fn: Callable[..., Any]) -> str | None:
    """Say what is wrong with the text of an async function, or None. Where the text is not to be had, nothing is."""
    try:
        lines, first = inspect.getsourcelines(fn)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    names = {**getattr(fn, "__globals__", {}), **_closure(fn)}
    for line, text in sorted([*_unawaited(tree, names), *_endless(tree)]):
        return f"{fn.__name__}, line {line + max(first, 1) - 1}: {text}"
    return None


def _closure(fn: Callable[..., Any]) -> dict[str, Any]:
    return dict(inspect.getclosurevars(fn).nonlocals) if inspect.isfunction(fn) else {}


def _unawaited(tree: ast.Module, names: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Give the calls of ops and async functions that nobody awaits, at once or by the name they are given."""
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    later = {
        node.value.id for node in ast.walk(tree) if isinstance(node, ast.Await) and isinstance(node.value, ast.Name)
    }
    kept = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id in later for to in node.targets)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or id(node) in awaited | kept:
            continue
        called = node.func.id
        if _takes_steps(names.get(called)):
            yield (
                node.lineno,
                f"{called}(...) is called without await, so nothing is done. Write `await {called}(...)`.",
            )


def _takes_steps(called: object) -> bool:
    if not callable(called):
        return False
    return bool(getattr(called, "is_op", False)) or inspect.iscoroutinefunction(inspect.unwrap(called))


def _endless(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give the loops whose condition nothing in them can change, and that have no way out and no step."""
    for loop in ast.walk(tree):
        if not isinstance(loop, ast.While):
            continue
        inside = [node for part in loop.body for node in ast.walk(part)]
        test = list(ast.walk(loop.test))
        set_inside = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        asked = {node.id for node in test if isinstance(node, ast.Name)}
        plain = all(isinstance(node, _PLAIN) for node in test)
        if plain and not asked & set_inside and not any(isinstance(node, _WAYS_OUT) for node in inside):
            yield loop.lineno, "this loop takes no step and cannot end. Code on the machine waits by awaiting ops."
