"""What must never be committed: download addresses in locks, hosts of package registries, paths of one machine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "__pycache__", "tempmm-book"}
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
# Written so that this file does not contain what it looks for.
HOSTS = re.compile(r"pypi\.(?:org|python)|pythonhosted\.(?:org)|registry\.(?:npmjs|yarnpkg)|\w\.anaconda\.(?:org)")
MACHINE = re.compile(r"(?<![\w.~/-])/(?:home|root|work|Users|farm)/[A-Za-z.]\w*|ipykernel_\d+|[A-Z]:\\Users\\")


def committed() -> list[Path]:
    """Give the files that git has or would add; in a folder without git, every file but caches."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607  (git, from the path)
        cwd=ROOT,
        capture_output=True,
        check=False,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(ROOT.parent)},
    )
    if listed.returncode == 0:
        return sorted(ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)
    return sorted(path for path in ROOT.rglob("*") if path.is_file() and not SKIPPED & set(path.parts))


def _texts() -> dict[Path, str]:
    files = [path for path in committed() if path.is_file() and path.suffix not in {".gz", ".png"}]
    return {path: path.read_text(encoding="utf-8") for path in files}


def _matches(pattern: re.Pattern[str]) -> list[str]:
    return [f"{path.relative_to(ROOT)}: {hit}" for path, text in _texts().items() for hit in pattern.findall(text)]


def test_no_registry_host_is_committed() -> None:
    """No file names the host of a package registry."""
    assert _matches(HOSTS) == []


def test_no_machine_path_is_committed() -> None:
    """No file names a folder of the machine it was written on."""
    assert _matches(MACHINE) == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_names_versions_and_hashes_only(path: Path) -> None:
    """Each line of a lock is a pinned name or a hash: no address, no option, no comment."""
    pin = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==[\w.!+]+( ; [\w .<>=!*'()]+)? \\")
    digest = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not pin.fullmatch(line) and not digest.fullmatch(line)] == []


def _pins(name: str) -> set[str]:
    text = (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8")
    pins = [line.removesuffix(" \\") for line in text.splitlines() if "==" in line and not line.startswith(" ")]
    return {pin.partition(" ; ")[0] for pin in pins}  # a larger lock may need the same version on more systems


def test_the_locks_hold_one_another() -> None:
    """What `make lab` installs is part of what `make test` installs, and that of everything, in the same versions."""
    assert _pins("lab") < _pins("test") < _pins("all")


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_what_installs_the_project_is_locked(path: Path) -> None:
    """Each lock holds hatchling and editables, since the project is installed without build isolation."""
    assert {pin.partition("==")[0] for pin in _pins(path.stem)} >= {"hatchling", "editables"}


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (HOSTS, "https://files.python" + "hosted.org/a"),
        (HOSTS, "index = pypi" + ".org"),
        (MACHINE, 'File "/ro' + 'ot/lab/a.py"'),
        (MACHINE, "ipykernel" + "_42/1.py"),
        (MACHINE, "see /wor" + "k/main"),
    ],
)
def test_a_planted_one_is_seen(pattern: re.Pattern[str], text: str) -> None:
    """Each kind of thing that must not be committed is found where it is."""
    assert pattern.search(text)
