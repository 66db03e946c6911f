"""One release for all tests: its archives, unpacked, and installed as a student installs it."""

from __future__ import annotations

import os
import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

from tempmm_lab.release.archive import TOP, Archives

SECRET = b"a secret of these tests only, 32b"


@pytest.fixture(scope="session")
def archives() -> Archives:
    """Archives with all the exercises."""
    return Archives()


@pytest.fixture(scope="session")
def annas(archives: Archives, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that Anna's archive unpacks to."""
    folder = tmp_path_factory.mktemp("anna")
    (folder / "anna.zip").write_bytes(archives.of(SECRET, "anna"))
    zipfile.ZipFile(folder / "anna.zip").extractall(folder)
    return folder / TOP


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a student does, with nothing of this project's around it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "TEMPMM"))}
    return subprocess.run(list(map(str, words)), cwd=cwd, env=kept, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def commands(annas: Path) -> Path:
    """Give the folder of commands of an environment in which Anna's wheel was installed, and nothing else."""
    venv.create(annas / ".venv", with_pip=True)
    here = annas / ".venv" / ("Scripts" if os.name == "nt" else "bin")
    (wheel,) = annas.glob("*.whl")
    words = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", f"./{wheel.name}")
    done = run(here / "python", *words, cwd=annas)
    assert done.returncode == 0, done.stderr
    return here
