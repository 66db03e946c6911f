"""The notebook that nbgrader gets: always one that it takes, with every marked cell once, and no marks but ours."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3
from nbgrader.utils import compute_checksum, determine_grade, is_grade
from traitlets.config import Config

from tempmm_lab import ModelError
from tempmm_lab.grading.limits import LIMITS
from tempmm_lab.grading.nbgrader import CODE_STUB, JUDGE, READER, TEXT_STUB, configure
from tempmm_lab.grading.nbgrader_cells import GONE, Noted, mark, rebuilt
from tests.exercises.hand_out import ROOT
from tests.grading import attack_files, attack_kernel, attack_processes, attack_reading, attack_tricks  # noqa: F401  (note attacks)
from tests.grading.attacks import ATTACKS, Attack
from tests.grading.notebooks import FULL, NAME, Notebook, cell, dumped, solved

_HANDED: Notebook = json.loads((ROOT / "exercises" / NAME).read_text(encoding="utf-8"))
WORDS = "ch01-corrupt-words"


def _noted(one: dict[str, Any]) -> Noted:
    metadata = {**one["metadata"]["nbgrader"], "cell_type": one["cell_type"]}
    node = nbformat.from_dict({**one, "source": "".join(one["source"])})
    return Noted(metadata["grade_id"], one["cell_type"], node.source, metadata | {"checksum": compute_checksum(node)})


NOTED = [_noted(one) for one in _HANDED["cells"] if "nbgrader" in one["metadata"]]
MARKED = sorted(one.name for one in NOTED if one.marked)


def _result(share: float, **more: Any) -> dict[str, Any]:
    """Give a result of our runner's in which each exercise has this share of its points."""
    exercises = [
        {
            "name": name,
            "points": int(points * share),
            "of": points,
            "parts": {},
            "messages": ["a reason"],
            "replay": None,
        }
        for name, points in FULL.items()
    ]
    return {"exercises": exercises, "notes": ["a note"], "why": ""} | more


def _checked(content: bytes) -> nbformat.NotebookNode:
    """Give the notebook, after nbgrader's own checks and that every marked cell is there once."""
    notebook = nbformat.from_dict(rebuilt(content, NOTED, LIMITS))
    nbformat.validate(notebook)
    MetadataValidatorV3().validate_nb(notebook)
    assert sorted(one.metadata.nbgrader.grade_id for one in notebook.cells if is_grade(one)) == MARKED
    assert not any(one.get("outputs") for one in notebook.cells)
    for one in notebook.cells:
        if "nbgrader" in one.metadata and one.metadata.nbgrader.locked:
            assert compute_checksum(one) == one.metadata.nbgrader.checksum
    return notebook


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_nbgrader_takes_every_attack(attack: Attack) -> None:
    """Whatever is handed in, nbgrader gets a notebook that it does not refuse."""
    _checked(attack.content)


