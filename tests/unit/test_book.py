"""Finding the chapters, and copying them to a reader without ever losing the reader's work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tempmm_lab import ModelError, book

NAMES = ["00-start.ipynb", "01-first.ipynb", "02-second.ipynb", "A-further.ipynb"]


def _notebook(number: int | str, word: str = "as shipped") -> dict[str, Any]:
    """Give a small executed chapter: a cell, a prediction, and a cell after it."""
    code, output = nbformat.v4.new_code_cell, nbformat.v4.new_output
    cells = [
        nbformat.v4.new_markdown_cell(f"# {number} · Chapter {word}\n\n*You can. About 31 minutes.*", id="top"),
        *(
            code(source, id=name, execution_count=count, outputs=[output("stream", name="stdout", text=name)])
            for count, (name, source) in enumerate(
                {"before": "1 + 1", "asked": "predict('x')", "after": "2"}.items(), 1
            )
        ),
    ]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of a book of three chapters and an appendix, which stands in for the real one."""
    folder = tmp_path / "chapters"
    folder.mkdir()
    for name in NAMES:
        nbformat.write(_notebook(name.partition("-")[0].lstrip("0")), folder / name)
    (folder / "notes.ipynb").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(book, "chapters_folder", lambda: folder)
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Give a working folder that is not there yet."""
    return tmp_path / "mine"


def test_the_real_chapters_are_found() -> None:
    """The book of this checkout has chapters, each with a title and a time or none."""
    assert [chapter.number for chapter in book.chapters()][:2] == ["00", "01"]
    assert all(chapter.title for chapter in book.chapters())


@pytest.mark.usefixtures("shipped")
def test_a_chapter_tells_its_title_and_time() -> None:
    """A chapter's line holds its number, its title without it, and its time."""
    assert str(book.chapters()[1]) == "01  Chapter as shipped  (about 31 minutes)"
    assert str(book.chapters()[3]) == "A   Chapter as shipped  (about 31 minutes)"


@pytest.mark.usefixtures("shipped")
def test_appendices_follow_the_chapters() -> None:
    """The book is its chapters by number, then its appendices by letter, and no other notebook of the folder."""
    assert [chapter.number for chapter in book.chapters()] == ["00", "01", "02", "A"]


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("name", ["2", "02", "02-second", "02-second.ipynb", "second", "sec"])
def test_a_chapter_is_found_by(name: str) -> None:
    """A chapter is found by its number, its file name, or the beginning of either."""
    assert book.find_chapter(name).path.name == "02-second.ipynb"


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("name", ["A", "a", "A-further", "A-further.ipynb", "further", "fur"])
def test_an_appendix_is_found_by(name: str) -> None:
    """An appendix is found by its letter, large or small, its file name, or the beginning of either."""
    assert book.find_chapter(name).path.name == "A-further.ipynb"


def test_a_letter_means_the_appendix(shipped: Path) -> None:
    """A letter that is an appendix's and also begins a chapter's name means the appendix."""
    nbformat.write(_notebook(3), shipped / "03-a-third.ipynb")
    assert book.find_chapter("a").path.name == "A-further.ipynb"
    assert book.find_chapter("a-third").path.name == "03-a-third.ipynb"


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("name", ["7", "B", "", "s", "x", "²", "../02-second"])
def test_no_chapter_is_guessed(name: str) -> None:
    """A name that fits none, or several, is refused with the names there are."""
    with pytest.raises(ModelError, match="02-second"):
        book.find_chapter(name)


def test_a_copy_hides_what_follows_a_prediction(shipped: Path) -> None:
    """From the first prediction on no output and no number is left; before it everything is."""
    cells = json.loads(book.for_reader(shipped / NAMES[1]))["cells"][1:]
    assert [bool(cell["outputs"]) for cell in cells] == [True, False, False]
    assert [cell["execution_count"] for cell in cells] == [1, None, None]


def test_a_copy_is_a_valid_notebook(shipped: Path, mine: Path) -> None:
    """Every file of a copy is a notebook that Jupyter opens, with the shipped sources."""
    book.copy_book(mine)
    for name in NAMES:
        notebook = nbformat.read(mine / name, as_version=4)
        nbformat.validate(notebook)
        assert [c.source for c in notebook.cells] == [
            c.source for c in nbformat.read(shipped / name, as_version=4).cells
        ]


@pytest.mark.usefixtures("shipped")
def test_copying_again_changes_nothing(mine: Path) -> None:
    """A second copy finds every file up to date and writes none."""
    assert [line.partition(": ")[2] for line in book.copy_book(mine)] == ["copied"] * len(NAMES)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in mine.glob("*.ipynb")}
    assert [line.partition(": ")[2] for line in book.copy_book(mine)] == ["up to date"] * len(NAMES)
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in mine.glob("*.ipynb")}


def _work_on(path: Path, word: str = "my work") -> bytes:
    """Change a notebook as a reader does, and give what is in the file then."""
    path.write_text(path.read_text(encoding="utf-8").replace("1 + 1", word), encoding="utf-8")
    return path.read_bytes()


def test_an_untouched_file_follows_the_book(shipped: Path, mine: Path) -> None:
    """A file that the reader did not change becomes the book's new version."""
    book.copy_book(mine)
    nbformat.write(_notebook(1, "corrected"), shipped / NAMES[1])
    assert f"{NAMES[1]}: updated" in book.copy_book(mine)
    assert (mine / NAMES[1]).read_bytes() == book.for_reader(shipped / NAMES[1])


