"""The notebooks: solutions get full marks on any variant, what is handed out gets none, and is nbgrader's own work."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tempmm_lab.assess.exercises import CHAPTERS, EXERCISES
from tests.exercises.hand_out import EXERCISES as FOLDER
from tests.exercises.hand_out import ROOT, SOLUTIONS, handed_out
from tests.notebooks.execute import execute

NOTEBOOKS = pytest.mark.parametrize("path", sorted(SOLUTIONS.glob("*.ipynb")), ids=lambda path: path.name)
FEW = pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.name, marks=[] if path.name[:2] in {"01", "05", "13"} else [pytest.mark.slow])
        for path in sorted(SOLUTIONS.glob("*.ipynb"))
    ],
)
"""All of them; `make test` takes a fixed few."""
PRACTISE = re.compile(r'practise\("([^"]+)", (\w+)\)')


def _cells(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def _code(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in _cells(path) if cell["cell_type"] == "code"]


def _points(path: Path) -> dict[str, int]:
    """Run a notebook's cells here, in order, and give what each practice cell is worth."""
    names: dict[str, Any] = {}
    found: dict[str, int] = {}
    for source in _code(path):
        match = PRACTISE.fullmatch(source)
        if match:
            found[match[1]] = eval(source, names)  # noqa: S307  (our own cells)
        else:
            exec(source, names)  # noqa: S102
    return found


def _worth(path: Path) -> dict[str, int]:
    chapter = int(path.name[:2])
    return {one.name: one.points for one in CHAPTERS[chapter]}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3, 4, 1 << 63))])
@NOTEBOOKS
def test_a_solution_gets_full_marks(path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On every variant the solved notebook earns every point of every exercise of its chapter."""
    monkeypatch.setenv("TEMPMM_LAB_SEED", str(seed))
    assert _points(path) == _worth(path)


@NOTEBOOKS
def test_what_is_handed_out_gets_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notebook of exercises runs from top to bottom as it is, raises nothing, and earns no point."""
    monkeypatch.delenv("TEMPMM_LAB_SEED", raising=False)
    assert _points(FOLDER / path.name) == dict.fromkeys(_worth(path), 0)


def test_every_chapter_with_exercises_has_its_notebook() -> None:
    """The exercises of a chapter are in one notebook, which is named after the chapter."""
    names = {path.name for path in SOLUTIONS.glob("*.ipynb")}
    assert {int(name[:2]) for name in names} == set(CHAPTERS)
    assert names <= {path.name for path in (ROOT / "chapters").glob("*.ipynb")}
    assert names == {path.name for path in FOLDER.glob("*.ipynb")}


def test_exercises_are_what_nbgrader_makes() -> None:
    """Every handed-out notebook is, byte for byte, what nbgrader's generate_assignment makes of its solution."""
    paths = sorted(SOLUTIONS.glob("*.ipynb"))
    made = handed_out(paths)
    stale = [path.name for path in paths if (FOLDER / path.name).read_bytes() != made[path.name].encode()]
    assert not stale, f"type `make exercises`: {stale}"


@NOTEBOOKS
def test_the_metadata_is_nbgraders(path: Path) -> None:
    """Each cell's nbgrader metadata is valid for nbgrader's own schema, with each id once."""
    from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

    notebook = nbformat.read(path, as_version=4)
    MetadataValidatorV3().validate_nb(notebook)
    ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert len(ids) == len(set(ids))


@NOTEBOOKS
def test_every_exercise_has_its_cells(path: Path) -> None:
    """An exercise has a locked task, a cell for the answer, and a locked practice cell that is worth its points."""
    cells = {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in _cells(path) if "nbgrader" in cell["metadata"]}
    for name in _worth(path):
        one = EXERCISES[name]
        task, answer, practice = (cells[f"{name}{end}"]["metadata"]["nbgrader"] for end in ("-task", "-answer", ""))
        assert task["locked"] and not task["grade"] and not task["solution"]  # noqa: PT018
        assert answer["solution"] and not answer["locked"] and not answer["grade"]  # noqa: PT018
        assert practice["locked"] and practice["grade"] and practice["points"] == one.points  # noqa: PT018
        assert "".join(cells[name]["source"]) == f'practise("{name}", {one.answer})'
        assert (f"{name}-words" in cells) == bool(one.by_hand)
        if one.by_hand:
            assert cells[f"{name}-words"]["metadata"]["nbgrader"]["points"] == one.by_hand


@NOTEBOOKS
def test_nothing_of_a_solution_is_handed_out(path: Path) -> None:
    """No line of code that a solution holds between its marks is in what is handed out, and no output."""
    sources = "\n".join(_code(path))
    lines = [
        line.strip()
        for part in re.findall(r"BEGIN SOLUTION(.*?)### END", sources, re.DOTALL)
        for line in part.splitlines()
    ]
    telling = {line for line in lines if len(line) > 12}
    given = (FOLDER / path.name).read_text(encoding="utf-8")
    assert telling
    assert not [line for line in telling if json.dumps(line)[1:-1] in given]
    assert "SOLUTION" not in given
    assert not any(cell.get("outputs") for cell in _cells(FOLDER / path.name))


@FEW
def test_nbgrader_gives_the_same_points(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Executed in a kernel, nbgrader's own rule gives a solution all its points, and what is handed out none."""
    from nbgrader.utils import determine_grade, is_grade

    monkeypatch.delenv("TEMPMM_LAB_SEED", raising=False)
    for notebook, share in ((path, 1), (FOLDER / path.name, 0)):
        executed = nbformat.reads(execute(notebook), as_version=4)
        graded = [cell for cell in executed.cells if is_grade(cell) and cell.cell_type == "code"]
        assert len(graded) == len(_worth(path))
        for cell in graded:
            points, most = determine_grade(cell)
            assert points == share * most
