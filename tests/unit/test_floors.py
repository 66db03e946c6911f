"""Imports go down only, and the libraries that a floor must not know stay out of it.

The floors of the package, from the ground up. A module may import from its own floor and from those above it in
this table, which are the lower ones. `tempmm_lab/__init__.py` gathers the public names and stands over everything.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tempmm_lab import _LATER

PACKAGE = Path(__file__).resolve().parents[2] / "tempmm_lab"
FLOORS = (
    ("errors", "progress"),
    ("thiscpu", "record", "awaiting", "failing", "points", "steps"),  # how code becomes steps
    ("hw",),  # addresses, entries, the walk, the TLB, the CPU
    ("bulk",),  # traces of addresses through page tables and a TLB of limited size
    ("report", "answer", "cycles", "judge", "engine", "fast", "explore"),  # any state space; it knows no x86
    ("thirty", "smallmodels"),  # for appendix A
    ("kernel",),  # Linux on that machine
    ("jsonform",),
    ("scenarios",),  # a start, what may happen, what must always hold
    ("sweeps",),  # many scenarios, on many processes
    ("changes", "trace", "recordings", "shipped", "standin", "agreement", "matching"),  # runs; recordings
    ("calltree", "inwindow", "firmwarecalls", "durations", "efivars"),  # for chapter 11
    ("assertions", "borrowings", "builddiff", "patches"),  # for chapter 12
    ("snapshots", "oracles", "examples", "tlbplay", "flushrule"),  # recorded guests; what chapters play with
    ("following", "benchplay", "arriving", "scaling"),  # runs that go on; what the bench and the charts show
    ("livecode", "batchcost", "recordedpokes", "asks", "listings"),  # patching code, for chapters 7 and 8
    ("switches", "gaterule", "telling", "asidplay"),  # for chapters 4 and 5
    ("fixing", "aftermath"),  # for chapter 13
    ("tenlines", "drops", "flushtimes", "catchup", "told", "unmapping"),  # for chapter 6
    ("threekernels",),  # for chapter 0
    ("reviews",),  # for chapter 15
    ("matched", "noticing", "recordrun", "litmustests", "wrongwalkers"),  # for chapter 14
    ("views",),  # pictures
    ("widgets",),  # ipywidgets glue
    ("assess",),  # predictions, which are shown by a widget
    ("book", "keyless"),  # the chapters and their copies; what a copy of the package goes without
    ("doctor",),  # what is installed
    ("jupyter",),  # starting JupyterLab
    ("grading",),  # running other people's notebooks safely
    ("release",),  # archives for students
    ("commands", "homework", "cli", "__main__"),
)
LIBRARIES = {
    "ipywidgets": ("widgets",),
    "IPython": ("widgets",),
    "matplotlib": ("views",),
    "numpy": ("views", "bulk", "engine"),
    "unicorn": ("oracles",),
    "jupyterlab": ("jupyter",),
    "traitlets": ("jupyter", "grading"),
    "nbgrader": ("grading",),
    "nbconvert": ("grading",),
    "nbformat": ("grading",),
}
"""The only libraries, and the only floors that may import them."""

LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def _floor(path: Path) -> str:
    """Give the floor that a file belongs to: the file or folder right below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[tuple[str, ...]]:
    """Give every imported name as its parts, whether at the top of the module or inside a function.

    What is imported for type checkers only is never loaded and is no arrow.
    """
    for node in _walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            module = tuple((node.module or "").split("."))
            yield from ((*module, alias.name) if module == ("tempmm_lab",) else module for alias in node.names)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Give a syntax tree's nodes, except those below `if TYPE_CHECKING`."""
    yield node
    for child in ast.iter_child_nodes(node):
        typing_only = isinstance(child, ast.If) and ast.unparse(child.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
        for below in child.orelse if typing_only else [child]:
            yield from _walk(below)


def _faults(path: Path) -> Iterator[str]:
    """Give every arrow that goes up from a file, and every library it must not know."""
    floor = _floor(path)
    if floor not in LEVEL:
        yield f"{floor} stands on no floor: add it to the table"
        return
    for parts in _imports(path):
        if parts[0] == "tempmm_lab":
            target = parts[1] if len(parts) > 1 else "tempmm_lab"
            if LEVEL.get(target, len(FLOORS)) > LEVEL[floor]:
                yield f"{floor} ──▲ {target}   ({path.name} imports {'.'.join(parts)})"
        elif parts[0] not in sys.stdlib_module_names and floor not in LIBRARIES.get(parts[0], ()):
            yield f"{floor} ──▲ {parts[0]}   ({path.name}; a library for {LIBRARIES.get(parts[0], 'no floor')})"


def _picture(faults: list[str]) -> str:
    """Draw the floors, the highest first, and the arrows that go up."""
    rows = [f"  {level:2}  {' '.join(names)}" for level, names in reversed(list(enumerate(FLOORS)))]
    return "\n".join(["the floors:", *rows, "arrows that go up:", *(f"  {fault}" for fault in faults)])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_down(path: Path) -> None:
    """No module imports from a floor above its own, or a library that its floor must not know."""
    faults = sorted(set(_faults(path)))
    assert not faults, _picture(faults)


@pytest.mark.parametrize(
    ("floor", "line"),
    [
        ("hw", "from tempmm_lab.views.walk import draw_walk"),
        ("hw", "from tempmm_lab import load_snapshot"),
        ("hw", "import tempmm_lab"),
        ("steps", "def late():\n    import tempmm_lab.hw.walk"),
        ("views", "import ipywidgets.widgets"),
        ("hw", "from numpy import array"),
        ("cellar", "import ast"),
    ],
)
def test_a_planted_arrow_is_seen(floor: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An arrow that goes up, a library on the wrong floor, and an unknown floor are each a fault."""
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    path = tmp_path / floor / "module.py"
    path.parent.mkdir()
    path.write_text(line, encoding="utf-8")
    assert list(_faults(path))


def test_no_module_has_the_name_of_something_public_that_is_loaded_later() -> None:
    """Importing a module sets its name in the package: a function of that name would be hidden by it."""
    modules = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert sorted(modules & set(_LATER)) == []