@pytest.mark.usefixtures("shipped")
def test_changed_work_is_kept(mine: Path) -> None:
    """A file that the reader changed stays as it is, and nothing is put beside it while the book is the same."""
    book.copy_book(mine)
    work = _work_on(mine / NAMES[1])
    assert f"{NAMES[1]}: yours, kept" in book.copy_book(mine)
    assert (mine / NAMES[1]).read_bytes() == work
    assert sorted(path.name for path in mine.glob("*.ipynb")) == NAMES


def test_a_newer_version_is_put_beside_changed_work(shipped: Path, mine: Path) -> None:
    """Where the book has changed too, its version is put beside the reader's, once."""
    book.copy_book(mine)
    work = _work_on(mine / NAMES[1])
    nbformat.write(_notebook(1, "corrected"), shipped / NAMES[1])
    line = "01-first.ipynb: yours, kept; 01-first (new).ipynb: the book's newer version is there"
    assert line in book.copy_book(mine)
    assert (mine / NAMES[1]).read_bytes() == work
    assert (mine / "01-first (new).ipynb").read_bytes() == book.for_reader(shipped / NAMES[1])
    (mine / "01-first (new).ipynb").unlink()
    assert f"{NAMES[1]}: yours, kept" in book.copy_book(mine)
    assert sorted(path.name for path in mine.glob("*.ipynb")) == NAMES


def test_work_in_the_newer_version_is_kept_too(shipped: Path, mine: Path) -> None:
    """A "(new)" file that the reader changed is not overwritten by the next version."""
    book.copy_book(mine)
    kept = {mine / NAMES[1]: _work_on(mine / NAMES[1])}
    nbformat.write(_notebook(1, "corrected"), shipped / NAMES[1])
    book.copy_book(mine)
    kept[mine / "01-first (new).ipynb"] = _work_on(mine / "01-first (new).ipynb")
    nbformat.write(_notebook(1, "corrected again"), shipped / NAMES[1])
    book.copy_book(mine)
    assert {path: path.read_bytes() for path in kept} == kept
    assert (mine / "01-first (new 2).ipynb").read_bytes() == book.for_reader(shipped / NAMES[1])


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("manifest", ["", "[]", "{", '{"given": 3}', '{"format": 1}'])
def test_without_a_manifest_every_file_is_the_readers(manifest: str, mine: Path) -> None:
    """A lost or damaged manifest never makes a changed file count as ours."""
    book.copy_book(mine)
    work = _work_on(mine / NAMES[1])
    (mine / book.MANIFEST).write_text(manifest, encoding="utf-8")
    book.copy_book(mine)
    assert (mine / NAMES[1]).read_bytes() == work


@pytest.mark.usefixtures("shipped")
def test_a_deleted_chapter_comes_back(mine: Path) -> None:
    """A file that the reader deleted is copied again."""
    book.copy_book(mine)
    (mine / NAMES[2]).unlink()
    assert f"{NAMES[2]}: copied" in book.copy_book(mine)


@pytest.mark.usefixtures("shipped")
def test_other_files_are_left_alone(mine: Path) -> None:
    """A copy leaves the reader's own files, and no half-written ones."""
    mine.mkdir()
    (mine / "notes.txt").write_text("mine", encoding="utf-8")
    book.copy_book(mine)
    assert sorted(path.name for path in mine.iterdir()) == [book.MANIFEST, *NAMES, "notes.txt"]


def test_the_book_is_not_copied_onto_itself(shipped: Path) -> None:
    """The shipped chapters are refused as a working folder."""
    with pytest.raises(ModelError, match="the book itself"):
        book.copy_book(shipped)


@pytest.mark.usefixtures("shipped")
def test_a_file_is_no_folder(mine: Path) -> None:
    """A file, or a place below a file, is refused as a working folder with what to do instead."""
    mine.write_text("", encoding="utf-8")
    for folder in (mine, mine / "below"):
        with pytest.raises(ModelError, match="folder"):
            book.copy_book(folder)


@pytest.fixture
def with_exercises(shipped: Path) -> Path:
    """Give the folder of exercises of that book, with one notebook in it."""
    folder = shipped.parent / "exercises"
    folder.mkdir()
    notebook = _notebook(1)
    notebook["cells"][0]["source"] = "# Exercises 1\n\n[Back](../chapters/01-first.ipynb)"
    nbformat.write(notebook, folder / NAMES[1])
    chapter = _notebook(1)
    chapter["cells"].append(nbformat.v4.new_markdown_cell("[Exercises](../exercises/01-first.ipynb)", id="ex"))
    nbformat.write(chapter, shipped / NAMES[1])
    return folder


@pytest.mark.usefixtures("with_exercises")
def test_exercises_are_handed_out_beside_the_chapters(mine: Path) -> None:
    """The working folder has a folder of exercises; links lead there and back."""
    assert f"exercises/{NAMES[1]}: copied" in book.copy_book(mine)
    assert "](exercises/01-first.ipynb)" in (mine / NAMES[1]).read_text(encoding="utf-8")
    assert "](../01-first.ipynb)" in (mine / "exercises" / NAMES[1]).read_text(encoding="utf-8")
    assert f"exercises/{NAMES[1]}: up to date" in book.copy_book(mine)


def test_a_solved_exercise_is_never_overwritten(with_exercises: Path, mine: Path) -> None:
    """An answer that a reader wrote stays, and a newer notebook is put beside it."""
    book.copy_book(mine)
    solved = _work_on(mine / "exercises" / NAMES[1], "1 + 41")
    nbformat.write(_notebook(1, "corrected"), with_exercises / NAMES[1])
    line = next(line for line in book.copy_book(mine) if line.startswith("exercises/"))
    assert "yours, kept" in line
    assert (mine / "exercises" / NAMES[1]).read_bytes() == solved
    assert (mine / "exercises" / "01-first (new).ipynb").exists()
