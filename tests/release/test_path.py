"""The whole path, as in docs/release.md: from the list of students to marks, with every command that stands there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import zipfile
from pathlib import Path

import pytest

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.draws import seed_of
from tempmm_lab.cli import main
from tests.grading.conftest import sandbox  # noqa: F401  (a fixture)
from tests.grading.notebooks import FULL, NAME, cell, dumped, solved
from tests.release.conftest import SECRET, run

ROOT = Path(__file__).resolve().parents[2]
STUDENTS = ("anna", "ben", "cleo")


def _marks(results: Path) -> dict[str, dict[str, int]]:
    said = json.loads(results.read_text(encoding="utf-8"))["students"]
    return {
        one["student"]: {mark["name"]: mark["points"] for book in one["notebooks"] for mark in book["exercises"]}
        for one in said
    }


def _with_answer(literal: object) -> bytes:
    """Give the solved notebook with an answer written out, so that it is right in one variant only."""
    notebook = solved()
    cell(notebook, "ch01-walk-answer-3")["source"] = f"answer_walk = {literal!r}"
    return dumped(notebook)


@pytest.mark.usefixtures("sandbox")
def test_a_students_own_answers_get_the_marks(commands: Path, annas: Path, tmp_path: Path) -> None:
    """An answer to what Anna sees in her copy gets full marks by the secret; handed in as Ben it does not."""
    name = "ch01-walk"
    code = f"import json\nfrom tempmm_lab import exercise\nprint(json.dumps(exercise({name!r}).facts))"
    seen = run(commands / "python", "-c", code, cwd=annas / "tempmm-book" / "exercises")
    one = EXERCISES[name]
    assert json.loads(seen.stdout) == one.variant(seed_of(SECRET, "anna", name)).facts
    answer = _with_answer(one.key(seed_of(SECRET, "anna", name)))
    mine = annas / "tempmm-book" / "exercises" / NAME
    before = mine.read_bytes()
    try:
        mine.write_bytes(answer)
        looked = run(commands / "tempmm-lab", "check", f"tempmm-book/exercises/{NAME}", cwd=annas)
        assert (looked.returncode, "your own" in looked.stdout) == (0, True), looked.stdout
    finally:
        mine.write_bytes(before)
    for student in ("anna", "ben"):
        (tmp_path / "in" / student).mkdir(parents=True)
        (tmp_path / "in" / student / NAME).write_bytes(answer)
    (tmp_path / "secret").write_bytes(SECRET)
    assert main(["grade", str(tmp_path / "in"), "--secret", str(tmp_path / "secret"), "--jobs", "1"]) == 0
    marks = _marks(tmp_path / "in-grades" / "results.json")
    assert marks["anna"] == FULL
    assert marks["ben"][name] < FULL[name]
    assert marks["ben"] == FULL | {name: marks["ben"][name]}


def _commands(page: str) -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.startswith("tempmm-lab ")]


@pytest.mark.usefixtures("sandbox")
def test_every_command_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of docs/release.md run one after the other in a course's folder, and each ends with 0."""
    monkeypatch.chdir(tmp_path)
    Path("students.csv").write_text("student\n" + "\n".join(STUDENTS) + "\n", encoding="utf-8")
    for student in STUDENTS:
        Path("handed-in", student).mkdir(parents=True)
        Path("handed-in", student, NAME).write_bytes(dumped(solved()))
    shutil.copy(ROOT / "solutions" / NAME, NAME)
    page = (ROOT / "docs" / "release.md").read_text(encoding="utf-8")
    lines = _commands(page)
    assert {line.split()[1] for line in lines} == {"release", "grade", "check", "exercise"}
    for line in lines:
        words = shlex.split(line)[1:]
        if "SEED" in words:
            seeds = json.loads(Path("seeds/anna/tempmm-seeds.json").read_text(encoding="utf-8"))["seeds"]
            words[words.index("SEED")] = str(seeds["ch01-walk"])
        if words[0] == "grade":
            words += ["--jobs", "1"]
        assert main(words) == 0, line
    assert sorted(path.name for path in Path("archives").glob("*.zip")) == [f"{name}.zip" for name in STUDENTS]
    assert _marks(Path("handed-in-grades/results.json")) == dict.fromkeys(STUDENTS, FULL)


def test_the_page_quotes_the_students_own(annas: Path) -> None:
    """What docs/release.md says that a student types is what stands in the student's README."""
    page = (ROOT / "docs" / "release.md").read_text(encoding="utf-8")
    own = (annas / "README.txt").read_text(encoding="utf-8")
    (wheel,) = annas.glob("*.whl")
    typed = [line.strip() for line in re.findall(r"^    (\.venv/bin/\S.*|python3 -m venv .*)$", page, re.MULTILINE)]
    assert len(typed) == 4
    assert all(line.replace("WHEEL", wheel.name) in own for line in typed)


def test_the_page_names_what_is_in_an_archive(annas: Path) -> None:
    """Each file that the page says an archive holds is there."""
    page = (ROOT / "docs" / "release.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^An archive unpacks to `tempmm-lab/`.*?(?=^#)", page, re.DOTALL | re.MULTILINE)
    names = re.findall(r"^\| `([^`]+)` \|", listed, re.MULTILINE)
    assert len(names) >= 5
    assert all(list(annas.glob(name)) for name in names), names
    assert zipfile.is_zipfile(next(annas.glob("*.whl")))
