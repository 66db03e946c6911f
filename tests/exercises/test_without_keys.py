"""The student's side does without the keys: it shows every variant, looks at forms, and calls functions."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.exercise import KEYS
from tempmm_lab.assess.exercises.keys import JUDGES
from tempmm_lab.assess.exercises.shapes import same

FOLDER = Path(__file__).resolve().parents[2] / "tempmm_lab" / "assess" / "exercises"
WITHOUT = f"""
import sys
class NoKeys:
    def find_spec(self, name, *rest):
        if name == {KEYS!r} or name.startswith({KEYS + "."!r}):
            raise ModuleNotFoundError(f"No module named {{name}}", name=name)
sys.meta_path.insert(0, NoKeys())
"""


def _without_keys(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", WITHOUT + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_variant_is_shown() -> None:
    """Without the keys every task is shown, the same as with them."""
    code = "from tempmm_lab import exercise\nfrom tempmm_lab.assess.exercises import EXERCISES\n"
    code += "for name in EXERCISES: print(exercise(name, 3).text())"
    assert _without_keys(code).splitlines() == [
        line for one in EXERCISES.values() for line in (_text(one.name)).splitlines()
    ]


def _text(name: str) -> str:
    from tempmm_lab import exercise

    return exercise(name, 3).text()


def test_practice_says_what_it_cannot_do() -> None:
    """Without the keys practice looks at the form, gives no points, and says where answers are judged."""
    code = "from tempmm_lab import practise\nprint(practise('ch01-indices', {'PML4': '0x1'}))\n"
    code += "print(practise('ch01-build', lambda *a, **k: 1), practise('ch01-order', ['A']))"
    printed = _without_keys(code)
    assert "without the quotes" in printed
    assert printed.count("hand your answer in") == 3
    assert "0 0" in printed


def test_a_key_cannot_be_had() -> None:
    """Without the keys `key` and `judge` are one clear error."""
    code = """
from tempmm_lab import ModelError, exercise
task = exercise("ch01-walk")
for call in (lambda: task.exercise.key(0), lambda: task.exercise.judge(task.variant, {})):
    try:
        call()
    except ModelError as error:
        print(error)
"""
    assert _without_keys(code).count("has no keys") == 2


def test_nothing_of_the_students_side_imports_keys() -> None:
    """No module outside the folder imports from it by name; `exercise.py` asks for it when it judges."""
    names = [
        (path.name, name)
        for path in FOLDER.parents[1].rglob("*.py")
        if FOLDER / "keys" not in path.parents and "exercises.keys" in path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
        if name.startswith(KEYS)
    ]
    assert names == []


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def test_every_exercise_has_a_judge() -> None:
    """The keys are those of the exercises, one for each."""
    assert sorted(JUDGES) == sorted(EXERCISES)


@pytest.mark.parametrize(("one", "other"), [(True, 1), (1, 1.0), ([1], [True]), ({"a": 0}, {"a": False}), ("1", "2")])
def test_other_types_are_not_the_same(one: object, other: object) -> None:
    """True is not 1, and 1 is not 1.0, however deep they stand."""
    assert not same(one, other)


def _strings(path: Path) -> set[str]:
    """Give the longer texts of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, DOCUMENTED)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts - docs if len(text) > 40}


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_nothing_of_the_keys_is_on_the_students_side() -> None:
    """No explanation, source or message of the keys is in a module of the student's side."""
    every = set().union(*(_strings(path) for path in (FOLDER / "keys").glob("*.py")))
    secret = {text for text in every if " " in text}  # a scenario with its knobs has none, and is in the task
    given = "\n".join(text for path in FOLDER.glob("*.py") for text in _strings(path))
    assert len(secret) > 150
    assert [text for text in secret if text in given] == []
