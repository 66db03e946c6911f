"""What a function to write needs is at hand: every name it may call is in a cell that the student gets."""

from __future__ import annotations

import ast
import builtins
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tempmm_lab import kernel
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.exercise import Exercise
from tests.exercises.hand_out import EXERCISES as FOLDER
from tests.exercises.hand_out import SOLUTIONS

FUNCTIONS = pytest.mark.parametrize(
    "one", [one for one in EXERCISES.values() if one.adapt is not None], ids=lambda one: one.name
)
ONLY_TOLD_OF = {"ch11-enter": {"efi_leave_mm"}, "ch13-fix": {"leave_mm"}, "ch15-guard": {"unuse_temporary_mm"}}
"""Functions of the kernel's that a task's text names, and that the answer does not call."""
CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")


def _cells(folder: Path, one: Exercise) -> list[Any]:
    """Give the code cells of an exercise's notebook, up to the one that practises."""
    (path,) = folder.glob(f"{one.chapter:02}-*.ipynb")
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    return cells[: next(place for place, cell in enumerate(cells) if cell["id"] == one.name)]


def _imported(cells: list[Any]) -> set[str]:
    nodes = [node for cell in cells for node in ast.walk(ast.parse("".join(cell["source"])))]
    found = [node for node in nodes if isinstance(node, ast.ImportFrom | ast.Import)]
    return {name.asname or name.name for node in found for name in node.names}


def _bound(nodes: list[ast.AST]) -> set[str]:
    """Give what is bound by other means than an import."""
    names = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    names |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return names | {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@FUNCTIONS
def test_a_solution_uses_what_was_handed_out(one: Exercise) -> None:
    """Each name that a solution's cells use and do not define is imported in a cell that the student gets."""
    solved = [cell for cell in _cells(SOLUTIONS, one) if cell["id"].startswith(f"{one.name}-answer")]
    nodes = [node for cell in solved for node in ast.walk(ast.parse("".join(cell["source"])))]
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    handed = _cells(FOLDER, one)
    defined = {name for cell in handed for name in _bound(list(ast.walk(ast.parse("".join(cell["source"])))))}
    assert used
    assert used - _bound(nodes) - _imported(handed) - defined <= set(dir(builtins))


def _of_the_kernel(name: str) -> bool:
    try:
        return callable(getattr(kernel, name))
    except AttributeError:
        return False


@FUNCTIONS
def test_what_a_task_offers_was_handed_out(one: Exercise) -> None:
    """Each function of the kernel's that a task's text calls, but the one to write, is imported in such a cell."""
    named = {name for name in CALLED.findall(one.variant(0).text) if _of_the_kernel(name)}
    assert named - {one.answer} - ONLY_TOLD_OF.get(one.name, set()) <= _imported(_cells(FOLDER, one))
