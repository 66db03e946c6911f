"""Nothing that students must not have is in an archive: it is planted, and then looked for in every byte.

And the other way round: where one planted file is let in on purpose, the search finds it.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.draws import PURPOSES, seed_of
from tempmm_lab.keyless import CHECKING, PACKAGE
from tests.release.leaks import dresses, found_in

ROOT = Path(__file__).resolve().parents[2]
MARK = b"PLANTED-bd1c90e7-LEAK"
SECRET = bytes(range(130, 162))
STUDENTS = ("anna", "ben", "cleo")
AWAY = (".git", ".venv", "__pycache__", "tests", "build", "docs", "benchmarks", "locks", ".*", "tempmm-book")


def _marked(path: Path, number: int) -> None:
    """Write a marker with a number into a module, as a comment and as a text, or into a notebook, as a cell."""
    text = path.read_text(encoding="utf-8")
    mark = f"{MARK.decode()}-{number}"
    if path.suffix == ".py":
        text += f'\n# {mark}\nPLANTED_{number} = "{mark}"\n'
    else:
        text = text.replace(
            '"cells": [', f'"cells": [\n  {{"cell_type": "raw", "metadata": {{}}, "source": ["{mark}"]}},', 1
        )
    path.write_text(text, encoding="utf-8")


def plant(root: Path) -> int:
    """Copy the checkout to a folder and write markers into all that no student must get; give how many."""
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*AWAY))
    package = root / "tempmm_lab"
    files = [*(package / "assess" / "exercises" / "keys").glob("*.py"), *(package / "release").glob("*.py")]
    files += [path for path in (package / "grading").glob("*.py") if path.stem not in CHECKING]
    files += (root / "solutions").glob("*.ipynb")
    for number, path in enumerate(files):
        _marked(path, number)
    keys = package / "assess" / "exercises" / "keys"
    stray = [
        (package / "__pycache__" / "solved.cpython-311.pyc", MARK), (package / "assess" / "keys.pyc", MARK),
        (package / "course.secret", SECRET), (package / "data" / ".secret.json", SECRET + MARK),
        (root / "exercises" / "course.secret", SECRET), (root / "chapters" / "solutions.ipynb", MARK),
        (package / "_book" / "solutions" / "01.ipynb", MARK), (package / "assess" / "exercises" / "ch01.py.orig", MARK),
        (keys / "__pycache__" / "ch01.cpython-311.pyc", MARK), (package / "grading" / "hidden_checks.py", MARK),
        (root / "exercises" / "README.md", MARK), (package / "tempmm-seeds.json.bak", MARK),
    ]  # fmt: skip
    for path, content in stray:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return len(files) + len(stray)


def release(root: Path, out: Path) -> bytes:
    """Make a release with the package in a folder, and give Anna's archive."""
    (out / "students.txt").write_text("\n".join(STUDENTS), encoding="utf-8")
    (out / "secret").write_bytes(SECRET)
    words = ["-m", "tempmm_lab", "release", "--students", "students.txt", "--secret", "secret", "--out", "archives"]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, *words], cwd=out, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return (out / "archives" / "anna.zip").read_bytes()


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with markers in it."""
    folder = tmp_path_factory.mktemp("planted")
    assert plant(folder / "checkout") > 80
    return folder / "checkout"


@pytest.fixture(scope="module")
def annas_archive(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An archive that this copy makes."""
    return release(planted, tmp_path_factory.mktemp("release"))


def _others() -> dict[str, bytes]:
    """Give the seeds that Anna must not see, as text and as eight bytes: other students', and those of her judge."""
    seeds = {(who, name, "variant"): seed_of(SECRET, who, name) for who in STUDENTS[1:] for name in EXERCISES}
    seeds |= {("anna", name, "judge"): seed_of(SECRET, "anna", name, PURPOSES[1]) for name in EXERCISES}
    texts = {f"{key}": str(seed).encode() for key, seed in seeds.items()}
    return texts | {f"{key}, bytes": seed.to_bytes(8, "big") for key, seed in seeds.items()}


def test_nothing_that_was_planted_is_in_an_archive(annas_archive: bytes, planted: Path) -> None:
    """No solution, key, judge, hidden check, secret, cache, or path of this machine is anywhere in it, in any dress."""
    wanted = {"a marker": MARK, "the secret": SECRET, "its middle": SECRET[8:24], "a path": str(planted).encode()}
    assert found_in(annas_archive, wanted | {"this checkout": str(ROOT).encode()}) == []


def test_no_other_seed_is_in_an_archive(annas_archive: bytes) -> None:
    """An archive holds its student's seeds, each once, and neither another student's nor those of a judge."""
    contents = _contents(annas_archive)
    everything = b"\n".join(contents.values())
    assert [name for name, seed in _others().items() if seed in everything or seed[::-1] in everything] == []
    for name in EXERCISES:
        mine = str(seed_of(SECRET, "anna", name)).encode()
        assert [place for place, content in contents.items() if mine in content] == [
            "tempmm-lab/tempmm-book/tempmm-seeds.json"
        ]


def _contents(archive: bytes) -> dict[str, bytes]:
    opened = zipfile.ZipFile(io.BytesIO(archive))
    found = {name: opened.read(name) for name in opened.namelist()}
    for name, content in list(found.items()):
        if name.endswith(".whl"):
            inner = zipfile.ZipFile(io.BytesIO(content))
            found |= {f"{name}/{one}": inner.read(one) for one in inner.namelist()}
    return found


