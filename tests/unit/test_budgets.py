"""Files and functions stay small enough to be read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "tempmm_lab"
FILE_LINES, FUNCTION_LINES = 250, 40
FILES = sorted(PACKAGE.rglob("*.py"))


def _functions(text: str) -> dict[str, int]:
    """Give the length in lines of every function, decorators not counted."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, functions)]
    return {f"{node.name}, line {node.lineno}": (node.end_lineno or 0) - node.lineno + 1 for node in nodes}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_file_is_within_its_budget(path: Path) -> None:
    """No file of the package has more than 250 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_functions_are_within_their_budget(path: Path) -> None:
    """No function of the package has more than 40 lines."""
    lengths = _functions(path.read_text(encoding="utf-8"))
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def test_a_long_function_is_seen() -> None:
    """A function of 41 lines is over the budget, wherever it is defined."""
    text = "class A:\n    async def long(self):\n" + "        x = 1\n" * 40
    assert _functions(text) == {"long, line 2": 41}