@pytest.mark.parametrize("odd", [{"worksheets": [{"cells": 5}], "nbformat": 3}, None])
def test_nbgrader_takes_odd_cells(odd: dict[str, Any] | None) -> None:
    """Neither sheets without cells nor kinds of cells that cannot be written end a run."""
    spoilt = {**solved(), "cells": [{**one, "cell_type": "\ud800"} for one in solved()["cells"]]}
    _checked(json.dumps(odd or spoilt).encode())


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([*FULL, "code", "markdown"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_nbgrader_takes_any_change(data: st.DataObject) -> None:
    """Cells moved, dropped, doubled, and any value in any field: nbgrader gets a notebook that it does not refuse."""
    notebook = solved()
    cells = data.draw(st.lists(st.sampled_from(notebook["cells"]).map(copy.deepcopy), max_size=12))
    for one in data.draw(st.lists(st.sampled_from(cells), max_size=4)) if cells else ():
        field = data.draw(st.sampled_from(["cell_type", "id", "source", "metadata", "outputs", "attachments"]))
        one[field] = data.draw(ANY)
        if field == "metadata" and data.draw(st.booleans()):
            one["metadata"] = {"nbgrader": data.draw(ANY)}
    _checked(dumped({**notebook, "cells": cells}))


@pytest.mark.parametrize(("share", "earned"), [(0, 0.0), (0.5, 0.5), (1, 1.0)])
def test_nbgrader_reads_the_marks(share: float, earned: float) -> None:
    """In each practice cell the rule of nbgrader finds the points that our runner gave."""
    notebook = _checked(dumped(solved()))
    mark(notebook, _result(share))
    found = {
        one.metadata.nbgrader.grade_id: determine_grade(one)
        for one in nbformat.from_dict(notebook).cells
        if is_grade(one)
    }
    assert found.pop(WORDS) == (None, cell(_HANDED, WORDS)["metadata"]["nbgrader"]["points"])
    assert found == {name: (int(points * earned), points) for name, points in FULL.items()}


def test_what_could_not_be_read_gets_none() -> None:
    """A result without exercises gives 0 everywhere, with the reason, and not nbgrader's full marks."""
    notebook = _checked(b"no notebook")
    mark(notebook, _result(1, exercises=[], why="This is no notebook."))
    graded = [one for one in nbformat.from_dict(notebook).cells if is_grade(one) and one.cell_type == "code"]
    assert [determine_grade(one)[0] for one in graded] == [0] * len(FULL)
    assert all("This is no notebook." in one.outputs[0].text for one in graded)


def test_a_teachers_points_and_test_cells() -> None:
    """A cell that is worth something else gets its share of that; one that is none of the book's gets 0."""
    notebook = _checked(dumped(solved()))
    for one in notebook.cells:
        if is_grade(one) and one.metadata.nbgrader.grade_id == "ch01-build":
            one.metadata.nbgrader.points = 3
        elif is_grade(one) and one.metadata.nbgrader.grade_id == "ch01-walk":
            one.metadata.nbgrader.grade_id = "my-own-test"
    mark(notebook, _result(0.5))
    graded = {one.metadata.nbgrader.grade_id: one for one in nbformat.from_dict(notebook).cells if is_grade(one)}
    assert determine_grade(graded["ch01-build"]) == (1.5, 3)
    assert determine_grade(graded["my-own-test"]) == (0, 6)
    assert "none of the book's" in graded["my-own-test"].outputs[0].text


def test_the_last_of_two_counts() -> None:
    """A cell that was copied: the last one is nbgrader's, and what stands before it stays as text."""
    notebook = solved()
    notebook["cells"].insert(0, {**copy.deepcopy(cell(notebook, WORDS)), "source": "first"})
    made = _checked(dumped(notebook))
    assert [one.source for one in made.cells if is_grade(one) and one.cell_type == "markdown"] != ["first"]
    assert made.cells[0].source == "first"


def test_an_answer_that_is_gone_is_looked_for_by_a_person() -> None:
    """A written answer's cell that is missing comes back with a word, and nbgrader does not mark it by itself."""
    notebook = solved()
    notebook["cells"].remove(cell(notebook, WORDS))
    made = next(one for one in _checked(dumped(notebook)).cells if is_grade(one) and one.cell_type == "markdown")
    assert made.source == GONE
    assert determine_grade(made)[0] is None


def test_an_answer_nobody_touched_has_none() -> None:
    """A written answer's cell as it was handed out is worth 0 by nbgrader's own rule."""
    made = next(one for one in _checked(dumped(_HANDED)).cells if is_grade(one) and one.cell_type == "markdown")
    assert determine_grade(made)[0] == 0


def test_configuration() -> None:
    """Our step stands where nbgrader's execution stood, before the marks are saved; a teacher's own stubs stay."""
    c = Config()
    c.ClearSolutions.text_stub = "Write here."
    configure(c, secret=Path("../osm"))
    steps = [one if isinstance(one, str) else one.__name__ for one in c.Autograde.autograde_preprocessors]
    assert "Execute" not in steps
    assert steps.index(JUDGE) < steps.index("SaveAutoGrades")
    assert c.Autograde.exporter_class == READER
    assert (c.TempmmJudge.secret, c.TempmmJudge.unsafe, c.TempmmJudge.limits) == ("../osm", False, LIMITS)
    assert (c.ClearSolutions.code_stub, c.ClearSolutions.text_stub) == (CODE_STUB, "Write here.")
    assert TEXT_STUB in "".join(cell(_HANDED, WORDS)["source"])


@pytest.mark.parametrize("wrong", [{"secret": b"the secret itself"}, {"limits": 5}])
def test_a_wrong_configuration(wrong: dict[str, Any]) -> None:
    """What is no path or no Limits is told at once."""
    with pytest.raises(ModelError):
        configure(Config(), **wrong)


def test_prose_that_was_handed_out_keeps_its_links() -> None:
    """The link to the chapter stays one; with a word of the student's in the same cell it does not."""
    prose = next(cell for cell in _HANDED["cells"] if "](../chapters/" in "".join(cell["source"]))
    place = _HANDED["cells"].index(prose)
    changed = copy.deepcopy(_HANDED)
    changed["cells"][place]["source"] = ["".join(prose["source"]) + " Mine."]
    as_it_was, touched = (_checked(json.dumps(one).encode()).cells[place].source for one in (_HANDED, changed))
    assert as_it_was == "".join(prose["source"])
    assert "](../" not in touched


def test_feedback_is_folded_where_a_page_would_cut_it() -> None:
    """Every word of a long reason is in the page, on lines that the page shows to their end; a replay is one line."""
    notebook, replay, reason = rebuilt(json.dumps(_HANDED).encode(), NOTED, LIMITS), "s0" * 60, "why it is so " * 30
    result = _result(0.5)
    for one in result["exercises"]:
        one.update(messages=[reason.strip()], replay=replay)
    mark(notebook, result)
    text = next(cell["outputs"][0]["text"] for cell in notebook["cells"] if cell.get("outputs"))
    assert " ".join(text.split()).count("why it is so") == 30
    assert {line.strip() for line in text.splitlines() if len(line) > 78} == {replay}
