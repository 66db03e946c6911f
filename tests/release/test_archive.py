"""An archive: what is in it, that it is the same each time, and that everything in it is where it is looked for."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from tempmm_lab import ModelError, book
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.draws import seed_of
from tempmm_lab.book import EXERCISES as FOLDER
from tempmm_lab.release import handed
from tempmm_lab.release.archive import BOOK, TOP, Archives, chosen_notebooks
from tempmm_lab.release.zipped import zipped
from tests.release.conftest import SECRET

LINK = re.compile(r"\]\(([^)\s]+)\)")


def _members(archive: bytes) -> dict[str, bytes]:
    opened = zipfile.ZipFile(io.BytesIO(archive))
    assert opened.testzip() is None
    return {name: opened.read(name) for name in opened.namelist()}


def test_the_same_again_is_the_same_bytes(archives: Archives) -> None:
    """Two releases give the same archive for the same student, byte for byte."""
    assert Archives().of(SECRET, "anna") == archives.of(SECRET, "anna")


def test_two_students_differ_in_two_files(archives: Archives) -> None:
    """Archives of two students differ in the seeds and in the page that has the id."""
    one, other = (_members(archives.of(SECRET, name)) for name in ("anna", "ben"))
    assert list(one) == list(other)
    assert {name for name in one if one[name] != other[name]} == {
        f"{TOP}/README.txt",
        f"{BOOK}/tempmm-seeds.json",
    }


def test_nothing_depends_on_the_clock_or_the_folder(archives: Archives) -> None:
    """Every member has the same date and rights, each name is there once, and none leads out of the folder."""
    infos = zipfile.ZipFile(io.BytesIO(archives.of(SECRET, "anna"))).infolist()
    assert {(info.date_time, info.external_attr >> 16) for info in infos} == {((1980, 1, 1, 0, 0, 0), 0o644)}
    names = [info.filename for info in infos]
    assert len(set(names)) == len(names)
    assert all(name.startswith(f"{TOP}/") and ".." not in name and "\\" not in name for name in names)
    assert zipped({"b": b"1", "a": b"2"}) == zipped({"a": b"2", "b": b"1"})


def test_the_seeds_are_where_they_are_looked_for(annas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder of exercises, and of chapters, `exercise()` finds the student's own seed for every exercise."""
    from tempmm_lab import exercise

    monkeypatch.delenv("TEMPMM_LAB_SEED", raising=False)
    for folder in (annas / "tempmm-book", annas / "tempmm-book" / FOLDER):
        monkeypatch.chdir(folder)
        assert {name: exercise(name).variant.seed for name in EXERCISES} == {
            name: seed_of(SECRET, "anna", name) for name in EXERCISES
        }


def test_the_working_folder_is_what_a_reader_gets(annas: Path, tmp_path: Path) -> None:
    """Besides the seeds it holds what `tempmm-lab copy` gives, so that a later copy finds all of it up to date."""
    book.copy_book(tmp_path / "copy")
    mine = {path.relative_to(annas / "tempmm-book"): path for path in (annas / "tempmm-book").rglob("*.*")}
    copied = {path.relative_to(tmp_path / "copy"): path for path in (tmp_path / "copy").rglob("*.*")}
    assert set(mine) - set(copied) == {Path("tempmm-seeds.json")}
    assert all(path.read_bytes() == mine[name].read_bytes() for name, path in copied.items())


@pytest.mark.parametrize("only", [None, ["03-the-cache-that-lies", "12-the-patch"]])
def test_no_link_is_dead(only: list[str] | None) -> None:
    """Every link of every notebook leads to a file that is there, also where only some exercises are handed out."""
    files = {name for name in _members(Archives(only).of(SECRET, "anna")) if name.startswith(f"{BOOK}/")}
    notebooks = book.reader_files(only)
    assert {f"{BOOK}/{name}" for name in notebooks} < files
    dead, seen = [], 0
    for name, content in notebooks.items():
        text = "\n".join(
            "".join(cell["source"]) for cell in json.loads(content)["cells"] if cell["cell_type"] == "markdown"
        )
        for target in LINK.findall(text):
            where = target.partition("#")[0]
            if where and not where.startswith(("http", "mailto")):
                seen += 1
                path = (Path("/") / name).parent / where
                if Path(*_plain(path)).as_posix() not in notebooks:
                    dead.append((name, target))
    assert (dead, seen > 2_000) == ([], True)


