"""The book's chapters and appendices: where they are, and how a reader gets a copy to work in.

Readers never open the chapters that are shipped. They get a copy in a working folder, with the outputs from the
first prediction on taken out, so that no answer stands there before the question.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from tempmm_lab.errors import ModelError

MANIFEST = ".tempmm-book.json"
"""The file in a working folder that remembers what was copied there."""

EXERCISES = "exercises"
"""The folder of exercises: beside the chapters' in a checkout, inside a reader's working folder."""

TO_EXERCISES = re.compile(r"\[([^\[\]]*)\]\((?:\.\./)?exercises/([^)#]+)\.ipynb\)")

NAME = re.compile(r"(\d\d|[A-Z])-(.+)\.ipynb")
"""A chapter has two digits, an appendix a letter. Letters come after digits, so names in order are the book's order."""


@dataclass(frozen=True)
class Chapter:
    """One notebook of the book: its file, its number (an appendix's letter), its title, its minutes if it says them."""

    path: Path
    number: str
    title: str
    minutes: int | None

    def __str__(self) -> str:
        """Give the chapter's line in `tempmm-lab list`."""
        time = f"  (about {self.minutes} minutes)" if self.minutes is not None else ""
        return f"{self.number:2}  {self.title}{time}"


def chapters_folder() -> Path:
    """Give the folder that holds the shipped chapters: inside an installed package, or beside it in a checkout."""
    package = Path(str(resources.files("tempmm_lab")))
    for folder in (package / "_book" / "chapters", package.parent / "chapters"):
        if _notebooks(folder):
            return folder
    raise ModelError("The chapters are not where they should be. Install tempmm-lab again, or run it in a checkout.")


def chapters() -> tuple[Chapter, ...]:
    """Give every chapter and then every appendix, in the order of the book."""
    return tuple(_chapter(path) for path in _notebooks(chapters_folder()))


def exercise_notebooks() -> tuple[Path, ...]:
    """Give the notebooks of exercises as they are handed out, in the order of the book."""
    return tuple(sorted((chapters_folder().parent / EXERCISES).glob("[0-9][0-9]-*.ipynb")))


def find_chapter(name: str) -> Chapter:
    """Give the chapter called `name`: its number (`3`, `03` or `A`), its file name, or its beginning."""
    wanted = f"{int(name):02}" if name.isdecimal() and name.isascii() else name
    every = chapters()
    found = [one for one in every if one.number == wanted.upper()] or [one for one in every if _is_called(one, wanted)]
    if len(found) == 1:
        return found[0]
    problem = "More than one chapter is" if found else "No chapter is"
    raise ModelError(f"{problem} called {name!r}. There are: {', '.join(one.path.stem for one in every)}.")


def copy_book(folder: Path) -> list[str]:
    """Copy the chapters into `folder` and the exercises into a folder in it; one line per file says what was done.

    A file that the reader changed is never overwritten: where the book has a newer one, it is put beside it.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder} is a file. Give a folder for your copy of the book.")
    if folder.resolve() == chapters_folder().resolve():
        raise ModelError(f"{folder} is the book itself. Give another folder for your copy.")
    try:
        given, only = _read_manifest(folder)
        files = reader_files(only)
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        lines = [_hand_out(folder, name, new, given) for name, new in files.items()]
        _write(folder / MANIFEST, manifest(given, only))
    except OSError as error:
        raise ModelError(f"Cannot write in {folder}: {error.strerror}. Give a folder that you may write in.") from None
    return lines


def reader_files(only: Collection[str] | None = None) -> dict[str, bytes]:
    """Give every notebook of a reader's copy, by its name in the working folder.

    `only` names the notebooks of exercises that are handed out, where not all are; nothing then links to the others.
    """
    made = {chapter.path.name: for_reader(chapter.path, only) for chapter in chapters()}
    handed_out = [path for path in exercise_notebooks() if only is None or path.stem in only]
    return made | {f"{EXERCISES}/{path.name}": exercises_for_reader(path) for path in handed_out}


def manifest(given: Mapping[str, str], only: Collection[str] | None) -> bytes:
    """Give the text of the file that remembers what was handed out, by name and digest, and which exercises."""
    return _as_json({"format": 1, "given": given} | ({} if only is None else {"only": sorted(only)}))


def for_reader(path: Path, only: Collection[str] | None = None) -> bytes:
    """Give a chapter as a reader gets it: executed down to its first prediction, and open from there on."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    asked = False
    for cell in notebook["cells"]:
        cell["source"] = [TO_EXERCISES.sub(lambda link: _link(link, only), line) for line in cell["source"]]
        if cell["cell_type"] == "code":
            asked = asked or "predict(" in "".join(cell["source"])
            if asked:
                cell["outputs"], cell["execution_count"] = [], None
    return _as_json(notebook)