def test_no_file_of_an_archive_is_called_like_a_key(annas_archive: bytes) -> None:
    """No member is in the folder of keys, of the grader's judging, of solutions, of caches; none is hidden but one."""
    names = [name for name in _contents(annas_archive) if not name.endswith("/.tempmm-book.json")]
    words = ("keys", "solution", "secret", "marking", "__pycache__", ".pyc", "/.", "release", "hidden", ".orig", ".bak")
    assert [name for name in names if any(word in name for word in words)] == []


def _long_lines(texts: Iterable[str]) -> set[str]:
    found = {line.strip() for text in texts for line in text.splitlines()}
    return {line for line in found if len(line) > 40 and not line.startswith(("from ", "import "))}


def _sources(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def _solved() -> Iterator[str]:
    """Give what stands between the marks of solutions, and the source of every key."""
    for path in (ROOT / "solutions").glob("*.ipynb"):
        yield from re.findall(r"BEGIN SOLUTION(.*?)### END", _sources(path), re.DOTALL)
    yield from (path.read_text(encoding="utf-8") for path in (PACKAGE / "assess" / "exercises" / "keys").glob("*.py"))


def test_no_line_of_a_solution_is_in_an_archive(annas_archive: bytes) -> None:
    """No longer line that only solutions and keys have is in it. What the library or a task says is no secret."""
    contents = {name: content for name, content in _contents(annas_archive).items() if ".whl/" in name}
    everything = "\n".join(content.decode() for name, content in contents.items() if not name.endswith(".gz"))
    public = [path for path in PACKAGE.rglob("*.py") if "keys" not in path.parts]
    said = _long_lines(path.read_text(encoding="utf-8") for path in public)
    said |= _long_lines(map(_sources, [*(ROOT / "chapters").glob("*.ipynb"), *(ROOT / "exercises").glob("*.ipynb")]))
    telling = _long_lines(_solved()) - said
    assert len(telling) > 800
    assert [line for line in telling if line in everything or json.dumps(line)[1:-1] in everything] == []


HOLES = {
    "the keys": ("tempmm_lab/keyless.py", 'KEYS = ("assess/exercises/keys",)', "KEYS = ()"),
    "one file of the grader": ("tempmm_lab/keyless.py", '"limits", "plan"', '"limits", "marking", "plan"'),
    "the release": ("tempmm_lab/keyless.py", '(*KEYS, "release", "grading")', '(*KEYS, "grading")'),
    "caches": ("tempmm_lab/keyless.py", '".typed")', '".typed", ".pyc", ".orig", ".secret")'),
    "another's seeds": ("tempmm_lab/release/archive.py", "seeds_file(secret, student)}", 'seeds_file(secret, "ben")}'),
    "a solution": ("tempmm_lab/book.py", 'EXERCISES = "exercises"', 'EXERCISES = "solutions"'),
}  # fmt: skip
"""Ways in which something could be let in: a file, a text in it, and what stands there instead."""


@pytest.mark.parametrize(
    "hole", [name if name == "one file of the grader" else pytest.param(name, marks=pytest.mark.slow) for name in HOLES]
)
def test_a_hole_is_found(planted: Path, tmp_path: Path, hole: str) -> None:
    """Where the lists let one planted thing in, the tests above would fail: they find it."""
    file, old, new = HOLES[hole]
    shutil.copytree(planted, tmp_path / "checkout")
    path = tmp_path / "checkout" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    if hole == "a solution":  # which the look at what is handed out refuses, too
        archive = tmp_path / "checkout" / "tempmm_lab" / "release" / "archive.py"
        archive.write_text(
            archive.read_text(encoding="utf-8").replace("        look(", "        zip("), encoding="utf-8"
        )
    archive = release(tmp_path / "checkout", tmp_path)
    seen = found_in(archive, {"a marker": MARK, "the secret": SECRET})
    everything = b"\n".join(_contents(archive).values())
    seen += [name for name, seed in _others().items() if seed in everything]
    assert seen


@pytest.mark.parametrize("dress", dresses(MARK))
def test_every_dress_is_seen_through(dress: str) -> None:
    """A marker in any of the forms is found in a member of a wheel in an archive, whatever stands around it."""
    form = dresses(b"xy" + MARK + b"z")[dress]
    assert found_in(_nested(b"before " + form + b" after"), {"it": MARK})


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda content: b"abc" + zlib.compress(content, 9)])
def test_what_is_compressed_is_seen_through(pack: object) -> None:
    """So is one that was compressed before it was put in, or whose name alone is there."""
    assert callable(pack)
    assert found_in(_nested(pack(b"before " + MARK + b" after")), {"it": MARK})
    assert found_in(_nested(b"", name=MARK.decode()), {"it": MARK})
    assert found_in(_nested(base64.b64encode(b"a" + MARK + b"a")), {"it": MARK})
    assert found_in(_nested(b"nothing"), {"it": MARK}) == []


def _nested(content: bytes, name: str = "a.txt") -> bytes:
    for inner in (name, "a.whl"):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr(inner, content)
        content = made.getvalue()
    return content