def _plain(path: Path) -> list[str]:
    parts = list[str]()
    for part in path.parts[1:]:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return parts


def test_only_some_exercises(tmp_path: Path) -> None:
    """`only` hands out these exercises, the whole book and every seed; a later copy into the folder adds no other."""
    members = _members(Archives(["03-the-cache-that-lies"]).of(SECRET, "anna"))
    assert [name for name in members if f"/{FOLDER}/" in name] == [f"{BOOK}/{FOLDER}/03-the-cache-that-lies.ipynb"]
    assert len(json.loads(members[f"{BOOK}/tempmm-seeds.json"])["seeds"]) == len(EXERCISES)
    assert b"check tempmm-book/exercises/03-the-cache-that-lies.ipynb" in members[f"{TOP}/README.txt"]
    zipfile.ZipFile(io.BytesIO(Archives(["03-the-cache-that-lies"]).of(SECRET, "anna"))).extractall(tmp_path)
    assert {line.partition(": ")[2] for line in book.copy_book(tmp_path / BOOK)} == {"up to date"}
    assert len(list((tmp_path / BOOK / FOLDER).iterdir())) == 1


def test_notebooks_are_chosen_by_number_or_name() -> None:
    """A notebook is meant by its number, its name or its beginning; what fits none or several is refused."""
    assert chosen_notebooks(["3", "12-the", "03-the-cache-that-lies.ipynb"]) == [
        "03-the-cache-that-lies",
        "12-the-patch",
    ]
    for name in ("0", "", "99", "the-patch", "1x"):
        with pytest.raises(ModelError, match="notebook of exercises is called"):
            chosen_notebooks([name])


def test_the_page_says_what_is_there(annas: Path) -> None:
    """The page names the student, the wheel by its name, and a notebook, and leaves nothing to be filled in."""
    page = (annas / "README.txt").read_text(encoding="utf-8")
    (wheel,) = annas.glob("*.whl")
    assert f'pip install "./{wheel.name}[lab]"' in page
    assert "exercises for anna\n" in page
    assert all((annas / path).is_file() for path in re.findall(r"tempmm-book/\S+\.ipynb", page))
    assert not re.search(r"\b[A-Z]{5,}\b", page.replace("README", ""))
    assert all(len(line) <= 120 for line in page.splitlines())


def test_what_somebody_solved_is_not_handed_out(tmp_path: Path) -> None:
    """A notebook of exercises with an answer in it, or one that was run, stops the release and is named."""
    good, names = book.exercise_notebooks(), [chapter.path.name for chapter in book.chapters()]
    handed.look(good, names)
    notebook = json.loads(good[0].read_text(encoding="utf-8"))
    place = next(place for place, cell in enumerate(notebook["cells"]) if cell["id"] == "ch01-indices-answer")
    for name, value, says in (
        ("source", "answer_indices = 5", "ch01-indices-answer"),
        ("execution_count", 3, "was run"),
    ):
        changed = json.loads(json.dumps(notebook))
        changed["cells"][place][name] = value
        path = tmp_path / good[0].name
        path.write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(ModelError, match=says):
            handed.look([path], names)
    with pytest.raises(ModelError, match="not where they should be"):
        handed.look([], names)


def test_a_stray_copy_is_not_handed_out() -> None:
    """A copy that Jupyter made beside a chapter or a notebook of exercises stops the release and is named."""
    good, names = book.exercise_notebooks(), [chapter.path.name for chapter in book.chapters()]
    copy = good[0].with_name(f"{good[0].stem}-Copy1.ipynb")
    for notebooks, chapters in (([*good, copy], names), (good, [*names, copy.name])):
        with pytest.raises(ModelError, match="-Copy1"):
            handed.look(notebooks, chapters)
