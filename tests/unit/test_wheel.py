"""The wheel works by itself: installed without any dependency, used from another folder, with the book inside."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tempmm_lab import book

ROOT = Path(__file__).resolve().parents[2]


def _run(*words: str | Path, cwd: Path) -> str:
    """Run a command away from the project and give what it prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(list(map(str, words)), cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a wheel built from this checkout, with nothing fetched."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("tempmm_lab-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of commands of a new environment that holds the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    words = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", "--no-deps", wheel)
    _run(commands / "python", *words, cwd=folder)
    return commands


def test_the_wheel_holds_what_it_should(wheel: Path) -> None:
    """The wheel holds every chapter, the exercises, the recordings, the type marker, both licences, and no test."""
    names = zipfile.ZipFile(wheel).namelist()
    notebooks = {name for name in names if name.startswith("tempmm_lab/_book/") and name.endswith(".ipynb")}
    assert notebooks == {
        *(f"tempmm_lab/_book/chapters/{chapter.path.name}" for chapter in book.chapters()),
        *(f"tempmm_lab/_book/exercises/{path.name}" for path in book.exercise_notebooks()),
    }
    assert {"tempmm_lab/py.typed", "tempmm_lab/data/pagetables-6.16.12-user.json.gz"} <= set(names)
    assert sum(name.endswith(("licenses/LICENSE", "licenses/LICENSE-TEXT")) for name in names) == 2
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"tempmm_lab"}


def test_the_command_lists_the_book(installed: Path, tmp_path: Path) -> None:
    """`tempmm-lab list` names every chapter that the checkout has."""
    printed = _run(installed / "tempmm-lab", "list", cwd=tmp_path)
    assert all(str(chapter) in printed for chapter in book.chapters())


def test_the_command_copies_the_book(installed: Path, tmp_path: Path) -> None:
    """`tempmm-lab copy` gives the same files as in the checkout."""
    _run(installed / "tempmm-lab", "copy", "mine", cwd=tmp_path)
    here = {path.name: path.read_bytes() for path in (tmp_path / "mine").glob("*.ipynb")}
    assert here == {chapter.path.name: book.for_reader(chapter.path) for chapter in book.chapters()}


def test_the_command_walks_a_recorded_guest(installed: Path, tmp_path: Path) -> None:
    """`tempmm-lab walk` and `python -m tempmm_lab walk` find the page without any library installed."""
    by_command = _run(installed / "tempmm-lab", "walk", "user", "0x401000", cwd=tmp_path)
    by_module = _run(installed / "python", "-m", "tempmm_lab", "walk", "user", "0x401000", cwd=tmp_path)
    assert "0x9bf6b000" in by_command
    assert by_command == by_module
