"""`tempmm-lab check`: what is wrong with a notebook before it is handed in, in words, and nothing where nothing is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tempmm_lab import ModelError, book
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.cli import main
from tempmm_lab.grading import checking
from tempmm_lab.grading.checking import Checked, check_notebook
from tempmm_lab.grading.sandbox import find_sandbox
from tempmm_lab.release.archive import seeds_file
from tests.grading.notebooks import FULL, NAME, Notebook, cell, dumped, solved
from tests.release.conftest import SECRET, run

ROOT = Path(__file__).resolve().parents[2]
Change = Callable[[Notebook], None]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="it is not run there")


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is judged, as in a student's copy."""
    monkeypatch.setattr(checking, "has_keys", lambda: False)


def _checked(folder: Path, content: bytes, name: str = NAME, *, seeds: bool = True) -> Checked:
    """Check a notebook without a sandbox, in a folder with or without seeds."""
    if seeds:
        (folder / "tempmm-seeds.json").write_bytes(seeds_file(SECRET, "anna"))
    (folder / name).write_bytes(content)
    return check_notebook(folder / name, find_sandbox(unsafe=True))


def _states(found: Checked) -> dict[str, str]:
    return {one["name"]: one["state"] for one in found.exercises}


def _source(name: str, text: str) -> Change:
    return lambda notebook: cell(notebook, name).update(source=text)


def _kind(name: str, kind: str) -> Change:
    return lambda notebook: cell(notebook, name).update(cell_type=kind)


def _gone(name: str) -> Change:
    return lambda notebook: notebook["cells"].remove(cell(notebook, name))


def _twice(notebook: Notebook) -> None:
    notebook["cells"].append(cell(notebook, "ch01-order-answer"))


def _moved(notebook: Notebook) -> None:
    notebook["cells"].insert(2, notebook["cells"].pop(notebook["cells"].index(cell(notebook, "ch01-order-answer"))))


def _as_handed_out(name: str) -> Change:
    handed = json.loads((ROOT / "exercises" / NAME).read_text(encoding="utf-8"))
    given = {one["id"]: one["source"] for one in handed["cells"]}

    def change(notebook: Notebook) -> None:
        for one in notebook["cells"]:
            if one["id"].startswith(f"{name}-answer") or one["id"] == f"{name}-words":
                one["source"] = given[one["id"]]

    return change


def _answer(notebook: Notebook) -> None:
    """Answer in a cell of one's own, with the answer cells as they were handed out."""
    source = "\n".join("".join(one["source"]) for one in notebook["cells"] if one["id"].startswith("ch01-build-answer"))
    _as_handed_out("ch01-build")(notebook)
    place = notebook["cells"].index(cell(notebook, "ch01-build"))
    own: dict[str, Any] = {"cell_type": "code", "id": "mine", "metadata": {}, "source": source, "outputs": []}
    notebook["cells"].insert(place, own)


@pytest.mark.usefixtures("keyless")
def test_nothing_is_wrong_with_what_is_right(tmp_path: Path) -> None:
    """A solved notebook has an answer of the right form to each exercise, and no problem; nothing was judged."""
    found = _checked(tmp_path, dumped(solved()))
    assert (found.wrong, found.problems, found.ran) == (0, [], "without a sandbox")
    assert _states(found) == dict.fromkeys(FULL, "given")
    assert [one["practice"] for one in found.exercises] == [None] * len(FULL)
    assert found.words == {"ch01-corrupt-words": True}
    assert "right form" in found.text()
    assert "points" not in found.text()
    assert "own, by tempmm-seeds.json" in found.text()


def test_with_keys_it_practises(tmp_path: Path) -> None:
    """Where the keys are it adds points, called practice; a wrong answer of the right form is not wrong here."""
    notebook = solved()
    cell(notebook, "ch01-indices-answer")["source"] = "answer_indices = " + repr(
        dict.fromkeys(("PML4", "PDPT", "PD", "PT", "offset"), 0)
    )
    found = _checked(tmp_path, dumped(notebook))
    assert found.wrong == 0
    assert {one["name"]: one["practice"] for one in found.exercises} == FULL | {
        "ch01-indices": found.exercises[0]["practice"]
    }
    assert found.exercises[0]["practice"] < FULL["ch01-indices"]
    assert "practice: 10 of 10 points" in found.text()


