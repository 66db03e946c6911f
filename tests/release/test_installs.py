"""A release is the same from an editable install and from an ordinary one, and its wheel runs the whole book."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tempmm_lab import book
from tempmm_lab.release.archive import TOP, Archives
from tests.notebooks.execute import execute
from tests.release.conftest import SECRET, run

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def _members(archive: bytes) -> dict[str, bytes]:
    """Give what is in an archive and in its wheel, but for what pip and the metadata's own tools write."""
    opened = zipfile.ZipFile(io.BytesIO(archive))
    found = {name: opened.read(name) for name in opened.namelist()}
    (wheel,) = [name for name in found if name.endswith(".whl")]
    inner = zipfile.ZipFile(io.BytesIO(found.pop(wheel)))
    found |= {f"{wheel}/{name}": inner.read(name) for name in inner.namelist()}
    return {name: content for name, content in found.items() if not name.endswith(("/METADATA", "/RECORD"))}


def test_an_ordinary_install_releases_the_same(archives: Archives, tmp_path: Path) -> None:
    """The full wheel, installed elsewhere with nothing of this checkout near, hands out the same files."""
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=ROOT)
    assert built.returncode == 0, built.stderr
    venv.create(tmp_path / "venv", with_pip=True)
    commands = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    words = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", "--no-deps", wheel)
    assert run(commands / "python", *words, cwd=tmp_path).returncode == 0
    (tmp_path / "students.txt").write_text("anna\n", encoding="utf-8")
    (tmp_path / "secret").write_bytes(SECRET)
    words = ("release", "--students", "students.txt", "--secret", "secret", "--out", "out")
    done = run(commands / "tempmm-lab", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert _members((tmp_path / "out" / "anna.zip").read_bytes()) == _members(archives.of(SECRET, "anna"))


@pytest.fixture(scope="module")
def keyless(annas: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package of Anna's wheel in it, for the Python that has JupyterLab."""
    folder = tmp_path_factory.mktemp("keyless")
    (wheel,) = annas.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)
    assert annas.name == TOP
    code = "from tempmm_lab.assess.exercises.exercise import has_keys; print(has_keys())"
    kept = {**os.environ, "PYTHONPATH": str(folder)}
    words = [sys.executable, "-c", code]
    said = subprocess.run(words, cwd=folder.parent, env=kept, capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
    return folder


@pytest.mark.parametrize("path", book.chapters(), ids=lambda chapter: chapter.number)
def test_every_chapter_runs_without_keys(path: book.Chapter, keyless: Path) -> None:
    """Every chapter and appendix runs from top to bottom with a student's copy, without an error."""
    executed = json.loads(execute(path.path, environment={"PYTHONPATH": str(keyless)}))
    outputs = [output for cell in executed["cells"] for output in cell.get("outputs", [])]
    assert outputs or path.number in ("B", "C")  # which have no code
    assert not [output for output in outputs if output["output_type"] == "error"]


@pytest.mark.parametrize("path", book.exercise_notebooks(), ids=lambda path: path.stem[:2])
def test_every_notebook_of_exercises_runs_without_keys(path: Path, keyless: Path) -> None:
    """Every notebook of exercises runs in Jupyter with a student's copy; practice says that nothing was judged."""
    cells = json.loads(execute(path, environment={"PYTHONPATH": str(keyless)}))["cells"]
    practised = [cell for cell in cells if "".join(cell["source"]).startswith("practise(")]
    said = [json.dumps(cell["outputs"]) for cell in practised]
    assert said
    assert all("no keys" in text and not re.search(r"\d+ of \d+ points", text) for text in said)
    assert "error" not in {output["output_type"] for cell in cells for output in cell.get("outputs", [])}