def _link(link: re.Match[str], only: Collection[str] | None) -> str:
    """Give a link to a notebook of exercises as it is in a working folder; its text alone if that is not there."""
    text, stem = link.groups()
    return f"[{text}]({EXERCISES}/{stem}.ipynb)" if only is None or stem in only else f"{text} (not handed out here)"


def exercises_for_reader(path: Path) -> bytes:
    """Give a notebook of exercises as a reader gets it: the same, with links that fit the working folder."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = [line.replace("](../chapters/", "](../") for line in cell["source"]]
    return _as_json(notebook)


def _hand_out(folder: Path, name: str, new: bytes, given: dict[str, str]) -> str:
    """Put `new` into `folder` as `name`, or beside it where the reader changed that file. Say what was done."""
    path = folder / name
    if not path.exists():
        return _give(folder, name, new, given, "copied")
    here = digest(path.read_bytes())
    if here == digest(new):
        given[name] = here
        return f"{name}: up to date"
    if here == given.get(name):
        return _give(folder, name, new, given, "updated")
    if given.get(name) == digest(new):
        return f"{name}: yours, kept"
    given[name] = digest(new)
    beside = _name_beside(folder, name, new, given)
    return f"{name}: yours, kept; " + _give(folder, beside, new, given, "the book's newer version is there")


def _name_beside(folder: Path, name: str, new: bytes, given: dict[str, str]) -> str:
    """Give a name for a newer version that no file of the reader's has."""
    stem = name.removesuffix(".ipynb")
    names = [f"{stem} (new).ipynb", *(f"{stem} (new {n}).ipynb" for n in range(2, 1000))]
    for beside in names:
        path = folder / beside
        if not path.exists() or digest(path.read_bytes()) in {given.get(beside), digest(new)}:
            return beside
    raise ModelError(f"Too many versions of {name} in {folder}. Move the ones you need no more.")


def _give(folder: Path, name: str, new: bytes, given: dict[str, str], done: str) -> str:
    """Write what is handed out and remember that it was."""
    _write(folder / name, new)
    given[name] = digest(new)
    return f"{name}: {done}"


def _read_manifest(folder: Path) -> tuple[dict[str, str], list[str] | None]:
    """Give what was handed out before. Without a readable manifest every file counts as the reader's own."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        given, only = said["given"], said.get("only")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, None
    known = {str(name): str(digest) for name, digest in given.items()} if isinstance(given, dict) else {}
    return known, [str(name) for name in only] if isinstance(only, list) else None


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)  # noqa: PTH105  (Path.replace does the same; this one says that it is atomic)


def digest(data: bytes) -> str:
    """Give what tells one file from another."""
    return hashlib.sha256(data).hexdigest()


def _as_json(value: Any) -> bytes:
    """Give the bytes that Jupyter itself would write."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _chapter(path: Path) -> Chapter:
    """Read a chapter's title and time from its opening."""
    match = NAME.fullmatch(path.name)
    if match is None:
        raise ModelError(f"{path.name} is not a chapter's name. It should be like 01-name.ipynb.")
    opening = _opening(path)
    heading = re.search(r"^# +(.+?) *$", opening, re.MULTILINE)
    title = heading.group(1) if heading else match.group(2)
    time = re.search(r"\babout (\d+) minutes", opening, re.IGNORECASE)
    title = re.sub(r"^(?:\d+|[A-Z]) *[·.:] *", "", title)
    return Chapter(path, match.group(1), title, int(time.group(1)) if time else None)


def _notebooks(folder: Path) -> list[Path]:
    """Give the files of a folder that are chapters or appendices by their names, in order."""
    return sorted(path for path in folder.glob("*.ipynb") if NAME.fullmatch(path.name))


def _opening(path: Path) -> str:
    """Give the Markdown before a chapter's first code cell."""
    text = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            break
        text.append("".join(cell["source"]))
    return "\n".join(text)


def _is_called(chapter: Chapter, name: str) -> bool:
    stem = chapter.path.stem
    words = stem.removeprefix(f"{chapter.number}-")
    return bool(name) and (name == chapter.path.name or stem.startswith(name) or words.startswith(name))