CASES: list[tuple[str, Change, dict[str, str], str]] = [
    ("an answer of a wrong form", _source("ch01-indices-answer", "answer_indices = {'PML4': '0x1'}"),
     {"ch01-indices": "unfit"}, "without the quotes"),
    ("no data", _source("ch01-indices-answer", "answer_indices = object()"), {"ch01-indices": "unfit"}, "object"),
    ("no answer", _source("ch01-indices-answer", "answer_indices = None"), {"ch01-indices": "missing"}, "it is None"),
    ("a wrong name", _source("ch01-order-answer", "answer_oder = 1"), {"ch01-order": "missing"}, "no answer_order"),
    ("no function", _source("ch01-build-answer-3", "my_walk = 5"), {"ch01-build": "unfit"}, "should be a function"),
    ("a stub", _as_handed_out("ch01-build"), {"ch01-build": "untouched"}, "as they were handed out"),
    ("an own cell", _answer, {}, ""),
    ("an error", _source("ch01-order-answer", "1 / 0"), {"ch01-order": "missing"}, "ZeroDivisionError"),
    ("what is not installed", _source("ch01-order-answer", "import numpy\nanswer_order = None"),
     {"ch01-order": "missing"}, "No module named 'numpy'"),
    ("an answer cell is gone", _gone("ch01-order-answer"), {"ch01-order": "missing"}, "ch01-order-answer is missing"),
    ("a task is gone", _gone("ch01-order-task"), {}, "ch01-order-task is missing. It is run all the same."),
    ("a cell is there twice", _twice, {}, "ch01-order-answer is there 2 times"),
    ("a cell was moved", _moved, {"ch01-order": "missing"}, "The cells are in another order"),
    ("code has become text", _kind("ch01-order-answer", "markdown"), {}, "has become a markdown cell"),
    ("words have become code", _kind("ch01-corrupt-words", "code"), {}, "for your words has become a code cell"),
    ("nothing is written", _as_handed_out("ch01-corrupt"), {"ch01-corrupt": "missing"}, "nothing is written"),
    ("a locked cell was changed", _source("ch01-order", "practise('ch01-order', 1)"), {}, "The locked cell ch01-order"),
]  # fmt: skip


@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize(("change", "states", "says"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_wrong_is_named(tmp_path: Path, change: Change, states: dict[str, str], says: str) -> None:
    """Each thing that is wrong is named, and the exercises that it does not touch are fine."""
    notebook = solved()
    change(notebook)
    found = _checked(tmp_path, dumped(notebook))
    assert _states(found) == dict.fromkeys(FULL, "given") | states
    assert says in found.text()
    assert (found.wrong > 0) == bool(says)


@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not JSON"),
        (b"PK\x03\x04", "zip archive"),
        (b"{}", "no list of cells"),
        (b'{"nbformat": 4, "cells": []}', "none of the notebooks of exercises"),
    ],
)
def test_what_is_no_notebook(tmp_path: Path, content: bytes, says: str) -> None:
    """A file that cannot be read, or is of something else, is one thing wrong, in words."""
    found = _checked(tmp_path, content, "mine.ipynb")
    assert (found.wrong, found.assignment, says in found.text()) == (1, "", True)


@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize("odd", [{"worksheets": [{"cells": 5}], "nbformat": 3}, {"cells": [{"cell_type": "\ud800"}]}])
def test_odd_cells_are_told_in_words(tmp_path: Path, odd: Notebook) -> None:
    """A file that has only the form of a notebook is told so, on any screen."""
    said = _checked(tmp_path, json.dumps(odd).encode(), "mine.ipynb").text()
    assert "none of the notebooks of exercises" in said
    said.encode()


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    """It is a file that is not there."""
    with pytest.raises(ModelError, match="There is no file"):
        check_notebook(tmp_path / f"{'a' * 300}.ipynb")


