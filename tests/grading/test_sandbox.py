"""Without a sandbox nothing is run, unless a teacher insists; and what the sandbox hides is hidden."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import tempmm_lab.grading.sandbox
from tempmm_lab import ModelError
from tempmm_lab.cli import main
from tempmm_lab.grading.library import PACKAGE, library
from tempmm_lab.grading.limits import LIMITS
from tempmm_lab.grading.marking import Job, grade
from tempmm_lab.grading.sandbox import Bubblewrap, find_sandbox
from tempmm_lab.grading.seccomp import REFUSED, seccomp_filter
from tests.grading.notebooks import FULL, NAME, dumped, hand_in, solved


def test_without_bubblewrap_it_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Where bubblewrap is not installed the command says so and how to get it, and runs nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    hand_in(tmp_path / "in", "anna", dumped(solved()))
    assert main(["grade", str(tmp_path / "in")]) == 2
    assert "apt-get install -y bubblewrap" in capsys.readouterr().err
    assert not (tmp_path / "in-grades").exists()


@pytest.mark.parametrize("script", ["exit 1", "echo no namespaces >&2; exit 1", "sleep 0.1", "exec cat"])
def test_a_bubblewrap_that_does_not_work_is_no_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """One that fails, or does something else, is found out before any submission is run."""
    fake = tmp_path / "bwrap"
    fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("tempmm_lab.grading.sandbox.LIMITS", type(LIMITS)(start=1.0))
    with pytest.raises(ModelError, match="does not work here"):
        find_sandbox()


def test_a_sandbox_that_shows_too_much_is_none(sandbox: Bubblewrap, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox is tried from inside: a hole in its walls, or a file that can be read there, is found at once."""
    assert sandbox.name == "bubblewrap"
    with pytest.raises(ModelError, match="what must be hidden can be read"):
        find_sandbox(hide=[Path(os.__file__)])
    walls = tempmm_lab.grading.sandbox._walls
    for word, says in (("--unshare-net", "there is a network"), ("--unshare-pid", "other processes can be seen")):
        holey = lambda *args, word=word: [one for one in walls(*args) if one != word]  # noqa: E731
        monkeypatch.setattr(tempmm_lab.grading.sandbox, "_walls", holey)
        with pytest.raises(ModelError, match=says):
            find_sandbox()


def test_unsafe_grades_and_says_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """`--unsafe` needs no sandbox, gives the same marks, and says so on the screen and in the results."""
    monkeypatch.setenv("PATH", str(tmp_path))
    hand_in(tmp_path / "in", "anna", dumped(solved()))
    assert main(["grade", str(tmp_path / "in"), "--unsafe", "--jobs", "1"]) == 0
    assert "no sandbox" in capsys.readouterr().err
    said = json.loads((tmp_path / "in-grades" / "results.json").read_text(encoding="utf-8"))
    (anna,) = said["students"]
    assert anna["points"] == sum(FULL.values())
    assert anna["notebooks"][0]["sandbox"] == "none"
    assert "without a sandbox" in (tmp_path / "in-grades" / "index.html").read_text(encoding="utf-8")


def test_a_sandbox_that_fails_is_nobodys_mark(sandbox: Bubblewrap) -> None:
    """A submission that could not be run for a fault of the machine is not graded, and is tried again next time."""
    broken = Bubblewrap("/bin/false", sandbox.lab)
    result = grade(Job("anna", NAME, dumped(solved()), b"0123456789abcdef", course=True, sandbox=broken))
    assert (result["status"], result["again"]) == ("not graded", True)
    assert "The sandbox failed" in result["why"]


def test_the_copy_for_students_has_no_keys() -> None:
    """The package that a student's process sees lacks the keys and the grader, as source and compiled."""
    there = {path.relative_to(library()).as_posix() for path in library().rglob("*")}
    assert "tempmm_lab/assess/exercises/exercise.py" in there
    assert not any("keys" in name or "grading" in name or "_book" in name for name in there)
    assert (PACKAGE / "assess" / "exercises" / "keys").is_dir()


@pytest.mark.parametrize("machine", sorted(REFUSED))
def test_the_filter_is_well_formed(machine: str) -> None:
    """It is a list of eight-byte instructions, ends in one that returns, and no jump leads out of it."""
    program = seccomp_filter(machine)
    assert program is not None
    lines = [program[at : at + 8] for at in range(0, len(program), 8)]
    assert len(program) % 8 == 0
    assert lines[-1][0] == 0x06
    assert all(at + 1 + max(line[2], line[3]) < len(lines) for at, line in enumerate(lines) if line[0] & 7 == 5)
    assert seccomp_filter("pdp11") is None