@pytest.mark.usefixtures("keyless")
def test_seeds_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a student's copy missing, spoiled or foreign seeds are wrong; a reader in no course needs none."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    place = tmp_path / "a" / "b"
    found = _checked(place, dumped(solved()), seeds=False)
    assert found.wrong == 1
    assert "Put the file back" in found.text()
    for text, says in (
        ("{", "not readable"),
        ("[" * 100_000, "not readable"),
        ('{"format": 1, "seeds": {"ch01-walk": 5}}', "no seed of a course for ch01"),
    ):
        (tmp_path / "a" / "tempmm-seeds.json").write_text(text, encoding="utf-8")
        found = check_notebook(place / NAME, find_sandbox(unsafe=True))
        assert (found.wrong, says in found.text()) == (1, True)
    (tmp_path / "a" / "tempmm-seeds.json").unlink()
    monkeypatch.setattr(checking, "has_keys", lambda: True)
    found = check_notebook(place / NAME, find_sandbox(unsafe=True))
    assert (found.wrong, "variant 0" in found.text()) == (0, True)


@pytest.mark.usefixtures("keyless")
def test_another_name_is_known_by_its_cells(tmp_path: Path) -> None:
    """A notebook under another name is known, and the name that it was handed out with is said."""
    found = _checked(tmp_path, dumped(solved()), "Kopie von 01.ipynb")
    assert (found.wrong, found.assignment) == (0, NAME.removesuffix(".ipynb"))
    assert f"It was handed out as {NAME}" in found.text()


@pytest.mark.usefixtures("keyless")
def test_what_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell without an end is ended, and said; the exercises after it are looked at all the same."""
    monkeypatch.setattr(checking, "HERE", checking.replace(checking.HERE, cell=0.5, start=20))
    notebook = solved()
    cell(notebook, "ch01-order-answer")["source"] = "while True: pass"
    found = _checked(tmp_path, dumped(notebook))
    assert _states(found) == dict.fromkeys(FULL, "given") | {"ch01-order": "missing"}
    assert "came to no end" in found.text()


@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize("path", book.exercise_notebooks(), ids=lambda path: path.stem[:2])
def test_what_is_handed_out_has_no_answer_yet(path: Path, tmp_path: Path) -> None:
    """Every notebook of exercises, as it is handed out, has no answer to any exercise, and no other problem."""
    found = _checked(tmp_path, path.read_bytes(), path.name)
    assert found.problems == []
    assert {one["state"] for one in found.exercises} <= {"missing", "untouched"}
    assert not any(one["troubles"] for one in found.exercises)
    assert not any(found.words.values())


@pytest.mark.slow
@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("*.ipynb")), ids=lambda path: path.stem[:2])
def test_what_is_solved_has_every_answer(path: Path, tmp_path: Path) -> None:
    """Every solved notebook has an answer of the right form to every exercise, in a student's variant, too."""
    found = _checked(tmp_path, path.read_bytes(), path.name)
    assert (found.wrong, found.problems) == (0, []), found.text()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 if nothing is wrong, 1 if something is, 2 for no file; --json gives data; the file stays as it is."""
    path = tmp_path / NAME
    shutil.copy(ROOT / "solutions" / NAME, path)
    before = path.read_bytes()
    assert main(["check", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["wrong"], said["assignment"], said["format"]) == (0, path.stem, 1)
    assert {one["name"]: one["practice"] for one in said["exercises"]} == FULL
    assert path.read_bytes() == before
    assert main(["check", str(ROOT / "exercises" / NAME)]) == 1
    assert "6 to look at" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "none.ipynb")]) == 2
    assert main(["check", str(tmp_path)]) == 1


def test_in_a_students_copy(commands: Path, annas: Path) -> None:
    """Installed without keys it runs the notebook, names each exercise that has no answer yet, and gives no points."""
    done = run(commands / "tempmm-lab", "check", f"tempmm-book/exercises/{NAME}", "--json", cwd=annas)
    said = json.loads(done.stdout)
    assert (done.returncode, said["problems"]) == (1, [])
    assert said["ran"]
    names = [name for name in EXERCISES if name.startswith("ch01-")]
    assert {one["name"]: one["practice"] for one in said["exercises"]} == dict.fromkeys(names)
